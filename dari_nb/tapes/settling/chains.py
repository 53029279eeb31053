"""Which turns of two merged sides stand behind other answers than they were asked behind."""

from __future__ import annotations

from collections.abc import Mapping

from ..differences import is_same
from ..growing.sessions import Place, place_of
from ..recording import Recording, parents_of
from ..turns import Turn


class Chains:
    """What stood before each turn of a side, whatever becomes of its sessions.

    Args:
        side: The side.
    """

    def __init__(self, side: Recording) -> None:
        self._turns = [*side.turns]
        self._parents = parents_of(side.turns)

    def whole_in(self, stored: Mapping[Place, Turn]) -> set[Place]:
        """Where turns are that were kept with all that stood before them.

        Args:
            stored: What was kept of both sides.
        """
        is_whole = dict[int, bool]()
        for turn in self._turns:
            way = dict[int, Turn]()
            at: Turn | None = turn
            while at is not None and id(at) not in is_whole and id(at) not in way:
                way[id(at)] = at
                at = self._parents.get(id(at))
            before = at is None or is_whole.get(id(at), False)
            for each in reversed(way.values()):
                is_whole[id(each)] = before = before and _is_stored(each, stored)
        return {place_of(turn) for turn in self._turns if is_whole[id(turn)]}


def _is_stored(turn: Turn, stored: Mapping[Place, Turn]) -> bool:
    """Whether an answer is the one that was kept, perhaps adopted."""
    now = stored.get(place_of(turn)) or stored.get((*turn.place, False))
    return now is None or is_same(now, turn)
