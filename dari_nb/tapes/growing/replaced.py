"""What a recording may replace, and what had been answered behind that."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from ..recording import Never, Recording, parents_of, why_never
from ..summary import count_of, names_of
from ..turns import Turn
from .sessions import Place

_log = logging.getLogger(__name__)
_MOST_NAMES = 4
_BEHIND = (
    "%s: %s had been recorded behind other answers than those that stand before %s now: %s. "
    "Ask %s again in the mode auto, or take %s off the tape."
)


class Replaced:
    """Turns that were there before, of which each is replaced once, and what is recorded here.

    What is no answer may be replaced again. What others write meanwhile is not replaced.

    Args:
        path: The tape's file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_begun = False
        self._places: dict[Place, bytes] = {}
        self._here: dict[Place, int] = {}
        self._otherwise: set[Place] = set()
        self._last_otherwise: dict[str, int] = {}

    def __contains__(self, place: object) -> bool:
        return place in self._places

    def __iter__(self) -> Iterator[Place]:
        return iter(self._places)

    def begin(self, turns: Iterable[Turn]) -> None:
        """Let these be replaced, unless others were before them."""
        if not self._is_begun:
            self._places = {turn.place: _answer(turn) for turn in turns}
        self._is_begun = True

    def look(self, turns: Iterable[Turn]) -> None:
        """Replace nothing that others have answered otherwise meanwhile."""
        for turn in turns if self._places else ():
            before = self._places.get(turn.place)
            if before is not None and before != _answer(turn):
                del self._places[turn.place]

    def keep(self, places: Iterable[Place]) -> None:
        """Replace no more what stands there."""
        for place in places:
            self._places.pop(place, None)

    def note(self, turns: Iterable[Turn]) -> None:
        """Take note of turns that were recorded here, and are on the tape now."""
        for turn in turns:
            at = self._here[turn.place] = len(self._here)
            before = self._places.pop(turn.place, None)
            if before is not None and before != _answer(turn):
                self._otherwise.add(turn.place)
                self._last_otherwise[turn.line.key] = at
            if not turn.is_answer:
                self._places[turn.place] = _answer(turn)

    def __bool__(self) -> bool:
        """Whether something was replaced by another answer."""
        return bool(self._otherwise)

    def report(self, tape: Recording) -> None:
        """Name the turns that go on from others than stand there now."""
        parents = parents_of(tape.turns)
        behind = {id(turn) for turn in tape.turns if turn.place in self._otherwise}
        never = why_never(tape.turns)
        left = [one for one in tape.turns if never.get(id(one)) is Never.BEHIND]
        before = {turn.line.key: turn.line.parent for turn in tape.turns}
        left = [one for one in left if not self._was_lost(one, before)]
        stale = list[Turn]()
        while found := [turn for turn in left if id(parents.get(id(turn))) in behind]:
            stale += found
            behind = {*map(id, found)}
            left = [turn for turn in left if id(turn) not in behind]
        if stale:
            them = "it" if len(stale) == 1 else "them"
            count = count_of(len(stale), "turn")
            names = names_of(stale, _MOST_NAMES)
            _log.warning(_BEHIND, self._path.name, count, them, names, them, them)

    def _was_lost(self, turn: Turn, before: Mapping[str, str | None]) -> bool:
        """Whether a turn went on from what was replaced already, which was said when it was asked.

        Args:
            turn: The turn.
            before: The keys of the turns on the tape, each with that of the turn before.
        """
        at, key, seen = self._here.get(turn.place), turn.line.parent, set[str]()
        if at is None:
            return False
        while key is not None and key not in seen:
            if self._last_otherwise.get(key, at) > at:
                return False
            seen.add(key)
            key = before.get(key)
        return True


def _answer(turn: Turn) -> bytes:
    told = [(event.event, event.data) for event in turn.events]
    return msgspec.json.encode(told, order="deterministic")
