"""What runs while a tape is recorded, in a file beside it, until it is in the tape."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import NamedTuple

from ...descriptors import is_no_file
from ...errors import InvalidRequestError, TapeError
from ..lines import VERSION, Comment, Header, Line, decoded, encoded
from ..reading import parsed
from ..turns import Turn
from .locks import is_locked_by_another

_STRUCK = b"-"
"""What stands in place of a line when a turn is in the tape."""
_OPENING = b'{"turn"'
_RUNNING, _DAMAGED = ".running", ".running-damaged"
"""What stands behind the name of a tape in those of its journals."""
_JOURNALS, _ASIDE = (
    re.compile(rf"{re.escape(ending)}(?:-\d+)?") for ending in (_RUNNING, _DAMAGED)
)
_NO_FILE = "The journal {} is a folder, a pipe or a device, and no file: give it another name."


class Journal:
    """The lines of turns that are not in the tape yet, each after the number of its turn.

    Each process that records on a tape has a journal of its own, and holds it as long as there is
    something in it.

    Args:
        path: The tape.
    """

    def __init__(self, path: Path) -> None:
        self._tape = path
        self._path: Path | None = None
        self._descriptor = -1
        self._turns: set[int] = set()
        self._due = b""
        self._is_whole = True

    def open(self) -> None:
        """Make sure that there is one, and that it can be written.

        Raises:
            OSError: It cannot.
        """
        if self._path is not None and self._found() is None:
            os.close(self._descriptor)
            self._path = None
            self._is_whole = not self._turns
        self._append(b"0 %b\n" % _STRUCK)

    def write(self, number: int, lines: Sequence[Line | Comment]) -> None:
        """Write more lines of a turn; a further opening takes the place of the one before.

        Raises:
            OSError: It cannot be written: then it is with the next lines.
        """
        self._turns.add(number)
        self._append(b"".join(b"%d %b" % (number, encoded(line)) for line in lines))

    def strike(self, numbers: Sequence[int]) -> None:
        """Note that turns are in the tape, or are not to be kept.

        Raises:
            OSError: It cannot be written.
        """
        self._turns -= {*numbers}
        if self._turns:
            self._append(b"".join(b"%d %b\n" % (number, _STRUCK) for number in numbers))
        else:
            self.close()

    def place(self) -> Path | None:
        """Where it is, if it has the turns that are not in the tape, and all of them.

        Raises:
            OSError: It cannot be written.
        """
        if self._due:
            self._append(b"")
        return self._found() if self._turns and self._is_whole else None

    def close(self) -> Path | None:
        """Let go of it; returns where it is, if it has turns that are not in the tape."""
        place = None
        with suppress(OSError):
            place = self.place()
        if self._path is None:
            return None
        if not self._turns:
            self._due, self._is_whole = b"", True
            if (found := self._found()) is not None:
                found.unlink(missing_ok=True)
        self._path = None
        os.close(self._descriptor)
        return place

    def _found(self) -> Path | None:
        """Where it is, also where its folder was moved; ``None`` if there is none, or none now."""
        if self._path is None:
            return None
        found = os.fstat(self._descriptor)
        for path in (self._path, *_paths_of(self._descriptor)):
            with suppress(OSError):
                if os.path.samestat(path.stat(), found):
                    return path
        # A file that has a name is somewhere, also where the system does not say where.
        return self._path if found.st_nlink else None

    def _append(self, data: bytes) -> None:
        self._due += data
        if self._path is None:
            self._open()
        while self._due:
            self._due = self._due[os.write(self._descriptor, self._due) :]

    def _open(self) -> None:
        for path in _numbered(self._tape, _RUNNING):
            with suppress(FileExistsError):
                flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL
                descriptor = os.open(path, flags, 0o666)
                if is_locked_by_another(descriptor):  # who looks for what was left removes it
                    os.close(descriptor)
                    continue
                self._path, self._descriptor = path, descriptor
                return


class LeftJournal(NamedTuple):
    """The journal of a process that was killed.

    Attributes:
        path: Where it is.
        data: What is in it.
        turns: The turns that ran then, up to there, or up to the line that is damaged.
        damaged: The first line that cannot be read, from 1, if there is one.
    """

    path: Path
    data: bytes
    turns: list[Turn]
    damaged: int | None


def left_running(path: Path) -> list[LeftJournal]:
    """The journals of killed processes beside a tape.

    Raises:
        InvalidRequestError: What is called so is no file.
    """
    return _left(path, _JOURNALS)


def put_aside(path: Path) -> list[LeftJournal]:
    """The damaged journals of a tape that were put aside.

    Raises:
        InvalidRequestError: What is called so is no file.
    """
    return _left(path, _ASIDE)


def place_aside(path: Path) -> Path:
    """Where the next damaged journal of a tape is put."""
    return _free(path, _DAMAGED)


def place_running(path: Path) -> Path:
    """Where a journal can be put that is to be taken in."""
    return _free(path, _RUNNING)


def is_there(journal: LeftJournal) -> bool:
    """Whether a journal is there still: who has put its turns onto the tape removes it."""
    return _abandoned(journal.path) == journal.data


def remove_left(journals: Iterable[LeftJournal], path: Path) -> None:
    """Remove journals of a tape whose turns were taken in; damaged ones are put aside."""
    for journal in journals:
        if not is_there(journal):
            continue
        if journal.damaged is None:
            journal.path.unlink(missing_ok=True)
        else:
            journal.path.rename(place_aside(path))


def _numbered(path: Path, ending: str) -> Iterator[Path]:
    """Names beside a tape, the first one without a number."""
    beside = path.with_name(path.name + ending)
    yield beside
    for number in count(2):
        yield beside.with_name(f"{beside.name}-{number}")


def _paths_of(descriptor: int) -> Iterator[Path]:
    """Where an open file is, as far as the system says so."""
    with suppress(OSError):
        yield Path(f"/proc/self/fd/{descriptor}").readlink()


def _free(path: Path, ending: str) -> Path:
    return next(place for place in _numbered(path, ending) if not place.exists())


def _left(path: Path, endings: re.Pattern[str]) -> list[LeftJournal]:
    left = list[LeftJournal]()
    for place in sorted(path.parent.glob(f"*{_RUNNING}*")):
        if not place.name.startswith(path.name) or not endings.fullmatch(
            place.name, len(path.name)
        ):
            continue
        data = _abandoned(place)
        if data is not None:
            left.append(LeftJournal(place, data, *_turns_of(data, path)))
    return left


def _abandoned(path: Path) -> bytes | None:
    """What is in a journal that nobody holds any more; ``None`` where somebody does.

    Raises:
        InvalidRequestError: It is no file.
    """
    if is_no_file(path):
        raise InvalidRequestError(_NO_FILE.format(path), code="invalid_path")
    try:
        with path.open("rb") as file:
            return None if is_locked_by_another(file.fileno()) else file.read()
    except OSError:
        return None


def _turns_of(data: bytes, path: Path) -> tuple[list[Turn], int | None]:
    """The turns of a journal up to its first line that cannot be read, and which that is."""
    *lines, last = data.split(b"\n")
    if not _was_stopped_in(last):
        lines.append(last)
    damaged = None
    while True:
        turns, wrong = _turns_in(lines, path)
        if wrong is None:
            return turns, None if damaged is None else damaged + 1
        # What is on the tape, as lines behind tell, is not missing on it.
        lines = [*lines[:wrong], *filter(_strikes, lines[wrong:])]
        damaged = wrong


def _was_stopped_in(last: bytes) -> bool:
    """Whether whoever wrote a last line, which has no end, was stopped in the middle of it."""
    number, _, rest = last.partition(b" ")
    is_whole = _strikes(last) or (rest != b"" and _is_line(rest))
    return not last or (number.isdigit() and not is_whole)


def _is_line(data: bytes) -> bool:
    try:
        decoded(data)
    except ValueError:
        return False
    return True


def _strikes(line: bytes) -> bool:
    number, _, rest = line.partition(b" ")
    return number.isdigit() and rest.rstrip() == _STRUCK


def _turns_in(lines: Sequence[bytes], path: Path) -> tuple[list[Turn], int | None]:
    """The turns of lines, and the place of the first line that is wrong."""
    first = encoded(Header(dari_tape=VERSION, times=True))
    tapes: dict[bytes, list[int]] = {}
    told = [line.partition(b" ")[2] for line in lines]
    wrong = list[int]()
    for at, line in enumerate(lines):
        number = line.partition(b" ")[0]
        if not number.isdigit():
            wrong.append(at)
        elif _strikes(line):
            tapes.pop(number, None)
        else:
            _put(at, tapes.setdefault(number, []), told)
    turns = list[Turn]()
    for places in tapes.values():
        data = first + b"".join(b"%b\n" % told[at] for at in places)
        try:
            turns += parsed(data, str(path)).turns
        except TapeError as error:
            wrong.append(places[(error.line or 2) - 2])
    return turns, min(wrong, default=None)


def _put(at: int, places: list[int], lines: Sequence[bytes]) -> None:
    """Put a line behind those of its turn; an opening takes the place of the one before."""
    openings = (n for n, place in enumerate(places) if lines[place].startswith(_OPENING))
    before = next(openings, None) if lines[at].startswith(_OPENING) else None
    if before is None:
        places.append(at)
    else:
        places[before] = at
