"""Turns whose words were changed by hand and whose keys were not: they ask something else."""

from __future__ import annotations

from collections.abc import Iterator

from ..growing.sessions import Place, place_of
from ..keys import is_keyed, key_of
from ..recording import Recording
from ..turns import Turn
from ..verifying import make_keys_anew
from .changes import recorded
from .conflicts import Sides


def part_reworded(sides: Sides) -> list[Turn]:
    """Give keys of their own to turns that ask something else than the turn in their place.

    That stands on their own side, or on the other one, where both have changed it. What the other
    side asks by its own key is the same question there.

    Args:
        sides: Both sides, whose turns are changed.

    Returns:
        These turns, without those that go on from them, which have new keys, too.
    """
    base, ours, theirs = sides
    was = _asked_at(base)
    parted = [
        [*_parted(side, other, was)]
        for side, other in ((ours, _asked_at(theirs)), (theirs, _asked_at(ours)))
    ]
    for side, turns in zip((ours, theirs), parted, strict=True):
        make_keys_anew(side, of=turns)
    return [turn for turns in parted for turn in turns]


def _asked_at(side: Recording) -> dict[Place, list[Turn]]:
    """The turns of a side by their places: several where somebody copied one."""
    found = dict[Place, list[Turn]]()
    for turn in side.turns:
        found.setdefault(place_of(turn), []).append(turn)
    return found


def _parted(
    side: Recording, other: dict[Place, list[Turn]], was: dict[Place, list[Turn]]
) -> Iterator[Turn]:
    own, keys = _asked_at(side), {key for key, *_ in other}
    for turn in side.turns:
        if is_keyed(turn.line, turn.agent):
            continue
        place = place_of(turn)
        before = [*map(recorded, was.get(place, []))]
        beside = list(own[place])
        if recorded(turn) not in before:
            beside += [one for one in other.get(place, []) if recorded(one) not in before]
        asked = _key_by_words(turn)
        if asked in keys or any(_key_by_words(one) != asked for one in beside):
            yield turn


def _key_by_words(turn: Turn) -> str:
    line = turn.line
    return key_of(line.parent, turn.agent, line.llm, line.asked)
