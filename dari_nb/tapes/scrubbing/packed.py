"""What is packed in files: zips, so documents and tables of offices, and compressed files."""

from __future__ import annotations

import bz2
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

from .views import plain_of

_MOST_ENTRIES, _DEEPEST = 1000, 3
_MOST_MEMORY = 128 * 1024 * 1024
_STREAMS: tuple[tuple[bytes, Callable[[], Any]], ...] = (
    (b"\x1f\x8b", lambda: zlib.decompressobj(wbits=31)),
    (b"BZh", bz2.BZ2Decompressor),
    (b"\xfd7zXZ\0", lambda: lzma.LZMADecompressor(memlimit=_MOST_MEMORY)),
)
_BARE = re.compile(rb"\x78[\x01\x5e\x9c\xda]")
"""How bare data of zlib begins; texts may, too."""
_IN_BASE64 = re.compile(
    r"(?:(?<![\w+/-])|(?<=\\[rn]))(?:UEsD|H4sI|Qlpo|/Td6|_Td6|eAE|eF4|eJ|eN|N3q8|KLUv|UmFy|BCJN)[\w+/-]{20,}"
    r"(?:(?:\r?\n|\\[rn])+[ \t]*[\w+/-]+)*",
    re.ASCII,
)
"""What may be packed in base64: it begins as a file of these kinds does."""
_BREAK = re.compile(r"\s|\\[rn]")
_STANDARD = str.maketrans("-_", "+/")
_CLOSED = (b"7z\xbc\xaf\x27\x1c", b"\x28\xb5\x2f\xfd", b"Rar!\x1a\x07", b"\x04\x22\x4d\x18")
"""How files begin that are compressed in other ways: 7z, zstd, rar, lz4."""
_TROUBLE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(OSError, EOFError, ValueError, NotImplementedError, RuntimeError, MemoryError),
)


def parts_of(data: bytes, most: int) -> list[bytes] | None:
    """Give what is packed in a file, also in a packed file of that: nothing where it is not packed.

    Args:
        data: What is in the file.
        most: Bytes that may be unpacked together.

    Returns:
        The parts; ``None`` where some cannot be had: they have a password, are damaged, too
        large or too many, or packed in a way that is not known.

    >>> parts_of(zlib.compress(b"Alpha", wbits=31), 100), parts_of(b"Alpha", 100)
    ([b'Alpha'], [])
    """
    parts: list[bytes] = []
    last = [data]
    try:
        for _ in range(_DEEPEST):
            found: list[bytes] = []
            for each in last:
                for part in _opened(each, most):
                    most -= len(part)
                    found.append(part)
            if not found:
                return parts
            parts += found
            last = found
    except _TROUBLE:
        return None
    return None


def parts_in(text: str, most: int) -> list[bytes] | None:
    """Give what is packed in base64 in a text, as :func:`parts_of` does of a file.

    >>> parts_in("zlib: eJxzzCnISNRRcEotSQQAFg0Drw==", 100), parts_in("Alpha", 100)
    ([b'Alpha, Beta'], [])
    """
    parts: list[bytes] = []
    for run in _IN_BASE64.finditer(text):
        data = plain_of(_BREAK.sub("", run.group()).translate(_STANDARD))
        found = parts_of(data, most)
        if found is None:
            return None
        parts += found
        most -= sum(map(len, found))
    return parts


def _opened(data: bytes, most: int) -> Iterator[bytes]:
    if data.startswith(_CLOSED):
        raise ValueError("it is packed in a way that is not known")
    for begin, maker in _STREAMS:
        members: list[bytes] = []
        while data.startswith(begin):
            stream = maker()
            part = stream.decompress(data, most + 1)
            if not stream.eof or len(part) > most:
                raise ValueError("it is damaged, or too large")
            members.append(part)
            most -= len(part)
            data = stream.unused_data
        if members:
            yield b"".join(members)
    if _BARE.match(data):
        yield from _unzipped(data, most)
    if zipfile.is_zipfile(BytesIO(data)):
        yield from _entries(data, most)


def _unzipped(data: bytes, most: int) -> Iterator[bytes]:
    stream = zlib.decompressobj()
    try:
        part = stream.decompress(data, most + 1)
    except zlib.error:  # it only begins so
        return
    if len(part) > most:
        raise ValueError("it is too large")
    if part:
        yield part


def _entries(data: bytes, most: int) -> Iterator[bytes]:
    with zipfile.ZipFile(BytesIO(data)) as file:
        if len(file.infolist()) > _MOST_ENTRIES:
            raise ValueError("it has too many entries")
        for entry in file.infolist():
            with file.open(entry) as part:
                content = part.read(most + 1)
            if len(content) > most:
                raise ValueError("it is too large")
            most -= len(content)
            yield content
