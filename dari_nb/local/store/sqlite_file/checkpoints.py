"""Checkpoints: what was committed comes out of SQLite's log into the database, and soon."""

from __future__ import annotations

import sqlite3
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Event, Lock, Thread

from .connecting import connected, keep_for_ever

PAUSE = 0.15
"""Seconds that commits may stay in the log alone."""
LONGEST = 8192
"""Pages of the log at which writers wait until all of it is in the database."""


class Checkpoints:
    """Makes checkpoints in a thread of its own, on a connection of its own.

    So neither readers nor writers wait for one, and a copy of the file alone is complete as soon as
    nothing has been written for a moment. A reader of another program may hold back newer commits;
    they follow when it is done.

    Args:
        path: The database, which has a log.
        writing: Held while nobody writes.
    """

    def __init__(self, path: Path, writing: AbstractContextManager[object]) -> None:
        self._writing = writing
        self._db = connected(path)
        self.lock = Lock()
        self._due = Event()
        self._ended = Event()
        self._thread = Thread(target=self._run, name="dari-checkpoints", daemon=True)
        self._thread.start()

    def note_commit(self) -> None:
        """See to it that a checkpoint follows."""
        if not self._due.is_set():
            self._due.set()

    def make(self) -> bool:
        """Make one at once; returns whether all that was committed is in the database.

        Raises:
            sqlite3.Error: The disk is full, or does not work.
        """
        pages, done = self._pass()
        if pages > LONGEST:
            # The next writer begins the log anew only if nothing in it is left to be brought over.
            with self._writing:
                pages, done = self._pass()
        return done == pages

    def close(self) -> None:
        """End the thread and the connection."""
        self._ended.set()
        self._due.set()
        self._thread.join()
        self._db.close()

    def abandon(self) -> None:
        """In a forked process, which has no such thread: never use the connection again."""
        keep_for_ever(self._db)

    def _pass(self) -> tuple[int, int]:
        with self.lock:
            row = self._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        return row[1], row[2]

    def _run(self) -> None:
        while True:
            self._due.wait()
            self._ended.wait(PAUSE)
            # In this order: what becomes due from here on is not lost, the end included.
            self._due.clear()
            if self._ended.is_set():
                return
            try:
                is_complete = self.make()
            except sqlite3.Error:
                # All is safe in the log; the disk may have room again by the next time.
                is_complete = False
            if not is_complete:
                self._due.set()
