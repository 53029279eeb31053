"""What runs while a tape is recorded, in a file beside it, until it has ended."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ...errors import TapeError
from ..lines import VERSION, Header, Line, encoded
from ..reading import parsed
from ..turns import Turn

_STRUCK = b"-"
"""What stands in place of a line when a turn has ended."""


class Journal:
    """The lines of turns that run, each after the number of its turn.

    Args:
        path: The tape.
    """

    def __init__(self, path: Path) -> None:
        self._path = beside(path)

    def write(self, number: int, lines: Sequence[Line]) -> None:
        """Write more lines of a turn."""
        self._append(b"".join(b"%d %b" % (number, encoded(line)) for line in lines))

    def strike(self, number: int) -> None:
        """Note that a turn has ended, and is in the tape."""
        self._append(b"%d %b\n" % (number, _STRUCK))

    def remove(self) -> None:
        """Forget all of it."""
        self._path.unlink(missing_ok=True)

    def _append(self, data: bytes) -> None:
        with self._path.open("ab") as file:
            file.write(data)


def beside(path: Path) -> Path:
    """Where the journal of a tape is."""
    return path.with_name(f"{path.name}.running")


def left_running(path: Path) -> list[Turn]:
    """The turns that ran when whoever recorded them was killed, up to there."""
    try:
        data = beside(path).read_bytes()
    except OSError:
        return []
    first = encoded(Header(dari_tape=VERSION, times=True))
    tapes: dict[bytes, bytes] = {}
    for line in data.splitlines(keepends=True):
        number, _, rest = line.partition(b" ")
        if rest.rstrip() == _STRUCK:
            tapes.pop(number, None)
        else:
            tapes[number] = tapes.get(number, first) + rest
    turns = list[Turn]()
    for tape in tapes.values():
        with suppress(TapeError):
            turns += parsed(tape, str(path)).turns
    return turns
