"""Sessions, their events, messages and transcripts (contract, sections 5 to 9)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...models import Event, Message, SendResult, Session, Transcript
from ...models import events as ev
from .._answers import listing, page_request
from .._request import Request, State, Steps, StreamRequest, given, idempotency, path_of
from ._bodies import Prompt, check_secrets, secret_values, user_message


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

    Raises:
        InvalidRequestError: A secret is malformed.
        NotFoundError: There is no such agent, or it was deleted.
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
    )
    return Request(
        method="POST",
        path=path_of("agents", agent_id, "sessions"),
        parse=Session.from_json,
        json=fields,
        secrets=secret_values(fields),
    )


def get(session_id: str) -> Request[Session]:
    """Get a session (contract, section 5).

    Raises:
        NotFoundError: There is no such session.
        PermissionDeniedError: It belongs to another organization.
    """
    return Request(method="GET", path=path_of("sessions", session_id), parse=Session.from_json)


def list_(
    *, agent_id: str | None = None, metadata: Mapping[str, str] | None = None
) -> Steps[list[Session]]:
    """List sessions, in the server's order (contract, section 5).

    Args:
        agent_id: Only those with this agent.
        metadata: Only those whose metadata holds all of these.

    Example::

        client.sessions.list(metadata={"managed_run_id": "run_123"})
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
            one's event. Made when not given, so that retries never double a message.

    Raises:
        InvalidRequestError: The content is empty or the key malformed.
        NotFoundError: There is no such session.
    """
    return Request(
        method="POST",
        path=path_of("sessions", session_id, "events"),
        parse=SendResult.from_json,
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

    It is never sent twice by itself: idempotency keys hold for messages only, and a second answer
    to a call is an error.

    Args:
        session_id: The session's id.
        message_id: From the ``tool.call_requested`` event.
        tool_call_id: From the same event.
        result: Any JSON; checked by the server against the tool's output schema.
        is_error: Tell the agent that the tool failed, with ``result`` as the cause.
    """
    return Request(
        method="POST",
        path=path_of("sessions", session_id, "events"),
        parse=SendResult.from_json,
        json={
            "type": ev.TOOL_RESULT_SUBMITTED,
            "message_id": message_id,
            "tool_call_id": tool_call_id,
            "result": result,
            "is_error": is_error,
        },
    )


def events(session_id: str, *, limit: int | None = None) -> Steps[list[Event]]:
    """List the events of the session's ledger, oldest first (contract, section 8.1).

    Args:
        session_id: The session's id.
        limit: How many at most, in one page; without it, all that the server gives.
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
) -> StreamRequest:
    """Follow the session's events (contract, section 8.4).

    First come all events of the ledger, or those after ``last_event_id``, then new ones as they
    happen, each once and in order. A broken connection is taken up again without loss. The stream
    itself does not end: stop iterating, or say ``until``.

    Args:
        session_id: The session's id.
        last_event_id: The last event that is known already.
        until: A message's id; the iteration ends with the event that completes or fails it.
        on_state: Called with ``"live"`` when connected and ``"reconnecting"`` after a break.

    Raises:
        NotFoundError: There is no such session. (On iteration, as all errors.)
        StreamInterrupted: Ten connections in a row brought no news.

    Example::

        sent = client.sessions.send("sess_1", "Hi")
        with client.sessions.stream("sess_1", until=sent.message.id) as events:
            for event in events:
                print(event.type)
    """
    return StreamRequest(
        session_id=session_id,
        path=path_of("sessions", session_id, "stream"),
        last_event_id=last_event_id,
        until=until,
        on_state=on_state,
    )


def messages(session_id: str) -> Steps[list[Message]]:
    """List the session's messages in order, each with its answer (contract, section 7)."""
    return listing(path_of("sessions", session_id, "messages"), "messages", Message)


def transcript(session_id: str) -> Request[Transcript]:
    """Get the session as it stands, ready for display (contract, section 9).

    Raises:
        NotFoundError: There is no such session.
        PermissionDeniedError: It belongs to another organization.
    """
    path = path_of("sessions", session_id, "transcript")
    return Request(method="GET", path=path, parse=Transcript.from_json)
