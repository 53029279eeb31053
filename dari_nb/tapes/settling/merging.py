"""Tapes of two branches, merged by whole turns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from ..lines import Comment, Mark, encoded
from ..notes import Placed, noted, with_notes
from ..recording import Recording
from ..turns import Turn
from ..writing import write_tape
from .conflicts import sides_of

_Place = tuple[str, int, bool]
_IN_FRONT = -1
"""How many events stand before a note in front of its turn."""


def settle(path: str | Path) -> Recording:
    """Settle the conflicts that git left in a tape: the turns of both sides are kept.

    What only one side changed is as that side has it: what came of a turn, what is known of it, and
    the notes in it, each for itself. Of a turn that both sides recorded anew, the answer of the
    other side is kept; the notes of both.

    Args:
        path: The file, which is written anew.

    Returns:
        What is in it now.

    Raises:
        InvalidRequestError: The file cannot be read or written.
        TapeError: One of both sides is no tape, or git has both only in parts.
    """
    tape = _merged(*sides_of(path))
    write_tape(tape, path)
    return tape


def _merged(base: Recording, ours: Recording, theirs: Recording) -> Recording:
    was, mine, other = map(_by_place, (base, ours, theirs))
    turns = [
        _of_both(was.get(place), turn, other[place]) if place in other else turn
        for place, turn in mine.items()
        if place in other or _is_changed(was.get(place), turn)
    ]
    tape = Recording(ours.times or theirs.times, turns, scrubbed=ours.scrubbed)
    _add_theirs(tape, was, mine, other, base.tail)
    tails = ([(0, 0, None, note) for note in each.tail] for each in (base, ours, theirs))
    tape.tail = [note for *_, note in _notes_of_both(*tails)]
    tape.note_scrubbed(Counter(theirs.scrubbed) - Counter(ours.scrubbed))
    return tape


def _by_place(tape: Recording) -> dict[_Place, Turn]:
    return {(*turn.place, turn.line.new): turn for turn in tape.turns}


def _add_theirs(
    tape: Recording,
    was: dict[_Place, Turn],
    mine: dict[_Place, Turn],
    other: dict[_Place, Turn],
    tail: Sequence[Mark | Comment],
) -> None:
    """Put the turns that only they have at the end, each in a session where its place is free."""
    taken = {_ordinals(turn): turn.place for turn in tape.turns}
    moved = [note for turn in tape.turns for note in turn.before if note in tail]
    sessions: dict[str, str] = {}
    for place, turn in other.items():
        line = turn.line
        if place in mine:
            sessions[line.session] = mine[place].line.session
        elif _is_changed(was.get(place), turn):
            theirs = line.session
            line.session = sessions.setdefault(theirs, f"other {theirs}")
            if taken.setdefault(_ordinals(turn), turn.place) != turn.place:
                line.session = sessions[theirs] = f"beside {theirs}"
            turn.before = [note for note in turn.before if note not in moved]
            tape.turns.append(turn)


def _ordinals(turn: Turn) -> tuple[str, str, bool]:
    return turn.line.session, turn.line.turn, turn.line.new


def _is_changed(base: Turn | None, turn: Turn) -> bool:
    """Whether a turn is otherwise than it was: else the side without it has taken it off."""
    return base is None or _all_of(base) != _all_of(turn)


def _all_of(turn: Turn) -> Any:
    return _recorded(turn), turn.line.metadata, _noted(turn)


def _recorded(turn: Turn) -> Any:
    """What was recorded of a turn, without what people put to it, and where it stands."""
    line = replace(turn.line, session="", turn="", metadata={})
    return turn.agent, line, _without_notes(turn)


def _without_notes(turn: Turn) -> list[Any]:
    return [entry for entry in turn.body if not isinstance(entry, Mark | Comment)]


def _of_both(base: Turn | None, ours: Turn, theirs: Turn) -> Turn:
    """A turn that both sides have."""
    old = _recorded(base) if base else None
    turn = theirs if _recorded(theirs) != old else ours
    notes = _notes(base, ours, theirs)
    line = replace(
        turn.line,
        session=ours.line.session,
        turn=ours.line.turn,
        metadata=_metadata(*(each.line.metadata if each else {} for each in (base, ours, theirs))),
    )
    within = [placed for placed in notes if placed[0] != _IN_FRONT]
    body = with_notes(_without_notes(turn), within, is_ended=turn.status is not None)
    return Turn(turn.agent, line, body, [note for at, *_, note in notes if at == _IN_FRONT])


def _metadata(base: dict[str, Any], ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    merged = {}
    for name in {**ours, **theirs}:
        old, mine, other = (each.get(name, UNSET) for each in (base, ours, theirs))
        merged[name] = mine if other == old else other
    return {name: value for name, value in merged.items() if value is not UNSET}


def _notes(base: Turn | None, ours: Turn, theirs: Turn) -> list[Placed]:
    old, mine, other = (_noted(each) if each else [] for each in (base, ours, theirs))
    if base and not _is_noted_anew(base, theirs):
        return mine
    if base and not _is_noted_anew(base, ours):
        return other
    return _notes_of_both(old, mine, other)


def _noted(turn: Turn) -> list[Placed]:
    return [*((_IN_FRONT, 0, None, note) for note in turn.before), *noted(turn.body)]


def _is_noted_anew(base: Turn, turn: Turn) -> bool:
    """Whether somebody changed the notes, or moved them in the same recording."""
    if _recorded(base) == _recorded(turn):
        return _noted(base) != _noted(turn)
    return base.notes != turn.notes


def _notes_of_both(
    base: Sequence[Placed], ours: Sequence[Placed], theirs: Sequence[Placed]
) -> list[Placed]:
    """Our notes without those that they took away, and those that only they have put there."""
    was, mine, other = (
        Counter(encoded(note) for *_, note in each) for each in (base, ours, theirs)
    )
    gone, come = was - other, other - was - (mine - was)
    kept = [placed for placed in ours if not _takes_one(gone, placed)]
    return [*kept, *(placed for placed in theirs if _takes_one(come, placed))]


def _takes_one(counts: Counter[bytes], placed: Placed) -> bool:
    name = encoded(placed[-1])
    counts[name] -= 1
    return counts[name] >= 0
