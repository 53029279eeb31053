"""Writing tapes: whole, so that nobody finds half of one."""

from __future__ import annotations

import os
from pathlib import Path
from secrets import token_hex

from ..errors import InvalidRequestError
from .lines import Comment, Mark, encoded
from .reading import bytes_of, parsed, sides
from .recording import Recording
from .turns import Turn


def tape_bytes(tape: Recording) -> bytes:
    """Write a tape with its last line; the same tape has the same bytes."""
    return b"".join(map(encoded, (*tape.written(), tape.closing)))


def write_tape(tape: Recording, path: str | Path) -> None:
    """Write a tape to a file, in place of what is there.

    Raises:
        InvalidRequestError: The file cannot be written.
    """
    put(tape_bytes(tape), path)


def put(data: bytes, path: str | Path) -> None:
    """Replace a file, at once.

    Raises:
        InvalidRequestError: The file cannot be written.
    """
    path = Path(path).expanduser()
    path = path.resolve() if path.is_symlink() else path
    try:
        put_whole(data, path, path.with_name(f".{path.name}.{token_hex(4)}"))
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise InvalidRequestError(f"The tape {path} cannot be written: {why}.") from None


def put_whole(data: bytes, path: Path, beside: Path) -> None:
    """Make a file, or replace it, so that it is on the disk when it is seen.

    Args:
        data: What is in it.
        path: The file.
        beside: A name in the same folder under which it is written first.

    Raises:
        OSError: It cannot be written.
    """
    try:
        with beside.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def settle(path: str | Path) -> Recording:
    """Settle the conflicts that git left in a tape: the turns of both sides are kept.

    Of a turn that both sides recorded anew, the answer of the other side is kept; the notes
    of both.

    Args:
        path: The file, which is written anew.

    Returns:
        What is in it now.

    Raises:
        InvalidRequestError: The file cannot be read or written.
        TapeError: One of both sides is no tape.
    """
    ours, theirs = (parsed(side, str(path)) for side in sides(bytes_of(path)))
    mine = {turn.place: turn for turn in ours.turns}
    sessions = {
        turn.line.session: mine[turn.place].line.session
        for turn in theirs.turns
        if turn.place in mine
    }
    for turn in theirs.turns:
        turn.line.session = sessions.get(turn.line.session, f"other {turn.line.session}")
        if same := mine.get(turn.place):
            _leave_out(turn, same)
    ours.add(*theirs.turns)
    ours.tail += [note for note in theirs.tail if note not in ours.tail]
    write_tape(ours, path)
    return ours


def _leave_out(turn: Turn, same: Turn) -> None:
    """Leave the notes out that another recording of a turn has, too."""
    turn.before = [note for note in turn.before if note not in same.before]
    turn.body = [
        entry
        for entry in turn.body
        if not isinstance(entry, Mark | Comment) or entry not in same.body
    ]
