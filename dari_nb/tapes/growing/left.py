"""What killed processes have left beside a tape, and whether it belongs there."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..recording import Recording, parents_first, parents_of
from ..summary import count_of, prompt_of
from ..turns import Turn
from .journal import left_running, remove_left
from .sessions import place_of

_log = logging.getLogger(__name__)
_said: dict[Path, tuple[str, int]] = {}
_MOST_NAMES = 4
_HOLDS = "{journal} holds {turns}, {asked}, of a process that was killed or could not write {tape}"
_TAKEN = (
    "{held}: {come} onto {tape} with what is recorded next. To keep {them} off, take the tape out, "
    "and then remove {journal}"
)
_OF_ANOTHER = (
    "{held}: what {turn} goes on from is not on {tape}, so {journal} is of another tape, and stays "
    "as it is: put it beside that one, named as that with .running behind, or remove it"
)


class Left:
    """Gives the turns that were left, and says so once; those of another tape stay where they are.

    Args:
        path: The tape.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._taken: list[Path] = []

    def turns_for(self, tape: Recording) -> list[Turn]:
        """The turns that come onto a tape, which it has perhaps already."""
        self._taken, turns = [], list[Turn]()
        for journal, left, text in _looked_at(self._path, tape):
            if text is not None and _is_news(journal, text):
                _log.warning("%s.", text)
            if left is not None:
                self._taken.append(journal)
                turns += left
        return turns

    def remove(self) -> None:
        """Remove what was left: its turns are on the tape."""
        remove_left(self._taken)
        self._taken = []


def left_beside(path: Path, tape: Recording) -> list[str]:
    """Say what killed processes have left beside a tape that is not on it."""
    return [text for _, _, text in _looked_at(path, tape) if text is not None]


def missing(left: Iterable[Turn], tape: Recording) -> Iterator[Turn]:
    """Give the turns of those that were left which a tape has not; no answer of it is replaced."""
    there = {place_of(turn): turn for turn in tape.turns}
    for turn in left:
        while (other := there.get(place_of(turn))) is not None and other.status is not None:
            if turn.status is None or turn.events == other.events:
                break
            turn.line.take += 1
        else:
            yield turn


def _is_news(journal: Path, text: str) -> bool:
    """Whether this was not said of a journal: a tape is opened more than once."""
    told = _said.get(journal)
    _said[journal] = text, _written_at(journal)
    return told != _said[journal]


def _written_at(journal: Path) -> int:
    try:
        return journal.stat().st_mtime_ns
    except OSError:
        return 0


def _looked_at(path: Path, tape: Recording) -> Iterator[tuple[Path, list[Turn] | None, str | None]]:
    """Give each journal, its turns where they belong to a tape, and what is to be said of it."""
    found = left_running(path)
    there = [*tape.turns, *(turn for _, left in found for turn in left)]
    keys = {None, *(turn.line.key for turn in there)}
    for journal, left in found:
        turns = parents_first(left, parents_of(left))
        lost = next((turn for turn in turns if turn.line.parent not in keys), None)
        new = turns if lost else [*missing(turns, tape)]
        yield journal, None if lost else turns, _told(path, journal, new, lost) if new else None


def _told(path: Path, journal: Path, turns: list[Turn], lost: Turn | None) -> str:
    asked = [*map(_named, turns[:_MOST_NAMES]), *(["…"] if len(turns) > _MOST_NAMES else [])]
    told = {
        "journal": journal.name,
        "tape": path.name,
        "turns": count_of(len(turns), "turn"),
        "asked": ", ".join(asked),
    }
    told["held"] = _HOLDS.format(**told)
    if lost is not None:
        return _OF_ANOTHER.format(turn=prompt_of(lost), **told)
    come, them = ("it comes", "it") if len(turns) == 1 else ("they come", "them")
    return _TAKEN.format(come=come, them=them, **told)


def _named(turn: Turn) -> str:
    return prompt_of(turn) if turn.status is not None else f"{prompt_of(turn)} ({turn.outcome})"
