"""What goes to the page beside a message, as the bytes of JSON."""

from __future__ import annotations

from typing import Any

import msgspec


def packed(value: Any) -> bytes:
    r"""Write plain data as JSON; what no UTF-8 can hold is replaced.

    >>> packed([{"name": "half a \ud800 pair"}])
    b'[{"name":"half a ? pair"}]'
    """
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(_clean(value))


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_clean(key): _clean(inner) for key, inner in value.items()}
    return [_clean(inner) for inner in value] if isinstance(value, list | tuple) else value
