"""Images in blocks, as chat completions, Responses, Anthropic's messages and ATIF have them."""

from __future__ import annotations

import re
from mimetypes import guess_type
from typing import Any

Block = dict[str, Any]

_DATA = re.compile(r"data:([\w.+-]+/[\w.+-]+);base64,(.*)", re.DOTALL)
_URL = re.compile(r"(?:https?|data):", re.IGNORECASE)
_DETAILS = ("auto", "low", "high")
_UNTOLD = "image/png"
"""What the image of an address counts as that does not tell."""


def with_image_url(block: Block) -> Block:
    """Write an image as that of chat completions; other blocks stay as they are.

    >>> with_image_url({"type": "image", "source": {"type": "url", "url": "https://a.example/b"}})
    {'type': 'image_url', 'image_url': {'url': 'https://a.example/b'}}
    """
    url = _url_of(block)
    if url is None or block["type"] == "image_url":
        return block
    detail = block.get("detail")
    about = {"url": url, **({"detail": detail} if detail in _DETAILS else {})}
    return {"type": "image_url", "image_url": about}


def with_source(block: Block) -> Block:
    """Write an image as Anthropic's; other blocks stay as they are.

    >>> with_source({"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}})
    {'type': 'image', 'source': {'type': 'base64', 'media_type': 'image/png', 'data': 'AA=='}}
    """
    url = _url_of(block)
    source = block.get("source")
    if url is None or (isinstance(source, dict) and "path" not in source):
        return block
    if match := _DATA.fullmatch(url):
        made = {"type": "base64", "media_type": match[1], "data": match[2]}
        return {"type": "image", "source": made}
    return {"type": "image", "source": {"type": "url", "url": url}}


def with_path(block: Block) -> Block:
    """Write an image as that of ATIF, whose path may be an address; others stay as they are.

    >>> with_path({"type": "image_url", "image_url": {"url": "https://a.example/b.jpg"}})
    {'type': 'image', 'source': {'media_type': 'image/jpeg', 'path': 'https://a.example/b.jpg'}}
    """
    url = _url_of(block)
    if url is None:
        return block
    match = _DATA.fullmatch(url)
    kind = match[1] if match else guess_type(_file_of(url))[0] or _UNTOLD
    return {"type": "image", "source": {"media_type": kind, "path": url}}


def _file_of(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]


def _url_of(block: Block) -> str | None:
    """The address of an image, which may hold its data."""
    kind, source = block.get("type"), block.get("source")
    url: Any = None
    if kind in ("image_url", "input_image"):
        told = block.get("image_url")
        url = told.get("url") if isinstance(told, dict) else told
    elif kind == "image" and isinstance(source, dict):
        media_type, data, path = (source.get(name) for name in ("media_type", "data", "path"))
        is_address = isinstance(path, str) and _URL.match(path)
        url = path if is_address else source.get("url")
        if isinstance(media_type, str) and isinstance(data, str):
            url = f"data:{media_type};base64,{data}"
    return url if isinstance(url, str) else None
