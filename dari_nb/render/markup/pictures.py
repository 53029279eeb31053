"""Pictures that came along inside a value: small ones are shown, others are named."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, NamedTuple

_MAGIC = {
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n....IHDR", re.DOTALL),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/gif": re.compile(rb"GIF8[79]a"),
    "image/webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
}
"""Formats that hold pixels and nothing that runs or loads, by how they begin."""
_URL = re.compile(r"data:(image/[a-z+.-]+);base64,([A-Za-z0-9+/=]+)")
_BLOCKS = ("image", "image_url", "input_image", "output_image")
_KIND_KEYS = ("mimeType", "mime_type", "media_type")
_SIDE = 20_000  # pixels; a picture of more is made to exhaust whoever opens it


class Picture(NamedTuple):
    """A picture in a value.

    Attributes:
        kind: Its media type.
        data: Its bytes in base64.
    """

    kind: str
    data: str

    @property
    def size(self) -> int:
        """Bytes of the picture, give or take two."""
        return len(self.data) * 3 // 4


def picture_of(block: Any) -> Picture | None:
    """Find the picture in a content block, or in a text that is nothing but a ``data:`` URL.

    Whatever is not surely a picture, in a format that only holds pixels, is none.
    """
    found = _claimed(block)
    return found if found and _is_what_it_claims(found) else None


def picture_html(picture: Picture, most: int | None) -> str:
    """Show a picture of at most so many bytes; larger ones are named with their size."""
    if most is not None and picture.size > most:
        return f'<p class="dari-more">{picture.kind}, {picture.size:,} bytes: not shown here</p>'
    return f'<p><img src="data:{picture.kind};base64,{picture.data}" alt="{picture.kind}"></p>'


def _claimed(block: Any) -> Picture | None:
    if isinstance(block, str):
        match = _URL.fullmatch(block) if block.startswith("data:") else None
        return Picture(match[1], match[2]) if match else None
    if not isinstance(block, dict) or block.get("type") not in _BLOCKS:
        return None
    inner = block.get("source")
    source: dict[str, Any] = inner if isinstance(inner, dict) else block
    data, kinds = source.get("data"), [source.get(key) for key in _KIND_KEYS]
    if isinstance(data, str):
        kind = next((kind for kind in kinds if isinstance(kind, str)), "")
        return Picture(kind, data)
    url = block.get("image_url")
    url = url.get("url") if isinstance(url, dict) else url
    return _claimed(url) if isinstance(url, str) else None


def _is_what_it_claims(picture: Picture) -> bool:
    magic = _MAGIC.get(picture.kind)
    if magic is None:
        return False
    try:
        content = base64.b64decode(picture.data, validate=True)
    except (binascii.Error, ValueError):
        return False
    if not magic.match(content):
        return False
    sides = (content[16:20], content[20:24]) if picture.kind == "image/png" else ()
    return all(int.from_bytes(side) <= _SIDE for side in sides)
