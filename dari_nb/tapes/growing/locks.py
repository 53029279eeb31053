"""Locks on files and folders, which end with the process that holds them."""

from __future__ import annotations

import errno
import math
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Event, Lock
from time import monotonic

from ...errors import InvalidRequestError
from ..reading import file_of

try:
    import fcntl
except ImportError:  # Windows: there one process writes a tape at a time
    fcntl = None  # type: ignore[assignment]

_LOOKS_AGAIN = 0.005
"""Seconds after which a folder that another process holds is looked at again."""
_LONGEST = 10.0
"""Seconds for which somebody waits who changes a tape."""
_HELD = "another process, which perhaps is stopped, writes tapes in this folder"
_here: dict[Path, Lock] = {}
"""What keeps the threads of this process apart in each folder, also where a system has no locks."""


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
def alone_in(folder: Path, given_up: Event, seconds: float = math.inf) -> Iterator[None]:
    """Wait until nobody else writes tapes in a folder, and keep them waiting meanwhile.

    Whoever writes a tape reads it in there, too: what others wrote is in what is written then.

    Args:
        folder: The folder, free of symbolic links.
        given_up: Ends the wait.
        seconds: How long it is waited for at most.

    Raises:
        OSError: There is no such folder, or waiting was given up.
    """
    with _locked(folder, given_up, monotonic() + seconds), _here.setdefault(folder, Lock()):
        yield


@contextmanager
def alone_with(path: str | Path) -> Iterator[None]:
    """Keep a tape as it is while it is read and changed: who records on it waits meanwhile.

    Raises:
        InvalidRequestError: Somebody else writes tapes in its folder for long.
    """
    with ExitStack() as alone:
        try:
            alone.enter_context(alone_in(file_of(path).parent, Event(), _LONGEST))
        except BlockingIOError:
            raise InvalidRequestError(
                f"The tape {path} is held: {_HELD}.", code="file_in_use"
            ) from None
        except OSError:
            pass  # who reads or writes it says why
        yield


@contextmanager
def _locked(folder: Path, given_up: Event, until: float) -> Iterator[None]:
    """Hold a folder against other processes."""
    if fcntl is None:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        while is_locked_by_another(descriptor):
            # A look now and then, since nothing ends a wait in the system.
            if given_up.wait(_LOOKS_AGAIN) or monotonic() > until:
                raise BlockingIOError(errno.EWOULDBLOCK, _HELD, str(folder))
        yield
    finally:
        with suppress(OSError):  # a file system without locks
            # What was forked off meanwhile has the descriptor, too, and would hold it on.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)
