"""The SQLite database under the store: opening it, transactions, reading rows."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import RLock, get_ident
from typing import Any, cast

from ...errors import InvalidRequestError, StorageError
from .migration import migrate
from .schema import whole
from .sqlite_file import forks
from .sqlite_file.backup import UNREADABLE, copy_database
from .sqlite_file.claim import locked
from .sqlite_file.connecting import MEMORY, connected, is_memory, real_path
from .sqlite_file.served import ServedFile

Effect = Callable[[], None]
"""What is to be done once a transaction is durable."""
DISK_TROUBLE = (StorageError, sqlite3.Error)
"""What is raised while the disk is full or does not work."""
_PAUSE = 0.1


class DamagedError(StorageError, InvalidRequestError):
    """The file of a local Dari is not what SQLite wrote: it cannot be opened, nor be read."""

    code = "database_damaged"


async def when_the_disk_works(work: Callable[[], Awaitable[None]]) -> None:
    """Do what writes, and again after a moment, for as long as the disk lets it fail."""
    while True:
        try:
            return await work()
        except DISK_TROUBLE:
            await asyncio.sleep(_PAUSE)


class Database:
    """One open database; each part of the store stands on it.

    It belongs to the process that opened it: one forked from there is told so whatever it asks.

    Args:
        path: The database file, made when missing; ``None`` keeps it all in memory.

    Attributes:
        path: The file, free of symbolic links, or ``None``.
        is_new: Whether there was no such file before.

    Raises:
        InvalidRequestError: The file cannot be opened, is no database of a local Dari, or is open
            elsewhere.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self._lock = RLock()
        self._user = 0
        self._is_left = False
        self._effects: list[Effect] = []
        self._pid = os.getpid()
        self._file = None if is_memory(path) else self._served(cast("str | Path", path))
        self.path = self._file.path if self._file else None
        self.is_new = self._file is None or self._file.is_new
        self._db = self._file.db if self._file else _in_memory()
        forks.watch(self)

    def _served(self, path: str | Path) -> ServedFile:
        try:
            return ServedFile(real_path(path), migrate, self._lock)
        except (OSError, ValueError, sqlite3.Error) as error:
            if isinstance(error, InvalidRequestError):
                raise
            raise InvalidRequestError(
                _open_failure(path, error), code="invalid_database"
            ) from error

    def close(self) -> None:
        """Close the database; the store is of no use afterwards."""
        if os.getpid() != self._pid:
            return
        self._is_left = self._user == get_ident()
        if self._is_left:
            # Garbage was collected in the middle of a statement: closing would pull it away.
            return
        if self._file is not None:
            # Without the lock: a thread of the file may wait for it, for the last time.
            self._file.close()
        with self._lock:
            self._db.close()
        forks.unwatch(self)

    @contextmanager
    def _used(self) -> Iterator[None]:
        """Use the connection alone, and close it afterwards if that was asked for meanwhile."""
        try:
            with self._lock:
                before, self._user = self._user, get_ident()
                try:
                    yield
                finally:
                    self._user = before
        finally:
            if self._is_left:
                self.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make everything inside one transaction; nested ones join the outer one.

        What :meth:`after_commit` collected inside is done when it is durable, and never otherwise.

        Raises:
            StorageError: The disk is full or cannot be written; nothing of it was kept.
        """
        with self._used(), _disk_failures():
            if self._db.in_transaction:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                self._effects.clear()
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            if self._file is not None:
                self._file.note_commit()
            effects, self._effects = self._effects, []
        for effect in effects:
            effect()

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Inside a transaction: take back what an error leaves behind, and only that."""
        with self._used():
            before = len(self._effects)
            self._db.execute("SAVEPOINT attempt")
            try:
                yield
            except BaseException:
                del self._effects[before:]
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK TO attempt")
                raise
            finally:
                if self._db.in_transaction:
                    self._db.execute("RELEASE attempt")

    def after_commit(self, effect: Effect) -> None:
        """Do something when the transaction under way is durable, or now when there is none.

        Readers that are woken, turns that start and deliveries that begin must find what they are
        about, and must not happen when it is taken back.
        """
        with self._used():
            if self._db.in_transaction:
                self._effects.append(effect)
                return
        effect()

    def checkpoint(self) -> bool:
        """Bring what was committed into the file at once, which otherwise happens very soon.

        Neither readers nor writers wait for it.

        Returns:
            Whether a plain copy of the file holds everything now; a program that is still reading
            an earlier state holds it back.

        Raises:
            StorageError: The disk is full or cannot be written.
        """
        self._check_process()
        with _disk_failures():
            return self._file is None or self._file.checkpoint()

    def backup(self, new: Path) -> None:
        """Copy the database as it is at this moment; writers do not wait for it.

        Args:
            new: The file to make.

        Raises:
            OSError: It cannot be made.
            sqlite3.Error: It cannot be written.
        """
        self._check_process()
        if self.path is None:
            with self._used():
                copy_database(self._db, new)
            return
        with closing(connected(self.path)) as source:
            copy_database(source, new)

    def before_fork(self) -> None:
        """Wait until no thread is inside SQLite with this database."""
        self._lock.acquire()
        if self._file is not None:
            self._file.before_fork()

    def after_fork(self) -> None:
        """Go on in the process that forked."""
        if self._file is not None:
            self._file.after_fork()
        self._lock.release()

    def leave(self) -> None:
        """In a forked process: answer whatever is asked with an error."""
        if self._file is not None:
            self._file.leave()
        self._lock = RLock()
        self._db = cast(sqlite3.Connection, _Elsewhere(self._pid))

    def _rows(self, sql: str, *values: Any) -> list[Any]:
        with self._used(), _disk_failures():
            try:
                return self._db.execute(sql, values).fetchall()
            except UnicodeEncodeError:
                return self._db.execute(sql, [whole(value) for value in values]).fetchall()

    def _each(self, sql: str, *values: Any) -> Iterator[Any]:
        """Rows one by one, for who may not want all of them; to be left soon."""
        with self._used(), _disk_failures(), closing(self._db.execute(sql, values)) as rows:
            yield from rows

    def _check_process(self) -> None:
        if os.getpid() != self._pid:
            raise _elsewhere(self._pid)

    def _row(self, sql: str, *values: Any) -> Any:
        rows = self._rows(sql, *values)
        return rows[0] if rows else None


class _Elsewhere:
    """Stands for a connection in a process that must not use it."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def __getattr__(self, _name: str) -> Any:
        raise _elsewhere(self._pid)


def _elsewhere(pid: int) -> InvalidRequestError:
    return InvalidRequestError(
        f"This local Dari is served by process {pid}, from which this one was forked: connect to "
        "its address, or make one of your own.",
        code="forked_process",
    )


def _in_memory() -> sqlite3.Connection:
    db = sqlite3.connect(MEMORY, check_same_thread=False, isolation_level=None)
    migrate(db)
    return db


@contextmanager
def _disk_failures() -> Iterator[None]:
    """Tell failures of the disk from faults of the program."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in UNREADABLE:
            raise DamagedError(f"The database of the local Dari {_damage(error)}.") from error
        reason = _DISK_FAILURES.get(code)
        if reason is None:
            raise
        is_full = reason is _FULL
        raise StorageError(
            f"{reason}; nothing of this was kept.",
            is_full=is_full,
            code="disk_full" if is_full else "storage_failed",
        ) from error


_FULL = "The disk of the local Dari is full"
_DISK_FAILURES = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_IOERR: "The disk of the local Dari does not work",
    sqlite3.SQLITE_CANTOPEN: "The database of the local Dari cannot be opened",
    sqlite3.SQLITE_READONLY: "The database of the local Dari cannot be written to",
    sqlite3.SQLITE_BUSY: "Another program has locked the database of the local Dari",
    sqlite3.SQLITE_LOCKED: "Another program has locked the database of the local Dari",
}


def _damage(error: Exception) -> str:
    return f"is damaged inside ({error}): restore a backup, or choose another path"


def _open_failure(path: str | Path, error: Exception) -> str:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_BUSY:
        return str(locked(path))
    reason = f"it {_damage(error)}" if code in UNREADABLE else str(error)
    if isinstance(error, OSError) and error.strerror:
        elsewhere = error.filename and str(error.filename) != str(path)
        reason = error.strerror + (f": {error.filename}" if elsewhere else "")
    return f"{path} cannot be opened as a local Dari's database: {reason}."
