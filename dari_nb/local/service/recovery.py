"""Settling what an earlier server left behind in a database."""

from __future__ import annotations

from itertools import chain

from ...models import ToolCallItem
from ...models import events as ev
from ...transcript import Ledger, TurnState
from ..agents import ToolResult
from ..runtime.recorder import call_ended, message_status, session_status
from ..store import EventLog, Store
from ..store.records import EventRecord, Payload
from ..webhooks.outbox import note_events

UNFINISHED = "The server stopped before this turn ended."
"""Why turns fail that a restart finds unfinished."""
UNANSWERED = 'The server stopped while this turn waited for the tool "{name}".'
"""Why turns fail that waited for an answer of the caller."""


def fail_unfinished(store: Store) -> None:
    """End unfinished turns as failed, bring their sessions to rest, and note who is to be told.

    An agent is a running function, which nothing can continue from its ledger alone.
    """
    log = EventLog(store)

    def note(session_id: str, events: list[EventRecord]) -> None:
        note_events(store, session_id, events)

    log.follow(note)
    for session in store.sessions(statuses=["running"]):
        ledger = Ledger(record.to_event() for record in store.events(session.id))
        lost = [turn for turn in ledger.turns.values() if not turn.is_terminal]
        ends = [_end(store, turn) for turn in lost]
        log.append(session.id, *chain.from_iterable(ends), session_status("running", "idle"))
        if any(map(_has_begun, lost)):
            store.add_cost(session.id, None, 0)


def _has_begun(turn: TurnState) -> bool:
    """Whether it may have asked an LLM, which costs something, and nobody says how much."""
    return turn.status not in (None, "queued")


def _end(store: Store, turn: TurnState) -> list[Payload]:
    """What ends a turn, and first the calls that are open in it."""
    calls = [item for item in turn.body if isinstance(item, ToolCallItem)]
    reason = UNFINISHED
    if store.event_of_message(turn.message_id, ev.MESSAGE_CANCEL_REQUESTED):
        reason = ev.CANCELLED
    elif turn.status == "waiting_for_tool":
        reason = UNANSWERED.format(name=calls[-1].tool_name)
    failure = ToolResult(reason, is_error=True)
    lost = [
        call_ended(turn.message_id, call.tool_call_id, call.tool_name, failure)
        for call in calls
        if call.completed_at is None
    ]
    used: dict[str, int] | None = {} if _has_begun(turn) else None
    end = message_status(turn.message_id, turn.status or "queued", "failed", reason, used)
    return [*lost, end]
