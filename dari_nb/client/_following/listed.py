"""Listing a session's ledger as far as it is needed, whatever a server lists by default (U5)."""

from __future__ import annotations

from ...errors import BadRequestError, UnprocessableEntityError
from ...models import Event
from .._answers import page_request
from .._request import Steps, path_of
from ..endpoints import sessions


def up_to_number(session_id: str, wanted: int) -> Steps[list[Event]]:
    """List the events, if possible up to the one of this sequence number."""
    listed = yield from sessions.events(session_id)
    if not listed or listed[-1].sequence_number >= wanted:
        return listed
    return (yield from _limited(session_id, wanted)) or listed


def up_to_event(session_id: str, event_id: str) -> Steps[tuple[list[Event], bool]]:
    """List the events, if possible up to the one of this id.

    Returns:
        The events, and whether the server lists as many as it is asked for.
    """
    listed = yield from sessions.events(session_id)
    while listed and event_id not in {event.id for event in listed}:
        more = yield from _limited(session_id, 2 * len(listed))
        if len(more) <= len(listed):
            first = yield from _limited(session_id, 1)
            return listed, bool(more) and len(first) == 1
        listed = more
    return listed, True


def _limited(session_id: str, limit: int) -> Steps[list[Event]]:
    """Ask for so many events; none when the server refuses the number."""
    path = path_of("sessions", session_id, "events")
    try:
        return (yield from page_request(path, "events", Event, {"limit": limit}).answer()).items
    except (BadRequestError, UnprocessableEntityError):
        return []
