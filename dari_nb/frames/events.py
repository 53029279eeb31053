"""One row an event of the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from ..models import EVENT_TYPES, Event
from .kinds import INTEGER, JSON, NAME, TEXT, TIME, category
from .tables import Table


def events_frame(events: Iterable[Event]) -> pd.DataFrame:
    """Make a frame of events, of one session or many (contract, section 8).

    Args:
        events: The events; each is one row, in the order given.

    Returns:
        ``session_id``, ``message_id`` and ``sequence_number`` place the event; ``type`` has the
        documented types as categories, others after them; ``text`` is what a user or an assistant
        wrote; ``tool_call_id`` and ``tool_name`` are there for ``tool.*`` events; ``data`` is the
        whole payload as JSON text. For dtypes see :data:`EVENTS`.

    >>> event = Event(id="sess_1:evt_1", sequence_number=1, type="user.message")
    >>> events_frame([event])[["event_id", "sequence_number"]].to_dict("records")
    [{'event_id': 'sess_1:evt_1', 'sequence_number': 1}]
    """
    return EVENTS.frame(events)


def _row(event: Event) -> tuple[Any, ...]:
    data, kind = event.data, event.type
    is_tool = kind.startswith("tool.")
    return (
        event.id,
        event.session_id,
        event.sequence_number,
        event.message_id or event.turn_id,
        kind,
        event.source,
        (data.get("tool_call_id") or data.get("id")) if is_tool else None,
        (data.get("tool_name") or data.get("name")) if is_tool else None,
        event.text or None if "content" in data else None,
        data,
        event.created_at,
    )


EVENTS = Table(
    {
        "event_id": TEXT,
        "session_id": TEXT,
        "sequence_number": INTEGER,
        "message_id": TEXT,
        "type": category(*EVENT_TYPES),
        "source": NAME,
        "tool_call_id": TEXT,
        "tool_name": NAME,
        "text": TEXT,
        "data": JSON,
        "created_at": TIME,
    },
    _row,
)
"""The columns of :func:`events_frame`."""
