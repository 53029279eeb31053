"""What came of a turn in words that people read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from ..models import events as ev
from .lines import EventLine
from .turns import Turn

_NOTHING = "No answer."
_MOST = 300
"""Characters of arguments and results that are told."""


class Said(str):
    """A sentence that says what was done: at the end of a cell it stands as it is.

    >>> Said("1 turn adopted.")
    1 turn adopted.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def outcome_text(turn: Turn) -> str:
    """What came of a turn: tools that were called, what they gave, answers, and why it failed."""
    told = (_TELLING[event.event](event.data) for event in turn.events if event.event in _TELLING)
    return "\n".join(filter(None, told)) or _NOTHING


def place_text(events: Sequence[EventLine]) -> str:
    """Say behind which event of a turn something stands.

    Args:
        events: Those of the turn up to there.

    >>> place_text([])
    'at the beginning of'
    """
    for event in reversed(events):
        if event.event == ev.TOOL_CALL_REQUESTED:
            return f"behind {_call(event.data)} in"
        if event.event in (ev.TOOL_CALL_COMPLETED, ev.TOOL_CALL_FAILED):
            return f"behind {_result_of(event, events)} in"
        if event.event == ev.ASSISTANT_MESSAGE_COMPLETED:
            return "behind an answer in"
    return "at the beginning of"


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


def _result_of(event: EventLine, events: Iterable[EventLine]) -> str:
    call_id = event.data.get("tool_call_id")
    calls = (one.data for one in events if one.event == ev.TOOL_CALL_REQUESTED)
    call = next((data for data in calls if data.get("tool_call_id") == call_id), None)
    return f"what {_call(call)} gave" if call else "a result"


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
