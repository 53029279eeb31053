"""A database file in the hands of this process, from its making to its closing."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, closing, suppress
from pathlib import Path

from .backup import BESIDE, sync_folder
from .checkpoints import Checkpoints
from .claim import Claim
from .connecting import connected, keep_for_ever
from .guard import Guard
from .identity import check_identity, is_blank


class ServedFile:
    """One open database file, which is this process's alone, though others may read it.

    Args:
        path: The database, free of symbolic links; it is made when it is missing or empty.
        prepare: Brings the tables of a database up to this version.
        writing: Held while nobody writes.

    Attributes:
        path: The database.
        db: The connection to it.
        is_new: Whether it was made here, and not there before.

    Raises:
        InvalidRequestError: It is open elsewhere, or is not a local Dari's.
        OSError: It cannot be used.
        sqlite3.Error: It is damaged, or another program has locked it.
    """

    def __init__(
        self,
        path: Path,
        prepare: Callable[[sqlite3.Connection], None],
        writing: AbstractContextManager[object],
    ) -> None:
        self.path = path
        self._writing = writing
        with ExitStack() as undoing:
            self._claim = Claim(path)
            undoing.callback(self._claim.release)
            self.is_new = is_blank(path)
            if self.is_new:
                _create(path, prepare)
            check_identity(path)
            if not os.access(path, os.W_OK):
                raise PermissionError(errno.EACCES, "It may not be written to", path)
            self._guard = Guard(path)
            undoing.callback(self._guard.leave)
            for suffix in ("", *BESIDE):
                _make_private(path.with_name(path.name + suffix))
            self.db = connected(path)
            undoing.callback(self.db.close)
            prepare(self.db)
            _give_log(self.db)
            self._guard.lock()
            self._checkpoints = Checkpoints(path, writing)
            undoing.pop_all()
        self.note_commit = self._checkpoints.note_commit
        self.checkpoint = self._checkpoints.make

    def close(self) -> None:
        """Bring everything into the file, and let go of it."""
        with ExitStack() as closing_down:
            closing_down.callback(self._claim.release)
            closing_down.callback(self._guard.leave)
            closing_down.callback(self._close_connection)
            closing_down.callback(self._guard.release)
            closing_down.callback(self._checkpoints.close)

    def _close_connection(self) -> None:
        # A thread that is in the middle of a statement would lose the ground below it.
        with self._writing:
            self.db.close()

    def before_fork(self) -> None:
        """Wait until no thread is inside SQLite with this file."""
        self._checkpoints.lock.acquire()

    def after_fork(self) -> None:
        """Go on in the process that forked."""
        self._checkpoints.lock.release()

    def leave(self) -> None:
        """In a forked process: never touch the file again, not even by closing it.

        To SQLite the last one to close a database is to remove the log.
        """
        self._checkpoints.abandon()
        keep_for_ever(self.db)
        self._guard.leave()
        self._claim.leave()


def _create(path: Path, prepare: Callable[[sqlite3.Connection], None]) -> None:
    """Make a database that has its tables by the time it has its name."""
    new = path.with_name(f"{path.name}.new")
    for file in (new, *(path.with_name(path.name + suffix) for suffix in BESIDE)):
        # A log without its database would be taken for the new one's.
        file.unlink(missing_ok=True)
    try:
        os.close(os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        # A umask may have taken the owner's bits, too.
        new.chmod(0o600)
        with closing(connected(new)) as db:
            prepare(db)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    sync_folder(path.parent)


def _make_private(path: Path) -> None:
    """Let nobody else read a file; an earlier version left that to the umask."""
    # What belongs to somebody else is for them to close.
    with suppress(FileNotFoundError, PermissionError):
        mode = path.stat().st_mode & 0o777
        if mode & 0o077:
            path.chmod(mode & 0o700)


def _give_log(db: sqlite3.Connection) -> None:
    """Set how commits are written: into a log, which a thread brings into the database."""
    db.execute("PRAGMA journal_mode = WAL")
    # Waiting for the disk at each commit would let a server do half as much, or much less where the
    # disk is slow. A checkpoint waits for it, so a power failure takes the last moment at most.
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute("PRAGMA wal_autocheckpoint = 0")
    db.execute("SELECT count(*) FROM sqlite_master").fetchone()
