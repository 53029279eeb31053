"""Turns whose words were changed by hand and whose keys were not: they ask something else."""

from __future__ import annotations

from collections.abc import Iterator

from ..growing.sessions import Place, place_of
from ..keys import is_keyed, key_of
from ..recording import Recording
from ..turns import Turn
from ..verifying import renew_keys
from .changes import recorded
from .conflicts import Sides

Turns = dict[Place, list[Turn]]
Question = tuple[Place, str]
"""Where a turn is, and the key that its words would have."""


def part_reworded(sides: Sides) -> list[Turn]:
    """Give keys of their own to turns that ask something else than the turn in their place.

    That stands on their own side, or on the other one, where both have changed it. So do those that
    ask what only the other side has the key of: they are the same question. Who asks the same in
    the same place has the same key, also on the other side, and before both.

    Args:
        sides: The tape before, and both sides, whose turns are changed.

    Returns:
        These turns of both sides, without those that go on from them, which have new keys, too.
    """
    was, ours, theirs = map(_asked_at, sides)
    parted = {*_parted(ours, theirs, was), *_parted(theirs, ours, was)}
    found = [[turn for turn in side.turns if _question(turn) in parted] for side in sides]
    for side, turns in zip(sides, found, strict=True):
        renew_keys(side, of=turns)
    return [turn for turns in found[1:] for turn in turns]


def _asked_at(side: Recording) -> Turns:
    """The turns of a side by their places: several where somebody copied one."""
    found = Turns()
    for turn in side.turns:
        found.setdefault(place_of(turn), []).append(turn)
    return found


def _parted(side: Turns, other: Turns, was: Turns) -> Iterator[Question]:
    keys = {key for key, *_ in other} - {key for key, *_ in side}
    for place, turns in side.items():
        before = [*map(recorded, was.get(place, []))]
        theirs = [turn for turn in other.get(place, []) if recorded(turn) not in before]
        for turn in turns:
            if is_keyed(turn.line, turn.agent):
                continue
            beside = turns if recorded(turn) in before else [*turns, *theirs]
            question = _question(turn)
            if question[1] in keys or any(_question(one) != question for one in beside):
                yield question


def _question(turn: Turn) -> Question:
    line = turn.line
    return place_of(turn), key_of(line.parent, turn.agent, line.llm, line.asked)
