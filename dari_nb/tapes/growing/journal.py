"""What runs while a tape is recorded, in a file beside it, until it has ended."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path

from ...errors import TapeError
from ..lines import VERSION, Header, Line, encoded
from ..reading import parsed
from ..turns import Turn
from .locks import is_locked_by_another

_STRUCK = b"-"
"""What stands in place of a line when a turn has ended."""


class Journal:
    """The lines of turns that run, each after the number of its turn.

    Each process that records on a tape has a journal of its own, and holds it as long as it lives.

    Args:
        path: The tape.
        left: Journals whose turns were taken in, which go when nothing runs.
    """

    def __init__(self, path: Path, left: Sequence[Path] = ()) -> None:
        self._tape = path
        self._left = list(left)
        self._path: Path | None = None
        self._descriptor = -1

    def write(self, number: int, lines: Sequence[Line]) -> None:
        """Write more lines of a turn."""
        self._append(b"".join(b"%d %b" % (number, encoded(line)) for line in lines))

    def strike(self, number: int) -> None:
        """Note that a turn has ended, and is in the tape."""
        self._append(b"%d %b\n" % (number, _STRUCK))

    def remove(self) -> None:
        """Forget all of it."""
        for path in (*self._left, *([self._path] if self._path else [])):
            path.unlink(missing_ok=True)
        self._left.clear()
        if self._path is not None:
            os.close(self._descriptor)
            self._path = None

    def _append(self, data: bytes) -> None:
        if self._path is None:
            self._open()
        while data:
            data = data[os.write(self._descriptor, data) :]

    def _open(self) -> None:
        for path in _places(self._tape):
            with suppress(FileExistsError):
                flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL
                self._descriptor = os.open(path, flags, 0o666)
                is_locked_by_another(self._descriptor)
                self._path = path
                return


def _places(path: Path) -> Iterator[Path]:
    """Where journals of a tape may be, the first one without a number."""
    beside = path.with_name(f"{path.name}.running")
    yield beside
    for number in count(2):
        yield beside.with_name(f"{beside.name}-{number}")


def left_running(path: Path) -> tuple[list[Turn], list[Path]]:
    """The turns that ran when whoever recorded them was killed, up to there, and their journals."""
    turns, left = list[Turn](), list[Path]()
    for place in sorted(path.parent.glob(f"{_escaped(path.name)}.running*")):
        data = _abandoned(place)
        if data is not None:
            turns += _turns_in(data, path)
            left.append(place)
    return turns, left


def _escaped(name: str) -> str:
    return "".join(f"[{one}]" if one in "*?[" else one for one in name)


def _abandoned(path: Path) -> bytes | None:
    """What is in a journal that nobody holds any more; ``None`` where somebody does."""
    try:
        with path.open("rb") as file:
            return None if is_locked_by_another(file.fileno()) else file.read()
    except OSError:
        return None


def _turns_in(data: bytes, path: Path) -> Iterator[Turn]:
    first = encoded(Header(dari_tape=VERSION, times=True))
    tapes: dict[bytes, bytes] = {}
    for line in data.splitlines(keepends=True):
        number, _, rest = line.partition(b" ")
        if rest.rstrip() == _STRUCK:
            tapes.pop(number, None)
        else:
            tapes[number] = tapes.get(number, first) + rest
    for tape in tapes.values():
        with suppress(TapeError):
            yield from parsed(tape, str(path)).turns
