"""The claim on a database: one local Dari a file, however it is named, copied or linked."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from ....errors import InvalidRequestError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_LONGEST_NAME = 100
_PID_AT = 16
"""Where the holder's process id stands: behind what Windows locks, which nobody else can read."""


class Claim:
    """Holds a database for this process until :meth:`release`, or until the process ends.

    It is a lock on a file beside the database, since SQLite's own locks go when anything in this
    process closes the database, a plain copy for one.

    Args:
        path: The database, free of symbolic links.

    Raises:
        InvalidRequestError: Another local Dari holds it.
        OSError: There can be no file beside it.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.with_name(f"{path.name}.lock")
        try:
            self._descriptor: int | None = _locked(self._file)
        except _Held:
            raise taken(path, *_holder(self._file)) from None
        # A full disk takes no name, and holds the lock all the same.
        with suppress(OSError):
            os.ftruncate(self._descriptor, 0)
            os.lseek(self._descriptor, _PID_AT, os.SEEK_SET)
            os.write(self._descriptor, f"{os.getpid()} {_notebook()}".strip().encode())

    def release(self) -> None:
        """Let go of the database, and leave nothing behind."""
        if self._descriptor is None:
            return
        # Windows removes no file that is open; elsewhere the lock has to outlive the name.
        if sys.platform != "win32":
            self._file.unlink(missing_ok=True)
        self.leave()
        if sys.platform == "win32":
            with suppress(OSError):
                self._file.unlink()

    def leave(self) -> None:
        """In a forked process: let go of it here, while the process that made it holds on."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def taken(path: Path, pid: int | None = None, notebook: str = "") -> InvalidRequestError:
    """Make the error that says who has a database open."""
    if pid == os.getpid():
        return InvalidRequestError(
            f"{path} is open in another local Dari of this process: stop that one or choose "
            "another path.",
            code="file_in_use",
        )
    process = f" (process {pid})" if pid else ""
    where = f"another local Dari{process}" + (f", of the notebook {notebook}" if notebook else "")
    how = "shut that notebook's kernel down" if notebook else "stop that one"
    return InvalidRequestError(
        f"{path} is open in {where}: {how} (a notebook's kernel outlives its tab; JupyterLab "
        "lists it under Running), or choose another path. dari-local serve shares one.",
        code="file_in_use",
    )


def locked(path: str | Path) -> InvalidRequestError:
    """Make the error that says that another program holds a database."""
    return InvalidRequestError(
        f"{path} is locked by another program: close it there, or choose another path.",
        code="file_in_use",
    )


class _Held(Exception):  # noqa: N818
    """Somebody else has the lock."""


def _lock(descriptor: int) -> None:
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        raise _Held from None


def _locked(file: Path) -> int:
    """Open and lock a file that still has its name when it is locked."""
    while True:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        descriptor = os.open(file, flags, 0o600)
        try:
            _lock(descriptor)
            # Whoever held it may have removed it after it was opened here.
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(descriptor), file.stat()):
                    return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _notebook() -> str:
    """The name of the notebook whose kernel this is, without its folders; empty elsewhere."""
    if "ipykernel" not in sys.modules:  # what a kernel starts has its variables, too
        return ""
    return Path(os.environ.get("JPY_SESSION_NAME", "")).name


def _holder(file: Path) -> tuple[int | None, str]:
    """Who holds the lock: the process, and its notebook as far as that is known."""
    try:
        pid, _, notebook = file.read_bytes()[_PID_AT:].decode("utf-8", "replace").partition(" ")
        return int(pid), "".join(filter(str.isprintable, notebook))[:_LONGEST_NAME]
    except (OSError, ValueError):
        return None, ""
