"""The turns that were written to a tape here, and whether they are on it still."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence, Set
from pathlib import Path

from ..recording import follows
from ..summary import count_of
from ..turns import Turn
from .sessions import Place

_log = logging.getLogger(__name__)
_GONE = "%s: the next turn that is recorded makes a new one, with those that it goes on from."
_REPLACED = "%s was replaced: %s recorded here %s no longer on it."


class OwnTurns:
    """Says it, once, when others put another file in the place of a tape.

    Args:
        path: The tape's file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._places: set[tuple[str, int]] = set()
        self._there: list[Turn] = []
        self._gone: list[Turn] = []

    def __len__(self) -> int:
        return len(self._places)

    def add(self, turns: Sequence[Turn], replaced: Set[Place] = frozenset()) -> None:
        """Take note of turns that are on the tape now.

        Args:
            turns: The turns.
            replaced: The places of those that went for them. One that did not complete comes back
                with what goes on from it all the same.
        """
        gone = [one for one in self._there if one.place in replaced]
        self._gone += [one for one in gone if one.status != "completed"]
        self._there = [one for one in self._there if one.place not in replaced]
        self._places |= {turn.place for turn in turns}
        self._there += turns
        self._gone = without(self._gone, turns)

    def forget(self, places: set[tuple[str, int]]) -> None:
        """Miss turns no more, by their keys and takes."""
        self._places -= places

    def look(self, turns: Sequence[Turn], *, is_gone: bool) -> None:
        """Look for them among those that are on the tape now.

        Args:
            turns: What is on it.
            is_gone: Whether the file is no longer there, or empty.
        """
        gone = self._there if is_gone else self._replaced_by(turns)
        self._gone = without([*self._gone, *gone], turns)
        self._there = [*turns]
        lost = self._places - {turn.place for turn in turns}
        self.forget(lost)
        count, are = count_of(len(lost), "turn"), "is" if len(lost) == 1 else "are"
        if is_gone:
            if self.path.exists():
                told = f" was emptied{f', with {count} recorded here' if lost else ''}"
            else:
                told = f" is no longer there{f', nor {are} {count} recorded here' if lost else ''}"
            _log.warning(_GONE, self.path.name + told)
        elif lost:
            _log.warning(_REPLACED, self.path.name, count, are)

    def _replaced_by(self, turns: Iterable[Turn]) -> list[Turn]:
        """Those that did not complete, and in whose places others have put something else."""
        places = {turn.place for turn in turns}
        left = (one for one in self._there if one.status != "completed")
        return [one for one in left if one.place in places]

    def take_lost(self, data: bytes) -> list[Turn]:
        """Give what was on the tape, where something was recorded here, and forget it.

        Args:
            data: What stands in the file now, which is no tape: turns whose key is in it stay.
        """
        if not self:
            return []
        lost = [turn for turn in self._there if turn.line.key.encode() not in data]
        self._there = [turn for turn in self._there if turn.line.key.encode() in data]
        self.forget({turn.place for turn in lost})
        return lost

    def before(self, turns: Iterable[Turn]) -> list[Turn]:
        """Give the turns that went with the file and that others go on from, the first first."""
        found: dict[int, Turn] = {}
        for turn in turns if self._gone else ():
            way, at = dict[int, Turn](), self._gone_before(turn)
            while at is not None and id(at) not in found and id(at) not in way:
                way[id(at)] = at
                at = self._gone_before(at)
            found |= dict(reversed(way.items()))
        return list(found.values())

    def _gone_before(self, turn: Turn) -> Turn | None:
        return next((one for one in self._gone if follows(turn, one)), None)


def without(turns: Iterable[Turn], others: Iterable[Turn]) -> list[Turn]:
    """Give those turns that are not among others, where they may be another answer to the same."""
    by_key: dict[str, list[Turn]] = {}
    for other in others:
        by_key.setdefault(other.line.key, []).append(other)
    return [
        turn
        for turn in turns
        if all(one.answers != turn.answers for one in by_key.get(turn.line.key, ()))
    ]
