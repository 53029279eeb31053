"""Arguments and results as text: on one line, or laid out."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

_WIDTH = 88  # columns of a line that holds a whole list or object
_SHORT = 30  # entries; more of them do not fit on a line
_DEEPEST = 40  # levels; deeper ones are written on one line
_ENCODER = json.JSONEncoder(ensure_ascii=False, default=str)
_TOO_DEEP = "… nested too deeply to be shown"


def decoded(value: Any) -> Any:
    """Read a text that holds a JSON object or list, if writing it again loses nothing."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "["):
        return value
    return _decoded(value)


@lru_cache(maxsize=8)  # the summary, the body and the cause of a call ask in turn
def _decoded(text: str) -> Any:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return data if "".join(one_line(data).split()) == "".join(text.split()) else text


def one_line(value: Any) -> str:
    """Return text as it is and anything else as JSON."""
    return value if isinstance(value, str) else _dumps(value)


def laid_out(value: Any) -> str:
    """Write JSON with short lists and objects on one line each.

    >>> print(laid_out({"numbers": [1, 2], "text": "x" * 90}))  # doctest: +ELLIPSIS
    {
      "numbers": [1, 2],
      "text": "xxx...
    }
    """
    return _layout(value, 0)


def _layout(value: Any, depth: int) -> str:
    if not isinstance(value, dict | list) or not value or depth > _DEEPEST:
        return _dumps(value)
    if len(value) <= _SHORT and len(line := _dumps(value)) + 2 * depth <= _WIDTH:
        return line
    if isinstance(value, dict):
        parts = [f"{_dumps(str(key))}: {_layout(v, depth + 1)}" for key, v in value.items()]
        opening, closing = "{}"
    else:
        parts = [_layout(part, depth + 1) for part in value]
        opening, closing = "[]"
    start = "\n" + "  " * (depth + 1)
    return f"{opening}{start}{f',{start}'.join(parts)}{start[:-2]}{closing}"


def _dumps(value: Any) -> str:
    try:
        return _ENCODER.encode(value)
    except RecursionError:
        return _TOO_DEEP
