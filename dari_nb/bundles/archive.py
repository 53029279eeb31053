"""The archive: a tar.gz whose bytes follow from names, contents and executable bits alone."""

from __future__ import annotations

import io
import struct
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import BinaryIO, NamedTuple

from ..errors import InvalidRequestError

# Written by hand because the gzip module's header differs between versions of Python.
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


class Source(NamedTuple):
    """A file on its way into an archive: how many bytes of what, and whether it is a program."""

    name: str
    content: BinaryIO
    size: int
    is_executable: bool


def packed(sources: Iterable[Source]) -> bytes:
    """Pack files one after another, none of which is in memory as a whole.

    Raises:
        InvalidRequestError: One of them ends before its size.
    """
    target = _Gzip()
    with tarfile.open(fileobj=target, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        for source in sources:
            member = tarfile.TarInfo(source.name)
            member.size = source.size
            member.mode = 0o755 if source.is_executable else 0o644
            try:
                archive.addfile(member, source.content)
            except OSError as error:
                why = error.strerror or "it became shorter while it was packed"
                raise InvalidRequestError(
                    f"Cannot read {source.name!r}: {why}.", code="file_unreadable"
                ) from None
    return target.finished()


def members(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Unpack an archive, one file at a time."""
    with tarfile.open(fileobj=io.BytesIO(content), mode="r|gz") as archive:
        for member in archive:
            file = archive.extractfile(member)
            if file is not None:
                yield str(PurePosixPath(member.name)), file.read()


def names_in(content: bytes) -> list[str]:
    """The paths of an archive that somebody else has made.

    Raises:
        InvalidRequestError: It is no tar.gz of regular files with relative paths.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r|gz") as archive:
            return [_name(member) for member in archive if not member.isdir()]
    except (tarfile.TarError, OSError, EOFError, zlib.error):
        raise InvalidRequestError("The bundle is not a tar.gz.", code="invalid_archive") from None


def _name(member: tarfile.TarInfo) -> str:
    path = PurePosixPath(member.name)
    is_plain = member.isreg() and not member.issparse() and "\0" not in member.name
    if not is_plain or path.is_absolute() or ".." in path.parts:
        raise InvalidRequestError(
            f"{member.name!r} in the bundle is no regular, relative file.", code="invalid_bundle"
        )
    return str(path)


class _Gzip(io.RawIOBase):
    """Compresses what is written to it; only that is held."""

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        self._content = io.BytesIO()
        self._content.write(_GZIP_HEADER)
        self._sum = zlib.crc32(b"")
        self._size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: bytes, /) -> int:  # type: ignore[override]
        self._sum = zlib.crc32(data, self._sum)
        self._size += len(data)
        self._content.write(self._deflate.compress(data))
        return len(data)

    def finished(self) -> bytes:
        self._content.write(self._deflate.flush())
        self._content.write(struct.pack("<LL", self._sum, self._size & 0xFFFFFFFF))
        return self._content.getvalue()
