"""What keeps other programs from harming a database that is served, and lets them read it."""

from __future__ import annotations

import os
import struct
import sys
from contextlib import suppress
from pathlib import Path

from .claim import taken

_IN_USE = 0x40000002
"""A byte of the database that SQLite locks wherever the database is in use."""
_LOG_IN_USE = 128
"""The byte of the log's index (``-shm``) that SQLite locks wherever the log is in use."""


class Guard:
    """Locks on a database that last until they are released, whatever this process closes.

    SQLite's own locks are the process's: they go when anything in it closes the same file. Then the
    next program that reads the database takes it for abandoned, and removes the log on leaving.
    Linux has locks that belong to who opened the file; elsewhere the claim alone has to do.

    Args:
        path: The database, which is there already.

    Raises:
        InvalidRequestError: Another local Dari holds it, under another name.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptors: list[tuple[int, int]] = []
        if sys.platform != "linux":
            return
        import fcntl

        descriptor = self._opened(path, _IN_USE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.leave()
            raise taken(path) from None

    def lock(self) -> None:
        """Hold the database and its log, both of which are in use by now."""
        if self._descriptors:
            self._opened(self._path.with_name(f"{self._path.name}-shm"), _LOG_IN_USE)
        self._set("F_RDLCK")

    def release(self) -> None:
        """Let SQLite find itself alone, so that it can tidy up when it closes the database."""
        self._set("F_UNLCK")

    def leave(self) -> None:
        """Close what is open here; SQLite must be done with the files in this process."""
        while self._descriptors:
            os.close(self._descriptors.pop()[0])

    def _opened(self, path: Path, place: int) -> int:
        descriptor = os.open(path, os.O_RDONLY)
        self._descriptors.append((descriptor, place))
        return descriptor

    def _set(self, kind: str) -> None:
        if sys.platform != "linux":
            return
        import fcntl

        for descriptor, place in self._descriptors:
            lock = struct.pack("hhqqi0q", getattr(fcntl, kind), os.SEEK_SET, place, 1, 0)
            # A file system without such locks is as safe as any other system.
            with suppress(OSError):
                fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, lock)
