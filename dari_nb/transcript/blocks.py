"""Content blocks of other formats as those of Dari; what is unknown stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..models import Content, reasoning_block, text_block, text_of

Block = dict[str, Any]

OTHER = "other"
"""The type of a block that stands for a value without one."""


def content_of(value: Any) -> Content:
    """Read the content of a message: a text, a block, or a list of both.

    >>> content_of(["Hi", {"type": "thinking", "thinking": "Hm."}])
    [{'type': 'text', 'text': 'Hi'}, {'type': 'reasoning', 'reasoning': 'Hm.'}]
    """
    if value is None or value == "":
        return []
    return [block_of(part) for part in (value if isinstance(value, list) else [value])]


def block_of(value: Any) -> Block:
    """Read one block; a text, a thought and a refusal are known, all else is kept."""
    if not isinstance(value, dict):
        return text_block(str(value)) if _is_scalar(value) else {"type": OTHER, "value": value}
    kind = value.get("type")
    read = _KNOWN.get(kind) if isinstance(kind, str) else None
    if read is not None:
        return read(value)
    return value if isinstance(kind, str) else {"type": OTHER, "value": value}


def refusal_block(text: str) -> Block:
    """Make the text of a model that refuses."""
    return {**text_block(text), "refusal": True}


def thought(text: str, **provider: Any) -> Block:
    """Make a block of what a model thought, with what its provider wants back."""
    return reasoning_block(text, {name: told for name, told in provider.items() if told})


def is_only_text(content: Any) -> bool:
    """Whether a content is nothing but plain text blocks."""
    return isinstance(content, list) and all(
        isinstance(block, dict) and block.get("type") == "text" for block in content
    )


def plain(content: Any) -> Any:
    """Return a tool's content as text when it is text blocks, else as it is."""
    if is_only_text(content):
        return text_of(content)
    return "" if content is None else content


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)


def _text(block: Block) -> Block:
    text = block.get("text")
    about = {name: told for name, told in block.items() if name != "type"}
    return {"type": "text", **about} if isinstance(text, str) else {"type": OTHER, "value": block}


def _thinking(block: Block) -> Block:
    text = block.get("thinking")
    if isinstance(text, list):
        text = text_of(content_of(text))
    return thought(str(text or ""), signature=block.get("signature"))


def _reasoning(block: Block) -> Block:
    """Read the block of Dari, or that of Inspect, which may be hidden."""
    text = block.get("reasoning")
    if not isinstance(text, str):
        return {"type": OTHER, "value": block}
    hidden = text if block.get("redacted") is True else None
    if "provider" in block or set(block) <= {"type", "reasoning"}:
        return block
    return thought(
        str(block.get("summary") or "") if hidden is not None else text,
        redacted=hidden,
        signature=block.get("signature"),
    )


def _refusal(block: Block) -> Block:
    return refusal_block(str(block.get("refusal") or ""))


def _inspect_image(block: Block) -> Block:
    url = block.get("image")
    if not isinstance(url, str):
        return block
    return {"type": "image_url", "image_url": {"url": url, "detail": block.get("detail", "auto")}}


_KNOWN: dict[str, Callable[[Block], Block]] = {
    **dict.fromkeys(("text", "input_text", "output_text"), _text),
    "thinking": _thinking,
    "redacted_thinking": lambda block: thought("", redacted=block.get("data")),
    "reasoning": _reasoning,
    "refusal": _refusal,
    "image": _inspect_image,
}
