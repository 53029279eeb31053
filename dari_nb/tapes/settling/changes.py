"""What is otherwise in a turn than it was, and the notes of both sides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from msgspec.structs import replace

from ..growing.sessions import Place, place_of
from ..lines import Comment, Mark, Note, encoded
from ..notes import Placed, noted
from ..recording import Recording
from ..turns import Turn

Side = Literal["ours", "theirs"]
IN_FRONT = -1
"""How many events stand before a note in front of its turn."""


class Notes(NamedTuple):
    """The notes of both sides, and the marks of which one was kept, as both had them."""

    placed: list[Placed]
    twice: list[tuple[Mark, Mark]]


class Standing(NamedTuple):
    """A mark, and the turn in which it stands."""

    note: Mark
    place: Place


def shared(base: Turn | None, ours: Turn) -> list[Note]:
    """The notes of a turn that stood there before either side asked something else."""
    was = Counter(map(encoded, base.notes if base else []))
    return [note for note in ours.notes if _takes_one(was, note)]


def leave_out(turn: Turn, notes: Sequence[Note]) -> None:
    """Take notes out of a turn that stand on the other side, too."""
    left = Counter(map(encoded, notes))
    turn.before = [note for note in turn.before if not _takes_one(left, note)]
    turn.body = [
        entry
        for entry in turn.body
        if not (isinstance(entry, Mark | Comment) and _takes_one(left, entry))
    ]


def ask_otherwise(turn: Turn, mark: Mark, other: Mark) -> None:
    """Put a mark in the place of one that stands in a turn."""
    turn.before = [other if note == mark else note for note in turn.before]
    turn.body = [other if entry == mark else entry for entry in turn.body]


def is_changed(base: Turn | None, turn: Turn) -> bool:
    """Whether a turn is otherwise than it was: else the side without it has taken it off."""
    return base is None or _all_of(base) != _all_of(turn)


def _all_of(turn: Turn) -> Any:
    return recorded(turn), turn.line.metadata, noted_in(turn)


def recorded(turn: Turn) -> Any:
    """What was recorded of a turn, without what people put to it, and where it stands."""
    line = replace(turn.line, session="", turn="", metadata={})
    return turn.agent, line, without_notes(turn)


def without_notes(turn: Turn) -> list[Any]:
    """The lines of a turn that were recorded."""
    return [entry for entry in turn.body if not isinstance(entry, Mark | Comment)]


def notes_of(base: Turn | None, ours: Turn, theirs: Turn, keeps: Side) -> Notes:
    """The notes of a turn that both sides have."""
    old, mine, other = (noted_in(each) if each else [] for each in (base, ours, theirs))
    if base and not _is_noted_anew(base, theirs):
        return Notes(mine, [])
    if base and not _is_noted_anew(base, ours):
        return Notes(other, [])
    return notes_of_both(old, mine, other, keeps)


def noted_in(turn: Turn) -> list[Placed]:
    """The notes of a turn with their places, also those in front of it."""
    return [*((IN_FRONT, 0, None, note) for note in turn.before), *noted(turn.body)]


def _is_noted_anew(base: Turn, turn: Turn) -> bool:
    """Whether somebody changed the notes, or moved them in the same recording."""
    if recorded(base) == recorded(turn):
        return noted_in(base) != noted_in(turn)
    return base.notes != turn.notes


def notes_of_both(
    base: Sequence[Placed], ours: Sequence[Placed], theirs: Sequence[Placed], keeps: Side
) -> Notes:
    """Our notes without those that they took away, and those that only they have put there.

    Of a mark that both have put otherwise, one is kept.
    """
    was, mine, other = (
        Counter(encoded(note) for *_, note in each) for each in (base, ours, theirs)
    )
    gone, come = was - other, other - was - (mine - was)
    kept = [placed for placed in ours if not _takes_one(gone, placed[-1])]
    new = [placed for placed in theirs if _takes_one(come, placed[-1])]
    pairs = marks_asked_otherwise(*([note for *_, note in each] for each in (kept, new)))
    twice = [pair for pair in pairs if was.keys().isdisjoint(map(encoded, pair))]
    left = Counter(encoded(pair[keeps == "ours"]) for pair in twice)
    return Notes([placed for placed in (*kept, *new) if not _takes_one(left, placed[-1])], twice)


def marks_asked_otherwise(ours: Sequence[Note], theirs: Sequence[Note]) -> list[tuple[Mark, Mark]]:
    """The marks of one name that ask something else on both sides."""
    mine = {note.mark: note for note in ours if isinstance(note, Mark)}
    pairs = [(mine.get(note.mark), note) for note in theirs if isinstance(note, Mark)]
    return [(mark, other) for mark, other in pairs if mark is not None and mark != other]


def marks_of(tape: Recording) -> dict[str, Standing]:
    """The marks of turns whose names stand on a tape once."""
    found = [
        Standing(note, place_of(turn))
        for turn in tape.turns
        for note in turn.notes
        if isinstance(note, Mark)
    ]
    names = Counter(each.note.mark for each in found)
    return {each.note.mark: each for each in found if names[each.note.mark] == 1}


def _takes_one(counts: Counter[bytes], note: Note) -> bool:
    name = encoded(note)
    counts[name] -= 1
    return counts[name] >= 0
