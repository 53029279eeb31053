"""Locks on files and folders, which end with the process that holds them."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

try:
    import fcntl
except ImportError:  # Windows: there one process records on a tape at a time
    fcntl = None  # type: ignore[assignment]

_LOOKS_AGAIN = 0.005
"""Seconds after which a folder that another process holds is looked at again."""
_HELD = "another process, which perhaps is stopped, writes tapes in this folder"


def is_locked_by_another(descriptor: int) -> bool:
    """Lock a file or a folder for this process; returns whether another one holds it."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False  # a file system without locks
    return False


@contextmanager
def alone_in(folder: Path, given_up: Event) -> Iterator[None]:
    """Wait until nobody else writes tapes in a folder, and keep them waiting meanwhile.

    Raises:
        OSError: There is no such folder, or waiting was given up.
    """
    if fcntl is None:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        while is_locked_by_another(descriptor):
            # A look now and then, since nothing ends a wait in the system.
            if given_up.wait(_LOOKS_AGAIN):
                raise BlockingIOError(errno.EWOULDBLOCK, _HELD, str(folder))
        yield
    finally:
        os.close(descriptor)
