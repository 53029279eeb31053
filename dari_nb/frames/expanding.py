"""Columns of JSON text, taken apart into typed columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pandas as pd

from ..errors import InvalidRequestError
from .kinds import typed

Expand = str | Sequence[str] | Mapping[str, Mapping[str, str]] | None
"""Names of JSON columns; or by name the keys that shall have columns, with their dtypes."""


def expanded(frame: pd.DataFrame, expand: Expand) -> pd.DataFrame:
    """Add a column ``<name>.<key>`` for each key of the objects in a JSON column.

    Args:
        frame: The frame; its JSON columns stay.
        expand: The columns' names. A mapping such as ``{"arguments": {"to": "string", "max":
            "Int64"}}`` says which keys have columns and of which dtype, also when none occurs;
            what does not fit such a dtype is missing. Otherwise all keys have one, as they first
            appear, of the narrowest of ``boolean``, ``Int64``, ``float64`` and ``string`` that
            holds their values.

    Returns:
        A new frame; the JSON columns stay.

    Raises:
        InvalidRequestError: There is no such column, or a dtype is none.

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"arguments": ['{"to": "ZRH", "max": 3}', None]})
    >>> dari.frames.expanded(frame, "arguments")["arguments.max"].tolist()
    [3, <NA>]
    """
    names = [expand] if isinstance(expand, str) else list(expand or ())
    columns: dict[str, Any] = {}
    for name in names:
        if name not in frame:
            known = ", ".join(map(str, frame.columns))
            raise InvalidRequestError(
                f"There is no column {name!r} to expand: there is {known}.", code="column_not_found"
            )
        objects = [_object(text) for text in frame[name]]
        wanted = expand[name] if isinstance(expand, Mapping) else None
        for key in wanted if wanted is not None else _keys(objects):
            values = [some.get(key) for some in objects]
            dtype = None if wanted is None else wanted[key]
            columns[f"{name}.{key}"] = typed(values, dtype)
    return pd.concat([frame, pd.DataFrame(columns, index=frame.index, copy=False)], axis=1)


def _object(text: Any) -> dict[str, Any]:
    if not isinstance(text, str):
        return {}
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _keys(objects: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(key for some in objects for key in some))
