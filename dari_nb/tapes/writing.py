"""Writing tapes, and what is made of them: whole, so that nobody finds half of one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryFile
from typing import NamedTuple

from ..descriptors import is_no_file
from ..errors import InvalidRequestError
from .lines import encoded
from .reading import is_tape
from .recording import Recording

_READ_ONLY = "the file may only be read"
_FOLDER_READ_ONLY = "its folder may only be read"
_LONGEST = 1 << 16
"""Bytes of a first line that tell what a file is."""


class Kind(NamedTuple):
    """A kind of file that is made of a tape.

    Attributes:
        name: What such a file is called, as ``page``.
        example: How one may be named, as ``x.html``.
        is_one: Tells one by its first line.
    """

    name: str
    example: str
    is_one: Callable[[bytes], object]


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
    if not _may_be_written(path):
        raise InvalidRequestError(
            f"The tape {path} cannot be written: {_READ_ONLY}.", code="file_unwritable"
        )
    try:
        put_whole([data], path, path.with_name(f".{path.name}.{token_hex(4)}"))
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise InvalidRequestError(
            f"The tape {path} cannot be written: {why}.", code="file_unwritable"
        ) from None


def why_not_written(path: Path) -> str | None:
    """Why a tape cannot be recorded on, where that can be seen without writing."""
    if not _may_be_written(path):
        return _READ_ONLY
    return None if os.access(path.parent, os.W_OK) else _FOLDER_READ_ONLY


def _may_be_written(path: Path) -> bool:
    """Whether a file is not there yet, or may be written: one can be replaced that may not."""
    return not path.exists() or os.access(path, os.W_OK)


def put_whole(pieces: Iterable[bytes], path: Path, temporary: Path) -> None:
    """Make a file, or replace it, so that it is on the disk when it is seen.

    Args:
        pieces: What is in it, one after another.
        path: The file.
        temporary: A name in the same folder under which it is written first.

    Raises:
        OSError: It cannot be written.
    """
    try:
        with temporary.open("xb") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def refuse_place(path: Path, kind: Kind) -> None:
    """Refuse to write something in a place where it cannot be, or where something else is.

    Raises:
        InvalidRequestError: It cannot be written, or there is a file that is not of its kind.
    """
    name = kind.name
    with _telling_why(path, kind):
        if is_tape(path):
            raise InvalidRequestError(
                f"{path} is a tape: give the {name} another name, such as {kind.example}.",
                code="invalid_path",
            )
        if not path.name or path.is_dir():
            raise InvalidRequestError(
                f"{str(path)!r} is a folder: name a {name} in it, such as {kind.example}.",
                code="invalid_path",
            )
        if is_no_file(path):
            raise InvalidRequestError(
                f"{str(path)!r} is no file that a {name} can be written to.", code="invalid_path"
            )
        if path.exists() and not _is_of(path, kind):
            raise InvalidRequestError(
                f"{path.name} is there, and no {name} of a tape: give the {name} another name, or "
                f"remove {path.name}.",
                code="file_exists",
            )
        with TemporaryFile(dir=path.resolve().parent):
            pass


def put_pieces(pieces: Iterable[str], path: Path, kind: Kind) -> None:
    """Write something whole or not at all, in place of an earlier one.

    Args:
        pieces: Its text.
        path: The file.
        kind: What it is.

    Raises:
        InvalidRequestError: It cannot be written, or there is a file that is not of its kind.
    """
    refuse_place(path, kind)
    with _telling_why(path, kind):
        file = path.resolve()
        beside = file.with_name(f".{file.name}.{token_hex(4)}")
        put_whole((piece.encode() for piece in pieces), file, beside)


def _is_of(path: Path, kind: Kind) -> bool:
    """Whether a file is of a kind, or empty."""
    with path.open("rb") as file:
        first = file.readline(_LONGEST)
    return not first or bool(kind.is_one(first))


@contextmanager
def _telling_why(path: Path, kind: Kind) -> Iterator[None]:
    """Raise what is wrong with a place as people are told it."""
    try:
        yield
    except InvalidRequestError:
        raise
    except (OSError, ValueError, RuntimeError) as error:  # links may lead in a circle
        why = (error.strerror if isinstance(error, OSError) else None) or error
        # The name of what was written first tells nobody anything.
        raise InvalidRequestError(
            f"The {kind.name} {path} cannot be written: {why}.", code="file_unwritable"
        ) from None
