"""Folders that go with the process, however it ends."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from contextlib import suppress
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
        try:
            lock = _locked(path) if fcntl is not None else None
        except (BlockingIOError, FileNotFoundError):  # it was taken for left behind just now
            continue
        except OSError:  # a file system without locks: nobody sweeps there either
            return path, None
        if lock is None or _is_there(path, lock):
            return path, lock
        os.close(lock)


def _is_there(path: Path, folder: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(folder))
    except FileNotFoundError:
        return False


def _locked(path: Path) -> int:
    """Open and lock a folder.

    Raises:
        BlockingIOError: It is in use.
        OSError: It cannot be opened, or its file system has no locks.
    """
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(folder)
        raise
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
        with suppress(OSError):
            _sweep(path)


def _sweep(path: Path) -> None:
    """Remove a folder, unless it is another user's, or in use."""
    if path.lstat().st_uid != os.geteuid():
        return
    lock = _locked(path)
    try:
        shutil.rmtree(path, ignore_errors=True)
    finally:
        os.close(lock)
