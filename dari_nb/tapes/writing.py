"""Writing tapes: whole, so that nobody finds half of one."""

from __future__ import annotations

import os
from pathlib import Path
from secrets import token_hex

from ..errors import InvalidRequestError
from .lines import encoded
from .recording import Recording

READ_ONLY = "the file may only be read"


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
    if not may_be_written(path):
        raise InvalidRequestError(f"The tape {path} cannot be written: {READ_ONLY}.")
    try:
        put_whole(data, path, path.with_name(f".{path.name}.{token_hex(4)}"))
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise InvalidRequestError(f"The tape {path} cannot be written: {why}.") from None


def may_be_written(path: Path) -> bool:
    """Whether a file is not there yet, or may be written: one can be replaced that may not."""
    return not path.exists() or os.access(path, os.W_OK)


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
