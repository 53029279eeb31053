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


def reasoning_block(text: str, provider: dict[str, Any] | None = None) -> dict[str, Any]:
    """Make a block of what a model thought (contract, section 18.2)."""
    block: dict[str, Any] = {"type": "reasoning", "reasoning": text}
    return {**block, "provider": provider} if provider else block


def as_content(prompt: str | Sequence[dict[str, Any]], file_ids: Iterable[str] = ()) -> Content:
    """Turn a prompt into content blocks.

    Args:
        prompt: Text, or blocks that are passed on as they are.
        file_ids: Uploaded files to attach after the prompt; a text is the id of one.

    Raises:
        InvalidRequestError: There is nothing to send.

    >>> as_content("Hi", ["file_1"])
    [{'type': 'text', 'text': 'Hi'}, {'type': 'file', 'file_id': 'file_1'}]
    """
    blocks = [text_block(prompt)] if isinstance(prompt, str) else _blocks(prompt)
    if not any(
        block.get("type") != "text" or str(block.get("text", "")).strip() for block in blocks
    ):
        raise InvalidRequestError("The message is empty: write a prompt.", code="missing_message")
    attached = [file_ids] if isinstance(file_ids, str) else file_ids
    return [*blocks, *map(file_block, attached)]


def _blocks(prompt: Sequence[dict[str, Any]]) -> Content:
    try:
        return [dict(block) for block in prompt]
    except (TypeError, ValueError):
        raise InvalidRequestError(
            "A message is text, or a list of content blocks, which are dicts.",
            code="invalid_message",
        ) from None


def text_of(content: Iterable[Any] | None) -> str:
    """Join the text blocks of some content with blank lines.

    >>> text_of([{"type": "text", "text": "a"}, {"type": "file", "file_id": "file_1"}])
    'a'
    """
    return _joined(content, "text")


def reasoning_of(content: Iterable[Any] | None) -> str:
    """Join what a model thought, as :func:`text_of` joins what it said.

    >>> reasoning_of([{"type": "reasoning", "reasoning": "Hm."}, {"type": "text", "text": "a"}])
    'Hm.'
    """
    return _joined(content, "reasoning")


def is_reasoning(block: Any) -> bool:
    """Whether a block holds what a model thought."""
    return isinstance(block, dict) and block.get("type") == "reasoning"


def _joined(content: Iterable[Any] | None, kind: str) -> str:
    blocks = [b for b in content or () if isinstance(b, dict) and b.get("type") == kind]
    return "\n\n".join([str(b[kind]) for b in blocks if b.get(kind)])
