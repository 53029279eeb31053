"""A tape as people name it: a file, and how it is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import InvalidRequestError
from .growing import GrowingTape
from .scrubbing import Scrubber


@dataclass(frozen=True)
class Tape:
    """A file of recorded turns, and how it is recorded.

    Attributes:
        path: The file; it is made by the first turn that is recorded.
        times: Whether intervals and drafts are kept: as in the file that is there, and in a new one
            unless told otherwise. Without them, the same agents asked the same make the same bytes.
        secrets: Regular expressions of what must not be in it, besides the keys of this process,
            the values of variables whose names end in ``KEY``, ``TOKEN``, ``SECRET`` or
            ``PASSWORD``, and what looks like a key of a known provider.

    >>> from dari_nb.tapes import Tape
    >>> server.insert(Tape("lesson.tape", times=False, secrets=["CASE-[0-9]+"]))
    >>> server.eject()
    """

    path: str | Path
    times: bool | None = None
    secrets: Sequence[str] = ()

    @property
    def file(self) -> Path:
        """Where it is, free of symbolic links.

        >>> from dari_nb.tapes import Tape
        >>> Tape("lesson.tape").file.name
        'lesson.tape'
        """
        return Path(self.path).expanduser().resolve()


def growing(tape: Tape) -> GrowingTape:
    """Open a tape to record on it.

    Raises:
        InvalidRequestError: The file cannot be read, its folder is not there, it keeps times and
            should not or the reverse, or a pattern of secrets is none.
        TapeError: It is no tape, or a line is broken.
    """
    if not tape.file.parent.is_dir():
        raise InvalidRequestError(f"There is no folder {tape.file.parent} for the tape.")
    opened = GrowingTape(tape.file, Scrubber(tape.secrets), times=tape.times is not False)
    if tape.times not in (None, opened.recording.times):
        has = "keeps times" if opened.recording.times else "keeps no times"
        raise InvalidRequestError(f"{tape.path} {has}: leave times={tape.times} out.")
    return opened
