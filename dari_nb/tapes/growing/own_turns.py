"""The turns that were written to a tape here, and whether they are on it still."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from weakref import WeakSet

from ..summary import count_of
from ..turns import Turn

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
        self._there: dict[str, Turn] = {}
        self._gone: dict[str, Turn] = {}
        _kept.add(self)

    def __len__(self) -> int:
        return len(self._places)

    def add(self, turns: Sequence[Turn]) -> None:
        """Take note of turns that are on the tape now."""
        self._places |= {turn.place for turn in turns}
        self._there |= {turn.line.key: turn for turn in turns}
        for turn in turns:
            self._gone.pop(turn.line.key, None)

    def forget(self, places: set[tuple[str, int]]) -> None:
        """Miss turns no more, by their keys and takes."""
        self._places -= places

    def look(self, turns: Sequence[Turn], *, is_gone: bool) -> None:
        """Look for them among those that are on the tape now.

        Args:
            turns: What is on it.
            is_gone: Whether the file is no longer there, or empty.
        """
        if is_gone:
            self._gone |= self._there
        self._there = {turn.line.key: turn for turn in turns}
        self._gone = {key: turn for key, turn in self._gone.items() if key not in self._there}
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

    def brings_back(self, key: str) -> bool:
        """Whether a turn went with the file, and is written again where others go on from it."""
        return key in self._gone

    def before(self, turns: Iterable[Turn]) -> list[Turn]:
        """Give the turns that went with the file and that others go on from, the first first."""
        found: dict[str, Turn] = {}
        for turn in turns:
            way, key = dict[str, Turn](), turn.line.parent
            while key in self._gone and key not in found and key not in way:
                way[key] = self._gone[key]
                key = way[key].line.parent
            found |= dict(reversed(way.items()))
        return list(found.values())


_kept: WeakSet[OwnTurns] = WeakSet()


def forget(path: Path, places: set[tuple[str, int]]) -> None:
    """Take note that somebody here takes turns off a tape, which need not be told again.

    Args:
        path: The tape's file.
        places: The keys and takes of the turns.
    """
    for own in list(_kept):
        if own.path == path:
            own.forget(places)
