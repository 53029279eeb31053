"""What an image says of itself before anything is decoded: its format, its size, and its end."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

MOST_PIXELS = 64_000_000
"""Pixels of an image that is taken: what they need when they are decoded, at 4 bytes each."""
_NONE = "it is no image that can be sent: PNG, JPEG, GIF and WebP can"
_BROKEN = "it is a broken {}"
_BOMB = "it has {} by {} pixels, and {:,} are the most there may be"
_NO_FRAME = (0xC4, 0xC8, 0xCC)
"""Markers of JPEG among those of frames that are of something else."""


class NoImage(ValueError):  # noqa: N818
    """A file cannot be sent as an image; the text says why."""


class Header(NamedTuple):
    """The format of an image and its size in pixels."""

    kind: str
    width: int
    height: int

    @property
    def media_type(self) -> str:
        """Its type, as protocols name it."""
        return f"image/{self.kind.lower()}"


def header_of(data: bytes) -> Header:
    """Read what an image says of itself; nothing is decoded.

    Raises:
        NoImage: It is none, is broken, or would be too large when it is decoded.

    >>> header_of(b"GIF89a" + bytes([2, 0, 3, 0, 0, 0, 0]) + b";")
    Header(kind='GIF', width=2, height=3)
    """
    kind = next((kind for kind, (begins, _) in _KINDS.items() if begins(data)), None)
    if kind is None:
        raise NoImage(_NONE)
    try:
        width, height = _KINDS[kind][1](data)
    except (struct.error, IndexError, StopIteration, ValueError):
        raise NoImage(_BROKEN.format(kind)) from None
    if not (width and height):
        raise NoImage(_BROKEN.format(kind))
    if width * height > MOST_PIXELS:
        raise NoImage(_BOMB.format(width, height, MOST_PIXELS))
    return Header(kind, width, height)


def _png(data: bytes) -> tuple[int, int]:
    """Follow the chunks up to the last one."""
    width, height = struct.unpack_from(">4x4xII", data, 8)
    place, name = 8, b""
    while name != b"IEND":
        length, name = struct.unpack_from(">I4s", data, place)
        place += 12 + length
    if place > len(data) or data[12:16] != b"IHDR":
        raise ValueError
    return width, height


def _jpeg(data: bytes) -> tuple[int, int]:
    """Follow the segments up to the frame's."""
    sizes = (_frame(data, place) for place in _segments(data))
    size = next(size for size in sizes if size)
    if data.rfind(b"\xff\xd9") < len(data) // 2:  # a thumbnail in front has an end of its own
        raise ValueError
    return size


def _segments(data: bytes) -> Iterator[int]:
    place = 2
    while place < len(data):
        if data[place] != 0xFF:
            return
        if data[place + 1] == 0xFF:  # fill
            place += 1
            continue
        yield place
        place += 2 + struct.unpack_from(">H", data, place + 2)[0]


def _frame(data: bytes, place: int) -> tuple[int, int] | None:
    marker = data[place + 1]
    if not 0xC0 <= marker <= 0xCF or marker in _NO_FRAME:
        return None
    height, width = struct.unpack_from(">HH", data, place + 5)
    return width, height


def _gif(data: bytes) -> tuple[int, int]:
    if b";" not in data[-64:]:
        raise ValueError
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height


def _webp(data: bytes) -> tuple[int, int]:
    if struct.unpack_from("<I", data, 4)[0] + 8 > len(data):
        raise ValueError
    kind = data[12:16]
    if kind == b"VP8X":
        return 1 + _three(data, 24), 1 + _three(data, 27)
    if kind == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind != b"VP8 ":
        raise ValueError
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


def _three(data: bytes, place: int) -> int:
    if len(data) < place + 3:
        raise ValueError
    return int.from_bytes(data[place : place + 3], "little")


_KINDS: dict[str, tuple[Callable[[bytes], bool], Callable[[bytes], tuple[int, int]]]] = {
    "PNG": (lambda data: data.startswith(b"\x89PNG\r\n\x1a\n"), _png),
    "JPEG": (lambda data: data.startswith(b"\xff\xd8\xff"), _jpeg),
    "GIF": (lambda data: data.startswith((b"GIF87a", b"GIF89a")), _gif),
    "WEBP": (lambda data: data[:4] == b"RIFF" and data[8:12] == b"WEBP", _webp),
}
