"""What killed processes have left beside a tape, and whether it belongs there."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path

from ...models.events import MESSAGE_STATUS_CHANGED as _STATUS
from ..lines import EventLine
from ..recording import Recording, parents_first, parents_of
from ..summary import count_of, prompt_of
from ..turns import Turn
from .journal import (
    LeftJournal,
    is_there,
    left_running,
    place_aside,
    place_running,
    put_aside,
    remove_left,
)

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
_DAMAGED = (
    "{journal} is damaged: line {line} cannot be read. {held_before}; with what is recorded next "
    "{journal} is put aside as {aside}. "
)
_COME_BEFORE = "What stands before it, {turns}, {asked}, comes onto {tape}"
_NONE_BEFORE = "Nothing stands before it that is not on {tape}"
_ASIDE = "{journal} was put aside: line {line} cannot be read. "
_MEND = (
    "For what stands behind that line, mend it or take it out, and name the file {running}; "
    "or remove the file"
)
_MENDED = (
    "{journal} was put aside, and can be read: name it {running}, and what it holds comes onto "
    "{tape} with what is recorded next; or remove it"
)


class Left:
    """Gives the turns that were left, and says so once; those of another tape stay where they are.

    Args:
        path: The tape.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._taken: list[LeftJournal] = []

    def turns_for(self, tape: Recording) -> list[Turn]:
        """The turns that come onto a tape, which it has perhaps already."""
        self._taken, turns = [], list[Turn]()
        for journal, left, text in _looked_at(self._path, tape):
            if text is not None and _is_news(journal.path, text):
                _log.warning("%s.", text)
            if left is not None:
                self._taken.append(journal._replace(turns=left))
                turns += left
        return turns

    def take_gone(self) -> list[Turn]:
        """Give the turns of those that others have put onto the tape since, each once."""
        taken, self._taken = self._taken, [*filter(is_there, self._taken)]
        left = {journal.path for journal in self._taken}
        return [turn for journal in taken if journal.path not in left for turn in journal.turns]

    def remove(self) -> None:
        """Remove what was left: its turns are on the tape."""
        remove_left(self._taken, self._path)
        self._taken = []


def journals_left(path: Path, tape: Recording) -> list[str]:
    """Say what killed processes have left beside a tape that is not on it.

    Raises:
        InvalidRequestError: What is named as a journal is no file.
    """
    told = [text for _, _, text in _looked_at(path, tape) if text is not None]
    return [*told, *(_report_aside(path, journal) for journal in put_aside(path))]


def missing(left: Iterable[Turn], tape: Recording) -> Iterator[Turn]:
    """Give the turns of those that were left which a tape has not; no answer of it is replaced.

    A turn that was cut off becomes a further answer.
    """
    there = {turn.place: turn for turn in tape.turns}
    for turn in left:
        other = there.get(turn.place)
        while other is not None and other.status is not None and not _has_all_of(other, turn):
            turn.line.take += 1
            other = there.get(turn.place)
        if other is None or not _has_all_of(other, turn):
            yield turn


def _has_all_of(other: Turn, turn: Turn) -> bool:
    """Whether a turn has all that came of one that was left."""
    if turn.status is not None:
        return turn.events == other.events
    came = (line for line in turn.body if not isinstance(line, EventLine) or line.event != _STATUS)
    return next(came, None) is None or turn.body == other.body[: len(turn.body)]


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


def _looked_at(
    path: Path, tape: Recording
) -> Iterator[tuple[LeftJournal, list[Turn] | None, str | None]]:
    """Give each journal, its turns where they belong to a tape, and what is to be said of it."""
    found = left_running(path)
    there = [*tape.turns, *(turn for journal in found for turn in journal.turns)]
    keys = {None, *(turn.line.key for turn in there)}
    for journal in found:
        turns = parents_first(journal.turns, parents_of(journal.turns))
        lost = next((turn for turn in turns if turn.line.parent not in keys), None)
        new = turns if lost else [*missing(turns, tape)]
        is_told = new or journal.damaged is not None
        yield (
            journal,
            None if lost else turns,
            _report(path, journal, new, lost) if is_told else None,
        )


def _report(path: Path, journal: LeftJournal, turns: list[Turn], lost: Turn | None) -> str:
    asked = [*map(_named, turns[:_MOST_NAMES]), *(["…"] if len(turns) > _MOST_NAMES else [])]
    told = {
        **_names(path, journal),
        "turns": count_of(len(turns), "turn"),
        "asked": ", ".join(asked),
    }
    told["held"] = _HOLDS.format(**told)
    if lost is not None:
        return _OF_ANOTHER.format(turn=prompt_of(lost), **told)
    if journal.damaged is not None:
        told["held_before"] = (_COME_BEFORE if turns else _NONE_BEFORE).format(**told)
        told |= {"aside": place_aside(path).name, "running": journal.path.name}
        return (_DAMAGED + _MEND).format(**told)
    come, them = ("it comes", "it") if len(turns) == 1 else ("they come", "them")
    return _TAKEN.format(come=come, them=them, **told)


def _report_aside(path: Path, journal: LeftJournal) -> str:
    told = _MENDED if journal.damaged is None else _ASIDE + _MEND
    return told.format(running=place_running(path).name, **_names(path, journal))


def _names(path: Path, journal: LeftJournal) -> dict[str, str]:
    return {"journal": journal.path.name, "tape": path.name, "line": str(journal.damaged)}


def _named(turn: Turn) -> str:
    return prompt_of(turn) if turn.status is not None else f"{prompt_of(turn)} ({turn.outcome})"
