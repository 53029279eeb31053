"""One row a tool call, from its request and its end in the ledger."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

import pandas as pd

from ..models import Event, ToolCallItem
from ..models import events as ev
from ..models.times import Since
from ..transcript import Ledger, TurnState, error_text
from .filters import later
from .kinds import BOOLEAN, INTEGER, JSON, NAME, SECONDS, TEXT, TIME, category
from .tables import Table, by_row

_WITHOUT_CALLS = {ev.ASSISTANT_MESSAGE_COMPLETED, ev.SESSION_STATUS_CHANGED}
"""Types that say nothing of calls, and not which turn came first either."""


class Call(NamedTuple):
    """A tool call with where it stands."""

    session_id: str
    order: int
    turn: TurnState
    item: ToolCallItem

    @property
    def created_at(self) -> str | None:
        """When it was requested."""
        return self.item.created_at


def tool_calls_frame(
    events: Iterable[Event],
    *,
    tools: str | Collection[str] | None = None,
    since: Since = None,
) -> pd.DataFrame:
    """Make a frame of tool calls from the events of one session or many (contract, section 8).

    Args:
        events: The events, in any order and repetition; those of other types do no harm.
        tools: Only calls of these tools.
        since: Only calls requested at this time or later; see :func:`events_of`.

    Returns:
        One row a call, sessions as they first appear and calls as the transcript shows them.
        ``order`` counts the calls of a session from 1. ``arguments`` and ``result`` are JSON
        text. ``ok`` is missing while a call is open, and where a recording ends with it, which has
        the status ``unanswered``; a failed call has its cause in ``error``. ``latency_s`` is the
        time in seconds from request to completion. ``copied_from`` is the message of whose turn
        this one is a copy, in a fork (section 18.4). For dtypes see :data:`TOOL_CALLS`.

    >>> calls = dari.frames.tool_calls_frame(turn.wait().session.events())
    >>> calls[["tool_name", "arguments", "result"]].values.tolist()[0]
    ['evaluate', '{"expression":"6 * 7"}', '42']
    """
    names = (tools,) if isinstance(tools, str) else tools
    calls = (call for call in _calls(events) if names is None or call.item.tool_name in names)
    return TOOL_CALLS.frame(later(calls, since))


def _calls(events: Iterable[Event]) -> Iterator[Call]:
    sessions: dict[str, list[Event]] = {}
    for event in events:
        if event.type not in _WITHOUT_CALLS:
            sessions.setdefault(event.session_id, []).append(event)
    for session_id, own in sessions.items():
        turns = Ledger(own).turns.values()
        found = [(turn, i) for turn in turns for i in turn.body if isinstance(i, ToolCallItem)]
        for order, (turn, item) in enumerate(found, 1):
            yield Call(session_id, order, turn, item)


def _error(call: Call) -> str | None:
    if call.item.status != "failed":
        return None
    result = call.item.result
    # A call that the turn's failure left open has no result; its cause is the turn's.
    return error_text(call.turn.error if result is None else result)


_OK = {"completed": True, "failed": False}


def _row(call: Call) -> tuple[Any, ...]:
    item = call.item
    status = ev.UNANSWERED if item.is_unanswered else item.status
    return (
        call.session_id,
        call.turn.message_id,
        item.tool_call_id,
        call.order,
        item.tool_name,
        item.arguments,
        status,
        _OK.get(status),
        item.result,
        _error(call),
        item.created_at,
        item.completed_at,
        item.latency_s,
        (call.turn.copied_from or {}).get("message_id"),
    )


TOOL_CALLS = Table(
    {
        "session_id": TEXT,
        "message_id": TEXT,
        "tool_call_id": TEXT,
        "order": INTEGER,
        "tool_name": NAME,
        "arguments": JSON,
        "status": category("requested", "running", "completed", "failed", ev.UNANSWERED),
        "ok": BOOLEAN,
        "result": JSON,
        "error": TEXT,
        "requested_at": TIME,
        "completed_at": TIME,
        "latency_s": SECONDS,
        "copied_from": TEXT,
    },
    by_row(_row),
)
"""The columns of :func:`tool_calls_frame`."""
