"""Where notes stand in a turn, and the same places in another recording of it."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence

from ..models import events as ev
from .keys import digest_of
from .lines import Comment, Entry, EventLine, Mark, Note

Placed = tuple[int, int, int | None, Note]
"""How many events stand before a note, how many lines from there to it, of how many, and it.

Behind the last event nobody knows of how many: there the turn was cut off.
"""
Landmark = tuple[str, str, int]
"""An event: its kind, what was called or where it stands, and how many such came before it."""


def noted(body: Sequence[Entry]) -> Iterator[Placed]:
    """Give the notes of a turn with their places.

    >>> list(noted([EventLine(event="x", data={}), Mark("here")]))
    [(1, 0, None, Mark(mark='here', ask=None))]
    """
    lengths = _lengths(body)
    for events, lines, entry in _counted(body):
        if isinstance(entry, Mark | Comment):
            yield events, lines, lengths[events] if events < len(lengths) - 1 else None, entry


def with_notes(body: Sequence[Entry], notes: Iterable[Placed], *, is_ended: bool) -> list[Entry]:
    """Put notes into a turn, each before what stands in its place.

    Args:
        body: The turn.
        notes: The notes with their places.
        is_ended: Whether it ends with its last event: behind that a note would be of another turn.
    """
    lengths = _lengths(body)
    last = len(lengths) - 1 - is_ended
    placed = list[tuple[tuple[int, int], Note]]()
    for events, lines, of, note in notes:
        at = min(events, last)
        if at < events:
            lines = lengths[at]
        elif of is not None:
            lines = round(lines / max(1, of) * lengths[at])
        placed.append(((at, lines), note))
    due = deque(sorted(placed, key=lambda each: each[0]))
    made: list[Entry] = []
    for events, lines, entry in _counted(body):
        while due and due[0][0] <= (events, lines):
            made.append(due.popleft()[1])
        made.append(entry)
    return [*made, *(note for _, note in due)]


def landmarks(body: Iterable[Entry]) -> list[Landmark]:
    """Tell the events of a turn from each other.

    A call is known by its tool and arguments, a result by its call, and all else by the call or
    result behind which it stands.

    >>> landmarks([EventLine(event="x", data={}), EventLine(event="x", data={})])
    [('x', '', 0), ('x', '', 1)]
    """
    calls, seen, behind = dict[str, str](), Counter[tuple[str, str]](), ""
    made = list[Landmark]()
    for event in (entry for entry in body if isinstance(entry, EventLine)):
        data, kind = event.data, event.event
        call_id = str(data.get("tool_call_id"))
        if kind == ev.TOOL_CALL_REQUESTED:
            calls[call_id] = digest_of([data.get("tool_name"), data.get("arguments")])
        own = calls.get(call_id, "") if "tool_call_id" in data else ""
        told = kind, own or behind
        behind = f"{kind} {own}" if own else behind
        made.append((*told, seen[told]))
        seen[told] += 1
    return made


def placed_alike(
    notes: Iterable[Placed], old: Sequence[Landmark], new: Sequence[Landmark]
) -> list[Placed]:
    """Give notes the places of another recording, each behind the event behind which it stood.

    Where that is not there, a note keeps its place.

    Args:
        notes: The notes with their places.
        old: The events of the turn that they stand in.
        new: Those of the other recording.
    """
    there = {landmark: number for number, landmark in enumerate(new, 1)}
    return [
        (there.get(old[events - 1], events) if events else 0, lines, of, note)
        for events, lines, of, note in notes
    ]


def _counted(body: Iterable[Entry]) -> Iterator[tuple[int, int, Entry]]:
    """Give each entry with how many events stand before it, and how many lines since the last."""
    events = lines = 0
    for entry in body:
        yield events, lines, entry
        if isinstance(entry, EventLine):
            events, lines = events + 1, 0
        elif not isinstance(entry, Mark | Comment):
            lines += 1


def _lengths(body: Iterable[Entry]) -> list[int]:
    """How many lines stand before the first event, and behind each."""
    lengths = [0]
    for entry in body:
        if isinstance(entry, EventLine):
            lengths.append(0)
        elif not isinstance(entry, Mark | Comment):
            lengths[-1] += 1
    return lengths
