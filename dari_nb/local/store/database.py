"""The SQLite database under the store: opening it, transactions, reading rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

from ...errors import InvalidRequestError
from ..schema import SCHEMA
from .migration import migrate


class Database:
    """One open database; each part of the store stands on it.

    Args:
        path: The database file, made when missing; ``None`` keeps it all in memory.

    Raises:
        InvalidRequestError: The file cannot be opened, is no database, or is open elsewhere.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self._path = path
        self._lock = RLock()
        self._db = self._open()

    def _open(self) -> sqlite3.Connection:
        db = None
        try:
            db = sqlite3.connect(
                self._path or ":memory:", timeout=1, check_same_thread=False, isolation_level=None
            )
            # An exclusive lock keeps a second server from ending this one's running turns.
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            migrate(db)
            db.executescript(f"BEGIN IMMEDIATE;{SCHEMA}COMMIT;")
        except sqlite3.Error as error:
            if db is not None:
                db.close()
            raise InvalidRequestError(_open_failure(self._path, error)) from error
        return db

    def close(self) -> None:
        """Close the database; the store is of no use afterwards."""
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make everything inside one transaction; nested ones join the outer one."""
        with self._lock:
            if self._db.in_transaction:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _rows(self, sql: str, *values: Any) -> list[Any]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def _row(self, sql: str, *values: Any) -> Any:
        rows = self._rows(sql, *values)
        return rows[0] if rows else None


def _open_failure(path: str | Path | None, error: sqlite3.Error) -> str:
    if "locked" in str(error):
        return f"{path} is open in another local Dari: stop that one or choose another path."
    return f"{path} cannot be opened as a local Dari's database: {error}."
