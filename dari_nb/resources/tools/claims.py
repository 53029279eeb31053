"""A call is run at most once by all processes of a machine: whoever runs it has claimed it.

The ledger tells which calls have an answer; it cannot tell which one somebody is running now. So
there is a file for each call that is being run, in the user's state folder, locked as long as its
process works on it. A lock ends with its process, the file stays: that is how a call is known whose
kernel died in the middle.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from pathlib import Path

from ...errors import DariError

_BEGUN = b"begun\n"


class Claim:
    """The right to answer one call, until :meth:`release`.

    Attributes:
        was_begun: Whether somebody began to run the call, and ended without an answer.
    """

    def __init__(self, path: Path, file: int) -> None:
        self._path = path
        self._file = file
        self.was_begun = os.read(file, 1) != b""

    def begin(self) -> None:
        """Note that the call is run from now on."""
        os.write(self._file, _BEGUN)

    def release(self, *, forget: bool = True) -> None:
        """Give it up; without ``forget`` it stays known that the call was begun."""
        # Windows deletes no file that is open; elsewhere it is deleted while nobody else has it.
        if sys.platform == "win32":
            os.close(self._file)
        if forget:
            self._path.unlink(missing_ok=True)
        if sys.platform != "win32":
            os.close(self._file)


def claim(session_id: str, message_id: str, call_id: str) -> Claim | None:
    """Claim a call; ``None`` when somebody on this machine is at it already.

    Raises:
        DariError: No file can be written; without one nobody knows who else runs it.
    """
    try:
        return _claim(session_id, message_id, call_id)
    except OSError as error:
        raise DariError(f"A tool call cannot be claimed: {error}", code="file_unwritable") from None


def _claim(session_id: str, message_id: str, call_id: str) -> Claim | None:
    name = hashlib.sha256("\n".join((session_id, message_id, call_id)).encode()).hexdigest()
    path = _folder() / name[:40]
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        if not _lock(file):
            os.close(file)
            return None
        if _is_there(path, file):
            return Claim(path, file)
        os.close(file)  # whoever held it deleted it just now


def _folder() -> Path:
    base = os.environ.get("LOCALAPPDATA") if sys.platform == "win32" else None
    state = base or os.environ.get("XDG_STATE_HOME")
    folder = (Path(state) if state else Path.home() / ".local" / "state") / "dari_nb" / "calls"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:
        user = getattr(os, "getuid", lambda: "")()
        folder = Path(tempfile.gettempdir()) / f"dari_nb-{user}"
        folder.mkdir(exist_ok=True, mode=0o700)
    return folder


def _is_there(path: Path, file: int) -> bool:
    try:
        return path.stat().st_ino == os.fstat(file).st_ino
    except FileNotFoundError:
        return False


if sys.platform == "win32":

    def _lock(file: int) -> bool:
        import msvcrt

        try:
            # Far behind what is written, because a lock there keeps others from reading it.
            os.lseek(file, 1 << 20, os.SEEK_SET)
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(file, 0, os.SEEK_SET)
        return True

else:

    def _lock(file: int) -> bool:
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
