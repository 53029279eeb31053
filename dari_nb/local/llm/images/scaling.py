"""Images within the limits of a protocol: as they are, or scaled down."""

from __future__ import annotations

from base64 import b64encode
from collections import OrderedDict
from hashlib import sha256
from importlib.util import find_spec
from io import BytesIO
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from .headers import MOST_PIXELS, Header, NoImage, header_of

if TYPE_CHECKING:
    from PIL import Image

_LEAST = 256
"""Pixels of the longer side below which nothing is made smaller."""
_QUALITY = 85
_NEEDS = "it has to be made smaller, which needs Pillow: pip install 'dari_nb[images]'"
_UNDECODED = "it cannot be decoded"
_STILL = "it cannot be made small enough"
_MOST_KEPT = 64_000_000
"""Bytes of images made smaller that are kept, those that were sent last: each later step of a
session sends its images again."""
_kept: OrderedDict[tuple[bytes, str], Picture] = OrderedDict()
_keeping = Lock()
_decoding = Lock()
"""One image is decoded at a time: each needs memory for its pixels."""


class Limits(NamedTuple):
    """What a protocol takes of an image: bytes, and pixels of the longer side."""

    most_bytes: int
    longest: int

    def allow(self, data: bytes, header: Header) -> bool:
        """Whether an image is within them."""
        return len(data) <= self.most_bytes and max(header.width, header.height) <= self.longest


LIMITS = {
    "chat_completions": Limits(20_000_000, 8000),
    "anthropic_messages": Limits(5 * 1024 * 1024 * 3 // 4, 2000),
}
"""The limits of each protocol.

Anthropic ("Vision", build with Claude) takes 5 MB of base64 an image, and 2000 pixels where a
request has more than 20 images, as a session has sooner or later; it makes images smaller than that
by itself. OpenAI ("Images and vision") takes 50 MB a request, so that two of 20 MB go together, and
makes images smaller by itself; other servers of chat completions say no limit, and 8000 pixels are
what they are spared.
"""


class Picture(NamedTuple):
    """An image as it is sent."""

    media_type: str
    data: bytes

    @property
    def base64(self) -> str:
        """Its bytes as protocols write them."""
        return b64encode(self.data).decode("ascii")


def picture_of(data: bytes, protocol: str) -> Picture:
    """Make an image ready for a protocol; it is decoded only where it is above a limit.

    Raises:
        NoImage: It cannot be sent; the text says why.
    """
    header, limits = header_of(data), LIMITS[protocol]
    if limits.allow(data, header):
        return Picture(header.media_type, data)
    check_scaling()
    key = sha256(data).digest(), protocol
    picture = _recalled(key)
    if picture is None:
        with _decoding:
            picture = _recalled(key) or _scaled(data, header, limits)
    _keep(key, picture)
    return picture


def _recalled(key: tuple[bytes, str]) -> Picture | None:
    with _keeping:
        return _kept.get(key)


def _keep(key: tuple[bytes, str], picture: Picture) -> None:
    with _keeping:
        _kept[key] = picture
        _kept.move_to_end(key)
        while sum(len(one.data) for one in _kept.values()) > _MOST_KEPT:
            _kept.popitem(last=False)


def check_scaling() -> None:
    """Hold that images can be made smaller here.

    Raises:
        NoImage: Pillow is not there.
    """
    if find_spec("PIL") is None:
        raise NoImage(_NEEDS)


def _scaled(data: bytes, header: Header, limits: Limits) -> Picture:
    try:
        picture = _fitting(data, header, limits)
    except Exception as error:
        # What decodes a hostile file may fail with anything.
        raise NoImage(_UNDECODED) from error
    if picture is None:
        raise NoImage(_STILL)
    return picture


def _fitting(data: bytes, header: Header, limits: Limits) -> Picture | None:
    from PIL import Image, ImageOps

    longest = limits.longest
    with Image.open(BytesIO(data), formats=[header.kind]) as opened:
        if opened.width * opened.height > MOST_PIXELS:
            return None
        opened.draft("RGB", (longest, longest))
        is_clear = "A" in opened.getbands() or "transparency" in opened.info
        if opened.mode in ("RGB", "RGBA", "L", "LA"):
            # First of all, since each copy of all its pixels needs as much memory again.
            opened.thumbnail((longest, longest))
        image = ImageOps.exif_transpose(opened.convert("RGBA" if is_clear else "RGB"))
    longest = min(longest, max(image.size))
    while longest >= _LEAST:
        image.thumbnail((longest, longest))
        picture = _written(image, is_clear=is_clear)
        if len(picture.data) <= limits.most_bytes:
            return picture
        longest = longest * 3 // 4
    return None


def _written(image: Image.Image, *, is_clear: bool) -> Picture:
    written = BytesIO()
    kind = "PNG" if is_clear else "JPEG"
    image.save(written, kind, quality=_QUALITY)
    return Picture(f"image/{kind.lower()}", written.getvalue())
