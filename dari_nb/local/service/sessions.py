"""Sessions and what is sent to them (contract, sections 5 and 6)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

from ... import ids
from ...errors import InvalidRequestError, TapeError, TapeMissError
from ...models import TERMINAL, Content
from ...models import events as ev
from ..agents import AgentFunction, ToolResult
from ..bundles.allowances import NO_INTERNET
from ..llm import SessionSecrets
from ..playback.deck import TapeMiss
from ..playback.known import takes_any_llm
from ..runtime.recorder import brief, session_status
from ..store.records import (
    AgentRecord,
    EventRecord,
    JsonObject,
    Payload,
    SessionRecord,
    VersionRecord,
    file_ids,
)
from .access import Access, Refusal, check_secret_name
from .pictures import checked

_SPENT = (
    "What the sessions of this organization may cost is spent: {:f} US dollars. Turns that have "
    "begun go on; the operator of the server can raise max_cost."
)

_GONE = "its function is gone, and other code was registered under its name"
_REFUSED = (
    "This version of {!r} takes no new session: {}. Leave the version out to ask that, or register "
    "the old code again"
)


class Sent(NamedTuple):
    """A recorded event and what it left behind."""

    event: EventRecord
    session: SessionRecord
    message_status: str | None

    def to_wire(self) -> JsonObject:
        """Return the answer to a sent event (contract, section 6)."""
        message_id = self.event.message_id
        return {
            "event": self.event.to_wire(),
            "message": {"id": message_id, "status": self.message_status},
            "session": self.session.to_wire(),
        }


class NewSession(NamedTuple):
    """What a new session is given; what is left out follows from the agent's active version."""

    version_id: str | None = None
    llm_id: str | None = None
    name: str | None = None
    metadata: Mapping[str, str] | None = None
    internet_access: bool | None = None
    storage_binding_id: str | None = None
    secrets: SessionSecrets | None = None


class NewMessage(NamedTuple):
    """A message of the user's, with the key under which it counts once."""

    content: Content
    metadata: JsonObject | None = None
    key: str | None = None


def create_session(
    access: Access,
    agent_id: str,
    wish: NewSession,
    *,
    parent: SessionRecord | None = None,
    session_id: str | None = None,
) -> SessionRecord:
    """Make a session with one version of an agent; its secrets are kept in memory only.

    Args:
        access: Who makes it.
        agent_id: The agent.
        wish: What it is given.
        parent: A session of that agent, from which it has what is left out.
        session_id: Its id, where that has been chosen.
    """
    agent = access.live_agent(agent_id)
    inherited = parent.version_id if parent else agent.active_version_id
    version = access.version(agent_id, wish.version_id or inherited)
    if wish.version_id and (why := why_refused(access, agent, version)):
        raise Refusal(400, _REFUSED.format(agent.name, why))
    llm_id = _llm(access, version, wish.llm_id, parent)
    _check_secrets(wish.secrets)
    allowance = access.service.allowances.of(agent.org_id)
    if wish.internet_access and not allowance.internet_access:
        raise Refusal(403, NO_INTERNET)
    internet = wish.internet_access
    if internet is None:
        internet = parent.internet_access if parent else version.internet_access
    binding = wish.storage_binding_id or (parent.storage_binding_id if parent else None)
    secrets = wish.secrets or (access.service.secrets.get(parent.id) if parent else None)
    with access.store.transaction():
        session = access.store.add_session(
            version,
            llm_id=llm_id,
            name=wish.name or (parent.name if parent else None),
            metadata=wish.metadata,
            internet_access=internet and allowance.internet_access,
            storage_binding_id=_binding(access, agent.org_id, version, binding),
            session_id=session_id,
        )
        if secrets is not None:
            keep = partial(access.service.secrets.__setitem__, session.id, secrets)
            access.store.after_commit(keep)
    return session


def why_refused(access: Access, agent: AgentRecord, version: VersionRecord) -> str | None:
    """Why no new session can have this version, if none can: its function is not there any more."""
    return _GONE if access.service.registry.is_gone(agent, version) else None


def _llm(
    access: Access, version: VersionRecord, given: str | None, parent: SessionRecord | None
) -> str | None:
    """The LLM of a new session: the given one, its parent's, or the default of its version."""
    llms = access.service.llms_of(version)
    if given is not None and given not in llms and not takes_any_llm(version.manifest):
        raise Refusal(400, _unknown_llm(given, llms))
    # One that the server lost meanwhile is the session's still, and a turn says that it lacks.
    if not given and parent and (version.id == parent.version_id or parent.llm_id in llms):
        return parent.llm_id
    return given or version.default_llm


def send(
    access: Access, session_id: str, message: NewMessage, agent: AgentFunction | None = None
) -> Sent:
    """Append a user message and have its turn run; a key that was used before sends nothing.

    With ``agent`` that one plays the turn, and the content is a recording, taken as it is.
    """
    if sent := recall(access, session_id, message.key):
        return sent
    with access.store.transaction():
        event = _append(access, session_id, message, agent)
        if message.key:
            access.store.remember(session_id, message.key, event)
        # Read before the commit: once a message is kept, nothing may fail before its answer.
        return Sent(event, _found(access, session_id), "queued")


def send_first(access: Access, agent_id: str, wish: NewSession, message: NewMessage) -> Sent:
    """Make a session and send its first message; both or, when either is refused, neither."""
    if sent := recall(access, agent_id, message.key):
        return sent
    with access.store.transaction():
        session = create_session(access, agent_id, wish)
        event = _append(access, session.id, message, None)
        if message.key:
            access.store.remember(agent_id, message.key, event)
        return Sent(event, _found(access, session.id), "queued")


async def submit(
    access: Access, session_id: str, message_id: str, call_id: str, result: ToolResult
) -> Sent:
    """Append the caller's answer to an external tool call, and let the turn go on."""
    waiting = access.service.pending
    _check_open(access, session_id, message_id, call_id)
    if flaw := await waiting.flaw_of(message_id, call_id, result):
        raise Refusal(400, f"The result does not fit the tool's output_schema: {flaw}")
    # Another answer may have come meanwhile, or the call's time may be up.
    _check_open(access, session_id, message_id, call_id)
    data: JsonObject = {"message_id": message_id, "tool_call_id": call_id}
    data |= {"result": result.result, "is_error": result.is_error}
    payload = Payload(ev.TOOL_RESULT_SUBMITTED, data, message_id, "user", access.user)
    answer = partial(waiting.answer, message_id, call_id, result)
    with access.store.transaction():
        event = access.service.log.append(session_id, payload, then=answer)[0]
        return Sent(event, _found(access, session_id), "waiting_for_tool")


def cancel(access: Access, session_id: str, message_id: str) -> Sent:
    """Have a turn end, which then has failed as cancelled; asked again, nothing is appended."""
    if access.store.session_of_message(message_id) != session_id:
        raise Refusal(404, f"No message {message_id!r} in this session")
    status = access.store.message_status(message_id)
    asked = access.store.event_of_message(message_id, ev.MESSAGE_CANCEL_REQUESTED)
    if asked is not None:
        return Sent(asked, _found(access, session_id), status)
    if status in TERMINAL:
        raise Refusal(409, f"Message {message_id!r} has ended: it is {status}")
    data: JsonObject = {"message_id": message_id}
    payload = Payload(ev.MESSAGE_CANCEL_REQUESTED, data, message_id, "user", access.user)
    end = partial(access.service.scheduler.cancel, session_id, message_id)
    with access.store.transaction():
        event = access.service.log.append(session_id, payload, then=end)[0]
        return Sent(event, _found(access, session_id), status)


def recall(access: Access, scope: str, key: str | None) -> Sent | None:
    """What this idempotency key sent before, with the state as it is now."""
    event = access.store.recall(scope, key) if key else None
    if event is None:
        return None
    status = access.store.message_status(str(event.message_id))
    return Sent(event, access.session(event.session_id), status)


def _found(access: Access, session_id: str) -> SessionRecord:
    """A session that the caller is known to own, as it is now."""
    session = access.store.session(session_id)
    assert session is not None
    return session


def _append(
    access: Access, session_id: str, message: NewMessage, agent: AgentFunction | None
) -> EventRecord:
    content, message_id = message.content, ids.new_id(ids.MESSAGE)
    if agent is None:
        _check_budget(access, session_id)
        _check_content(content)
        content = checked(access, session_id, [_named(access, block) for block in content])
        agent = _player(access, session_id, message_id, content)
    data = {"content": content, "metadata": message.metadata, "message_id": message_id}
    payloads = [Payload(ev.USER_MESSAGE, data, message_id, "user", access.user)]
    if access.store.session_status(session_id) != "running":
        payloads.append(session_status("idle", "running"))
    start = partial(access.service.scheduler.enqueue, session_id, message_id, agent)
    return access.service.log.append(session_id, *payloads, then=start)[0]


def _player(
    access: Access, session_id: str, message_id: str, content: Content
) -> AgentFunction | None:
    """Who plays a message from a tape, or a 409 when the tape that plays has no such turn."""
    try:
        return access.service.deck.agent_for(_found(access, session_id), message_id, content)
    except TapeMiss as miss:
        detail = {"code": TapeMissError.code, "message": brief(str(miss))}
        raise Refusal(409, detail) from None
    except (TapeError, InvalidRequestError) as error:
        raise Refusal(409, str(error)) from None


def _check_budget(access: Access, session_id: str) -> None:
    agent = access.agent(access.session(session_id).agent_id)
    if access.service.allowances.is_spent(agent.org_id):
        most = access.service.allowances.of(agent.org_id).max_cost
        raise Refusal(402, _SPENT.format(most))


def _check_content(content: Content) -> None:
    """Refuse a message that holds nothing."""
    if not any(block.get("type") != "text" or block["text"].strip() for block in content):
        raise Refusal(400, "The message is empty: content needs a text, file or image")


def _named(access: Access, block: JsonObject) -> JsonObject:
    """Add the name of the file that a block refers to: nobody can ask for it later (U6)."""
    for file_id in file_ids([block]):
        file = access.store.file(file_id)
        if file is None or access.org_id not in (None, file.org_id):
            raise Refusal(400, f"Unknown file_id {file_id!r}")
        block = {**block, "filename": file.filename}
    return block


def _check_secrets(given: SessionSecrets | None) -> None:
    for name, value in given.secrets.items() if given else ():
        check_secret_name(name, "Secret name")
        if not value:
            raise Refusal(400, f"Secret {name} must not be empty")


def _binding(access: Access, org_id: str, version: VersionRecord, given: str | None) -> str | None:
    """The storage binding of a new session: the given one, or the one its version names."""
    if given is None:
        name = version.storage_binding
        return access.store.storage_binding_named(org_id, name) if name else None
    if not access.store.has_storage_binding(org_id, given):
        raise Refusal(400, f"Unknown storage_binding_id {given!r}")
    return given


def _check_open(access: Access, session_id: str, message_id: str, call_id: str) -> None:
    if access.store.session_of_message(message_id) != session_id:
        raise Refusal(404, f"No message {message_id!r} in this session")
    if access.service.pending.has(message_id, call_id):
        return
    events = access.store.events_of_message(message_id)
    if not any(event.to_event().data.get("tool_call_id") == call_id for event in events):
        raise Refusal(404, f"No tool call {call_id!r} in this message")
    raise Refusal(409, f"Tool call {call_id!r} does not wait for a result")


def _unknown_llm(llm_id: str, llms: list[str]) -> str:
    known = f"this version has {', '.join(llms)}" if llms else "this version has none to choose"
    return f"Unknown llm_id {llm_id!r}: {known}"
