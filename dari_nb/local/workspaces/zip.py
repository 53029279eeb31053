"""A workspace as a zip that is made while it is sent, and leads nowhere outside the workspace."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from itertools import count
from pathlib import PurePosixPath
from typing import BinaryIO

from ...descriptors import Entry
from ..agents.tools import ToolTrouble
from .folder import Folder
from .walking import InnerFiles, open_inner, walk

_CHUNK = 256 * 1024
_LARGE = 1 << 30
"""Bytes from which an entry is written in the form for very large files."""


def zipped(folder: Folder, places: Sequence[Sequence[str]]) -> Generator[bytes]:
    """Give the zip of some folders of a workspace in pieces; names are relative to the workspace.

    Only regular files and empty folders are in it: links, pipes and devices are left out, and so
    are files that have a name outside of the workspace. A file that changes meanwhile ends where
    it ended when it was opened, or before.

    Args:
        folder: The workspace.
        places: The folders, each as the names that lead to it.
    """
    pieces = _Pieces()
    names = _Names()
    with zipfile.ZipFile(pieces, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, source in _found(folder, places):
            if source is None:
                archive.writestr(zipfile.ZipInfo(f"{names.of(path)}/"), b"")
                yield pieces.taken()
                continue
            with source:
                for _ in _copied(archive, source, names.of(path)):
                    yield pieces.taken()
    yield pieces.taken()


def _found(
    folder: Folder, places: Sequence[Sequence[str]]
) -> Iterator[tuple[str, BinaryIO | None]]:
    """Give each file with its path, opened, and each folder of which no file could be given."""
    inner, done, empty = InnerFiles(folder), set[str](), ""
    for entry in _entries(folder, places):
        if empty and not entry.path.startswith(f"{empty}/"):
            yield empty, None
            empty = ""
        if entry.path in done:
            empty = ""
            continue
        done.add(entry.path)
        if entry.is_folder:
            empty = entry.path
        elif source := open_inner(entry, inner):
            empty = ""
            yield entry.path, source
    if empty:
        yield empty, None


def _entries(folder: Folder, places: Sequence[Sequence[str]]) -> Iterator[Entry]:
    for parts in places:
        # What has gone since it was asked for is as empty as what is emptied meanwhile.
        with suppress(ToolTrouble), folder.directory(list(parts)) as here:
            yield from walk(here, "".join(f"{part}/" for part in parts))


def _copied(archive: zipfile.ZipFile, source: BinaryIO, name: str) -> Iterator[None]:
    found = os.fstat(source.fileno())
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = (found.st_mode & 0xFFFF) << 16
    left = found.st_size
    with archive.open(info, "w", force_zip64=left > _LARGE) as target:
        while piece := source.read(min(_CHUNK, left)):
            target.write(piece)
            left -= len(piece)
            yield


class _Names:
    """Gives each path a name in the zip, which is text, and the name of no other path."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def of(self, path: str) -> str:
        plain = PurePosixPath(_text(path))
        for number in count(1):
            name = str(plain) if number == 1 else f"{plain.with_suffix('')}-{number}{plain.suffix}"
            if name not in self._given:
                self._given.add(name)
                return name
        raise AssertionError("counting ended")


def _text(path: str) -> str:
    """A path as text: bytes that are no UTF-8 are written as ``%ff``."""
    return "".join(
        f"%{ord(character) - 0xDC00:02x}" if 0xDC80 <= ord(character) <= 0xDCFF else character
        for character in path
    )


class _Pieces:
    """Where the zip is written to, and taken from as it grows; it cannot be wound back."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def write(self, data: bytes, /) -> int:
        self._bytes += data
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing is open."""

    def taken(self) -> bytes:
        """Return what was written since the last time."""
        data = bytes(self._bytes)
        self._bytes.clear()
        return data
