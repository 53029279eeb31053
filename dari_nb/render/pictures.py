"""Pictures that came along inside a value: small ones are shown, others are named."""

from __future__ import annotations

import base64
import binascii
import re
from html import escape
from typing import Any, NamedTuple

from ._visible import visible_name

_MAGIC = {
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n....IHDR", re.DOTALL),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/gif": re.compile(rb"GIF8[79]a"),
    "image/webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
}
"""Formats that hold pixels and nothing that runs or loads, by how they begin."""
_URL = re.compile(r"data:(image/[a-z+.-]+);base64,([A-Za-z0-9+/=]+)")
_SIDE = 20_000  # pixels; a picture of more is made to exhaust whoever opens it


class Picture(NamedTuple):
    """A picture in a value.

    Attributes:
        kind: Its media type, as somebody claims it.
        data: Its bytes in base64, not checked yet.
    """

    kind: str
    data: str


def picture_of(block: Any) -> Picture | None:
    """Find the picture in a content block, or in a text that is nothing but a ``data:`` URL."""
    if isinstance(block, str):
        match = _URL.fullmatch(block) if block.startswith("data:") else None
        return Picture(match[1], match[2]) if match else None
    if not isinstance(block, dict) or block.get("type") not in _BLOCKS:
        return None
    inner = block.get("source")
    source: dict[str, Any] = inner if isinstance(inner, dict) else block
    data = source.get("data")
    if isinstance(data, str):
        kind = next((source[key] for key in _KIND_KEYS if isinstance(source.get(key), str)), "")
        return Picture(kind, data)
    url = block.get("image_url")
    url = url.get("url") if isinstance(url, dict) else url
    return picture_of(url) if isinstance(url, str) else None


_BLOCKS = ("image", "image_url", "input_image", "output_image")
_KIND_KEYS = ("mimeType", "mime_type", "media_type")


def picture_html(picture: Picture, most: int | None) -> str:
    """Show a picture of at most so many bytes; others are named with their size."""
    name = escape(visible_name(picture.kind or "image"))
    size = len(picture.data) * 3 // 4
    if most is not None and size > most:
        return f'<p class="dari-more">{name}, {size:,} bytes: not shown here</p>'
    if not is_safe(picture):
        return f'<p class="dari-more">{name}, {size:,} bytes: no picture that can be shown</p>'
    return f'<p><img src="data:{picture.kind};base64,{picture.data}" alt="{name}"></p>'


def is_safe(picture: Picture) -> bool:
    """Whether it is what it claims to be, in a format that only holds pixels."""
    magic = _MAGIC.get(picture.kind)
    try:
        content = base64.b64decode(picture.data, validate=True)
    except (binascii.Error, ValueError):
        return False
    if magic is None or not magic.match(content):
        return False
    sides = (content[16:20], content[20:24]) if picture.kind == "image/png" else ()
    return all(int.from_bytes(side) <= _SIDE for side in sides)


def is_picture_url(url: str) -> bool:
    """Whether a URL is nothing but a picture that :func:`is_safe`."""
    picture = picture_of(url)
    return picture is not None and is_safe(picture)
