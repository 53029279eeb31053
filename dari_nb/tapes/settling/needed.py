"""Which turns stay of those that one side of a tape has and the other took off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set

from ..growing.sessions import Place, place_of
from ..recording import Recording
from ..turns import Turn
from .changes import is_changed

Turns = Mapping[Place, Turn]


def by_place(tape: Recording) -> dict[Place, Turn]:
    """The turns of a tape by what tells them apart."""
    return {place_of(turn): turn for turn in tape.turns}


def places_needed(was: Turns, ours: Turns, theirs: Turns) -> set[Place]:
    """Where turns are that one side took off, and whose conversations the other changed.

    What it changed goes on from some of them, and others go on from that: such a conversation stays
    whole.
    """
    sides = (ours, theirs), (theirs, ours)
    kept = [
        (turn, side)
        for side, other in sides
        for place, turn in side.items()
        if place in other or is_changed(was.get(place), turn)
    ]
    keys, needed = {None, *(turn.line.key for turn, _ in kept)}, set[Place]()
    for last, side in kept:
        turn = last
        while turn.line.parent not in keys and (before := _parent(turn, side)):
            keys.add(before.line.key)
            needed.add(place_of(before))
            turn = before
    for side, other in sides:
        gone = {place: turn for place, turn in side.items() if place not in other}
        stay = {
            turn.line.key
            for place, turn in gone.items()
            if place in needed or is_changed(was.get(place), turn)
        }
        needed |= {*map(place_of, _behind(gone.values(), stay))}
    return needed


def _parent(turn: Turn, side: Turns) -> Turn | None:
    """The turn before one, in its own session where it is there."""
    found = [each for each in side.values() if each.line.key == turn.line.parent]
    return next((one for one in found if one.line.session == turn.line.session), (*found, None)[0])


def _behind(turns: Iterable[Turn], keys: Set[str]) -> Iterator[Turn]:
    """Give those turns that go on from some, wherever they stand."""
    known, left = {*keys}, [*turns]
    while found := [turn for turn in left if turn.line.parent in known]:
        yield from found
        known |= {turn.line.key for turn in found}
        left = [turn for turn in left if turn.line.parent not in known]
