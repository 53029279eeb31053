"""What workspaces held when turns ended, so that a session can be forked there."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from ...descriptors import Entry
from ..agents.tools import ToolTrouble
from .folder import Folder
from .walking import InnerFiles, open_inner, walk

EMPTY = "empty"
"""The name of what an empty workspace held."""
MOST_ENTRIES = 1000
MOST_BYTES = 16 * 1024 * 1024
"""Files, folders and links, and bytes, of a workspace that is kept; a larger one is not."""
MOST_KEPT = 256 * 1024 * 1024
"""Bytes that are kept of one session."""
_CHUNK = 256 * 1024
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)


class _TooMuch(Exception):  # noqa: N818
    """Not all of a workspace can be kept."""


class Snapshots:
    """A folder with what one session's workspace held: lists of it, and each content once.

    Args:
        place: The folder, which is made when there is something to keep.
    """

    def __init__(self, place: Path) -> None:
        self._place = place

    def keep(self, root: Path) -> str | None:
        """Keep what a workspace holds now.

        Returns:
            A name for it; ``None`` where that is too much, or cannot be read or written.
        """
        try:
            return self._keep(Folder(root))
        except (OSError, ToolTrouble, _TooMuch):
            return None

    def put_back(self, name: str, target: Path) -> None:
        """Put what was kept into a new folder that nobody works in yet.

        Raises:
            OSError: It cannot be read or written.
        """
        for entry in sorted(self.listed(name), key=lambda entry: "to" in entry):
            place = target / entry["path"]
            if "to" in entry:
                place.symlink_to(entry["to"])
            elif "digest" in entry:
                with (self._place / entry["digest"]).open("rb") as source:
                    _write(place, source, entry["mode"])
            else:
                place.mkdir(mode=entry["mode"] | 0o700)

    def listed(self, name: str) -> list[dict[str, Any]]:
        """What was kept by a name: path and mode of each entry, with a file's digest.

        Raises:
            OSError: It cannot be read.
        """
        if name == EMPTY:
            return []
        found: list[dict[str, Any]] = json.loads((self._place / name).read_bytes())
        return found

    def read(self, digest: str) -> bytes:
        """What was in a file.

        Raises:
            OSError: It cannot be read.
        """
        return (self._place / digest).read_bytes()

    def _keep(self, folder: Folder) -> str:
        listed: list[dict[str, Any]] = []
        size = 0
        for entry, source in _held(folder):
            about = _about(entry)
            if source is not None:
                with source:
                    data = source.read(MOST_BYTES - size + 1)
                size += len(data)
                if size > MOST_BYTES:
                    raise _TooMuch
                about["digest"] = self._add(data)
            listed.append(about)
            if len(listed) > MOST_ENTRIES:
                raise _TooMuch
        return self._add(json.dumps(listed).encode("ascii")) if listed else EMPTY

    def _add(self, data: bytes) -> str:
        name = hashlib.sha256(data).hexdigest()
        if (self._place / name).exists():
            return name
        self._place.mkdir(mode=0o700, exist_ok=True)
        with os.scandir(self._place) as found:
            if sum(one.stat().st_size for one in found) + len(data) > MOST_KEPT:
                raise _TooMuch
        new = self._place / f".{secrets.token_hex(8)}"
        try:
            with os.fdopen(os.open(new, _NEW, 0o600), "wb") as target:
                target.write(data)
            new.replace(self._place / name)
        except OSError:
            new.unlink(missing_ok=True)
            raise
        return name


def copy_now(root: Path, target: Path) -> None:
    """Copy what a workspace holds now, while an agent may work in it, into a new folder.

    As in a zip of it, what is neither file nor folder nor link is left out, and so is what has a
    name outside of the workspace, what cannot be read, and what goes meanwhile.

    Raises:
        OSError: It cannot be written.
    """
    with suppress(ToolTrouble):
        for entry, source in _held(Folder(root), closed=lambda _path: None):
            place, about = target / entry.path, _about(entry)
            if source is not None:
                with source:
                    _write(place, source, about["mode"])
            elif entry.is_folder:
                place.mkdir(mode=about["mode"] | 0o700)
            else:
                place.symlink_to(about["to"])


def _refuse(_path: str) -> None:
    raise _TooMuch


def _held(folder: Folder, closed: Any = _refuse) -> Iterator[tuple[Entry, BinaryIO | None]]:
    """Give each folder, link and file of a workspace, files opened."""
    inner = InnerFiles(folder)
    with folder.directory([]) as here:
        for entry in walk(here, closed=closed):
            if entry.is_file:
                if source := open_inner(entry, inner):
                    yield entry, source
                else:
                    closed(entry.path)
            elif entry.is_folder or stat.S_ISLNK(entry.found.st_mode):
                yield entry, None


def _about(entry: Entry) -> dict[str, Any]:
    mode = stat.S_IMODE(entry.found.st_mode) & 0o777
    about: dict[str, Any] = {"path": entry.path, "mode": mode}
    if stat.S_ISLNK(entry.found.st_mode):
        about["to"] = os.readlink(entry.name, dir_fd=entry.here)
    return about


def _write(place: Path, source: BinaryIO, mode: int) -> None:
    with os.fdopen(os.open(place, _NEW, 0o600), "wb") as target:
        while piece := source.read(_CHUNK):
            # Where there is nothing but zeros there may be nothing on the disk, and need not be.
            if piece == bytes(len(piece)):
                target.seek(len(piece), os.SEEK_CUR)
            else:
                target.write(piece)
        target.truncate()
        os.fchmod(target.fileno(), mode)
