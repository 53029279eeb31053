"""Sessions that begin with what happened in another one (contract, section 18.4)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from ... import ids
from ...models import TERMINAL
from ...models import events as ev
from ...transcript.turns import RECORDED, RECORDED_FORMAT
from ..runtime.recorder import session_status
from ..store.records import Copy, EventRecord, JsonObject, Payload, SessionRecord
from .access import Access, Refusal
from .sessions import NewSession, create_session

FORKED_FROM = "forked_from"
"""The name among a fork's metadata that has the id of the session it was made of."""
_MANY = 500
"""Events that are copied on the server's loop, which more would hold up."""
_NOW = (
    "The workspace is as that of {} is now: what it held when the message ended was not kept, "
    "which is done for up to 16 MiB and 1,000 files."
)


class ForkPoint(NamedTuple):
    """Where a session is forked.

    Attributes:
        session_id: The session.
        message_id: A message of it.
        is_after: Whether the fork has that message, too.
    """

    session_id: str
    message_id: str
    is_after: bool


class Fork(NamedTuple):
    """A new session, and what there is to say of it."""

    session: SessionRecord
    notes: list[str]

    def to_wire(self) -> JsonObject:
        """Return the session object, with notes where there are any."""
        return self.session.to_wire() | ({"notes": self.notes} if self.notes else {})


async def fork_session(access: Access, agent_id: str, wish: NewSession, point: ForkPoint) -> Fork:
    """Make a session that begins with copies of what happened in another one up to a message.

    What the wish leaves out is as in that other session, but for metadata. That session stays as
    it is; nobody is told of the copies.
    """
    agent_id = access.live_agent(agent_id).id
    parent = _parent(access, agent_id, point)
    fork_id, kept = ids.new_id(ids.SESSION), access.store.workspace_snapshots(parent.id)
    copying = _Copying(parent.id, fork_id, _messages(access, parent, point))
    events = access.store.each_event(parent.id)
    if access.store.last_event(parent.id) <= _MANY:
        copying.take(events)
    else:
        await asyncio.to_thread(copying.take, events)
    wish = wish._replace(metadata={**(wish.metadata or {}), FORKED_FROM: parent.id})
    try:
        notes = await _fork_workspace(access, parent.id, fork_id, copying, kept)
        session = _begin(access, wish, parent, fork_id, copying, kept)
    except BaseException:
        access.service.workspaces.forget(fork_id)
        raise
    return Fork(session, notes)


def _parent(access: Access, agent_id: str, point: ForkPoint) -> SessionRecord:
    """The session to fork; one of another organization is as unknown as any."""
    parent = access.store.session(point.session_id)
    agent = access.store.agent(parent.agent_id) if parent else None
    if parent is None or agent is None or access.org_id not in (None, agent.org_id):
        raise Refusal(404, f"No session {point.session_id!r}")
    if parent.agent_id != agent_id:
        raise Refusal(400, f"The session {parent.id!r} is one with the agent {parent.agent_id!r}")
    return parent


def _messages(access: Access, parent: SessionRecord, point: ForkPoint) -> list[str]:
    """Ids of the messages that are copied, in order."""
    message_id = point.message_id
    if access.store.session_of_message(message_id) != parent.id:
        raise Refusal(404, f"No message {message_id!r} in this session")
    messages = access.store.messages_up_to(parent.id, message_id)
    for one in messages if parent.status != "idle" else ():
        if (status := access.store.message_status(one)) not in TERMINAL:
            raise Refusal(409, f"Message {one!r} is not at rest: it is {status}")
    return messages if point.is_after else messages[:-1]


async def _fork_workspace(
    access: Access, parent_id: str, fork_id: str, copying: _Copying, snapshots: dict[str, str]
) -> list[str]:
    """Give the fork the files of that time, or else those of now; returns what to say of it."""
    workspaces, messages = access.service.workspaces, list(copying.messages)
    if not messages or workspaces.folder(parent_id) is None:
        return []
    state = None
    for message_id in reversed(messages):
        state = snapshots.get(message_id)
        # One that was cancelled before it began has changed nothing.
        if state is not None or message_id in copying.began:
            break
    attached = access.store.attached(parent_id, messages[-1])
    await asyncio.to_thread(workspaces.fork, parent_id, fork_id, state, attached)
    return [_NOW.format(parent_id)] if state is None else []


def _begin(
    access: Access,
    wish: NewSession,
    parent: SessionRecord,
    fork_id: str,
    copying: _Copying,
    snapshots: dict[str, str],
) -> SessionRecord:
    """Keep the fork, all or nothing."""
    store = access.store
    with store.transaction():
        create_session(access, parent.agent_id, wish, parent=parent, session_id=fork_id)
        store.begin_with(fork_id, copying.copies)
        if store.session_status(fork_id) != "idle":
            store.add_events(fork_id, [session_status("running", "idle")])
        for original, copy in copying.messages.items():
            if original in snapshots:
                store.note_workspace(copy, snapshots[original])
        session = store.session(fork_id)
    access.service.workspaces.settle(fork_id)
    assert session is not None
    return session


class _Copying:
    """Copies the events of some messages, with ids of their own.

    Args:
        session_id: The session that they are in.
        fork_id: The session that the copies will be in.
        messages: The ids of the messages, in order.

    Attributes:
        messages: The ids of their copies by theirs.
        copies: The copies, in the order of the ledger.
        began: Those of the messages whose turns have begun.
    """

    def __init__(self, session_id: str, fork_id: str, messages: Sequence[str]) -> None:
        self.messages = {one: ids.new_id(ids.MESSAGE) for one in messages}
        self.copies: list[Copy] = []
        self.began: set[str] = set()
        self._session_id = session_id
        self._fork_id = fork_id
        self._calls: dict[tuple[str, str], str] = {}
        self._events: dict[str, str] = {}

    def take(self, events: Iterable[EventRecord]) -> None:
        """Go through the ledger, from its beginning.

        What belongs to no message is copied unless it comes of a message that is not.
        """
        between: list[EventRecord] = []
        is_elsewhere = False
        for event in events:
            if event.message_id in self.messages:
                for one in (*between, event):
                    self._add(one)
                between, is_elsewhere = [], False
            elif event.message_id is not None:
                is_elsewhere = True
            elif not is_elsewhere:
                between.append(event)
        for one in between if self.messages else ():
            self._add(one)

    def _add(self, event: EventRecord) -> None:
        self._events[event.id] = f"{self._fork_id}:evt_{len(self.copies) + 1}"
        data = self._data(event, msgspec.json.decode(event.data))
        message_id = event.message_id and self.messages[event.message_id]
        actor = msgspec.json.decode(event.actor)
        told = {"session_id": event.session_id, "event_id": event.id}
        origin = event.origin or {**told, "message_id": event.message_id}
        payload = Payload(event.type, data, message_id, event.source, actor)
        self.copies.append(Copy(payload, event.created_at, origin))

    def _data(self, event: EventRecord, data: JsonObject) -> JsonObject:
        """The payload, with what it refers to as that is called in the fork."""
        if event.type == ev.MESSAGE_STATUS_CHANGED:
            # The tokens were used once, and are told where that was.
            data.pop("usage", None)
            if data.get("status") == "running":
                self.began.add(str(event.message_id))
        if data.get("message_id") in self.messages:
            data["message_id"] = self.messages[data["message_id"]]
        if "event_id" in data:
            data["event_id"] = self._events.get(data["event_id"], data["event_id"])
        if "tool_call_id" in data:
            data["tool_call_id"] = self._call(event, data["tool_call_id"])
        for message in () if RECORDED_FORMAT in data else data.get(RECORDED) or ():
            for call in (message, *(message.get("tool_calls") or ())):
                name = "tool_call_id" if call is message else "id"
                if name in call:
                    call[name] = self._call(event, call[name])
        return data

    def _call(self, event: EventRecord, call_id: Any) -> str:
        key = str(event.message_id), str(call_id)
        return self._calls.setdefault(key, ids.new_id(ids.TOOL_CALL))
