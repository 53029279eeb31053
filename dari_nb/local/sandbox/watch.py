"""Watching what the processes of a sandbox hold together, which no limit of one process bounds."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ..workspaces.folder import Folder
from ..workspaces.walking import Use, use_of
from .limits import MIB, Limits, in_words

_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_NEARLY_FULL = 512 * MIB
_NOTICED = 64 * MIB
_TOLERATED = 100


class Watch:
    """Tells when a sandbox takes too much memory or disk.

    Args:
        process: The id of the process that made the sandbox; all in it descend from that one.
        workspace: The folder that the sandbox writes to.
        limits: What it may take.
        start: What the workspace holds before; where that is too much, it may hardly become more.
    """

    def __init__(self, process: int, workspace: Path, limits: Limits, start: Use) -> None:
        self._process = process
        self._folder = Folder(workspace)
        self._start = start
        self._limits = _still_allowed(start, limits)
        self._disk = os.statvfs(workspace)

    def excess(self) -> str | None:
        """Say what there is too much of at this moment, or ``None``; takes some milliseconds."""
        processes = list(tree(self._process))
        return self._of_memory(processes) or self._of_disk(processes)

    def _of_memory(self, processes: list[int]) -> str | None:
        if sum(map(_resident, processes)) > self._limits.memory_bytes:
            return f"it took more than {in_words(self._limits.memory_bytes)} of memory"
        return None

    def _of_disk(self, processes: list[int]) -> str | None:
        use = use_of(self._folder)
        use = replace(use, size=use.size + _held(processes))
        use.hidden = use.hidden and not self._start.hidden
        return excess_of(use, self._limits) or self._of_machine()

    def _of_machine(self) -> str | None:
        """Look at the whole disk, for what is hidden from the look at the workspace."""
        disk = os.statvfs(self._folder.root)
        free, taken = disk.f_bavail * disk.f_frsize, self._disk.f_bavail - disk.f_bavail
        if free < _NEARLY_FULL and taken * disk.f_frsize > _NOTICED:
            return "the disk of the machine is nearly full"
        if self._start.hidden and self._disk.f_ffree - disk.f_ffree > self._limits.workspace_files:
            return f"it made more than {self._limits.workspace_files} files"
        return None


def _still_allowed(start: Use, limits: Limits) -> Limits:
    """Room to delete in a workspace that is full: what it holds wavers while files go."""
    if excess_of(start, limits) is None:
        return limits
    return replace(
        limits,
        workspace_bytes=max(limits.workspace_bytes, start.size + _NOTICED),
        workspace_files=max(limits.workspace_files, start.files + _TOLERATED),
    )


def excess_of(use: Use, limits: Limits) -> str | None:
    """Say what there is too much of in a workspace, or ``None``."""
    if use.size > limits.workspace_bytes:
        return f"the workspace holds more than {in_words(limits.workspace_bytes)}"
    if use.files > limits.workspace_files:
        return f"the workspace holds more than {limits.workspace_files} files"
    if use.hidden:
        return "the workspace has folders that cannot be looked into, or too many inside each other"
    return None


def tree(process: int) -> Iterator[int]:
    """Give the id of a process and those of all that descend from it."""
    waiting = [process]
    while waiting:
        process = waiting.pop()
        yield process
        # What ends meanwhile has no children: they go to the sandbox's first process.
        with suppress(OSError):
            for task in Path(f"/proc/{process}/task").iterdir():
                waiting += map(int, (task / "children").read_text().split())


def _resident(process: int) -> int:
    with suppress(OSError, IndexError):
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * _PAGE
    return 0


def _held(processes: list[int]) -> int:
    """Bytes of files that have no name any more but are still open."""
    held: dict[tuple[int, int], int] = {}
    for process in processes:
        with suppress(OSError):
            for descriptor in Path(f"/proc/{process}/fd").iterdir():
                with suppress(OSError):
                    found = descriptor.stat()
                    if stat.S_ISREG(found.st_mode) and not found.st_nlink:
                        held[found.st_dev, found.st_ino] = found.st_blocks * 512
    return sum(held.values())
