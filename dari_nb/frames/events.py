"""One row an event of the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd
from msgspec.structs import astuple

from ..models import EVENT_TYPES, Event, text_of
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
        whole payload as JSON text; ``copied_from`` is the event of which it is a copy, in a fork
        (section 18.4): copies have no ``usage`` in their payload, so that tokens count once. For
        dtypes see :data:`EVENTS`.

    >>> dari.frames.events_frame(session.events(limit=1))["type"].to_list()
    ['user.message']
    """
    return EVENTS.frame(events)


def _take(events: Sequence[Event]) -> Iterable[Sequence[Any]]:
    # Reaching an object in memory costs more than reading all of its fields, so that each event
    # is reached once.
    fields = zip(*map(astuple, events), strict=True)
    told = dict(zip(Event.__struct_fields__, fields, strict=True))
    types, data, messages = told["type"], told["data"], told["message_id"]
    if None in messages or "" in messages:
        messages = tuple(event.turn_id for event in events)
    tools = {kind for kind in set(types) if kind.startswith("tool.")}
    payloads = [some if kind in tools else None for kind, some in zip(types, data, strict=True)]
    return (
        told["id"],
        told["session_id"],
        told["sequence_number"],
        messages,
        types,
        told["source"],
        [(some.get("tool_call_id") or some.get("id")) if some else None for some in payloads],
        [(some.get("tool_name") or some.get("name")) if some else None for some in payloads],
        [_text(some["content"]) if "content" in some else None for some in data],
        data,
        told["created_at"],
        [event.original_id for event in events]
        if any(told["copied_from"])
        else [None] * len(types),
    )


def _text(content: Any) -> str | None:
    """Return what :attr:`Event.text` does, faster for a single block of text, as most are."""
    if isinstance(content, str):
        return content or None
    if not isinstance(content, list):
        return None
    block = content[0] if len(content) == 1 else None
    if isinstance(block, dict) and block.get("type") == "text":
        text = block.get("text")
        if isinstance(text, str):
            return text or None
    return text_of(content) or None


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
        "copied_from": TEXT,
    },
    _take,
)
"""The columns of :func:`events_frame`."""
