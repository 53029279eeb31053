"""Backups: a database as it is at one moment, whoever writes to it meanwhile."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

from ....errors import InvalidRequestError
from .claim import Claim, locked
from .connecting import connected, real_path
from .guard import Guard

BESIDE = ("-journal", "-wal", "-shm")
"""How the names of SQLite's own files beside a database end."""

UNREADABLE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
"""What SQLite says of a database that is damaged inside."""

_COMPANIONS = (*BESIDE, ".lock", ".new", ".workspaces")


def copy_database(source: sqlite3.Connection, new: Path) -> None:
    """Write a copy into a new file, for its owner only.

    Raises:
        OSError: The file cannot be made.
        sqlite3.Error: The database cannot be read, or the copy not be written.
    """
    os.close(os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(sqlite3.connect(new, isolation_level=None)) as copy:
        source.backup(copy)
        # One file is all there is to it; whoever serves it gives it a log again.
        copy.execute("PRAGMA journal_mode = DELETE")


@contextmanager
def claimed(out: Path, database: Path | None, *, overwrite: bool) -> Iterator[Path]:
    """Hold the name that a backup is to get, as one holds a database that is served.

    Args:
        out: The file to make.
        database: What is copied, or ``None`` if it has no file.
        overwrite: Replace a file that is there.

    Yields:
        The file, free of symbolic links: a link stays, and what it points to is replaced.

    Raises:
        InvalidRequestError: There is such a file, it is served, or it can be no backup.
        OSError: There can be no file.
    """
    _check_name(out)
    real = real_path(out)
    _check_name(real)
    if database is not None and _is_same(real, database):
        raise InvalidRequestError(f"{out} is the database itself.", code="invalid_path")
    with ExitStack() as holding:
        holding.callback(Claim(real).release)
        if os.path.lexists(out) and not overwrite:
            raise InvalidRequestError(
                f"{out} is there already: remove it, or overwrite it.", code="file_exists"
            )
        if real.exists():
            if not real.is_file():
                raise InvalidRequestError(
                    f"{out} is no file: choose another name.", code="invalid_path"
                )
            holding.callback(Guard(real).leave)
        yield real


def put_in_place(new: Path, out: Path) -> None:
    """Give a whole database a name that is claimed, instead of the one that has it.

    SQLite would play a log that lies beside the name into the new database, so it has to be gone
    before. What it holds has to be in the old database before that: then, whenever this breaks off,
    the name stands for the old database or for the new one, whole either way.

    Raises:
        InvalidRequestError: Another program has locked the database that is there.
        OSError: A file cannot be removed or renamed.
        sqlite3.Error: The log cannot be brought into the database that is there.
    """
    beside = [out.with_name(out.name + suffix) for suffix in BESIDE]
    if out.exists() and any(file.exists() for file in beside):
        _bring_in_log(out)
    for file in beside:
        file.unlink(missing_ok=True)
    # Else a power failure might undo the removals and keep the new name.
    sync_folder(out.parent)
    new.replace(out)
    sync_folder(out.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder outlast a power failure, where the system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _check_name(out: Path) -> None:
    """Refuse names that are no place for a database."""
    if not os.path.isdir(out.parent):  # noqa: PTH112 - a folder that may not be looked at is none
        raise InvalidRequestError(f"There is no folder {out.parent}.", code="file_not_found")
    if out.is_dir():
        raise InvalidRequestError(f"{out} is a folder: name a file in it.", code="invalid_path")
    for suffix in _COMPANIONS:
        if out.name.casefold().endswith(suffix):
            raise InvalidRequestError(
                f"{out} can be no backup, since a file named *{suffix} belongs to the database "
                "beside it: choose another name.",
                code="invalid_path",
            )


def _is_same(one: Path, other: Path) -> bool:
    return one == other or (one.exists() and other.exists() and one.samefile(other))


def _bring_in_log(path: Path) -> None:
    """Make a database that somebody left in the middle one whole file."""
    with closing(connected(path)) as db:
        try:
            # Reading takes back what a journal says is unfinished.
            db.execute("SELECT count(*) FROM sqlite_master").fetchone()
            [is_busy, _, _] = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in UNREADABLE:
                raise
            # Nobody could read it with its log either.
            return
    if is_busy:
        raise locked(path)
