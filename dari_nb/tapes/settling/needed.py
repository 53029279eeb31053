"""Which turns stay of those that one side of a tape has and the other took off."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ..growing.sessions import Place, place_of
from ..recording import Recording, parents_of
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
    return {place for side, other in sides for place in _needed_on(side, other, was)}


def _needed_on(side: Turns, other: Turns, was: Turns) -> set[Place]:
    """Where turns are that are needed of those that a side has and the other one has not."""
    turns = [*side.values()]
    parents = parents_of(turns)
    behind = dict[int, list[Turn]]()
    for turn in turns:
        if before := parents.get(id(turn)):
            behind.setdefault(id(before), []).append(turn)
    changed = [turn for turn in turns if is_changed(was.get(place_of(turn)), turn)]
    up = _reached(changed, lambda turn: filter(None, [parents.get(id(turn))]))
    gone = [turn for turn in up if not _is_on(other, turn)]
    down = _reached(gone, lambda turn: behind.get(id(turn), []))
    return {place_of(turn) for turn in down if not _is_on(other, turn)}


def _is_on(side: Turns, turn: Turn) -> bool:
    """Whether a side has a turn, perhaps adopted."""
    return place_of(turn) in side or (*turn.place, False) in side


def _reached(turns: Iterable[Turn], following: Callable[[Turn], Iterable[Turn]]) -> list[Turn]:
    """Turns with all that follow them in one direction, each once, wherever they stand."""
    reached, left = dict[int, Turn](), [*turns]
    while left:
        turn = left.pop()
        if id(turn) not in reached:
            reached[id(turn)] = turn
            left += following(turn)
    return [*reached.values()]
