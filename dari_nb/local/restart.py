"""Settling what an earlier server left behind in a database."""

from __future__ import annotations

from ..models import ToolCallItem
from ..transcript import Ledger, TurnState
from .announcing import note_events
from .records import Payload
from .steps import message_status, session_status
from .store import Store

UNFINISHED = "The server stopped before this turn ended."
"""Why turns fail that a restart finds unfinished."""
UNANSWERED = 'The server stopped while this turn waited for the tool "{name}".'
"""Why turns fail that waited for an answer of the caller."""


def fail_unfinished(store: Store) -> None:
    """End unfinished turns as failed, bring their sessions to rest, and note who is to be told.

    An agent is a running function, which nothing can continue from its ledger alone.
    """
    for session in store.sessions(statuses=["running"]):
        ledger = Ledger(record.to_event() for record in store.events(session.id))
        ends = [_end(turn) for turn in ledger.turns.values() if not turn.is_terminal]
        with store.transaction():
            events = store.append(session.id, [*ends, session_status("running", "idle")])
            note_events(store, session.id, events)


def _end(turn: TurnState) -> Payload:
    reason = UNFINISHED
    if turn.status == "waiting_for_tool":
        calls = [item.tool_name for item in turn.body if isinstance(item, ToolCallItem)]
        reason = UNANSWERED.format(name=calls[-1])
    return message_status(turn.message_id, turn.status or "queued", "failed", reason)
