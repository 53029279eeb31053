"""What is otherwise in a turn than it was, and the notes of both sides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from ..growing.sessions import Place, place_of
from ..lines import Comment, Mark, Note, encoded
from ..notes import Placed, landmarks, noted, placed_alike, with_notes
from ..recording import Recording
from ..turns import Turn
from .notes import Notes, notes_of_both
from .order import Side

IN_FRONT = -1
"""How many events stand before a note in front of its turn."""


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


def notes_of(base: Turn | None, ours: Turn, theirs: Turn, turn: Turn, keeps: Side) -> Notes:
    """The notes of a turn that both sides have, placed in the one that is kept of both."""
    was, mine, other = (
        [] if each is None else _placed_in(turn, each) for each in (base, ours, theirs)
    )
    return notes_of_both(was, mine, other, keeps)


def _placed_in(turn: Turn, other: Turn) -> list[Placed]:
    """The notes of another recording of a turn, where they stand in this one."""
    there = noted_in(other)
    if turn is other or not there or recorded(turn) == recorded(other):
        return there
    front = [placed for placed in there if placed[0] == IN_FRONT]
    within = placed_alike(there[len(front) :], landmarks(other.body), landmarks(turn.body))
    is_ended = turn.status is not None
    return [*front, *noted(with_notes(without_notes(turn), within, is_ended=is_ended))]


def noted_in(turn: Turn) -> list[Placed]:
    """The notes of a turn with their places, also those in front of it."""
    return [*((IN_FRONT, 0, None, note) for note in turn.before), *noted(turn.body)]


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


def now_of(
    was: Standing, marks: Mapping[str, Standing], before: Mapping[str, Standing]
) -> Standing | None:
    """What a mark is on a side by now: that of its name, or else the new one that asks the same."""
    if was.note.mark in marks or was.note.ask is None:
        return marks.get(was.note.mark)
    new = [marks[name] for name in marks.keys() - before.keys()]
    found = [each for each in new if each.note.ask == was.note.ask]
    return found[0] if len(found) == 1 else None


def _takes_one(counts: Counter[bytes], note: Note) -> bool:
    name = encoded(note)
    counts[name] -= 1
    return counts[name] >= 0
