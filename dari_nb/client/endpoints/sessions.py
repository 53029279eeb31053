"""Sessions, their events, messages and transcripts (contract, sections 5 to 9)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...models import Event, Message, SendResult, Session, Transcript
from ...models import events as ev
from ...models._base import object_in, part
from .._answers import any_object, listing, outcome, page_request, resource
from .._request import Offer, Request, State, Steps, StreamRequest, given, idempotency, path_of
from ._bodies import Prompt, check_secrets, fork_place, secret_values, user_message

_NEVER_RETURNED = frozenset({"secrets", "llm_api_key", "fork_of"})


def create(
    agent_id: str,
    *,
    name: str | None = None,
    metadata: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
    llm_api_key: str | None = None,
    llm_id: str | None = None,
    internet_access: bool | None = None,
    version_id: str | None = None,
    storage_binding_id: str | None = None,
    fork_of: Mapping[str, str] | None = None,
) -> Request[Session]:
    """Start an idle session with an agent (contract, section 5).

    Args:
        agent_id: The agent's id.
        name: A label for people; need not be unique.
        metadata: Texts by name, by which ``list`` can find the session again.
        secrets: Values for the agent's sandbox, by names of A-Z, 0-9 and ``_``.
        llm_api_key: A provider's key for this session.
        llm_id: One of the agent's LLM options.
        internet_access: Whether the sandbox reaches the internet; by default as the agent says.
        version_id: A version to pin; by default the active one.
        storage_binding_id: A storage binding to mount.
        fork_of: Begin with what happened in another session of the agent up to a message, on a
            server that offers it (section 18.4): its ``session_id``, and ``before_message_id`` or
            ``after_message_id``. What is left out is as there, but for metadata, in which
            ``forked_from`` is that session. The answer may have ``notes`` in its ``extra``.

    Raises:
        InvalidRequestError: A secret or a fork is malformed, or the server does not offer to
            fork; nothing was sent.
        NotFoundError: There is no such agent, or it was deleted; or nothing to fork.
        ConflictError: The message, or one before it, has not ended.

    >>> client.sessions.create(agent.id, llm_id="small", metadata={"lesson": "1"}).status
    'idle'
    >>> point = {"session_id": session.id, "after_message_id": turn.wait().id}
    >>> fork = client.sessions.create(agent.id, fork_of=point)
    >>> client.sessions.messages(fork.id)[0].original_id == turn.id
    True
    """
    check_secrets(secrets)
    fields = given(
        name=name,
        metadata=metadata,
        secrets=secrets,
        llm_api_key=llm_api_key,
        llm_id=llm_id,
        internet_access=internet_access,
        version_id=version_id,
        storage_binding_id=storage_binding_id,
        fork_of=fork_place(fork_of),
    )
    return Request(
        method="POST",
        path=path_of("agents", agent_id, "sessions"),
        offer=None if fork_of is None else _forks(fork_of["session_id"]),
        parse=outcome(Session, "session", agent_id=agent_id, **_shown(fields)),
        json=fields,
        secrets=secret_values(fields),
    )


def get(session_id: str) -> Request[Session]:
    """Get a session (contract, section 5).

    Args:
        session_id: The session's id, ``sess_…``.

    Raises:
        NotFoundError: There is no such session.
        PermissionDeniedError: It belongs to another organization.

    >>> client.sessions.get(session.id).llm_id
    'small'
    """
    path = path_of("sessions", session_id)
    return Request(method="GET", path=path, parse=resource(Session, "session", id=session_id))


def list_(
    *, agent_id: str | None = None, metadata: Mapping[str, str] | None = None
) -> Steps[list[Session]]:
    """List sessions, in the server's order (contract, section 5).

    Args:
        agent_id: Only those with this agent.
        metadata: Only those whose metadata holds all of these.

    >>> len(client.sessions.list(metadata={"managed_run_id": batch.run_id}))
    4
    """
    if agent_id is not None and not metadata:
        return (yield from listing(path_of("agents", agent_id, "sessions"), "sessions", Session))
    query = {f"metadata.{key}": value for key, value in (metadata or {}).items()}
    found = yield from listing(path_of("sessions"), "sessions", Session, query)
    # The contract knows no filter by agent beside one by metadata.
    return [session for session in found if agent_id in (None, session.agent_id)]


def send(
    session_id: str,
    content: Prompt,
    *,
    metadata: Mapping[str, Any] | None = None,
    idempotency_key: str | None = None,
) -> Request[SendResult]:
    """Send a message; one that comes while a turn runs is queued (contract, section 6).

    Args:
        session_id: The session's id.
        content: The prompt: text, or content blocks.
        metadata: Goes on the message.
        idempotency_key: A second send with the same key in the same session returns the first
            one's event. Made when not given, so that retries never double a message; errors tell
            it, so that you can send again. Give your own if you may stop waiting by yourself.

    Raises:
        InvalidRequestError: The content is empty or the key malformed.
        NotFoundError: There is no such session.

    >>> try:
    ...     sent = client.sessions.send(session.id, "6 * 7", timeout=5)
    ... except dari.DariError as error:
    ...     key = error.idempotency_key  # again with it makes no second message
    ...     sent = client.sessions.send(session.id, "6 * 7", idempotency_key=key)
    """
    return Request(
        method="POST",
        path=path_of("sessions", session_id, "events"),
        parse=_sent_in(session_id),
        json=user_message(content, metadata),
        headers=idempotency(idempotency_key),
    )


def submit_tool_result(
    session_id: str,
    message_id: str,
    tool_call_id: str,
    result: Any = None,
    *,
    is_error: bool = False,
) -> Request[SendResult]:
    """Answer a call of an external tool (contract, section 6).

    It is never done twice by itself: idempotency keys hold for messages only, and a second answer
    to a call is an error.

    Args:
        session_id: The session's id.
        message_id: From the ``tool.call_requested`` event.
        tool_call_id: From the same event.
        result: Any JSON; checked by the server against the tool's output schema.
        is_error: Tell the agent that the tool failed, with ``result`` as the cause.

    Raises:
        ApiError: No such call waits, or the result does not fit the tool's schema.

    >>> @server.agent("shop")
    ... def shop(prompt):
    ...     answer = yield dari.local.ToolCall("stock", {"item": "tea"}, external=True)
    ...     yield f"{answer.result} left"
    >>> turn = d.agents["shop"].send("How much tea?")
    >>> call = turn.tool_calls[0]
    >>> made = client.sessions.submit_tool_result(turn.session.id, turn.id, call.tool_call_id, 7)
    >>> turn.wait().text
    '7 left'
    """
    return Request(
        method="POST",
        path=path_of("sessions", session_id, "events"),
        parse=_sent_in(session_id),
        json={
            "type": ev.TOOL_RESULT_SUBMITTED,
            "message_id": message_id,
            "tool_call_id": tool_call_id,
            "result": result,
            "is_error": is_error,
        },
    )


def cancel(session_id: str, message_id: str) -> Request[SendResult]:
    """End a turn, on a server that offers it (contract, section 18.3).

    It ends as ``failed`` with the error ``cancelled``, and keeps what was written.

    Args:
        session_id: The session's id.
        message_id: The message whose turn it is.

    Raises:
        ConflictError: It has ended already.
        NotFoundError: There is no such message in this session.

    >>> import asyncio
    >>> @server.agent("slow")
    ... async def slow(prompt):
    ...     await asyncio.sleep(60)
    >>> turn = d.agents["slow"].send("Take your time.")
    >>> client.sessions.cancel(turn.session.id, turn.id).event.type
    'message.cancel_requested'
    """
    return Request(
        method="POST",
        path=path_of("sessions", session_id, "events"),
        parse=_sent_in(session_id),
        json={"type": ev.MESSAGE_CANCEL_REQUESTED, "message_id": message_id},
    )


def events(session_id: str, *, limit: int | None = None) -> Steps[list[Event]]:
    """List the events of the session's ledger, oldest first (contract, section 8.1).

    Args:
        session_id: The session's id.
        limit: How many at most, in one page; without it, all that the server gives.

    Raises:
        NotFoundError: There is no such session.

    >>> [event.type for event in client.sessions.events(session.id, limit=1)]
    ['user.message']
    """
    path = path_of("sessions", session_id, "events")
    if limit is None:
        return (yield from listing(path, "events", Event))
    page = yield from page_request(path, "events", Event, {"limit": limit}).answer()
    return page.items[:limit]


def stream(
    session_id: str,
    *,
    last_event_id: str | None = None,
    until: str | None = None,
    on_state: Callable[[State], object] | None = None,
    drafts: bool = False,
) -> StreamRequest:
    """Follow the session's events (contract, section 8.4).

    First come all events of the ledger, or those after ``last_event_id``, then new ones as they
    happen, each once and in order. A broken connection is taken up again without loss. Frames that
    are no events, such as pings, are passed over. The stream itself does not end, but for a server
    that answers 204: stop iterating, or say ``until``.

    Args:
        session_id: The session's id.
        last_event_id: The last event that is known already.
        until: A message's id; the iteration ends with the event that completes or fails it.
        on_state: Called with ``"live"`` when connected and ``"reconnecting"`` after a break.
        drafts: Give pieces of answers while they are written, too, from a server that offers it
            (section 18.1): events of type ``assistant.message_delta`` without an id, whose
            ``data`` has ``draft``, ``attempt``, ``kind``, ``offset`` in code points, and ``text``.

    Raises:
        NotFoundError: There is no such session. (On iteration, as all errors.)
        StreamInterruptedError: Ten connections in a row brought no events, or the server answered
            204 (no more events) before the message had ended.

    >>> sent = client.sessions.send(session.id, "6 * 7")
    >>> with client.sessions.stream(session.id, until=sent.message.id) as events:
    ...     "assistant.message_completed" in [event.type for event in events]
    True
    """
    return StreamRequest(
        session_id=session_id,
        path=path_of("sessions", session_id, "stream"),
        last_event_id=last_event_id,
        until=until,
        on_state=on_state,
        drafts=drafts,
    )


def messages(session_id: str) -> Steps[list[Message]]:
    """List the session's messages in order, each with its answer (contract, section 7).

    Args:
        session_id: The session's id, ``sess_…``.

    Raises:
        NotFoundError: There is no such session.

    >>> turn.id in [message.id for message in client.sessions.messages(session.id)]
    True
    """
    return listing(path_of("sessions", session_id, "messages"), "messages", Message)


def transcript(session_id: str) -> Request[Transcript]:
    """Get the session as it stands, ready for display (contract, section 9).

    Args:
        session_id: The session's id, ``sess_…``.

    Raises:
        NotFoundError: There is no such session.
        PermissionDeniedError: It belongs to another organization.

    >>> client.sessions.transcript(session.id).agent.name
    'calculator'
    """
    path = path_of("sessions", session_id, "transcript")
    parse = _with_its_session(session_id)
    return Request(method="GET", path=path, parse=parse)


def _shown(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in _NEVER_RETURNED}


def _forks(session_id: str) -> Offer:
    return Offer(name="fork", does="fork a session", introduction=get(session_id))


def _sent_in(session_id: str) -> Callable[[bytes], SendResult]:
    def parse(body: bytes) -> SendResult:
        answer = any_object(body)
        known = {} if part(answer, "session").get("id") else {"session_id": session_id}
        return SendResult.from_dict({**answer, **known})

    return parse


def _with_its_session(session_id: str) -> Callable[[bytes], Transcript]:
    def parse(body: bytes) -> Transcript:
        answer = object_in(body)
        session = part(answer, "session")
        known = {} if session.get("id") else {"session": {**session, "id": session_id}}
        return Transcript.from_dict({**answer, **known})

    return parse
