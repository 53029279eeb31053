"""Connections to a database file: where it is, how they are opened, and how never closed."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

MEMORY = ":memory:"
"""What SQLite calls a database that has no file."""


def is_memory(path: str | Path | None) -> bool:
    """Whether a path stands for a database in memory."""
    return path is None or str(path) in ("", MEMORY)


def real_path(path: str | Path) -> Path:
    """Follow symbolic links to the file, which need not be there.

    Raises:
        OSError: They lead round in a circle.
    """
    # Whether Path.resolve() refuses a circle depends on the version of Python.
    real = Path(os.path.realpath(path))
    try:
        real.stat()
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise
    return real


def connected(path: Path) -> sqlite3.Connection:
    """Open a database that is there, for any thread, with transactions left to the caller."""
    return sqlite3.connect(
        f"{path.as_uri()}?mode=rw",
        uri=True,
        timeout=1,
        check_same_thread=False,
        isolation_level=None,
    )


def keep_for_ever(db: sqlite3.Connection) -> None:
    """See to it that a connection is not even closed when the interpreter ends."""
    import ctypes

    ctypes.pythonapi.Py_IncRef(ctypes.py_object(db))
