"""What lies below a folder, opened by descriptors: one name at a time, never through a link.

A name that is exchanged between a look and its use then leads to an error, and not elsewhere.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

MAX_DEPTH = 64
"""Folders inside each other that a walk enters, each of which takes a descriptor."""
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
# A pipe in the place of a file must not block, nor a terminal become this process's own.
_FILE = (
    os.O_RDONLY
    | _NO_LINK
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


def available() -> bool:
    """Whether this system can open files in a way that no link can lead astray."""
    return os.open in os.supports_dir_fd and bool(_NO_LINK)


def open_folder(
    name: str | os.PathLike[str], here: int | None = None, *, links: bool = False
) -> int:
    """Open a folder.

    Args:
        name: Its name in an open folder, or its path.
        here: That open folder.
        links: Whether the name itself may be a link; what lies above a path always may.
    """
    return os.open(name, _FOLDER | (0 if links else _NO_LINK), dir_fd=here)


def open_file(name: str, here: int) -> int:
    """Open what a name stands for, whatever it is, without waiting and without following a link."""
    return os.open(name, _FILE, dir_fd=here)


def read_file(name: str, here: int) -> BinaryIO:
    """Open a regular file for reading.

    Raises:
        OSError: It cannot be opened, or is something else.
    """
    return regular(open_file(name, here))


def open_regular(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a regular file by its path, which may lead through links, without waiting.

    Raises:
        OSError: It cannot be opened, or is something else: a folder, a device, a pipe.
    """
    return regular(os.open(path, _FILE & ~_NO_LINK))


def is_no_file(path: Path) -> bool:
    """Whether something is there that is no file: a folder, or a pipe or device that may hold up.

    >>> is_no_file(Path.cwd()), is_no_file(Path("nowhere"))
    (True, False)
    """
    return path.exists() and not path.is_file()


def regular(file: int) -> BinaryIO:
    """Make an object of a descriptor, which is closed where it is that of no regular file.

    Raises:
        OSError: It is something else.
    """
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(errno.EINVAL, "no regular file")
    return os.fdopen(file, "rb")


def file_below(root: str | os.PathLike[str], parts: Sequence[str]) -> BinaryIO:
    """Open a regular file by its path below a folder.

    Raises:
        OSError: It is not there, is something else, or a link stands in the way.
    """
    if not available():
        return _file_by_path(root, parts)
    here = open_folder(root, links=True)
    try:
        for name in parts[:-1]:
            above, here = here, open_folder(name, here)
            os.close(above)
        return read_file(parts[-1], here)
    finally:
        os.close(here)


def _file_by_path(root: str | os.PathLike[str], parts: Sequence[str]) -> BinaryIO:
    path = os.fspath(root)
    for name in parts:
        path = os.path.join(path, name)  # noqa: PTH118
        if os.path.islink(path):  # noqa: PTH114
            raise NotADirectoryError(errno.ENOTDIR, "a link")
    return regular(os.open(path, _FILE))


class Entry(NamedTuple):
    """Something in a folder: its path from the start of the walk, and where it was found."""

    path: str
    name: str
    here: int
    """The descriptor of its folder; open until the walk goes on."""
    found: os.stat_result

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder, and no link to one."""
        return stat.S_ISDIR(self.found.st_mode)

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file, and no link to one."""
        return stat.S_ISREG(self.found.st_mode)

    @property
    def key(self) -> tuple[int, int]:
        """What all names of the same file have in common."""
        return self.found.st_dev, self.found.st_ino


def entries(here: int, before: str = "") -> list[Entry]:
    """List a folder by its descriptor, sorted by name; what vanishes meanwhile is left out."""
    listed = []
    for name in sorted(os.listdir(here)):
        with suppress(FileNotFoundError):
            found = os.stat(name, dir_fd=here, follow_symlinks=False)
            listed.append(Entry(before + name, name, here, found))
    return listed


def walk(
    here: int,
    before: str = "",
    depth: int = 0,
    *,
    closed: Callable[[str], None] = lambda _path: None,
    enter: Callable[[str, int], int] = open_folder,
) -> Iterator[Entry]:
    """Give everything below a folder; links are given and never followed.

    Args:
        here: The folder's descriptor.
        before: What the paths begin with.
        depth: Folders above this one.
        closed: Is told of each folder that cannot be entered or read.
        enter: Opens a folder by its name and the descriptor of the one it is in.
    """
    try:
        listed = entries(here, before)
    except OSError:
        closed(before.rstrip("/"))
        return
    for entry in listed:
        yield entry
        if entry.is_folder:
            yield from _below(entry, depth, closed, enter)


def _below(
    entry: Entry, depth: int, closed: Callable[[str], None], enter: Callable[[str, int], int]
) -> Iterator[Entry]:
    if depth == MAX_DEPTH:
        closed(entry.path)
        return
    try:
        inner = enter(entry.name, entry.here)
    except FileNotFoundError:
        return
    except OSError:
        closed(entry.path)
        return
    try:
        yield from walk(inner, f"{entry.path}/", depth + 1, closed=closed, enter=enter)
    finally:
        os.close(inner)
