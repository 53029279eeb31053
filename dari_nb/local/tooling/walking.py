"""Going through a workspace: what is in it, and how much."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from .folder import MAX_DEPTH, Folder

_BLOCK = 512


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


def entries(here: int, before: str = "") -> list[Entry]:
    """List a folder by its descriptor, sorted by name; what vanishes meanwhile is left out."""
    listed = []
    for name in sorted(os.listdir(here)):
        with suppress(FileNotFoundError):
            found = os.stat(name, dir_fd=here, follow_symlinks=False)
            listed.append(Entry(before + name, name, here, found))
    return listed


def walk(
    here: int, before: str = "", depth: int = 0, closed: Callable[[str], None] = lambda _path: None
) -> Iterator[Entry]:
    """Give everything below a folder; links are given and never followed.

    Args:
        here: The folder's descriptor.
        before: What the paths begin with.
        depth: Folders above this one.
        closed: Is told of each folder that cannot be entered.
    """
    for entry in entries(here, before):
        yield entry
        if entry.is_folder:
            yield from _below(entry, depth, closed)


def _below(entry: Entry, depth: int, closed: Callable[[str], None]) -> Iterator[Entry]:
    if depth == MAX_DEPTH:
        closed(entry.path)
        return
    try:
        inner = _opened(entry.name, entry.here)
    except FileNotFoundError:
        return
    except OSError:
        closed(entry.path)
        return
    try:
        yield from walk(inner, f"{entry.path}/", depth + 1, closed)
    finally:
        os.close(inner)


@dataclass
class Use:
    """How much a workspace holds; ``hidden`` when some of it could not be looked at."""

    size: int = 0
    files: int = 0
    hidden: bool = False


def use_of(folder: Folder) -> Use:
    """Measure a workspace; a file with several names counts once."""
    use, seen, hidden = Use(), set[tuple[int, int]](), list[str]()
    with folder.directory([]) as root:
        for entry in walk(root, closed=hidden.append):
            use.files += 1
            key = (entry.found.st_dev, entry.found.st_ino)
            if key not in seen:
                seen.add(key)
                use.size += entry.found.st_blocks * _BLOCK
    use.hidden = bool(hidden)
    return use


def _opened(name: str, here: int) -> int:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(name, flags, dir_fd=here)
    except PermissionError:
        _unlock(name, here)
        return os.open(name, flags, dir_fd=here)


def _unlock(name: str, here: int) -> None:
    """Make a folder readable to its owner again, who is the server or whom the server runs."""
    path = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
    try:
        os.chmod(f"/proc/self/fd/{path}", 0o700)  # noqa: PTH101
    finally:
        os.close(path)
