"""Where notes stand in a turn, and the same places in another recording of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from .lines import Comment, Entry, EventLine, Mark, Note

Placed = tuple[int, int, int | None, Note]
"""How many events stand before a note, how many lines from there to it, of how many, and it.

Behind the last event nobody knows of how many: there the turn was cut off.
"""


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
