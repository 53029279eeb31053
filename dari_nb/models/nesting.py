"""How deeply a JSON value is nested: what is too deep cannot be written again."""

from typing import Any

MAX_NESTING = 200
"""Levels of what an event may hold, so that it can be answered with again."""
_HOLDERS = (dict, list, tuple)


def is_nested_deeper(value: Any, limit: int) -> bool:
    """Tell whether lists and objects lie in each other more than ``limit`` levels deep.

    >>> is_nested_deeper([[1]], 1), is_nested_deeper([[1]], 2)
    (True, False)
    """
    level = [value] if isinstance(value, _HOLDERS) else []
    for _ in range(limit):
        level = [part for holder in level for part in _parts(holder) if isinstance(part, _HOLDERS)]
        if not level:
            return False
    return bool(level)


def _parts(holder: Any) -> Any:
    return holder.values() if isinstance(holder, dict) else holder
