"""The payloads of an event stream, of which not all are events."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ...models import Event
from ...models import events as ev

_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def events_in(payloads: Iterable[bytes]) -> tuple[list[Event], bool]:
    """Read payloads; what is no event of the ledger, such as a ping's, is passed over.

    Returns:
        The events and drafts, and whether there was a part of an object, which may be an event's.
    """
    events, garbled = [], False
    for payload in payloads:
        try:
            events.append(Event.from_json(payload))
        except msgspec.ValidationError:
            if ev.ASSISTANT_MESSAGE_DELTA.encode() in payload:
                events += _draft(payload)
        except _UNREADABLE:
            garbled = garbled or payload.lstrip().startswith(b"{")
    return events, garbled


def is_draft(event: Event) -> bool:
    """Whether this is a piece of an answer, and in no ledger."""
    return not event.id and event.type == ev.ASSISTANT_MESSAGE_DELTA


def _draft(payload: bytes) -> list[Event]:
    """Read a piece of an answer, as an event that has no id and no place in the ledger."""
    told = msgspec.json.decode(payload)
    if not isinstance(told, dict) or told.get("type") != ev.ASSISTANT_MESSAGE_DELTA:
        return []
    session_id, message_id, text = (told.get(name) for name in ("session_id", "message_id", "text"))
    if not (isinstance(message_id, str) and isinstance(text, str)):
        return []
    data = {name: value for name, value in told.items() if name not in _PLACE}
    return [
        Event(
            id="",
            type=told["type"],
            session_id=str(session_id or ""),
            message_id=message_id,
            data=data,
        )
    ]


_PLACE = {"type", "session_id", "message_id"}
