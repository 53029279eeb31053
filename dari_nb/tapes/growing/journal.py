"""What runs while a tape is recorded, in a file beside it, until it is in the tape."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path

from ...errors import TapeError
from ..lines import VERSION, Comment, Header, Line, encoded
from ..reading import parsed
from ..turns import Turn
from .locks import is_locked_by_another

_STRUCK = b"-"
"""What stands in place of a line when a turn is in the tape."""
_OPENING = b'{"turn"'


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
        if self._path is not None and not self._path.exists():
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
        is_there = self._path is not None and self._path.exists()
        return self._path if self._turns and self._is_whole and is_there else None

    def close(self) -> Path | None:
        """Let go of it; returns where it is, if it has turns that are not in the tape."""
        place = None
        with suppress(OSError):
            place = self.place()
        path, self._path = self._path, None
        if path is None:
            return None
        if not self._turns:
            self._due, self._is_whole = b"", True
            path.unlink(missing_ok=True)
        os.close(self._descriptor)
        return place

    def _append(self, data: bytes) -> None:
        self._due += data
        if self._path is None:
            self._open()
        while self._due:
            self._due = self._due[os.write(self._descriptor, self._due) :]

    def _open(self) -> None:
        for path in _places(self._tape):
            with suppress(FileExistsError):
                flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL
                descriptor = os.open(path, flags, 0o666)
                if is_locked_by_another(descriptor):  # who looks for what was left removes it
                    os.close(descriptor)
                    continue
                self._path, self._descriptor = path, descriptor
                return


def _places(path: Path) -> Iterator[Path]:
    """Where journals of a tape may be, the first one without a number."""
    beside = path.with_name(f"{path.name}.running")
    yield beside
    for number in count(2):
        yield beside.with_name(f"{beside.name}-{number}")


def left_running(path: Path) -> list[tuple[Path, list[Turn]]]:
    """The journals of killed processes, with the turns that ran then, up to there."""
    left = list[tuple[Path, list[Turn]]]()
    for place in sorted(path.parent.glob(f"{_escaped(path.name)}.running*")):
        data = _abandoned(place)
        if data is not None:
            left.append((place, [*_turns_in(data, path)]))
    return left


def _escaped(name: str) -> str:
    return "".join(f"[{one}]" if one in "*?[" else one for one in name)


def _abandoned(path: Path) -> bytes | None:
    """What is in a journal that nobody holds any more; ``None`` where somebody does."""
    try:
        with path.open("rb") as file:
            return None if is_locked_by_another(file.fileno()) else file.read()
    except OSError:
        return None


def remove_left(paths: Iterable[Path]) -> None:
    """Remove journals whose turns were taken in."""
    for path in paths:
        if _abandoned(path) is not None:
            path.unlink(missing_ok=True)


def _turns_in(data: bytes, path: Path) -> Iterator[Turn]:
    first = encoded(Header(dari_tape=VERSION, times=True))
    tapes: dict[bytes, list[bytes]] = {}
    for line in data.splitlines(keepends=True):
        number, _, rest = line.partition(b" ")
        if rest.rstrip() == _STRUCK:
            tapes.pop(number, None)
            continue
        lines = tapes.setdefault(number, [])
        openings = (at for at, told in enumerate(lines) if told.startswith(_OPENING))
        at = next(openings, None) if rest.startswith(_OPENING) else None
        if at is None:
            lines.append(rest)
        else:
            lines[at] = rest
    for lines in tapes.values():
        with suppress(TapeError):
            yield from parsed(b"".join([first, *lines]), str(path)).turns
