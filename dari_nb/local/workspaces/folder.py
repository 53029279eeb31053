"""A workspace as the file tools see it: nothing in it leads out of it.

Every path is walked from the folder's own descriptor, one name at a time and never through a link,
so that a name that is exchanged between a look and its use leads to an error and not elsewhere.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path, PurePosixPath

from ...descriptors import MAX_DEPTH, open_file, open_folder, read_file
from ..agents.tools import ToolTrouble

_LONGEST = 4000
_MODE = 0o644
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
_FAULTS = {
    errno.ENOENT: "There is no {what} {path!r} in the workspace.",
    errno.EACCES: "{path!r} cannot be opened: its permissions forbid it.",
    errno.ENOSPC: "The disk is full.",
    errno.EDQUOT: "The disk is full.",
    errno.ENAMETOOLONG: "The path {path!r} has a name that is too long.",
}


class Folder:
    """A session's workspace.

    Args:
        root: The folder, which the server made.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @contextmanager
    def directory(self, parts: list[str], *, make: bool = False) -> Iterator[int]:
        """Open a folder below the root; yields its descriptor.

        Args:
            parts: The names that lead to it.
            make: Whether to make the folders that are missing.

        Raises:
            ToolTrouble: There is no such folder, or a link or file is in the way.
        """
        with _in_words("/workspace", "folder", None, str(self.root)):
            here = open_folder(self.root)
        try:
            for number, name in enumerate(parts, 1):
                with _in_words("/".join(parts[:number]), "folder", here, name):
                    if make:
                        with suppress(FileExistsError):
                            os.mkdir(name, dir_fd=here)
                            self._adopt(name, here)
                    above, here = here, open_folder(name, here)
                os.close(above)
            yield here
        finally:
            os.close(here)

    @contextmanager
    def opened(self, path: str) -> Iterator[tuple[int, os.stat_result]]:
        """Open a regular file for reading; yields its descriptor and what it is.

        Raises:
            ToolTrouble: There is no such file, or it is something else, or has a second name that
                may lie outside of the workspace.
        """
        *parents, name = self.file_parts(path)
        with self.directory(parents) as here:
            with _in_words(path, "file", here, name):
                file = open_file(name, here)
            try:
                found = os.fstat(file)
                _check_file(found, path)
                yield file, found
            finally:
                os.close(file)

    def read(self, path: str, most: int) -> bytes:
        """Return all of a file's bytes.

        Raises:
            ToolTrouble: It cannot be read, or is larger than ``most`` bytes.
        """
        with self.opened(path) as (file, found), os.fdopen(os.dup(file), "rb") as source:
            data = source.read(most + 1)
        if len(data) > most:
            raise ToolTrouble(f"{path!r} has {found.st_size} bytes: more than {most}.")
        return data

    def replace(self, path: str, data: bytes) -> bool:
        """Put a file in place with its folders, all at once; returns whether it is a new one.

        What was there is never written into, so that its other names keep the old bytes.

        Raises:
            ToolTrouble: The path leads outside, or something other than a file is there.
        """
        *parents, name = self.file_parts(path)
        with self.directory(parents, make=True) as here, _in_words(path, "file", here, name):
            mode = _mode_there(name, here, path)
            self._put(name, here, data, _MODE if mode is None else mode)
        return mode is None

    def add(self, name: str, data: bytes) -> str:
        """Put a file at the top without replacing anything; returns the name that it got.

        A name that is taken gets a number, ``notes-2.txt``, unless it is this very file.

        Raises:
            ToolTrouble: It cannot be written.
        """
        plain = PurePosixPath(name)
        with self.directory([]) as here, _in_words(name, "file", here, name):
            for number in count(1):
                given = name if number == 1 else f"{plain.stem}-{number}{plain.suffix}"
                try:
                    self._make(given, here, data)
                except FileExistsError:
                    if not _holds(given, here, data):
                        continue
                return given
        raise AssertionError("counting ended")

    def _make(self, name: str, here: int, data: bytes) -> None:
        file = os.open(name, _NEW, _MODE, dir_fd=here)
        try:
            with os.fdopen(file, "wb") as target:
                target.write(data)
            self._adopt(name, here)
        except OSError:
            with suppress(OSError):
                os.unlink(name, dir_fd=here)
            raise

    def _put(self, name: str, here: int, data: bytes, mode: int) -> None:
        new = f".dari-{secrets.token_hex(8)}"
        try:
            with os.fdopen(os.open(new, _NEW, 0o600, dir_fd=here), "wb") as target:
                target.write(data)
                os.fchmod(target.fileno(), mode)
            self._adopt(new, here)
            os.rename(new, name, src_dir_fd=here, dst_dir_fd=here)
        except OSError:
            with suppress(OSError):
                os.unlink(new, dir_fd=here)
            raise

    def _adopt(self, name: str, here: int) -> None:
        """Give something new to whom the folder belongs: under root the sandbox is someone else."""
        owner = self.root.stat()
        if owner.st_uid != os.geteuid():
            os.chown(name, owner.st_uid, owner.st_gid, dir_fd=here, follow_symlinks=False)

    def file_parts(self, path: str) -> list[str]:
        """Read a path that must name something below the root."""
        parts = parts_of(path)
        if not parts:
            raise ToolTrouble(f"{path!r} is the workspace itself: name a file in it.")
        return parts


def parts_of(path: str) -> list[str]:
    """Read a path, ``notes/a.txt`` and ``/workspace/notes/a.txt`` alike, into its names.

    Raises:
        ToolTrouble: It leads outside of the workspace, or is no path.

    >>> parts_of("/workspace/notes/./a.txt")
    ['notes', 'a.txt']
    """
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if path.startswith("/") and parts[:1] == ["workspace"]:
        parts = parts[1:]
    elif path.startswith("/"):
        raise ToolTrouble(f"{path!r} is outside of the workspace: paths begin with /workspace/.")
    if ".." in parts:
        raise ToolTrouble(f"{path!r} is refused: a path may not go up with '..'.")
    try:
        size = len(path.encode())
    except UnicodeEncodeError:
        size = 0
    if "\0" in path or not 0 < size <= _LONGEST or len(parts) > MAX_DEPTH:
        raise ToolTrouble("This is no path that a file can have.")
    return parts


def _check_file(found: os.stat_result, path: str) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise ToolTrouble(f"{path!r} is a folder, not a file.")
    if not stat.S_ISREG(found.st_mode):
        raise ToolTrouble(f"{path!r} is no regular file.")
    if found.st_nlink > 1:
        raise ToolTrouble(f"{path!r} is refused: it has a second name (a hard link). Copy it.")


def _holds(name: str, here: int, data: bytes) -> bool:
    """Whether a name is a file of its own with these bytes."""
    with suppress(OSError), read_file(name, here) as source:
        found = os.fstat(source.fileno())
        has_size = found.st_nlink == 1 and found.st_size == len(data)
        return has_size and source.read(len(data) + 1) == data
    return False


def _mode_there(name: str, here: int, path: str) -> int | None:
    try:
        found = os.stat(name, dir_fd=here, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(found.st_mode):
        raise ToolTrouble(f"{path!r} is refused: it is a link, and links are not followed.")
    if not stat.S_ISREG(found.st_mode):
        raise ToolTrouble(f"{path!r} is there already, and is no regular file.")
    return stat.S_IMODE(found.st_mode) & 0o777


@contextmanager
def _in_words(path: str, what: str, here: int | None, name: str) -> Iterator[None]:
    """Turn the system's errors into trouble that a model understands."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.ENXIO):
            raise ToolTrouble(_in_the_way(path, what, here, name)) from None
        text = _FAULTS.get(error.errno or 0, "{path!r} cannot be used: " + str(error.strerror))
        raise ToolTrouble(text.format(path=path, what=what)) from None


def _in_the_way(path: str, what: str, here: int | None, name: str) -> str:
    with suppress(OSError):
        found = os.stat(name, dir_fd=here, follow_symlinks=False)
        if stat.S_ISLNK(found.st_mode):
            return f"{path!r} is refused: it is a link, and links are not followed."
    return f"{path!r} is no {'folder' if what == 'folder' else 'regular file'}."
