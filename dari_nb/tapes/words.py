"""What came of a turn in words that people read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ..models import events as ev
from .turns import Turn

_NOTHING = "No answer."
_MOST = 300
"""Characters of arguments and results that are told."""


def outcome_text(turn: Turn) -> str:
    """What came of a turn: tools that were called, what they gave, answers, and why it failed."""
    told = (_TELLING[event.event](event.data) for event in turn.events if event.event in _TELLING)
    return "\n".join(filter(None, told)) or _NOTHING


def content_text(content: Any) -> str:
    """Content blocks as one text: what is no text by its name or type."""
    blocks = [block for block in content if isinstance(block, Mapping)] if content else []
    texts = (block.get("text") or block.get("filename") or block.get("type") for block in blocks)
    return "\n\n".join(str(text) for text in texts)


def _answer(data: Mapping[str, Any]) -> str:
    content = data.get("content")
    return content_text(content) if isinstance(content, list) else ""


def _call(data: Mapping[str, Any]) -> str:
    given = data.get("arguments")
    if isinstance(given, Mapping):
        told = ", ".join(f"{name}: {_short(value)}" for name, value in given.items())
    else:
        told = "" if given is None else _short(given)
    return f"{data.get('tool_name')}({_cut(told)})"


def _result(data: Mapping[str, Any]) -> str:
    return f"→ {_short(data.get('result'))}"


def _failure(data: Mapping[str, Any]) -> str:
    why = data.get("error") if data.get("error") is not None else data.get("result")
    return f"→ failed: {_short(why)}"


def _status(data: Mapping[str, Any]) -> str:
    if data.get("status") != "failed":
        return ""
    if data.get("error") == ev.CANCELLED:
        return ev.CANCELLED
    return f"failed: {_short(data['error'])}" if data.get("error") else "failed"


def _short(value: Any) -> str:
    return _cut(value if isinstance(value, str) else msgspec.json.encode(value).decode())


def _cut(text: str) -> str:
    return text if len(text) <= _MOST else f"{text[:_MOST]}…"


_TELLING: dict[str, Callable[[Mapping[str, Any]], str]] = {
    ev.ASSISTANT_MESSAGE_COMPLETED: _answer,
    ev.TOOL_CALL_REQUESTED: _call,
    ev.TOOL_CALL_COMPLETED: _result,
    ev.TOOL_CALL_FAILED: _failure,
    ev.MESSAGE_STATUS_CHANGED: _status,
}
