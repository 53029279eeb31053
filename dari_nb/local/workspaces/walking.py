"""Going through a workspace: what is in it, and how much."""

from __future__ import annotations

import os
import stat
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from ... import descriptors
from ...descriptors import Entry, open_folder, read_file
from .folder import Folder

_BLOCK = 512
_SEEN = stat.S_IRUSR | stat.S_IXUSR
_TICK = 0.05
"""Seconds that are longer than a step of the clock which file systems write times by."""


def walk(
    here: int, before: str = "", closed: Callable[[str], None] = lambda _path: None
) -> Iterator[Entry]:
    """Give everything below a folder of a workspace, also where the agent has shut it.

    Args:
        here: The folder's descriptor.
        before: What the paths begin with.
        closed: Is told of each folder that cannot be entered.
    """
    return descriptors.walk(here, before, closed=closed, enter=_opened)


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
            if entry.key not in seen:
                seen.add(entry.key)
                use.size += entry.found.st_blocks * _BLOCK
    use.hidden = bool(hidden)
    return use


class InnerFiles:
    """Knows which files of a workspace have no name outside of it.

    A repository that was cloned in a workspace shares its files by second names; one that was
    linked from elsewhere is not the workspace's to give away.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._settled: dict[tuple[int, int], int] | None = None

    def has(self, found: os.stat_result) -> bool:
        """Whether all names of an open file are in the workspace."""
        if found.st_nlink < 2:
            return True
        if self._settled is None:
            self._settled = self._counted()
        return self._settled.get((found.st_dev, found.st_ino)) == found.st_ctime_ns

    def _counted(self) -> dict[tuple[int, int], int]:
        """The files whose names are all here, with the time when one was last made or taken.

        Names can be moved while they are counted, and one be counted twice. Each move sets the
        file's time, so a time that is older than the count says that nothing was moved.
        """
        time.sleep(_TICK)
        latest = time.time_ns() - int(_TICK * 1e9)
        names = defaultdict[tuple[int, int], list[os.stat_result]](list)
        with self._folder.directory([]) as root:
            for entry in walk(root):
                if entry.is_file and entry.found.st_nlink > 1:
                    names[entry.key].append(entry.found)
        return {
            key: found[0].st_ctime_ns
            for key, found in names.items()
            if len(found) == found[0].st_nlink
            and {each.st_ctime_ns for each in found} == {found[0].st_ctime_ns}
            and found[0].st_ctime_ns < latest
        }


def open_inner(entry: Entry, inner: InnerFiles) -> BinaryIO | None:
    """Open a file that has no name outside of the workspace; nothing else is opened."""
    if not entry.is_file:
        return None
    try:
        source = read_file(entry.name, entry.here)
    except OSError:
        return None
    found = os.fstat(source.fileno())
    if inner.has(found) and _still_names(entry, found):
        return source
    source.close()
    return None


def _still_names(entry: Entry, opened: os.stat_result) -> bool:
    """Whether an open file has its name here yet, and no other since.

    One whose name here was taken back may have its only name elsewhere.
    """
    try:
        named = os.stat(entry.name, dir_fd=entry.here, follow_symlinks=False)
    except OSError:
        return False
    parts = ("st_dev", "st_ino", "st_nlink")
    return all(getattr(opened, part) == getattr(named, part) for part in parts)


def _opened(name: str, here: int) -> int:
    found = os.stat(name, dir_fd=here, follow_symlinks=False)
    if stat.S_ISDIR(found.st_mode) and found.st_mode & _SEEN != _SEEN:
        _unlock(name, here)
    return open_folder(name, here)


def _unlock(name: str, here: int) -> None:
    """Make a folder readable to its owner again, who is the server or whom the server runs."""
    path = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
    try:
        os.chmod(f"/proc/self/fd/{path}", 0o700)  # noqa: PTH101
    finally:
        os.close(path)
