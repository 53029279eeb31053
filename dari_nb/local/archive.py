"""A folder as a zip that is made while it is sent, and leads nowhere outside the folder."""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

_CHUNK = 256 * 1024
_LARGE = 1 << 30
"""Bytes from which an entry is written in the form for very large files."""
# A pipe in the place of a file must not block, nor a link lead away, between the look and the read.
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def directory_in(root: Path, path: str) -> Path:
    """Return the directory that a path names, ``reports`` and ``/workspace/reports`` alike.

    Raises:
        ValueError: The path is invalid or leads through a link, or is no directory.
    """
    parts = [part for part in path.split("/") if part not in ("", ".")]
    is_absolute = path.startswith("/")
    if "\0" in path or ".." in parts or (is_absolute and parts[:1] != ["workspace"]):
        raise ValueError(f"Invalid path {path!r}: name a directory below /workspace")
    found = root
    for part in parts[is_absolute:]:
        found = found / part
        if found.is_symlink() or not found.is_dir():
            raise ValueError(f"No directory {path!r} in the workspace")
    return found


def zipped(root: Path, folders: Sequence[Path]) -> Iterator[bytes]:
    """Give the zip of some directories below ``root`` in pieces; names are relative to ``root``.

    Only regular files and empty directories are in it: links, pipes and devices are left out.
    """
    pieces = _Pieces()
    done: set[str] = set()
    with zipfile.ZipFile(pieces, "w", zipfile.ZIP_DEFLATED) as archive:
        for folder in folders:
            for path, name in _entries(root, folder):
                if name not in done:
                    done.add(name)
                    for _ in _written(archive, path, name):
                        yield pieces.taken()
    yield pieces.taken()


def _entries(root: Path, folder: Path) -> Iterator[tuple[Path, str]]:
    for place, folders, files in os.walk(folder):
        here = Path(place)
        folders[:] = sorted(name for name in folders if not (here / name).is_symlink())
        for name in sorted(files):
            yield here / name, _name(here / name, root)
        if not folders and not files and here != root:
            yield here, f"{_name(here, root)}/"


def _name(path: Path, root: Path) -> str:
    """The path's name in the zip; what is no UTF-8 becomes replacement characters."""
    return os.fsencode(path.relative_to(root).as_posix()).decode("utf-8", "replace")


def _written(archive: zipfile.ZipFile, path: Path, name: str) -> Iterator[None]:
    if name.endswith("/"):
        archive.writestr(zipfile.ZipInfo(name), b"")
        yield
        return
    try:
        source = os.fdopen(os.open(path, _FLAGS), "rb")
    except OSError:
        return
    with source:
        found = os.fstat(source.fileno())
        if stat.S_ISREG(found.st_mode):
            yield from _copied(archive, source, name, found)


def _copied(
    archive: zipfile.ZipFile, source: BinaryIO, name: str, found: os.stat_result
) -> Iterator[None]:
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = (found.st_mode & 0xFFFF) << 16
    with archive.open(info, "w", force_zip64=found.st_size > _LARGE) as target:
        while piece := source.read(_CHUNK):
            target.write(piece)
            yield


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
