"""Folders that go with the process, however it ends."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

try:
    import fcntl
except ImportError:  # there are systems without
    fcntl = None  # type: ignore[assignment]

_PREFIX = "dari-nb-temporary-"
"""Whatever is called like this is swept away, so nobody else calls a folder like this."""


class TemporaryFolder:
    """A folder that goes with this object or at the end of the process.

    It is locked for as long as the process lives, so what a process leaves behind that was killed
    is told from what is in use, and goes when the next process makes such a folder.

    Args:
        kind: What it is for, as a part of its name.

    Attributes:
        path: The folder.
    """

    def __init__(self, kind: str) -> None:
        sweep(tempfile.gettempdir())
        self.path, lock = _made(kind)
        weakref.finalize(self, _remove, self.path, lock, os.getpid())


def _made(kind: str) -> tuple[Path, int | None]:
    while True:
        path = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{kind}-"))
        if fcntl is None:
            return path, None
        with suppress(OSError):
            lock = _locked(path)
            # Between its making and its locking another process may have taken it for left behind.
            with suppress(FileNotFoundError):
                if lock is not None and path.stat().st_ino == os.fstat(lock).st_ino:
                    return path, lock
            if lock is not None:
                os.close(lock)


def _locked(path: Path) -> int | None:
    """Open and lock a folder; ``None`` when it is in use."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(folder)
        return None
    return folder


def _remove(path: Path, lock: int | None, process: int) -> None:
    # A child that was forked has this object, too, and must leave the folder to its parent.
    if os.getpid() != process:
        return
    shutil.rmtree(path, ignore_errors=True)
    if lock is not None:
        os.close(lock)


@cache
def sweep(place: str) -> None:
    """Remove what killed processes of this user have left behind; done once for each place."""
    if fcntl is None:
        return
    for path in Path(place).glob(f"{_PREFIX}*"):
        with suppress(OSError), _unused(path) as is_unused:
            if is_unused:
                shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _unused(path: Path) -> Iterator[bool]:
    """Hold a folder locked that is this user's; tells whether nobody else has it."""
    lock = _locked(path) if path.lstat().st_uid == os.geteuid() else None
    try:
        yield lock is not None
    finally:
        if lock is not None:
            os.close(lock)
