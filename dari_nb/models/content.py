"""Content blocks (contract, section 1.4): an ordered list of plain dicts, unknown types kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..errors import InvalidRequestError

Content = list[dict[str, Any]]
"""Blocks such as ``{"type": "text", "text": "…"}`` or ``{"type": "file", "file_id": "file_1"}``."""


def text_block(text: str) -> dict[str, Any]:
    """Make a text block."""
    return {"type": "text", "text": text}


def file_block(file_id: str) -> dict[str, Any]:
    """Make a block that refers to an uploaded file."""
    return {"type": "file", "file_id": file_id}


def as_content(prompt: str | Sequence[dict[str, Any]], file_ids: Iterable[str] = ()) -> Content:
    """Turn a prompt into content blocks.

    Args:
        prompt: Text, or blocks that are passed on as they are.
        file_ids: Uploaded files to attach after the prompt.

    Raises:
        InvalidRequestError: There is nothing to send.

    >>> as_content("Hi", ["file_1"])
    [{'type': 'text', 'text': 'Hi'}, {'type': 'file', 'file_id': 'file_1'}]
    """
    blocks = [text_block(prompt)] if isinstance(prompt, str) else _blocks(prompt)
    if not any(
        block.get("type") != "text" or str(block.get("text", "")).strip() for block in blocks
    ):
        raise InvalidRequestError("The message is empty: write a prompt.")
    return [*blocks, *(file_block(file_id) for file_id in file_ids)]


def _blocks(prompt: Sequence[dict[str, Any]]) -> Content:
    try:
        return [dict(block) for block in prompt]
    except (TypeError, ValueError):
        raise InvalidRequestError(
            "A message is text, or a list of content blocks, which are dicts."
        ) from None


def text_of(content: Iterable[Any] | None) -> str:
    """Join the text blocks of some content with blank lines.

    >>> text_of([{"type": "text", "text": "a"}, {"type": "file", "file_id": "file_1"}])
    'a'
    """
    blocks = [b for b in content or () if isinstance(b, dict) and b.get("type") == "text"]
    return "\n\n".join([str(b["text"]) for b in blocks if b.get("text")])
