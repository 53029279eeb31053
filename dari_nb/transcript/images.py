"""Images in blocks, as chat completions and as Anthropic's messages have them."""

from __future__ import annotations

import re
from typing import Any

Block = dict[str, Any]

_DATA = re.compile(r"data:([\w.+-]+/[\w.+-]+);base64,(.*)", re.DOTALL)


def with_image_url(block: Block) -> Block:
    """Write Anthropic's image as that of chat completions; other blocks stay as they are.

    >>> with_image_url({"type": "image", "source": {"type": "url", "url": "https://a.example/b"}})
    {'type': 'image_url', 'image_url': {'url': 'https://a.example/b'}}
    """
    source = block.get("source")
    if block.get("type") != "image" or not isinstance(source, dict):
        return block
    kind, data, url = (source.get(name) for name in ("media_type", "data", "url"))
    if isinstance(kind, str) and isinstance(data, str):
        url = f"data:{kind};base64,{data}"
    return {"type": "image_url", "image_url": {"url": url}} if isinstance(url, str) else block


def with_source(block: Block) -> Block:
    """Write an image of chat completions or Responses as Anthropic's; others stay as they are.

    >>> with_source({"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}})
    {'type': 'image', 'source': {'type': 'base64', 'media_type': 'image/png', 'data': 'AA=='}}
    """
    if block.get("type") not in ("image_url", "input_image"):
        return block
    told = block.get("image_url")
    url = told.get("url") if isinstance(told, dict) else told
    if not isinstance(url, str):
        return block
    if match := _DATA.fullmatch(url):
        source = {"type": "base64", "media_type": match[1], "data": match[2]}
        return {"type": "image", "source": source}
    return {"type": "image", "source": {"type": "url", "url": url}}
