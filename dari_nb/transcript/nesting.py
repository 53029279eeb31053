"""How deeply a JSON value is nested: what is too deep cannot be written again."""

from typing import Any


def is_nested_deeper(value: Any, limit: int) -> bool:
    """Tell whether lists and objects lie in each other more than ``limit`` levels deep.

    >>> is_nested_deeper([[1]], 1), is_nested_deeper([[1]], 2)
    (True, False)
    """
    level = [value]
    for _ in range(limit + 1):
        level = [part for item in level for part in _parts(item)]
        if not level:
            return False
    return True


def _parts(value: Any) -> Any:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list | tuple) else ()
