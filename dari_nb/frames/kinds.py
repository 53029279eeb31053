"""Kinds of columns: each makes an array of one fixed dtype from plain values.

Values come from servers and agents, so no kind ever fails on one: many are converted at once,
and only when that does not work, one by one, where the unreadable becomes missing.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import chain
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from ..errors import InvalidRequestError
from ..models import UNKNOWN_TIME

Values = Sequence[Any]

_INT64 = np.iinfo(np.int64)
_WHOLE = {int, type(None)}
_BREAK = ord("\n")
_UNKNOWN = np.datetime64(UNKNOWN_TIME.removesuffix("Z"), "us")
_encoder = msgspec.json.Encoder()


@dataclass(frozen=True)
class Kind:
    """What a column holds.

    Attributes:
        dtype: The dtype as pandas names it.
        array: Makes the array from the pieces of a column; ``None`` is missing in every kind.
        piece: Prepares the values of some rows while they are still in the processor's cache.

    >>> dari.frames.SESSIONS.columns["created_at"].dtype
    'datetime64[us, UTC]'
    """

    dtype: str
    array: Callable[[list[Any]], Any]
    piece: Callable[[Values], Any] = lambda values: values


def category(*declared: str) -> Kind:
    """Make a kind of names.

    Args:
        declared: Names that are categories in every frame, in this order; names that turn up
            beside them follow in alphabetical order.
    """
    return Kind("category", lambda pieces: _categories(pieces, declared), _category_piece)


def json_text(value: Any) -> str | None:
    """Write any value as JSON; ``None`` stays missing.

    >>> json_text({"city": "Zürich"}), json_text("plain"), json_text(None)
    ('{"city":"Zürich"}', '"plain"', None)
    """
    if value is None:
        return None
    try:
        return _encoder.encode(value).decode()
    except (TypeError, ValueError):
        # Lone surrogates and values that only Python has: escaped, or as their text.
        return json.dumps(value, default=str, skipkeys=True)
    except RecursionError:
        return None


def texts(values: Values) -> Any:
    """Make a ``string`` array of any values, those that are no text by :func:`str`."""
    return _texts([_text_piece(values)])


def _text_piece(values: Values) -> Any:
    try:
        if not _is_arrow():
            "".join(filter(None, values)).encode()
            return values
        whole = _whole_texts(values)
        return _arrow_texts(values) if whole is None else whole
    except (TypeError, ValueError):
        # Something is no text, or holds a lone surrogate, which no UTF-8 column can hold.
        return _text_piece(_clean_texts(values))


def _arrow_texts(values: Values) -> Any:
    arrow = import_module("pyarrow")
    return arrow.array(values, type=arrow.large_string())


def _whole_texts(values: Values) -> Any | None:
    """Make Arrow's array of texts that all are there, on one line each; otherwise ``None``."""
    try:
        lines = "\n".join(values).encode() + b"\n"
    except TypeError:
        return None
    return _split(lines) if lines.count(b"\n") == len(values) else None


def _texts(pieces: list[Any]) -> Any:
    if not _is_arrow():
        return pd.array(_joined(pieces), dtype="string")
    arrow = import_module("pyarrow")
    return pd.array(arrow.chunked_array(pieces, type=arrow.large_string()), dtype="string")


def _is_arrow() -> bool:
    """Whether pandas keeps ``string`` columns in Arrow's memory: when it is installed."""
    return pd.StringDtype().storage == "pyarrow"


def _json_piece(values: Values) -> Any:
    try:
        lines = _encoder.encode_lines(values)
    except (TypeError, ValueError, RecursionError):
        return _text_piece([json_text(value) for value in values])
    if not _is_arrow() or None in values:
        found = lines.decode().split("\n")
        return _text_piece([None if v is None else t for v, t in zip(values, found, strict=False)])
    return _split(lines)


def _split(lines: bytes) -> Any:
    """Make Arrow's array of lines, three times as fast as from a list of texts."""
    arrow = import_module("pyarrow")
    breaks = np.flatnonzero(np.frombuffer(lines, dtype=np.uint8) == _BREAK)
    # Each break before it moves a text's end one place to the front.
    offsets = np.zeros(len(breaks) + 1, dtype=np.int64)
    np.subtract(breaks, np.arange(len(breaks)), out=offsets[1:])
    buffers = arrow.py_buffer(offsets), arrow.py_buffer(lines.replace(b"\n", b""))
    return arrow.LargeStringArray.from_buffers(len(breaks), *buffers)


def _time_piece(values: Values) -> Any:
    if not _is_arrow():
        return values
    arrow = import_module("pyarrow")
    try:
        times = arrow.array(values, type=arrow.string()).cast(arrow.timestamp("us", tz="UTC"))
    except (TypeError, ValueError):
        return _pandas_times(values)
    return times.to_numpy(zero_copy_only=False)


def _times(pieces: list[Any]) -> Any:
    if _is_arrow():
        found = np.concatenate([np.array([], dtype="M8[us]"), *pieces])
    else:
        found = _pandas_times(_joined(pieces))
    found = np.where(found == _UNKNOWN, np.datetime64("NaT", "us"), found)
    return pd.DatetimeIndex(found).as_unit("us").tz_localize("UTC").array


def _pandas_times(values: Values) -> Any:
    # pandas takes these two words for the time of the call.
    if "now" in values or "today" in values:
        values = [None if value in ("now", "today") else value for value in values]
    found = pd.to_datetime(
        np.array(values, dtype=object), format="ISO8601", utc=True, errors="coerce"
    )
    return found.as_unit("us").tz_localize(None).to_numpy()


def _integers(pieces: list[Any]) -> Any:
    values = _joined(pieces)
    if not _WHOLE.issuperset(map(type, values)):
        values = [*map(_int64, values)]
    missing = np.zeros(len(values), dtype=np.bool_)
    if None in values:
        missing[:] = [value is None for value in values]
        values = [0 if value is None else value for value in values]
    try:
        return pd.arrays.IntegerArray(np.array(values, dtype=np.int64), missing)
    except OverflowError:
        return _integers([[*map(_int64, _joined(pieces))]])


def _floats(pieces: list[Any]) -> Any:
    values = [math.nan if value is None else value for value in _joined(pieces)]
    return np.array(values, dtype=np.float64)


def _booleans(pieces: list[Any]) -> Any:
    return pd.array(_joined(pieces), dtype="boolean")


def _category_piece(values: Values) -> tuple[list[Any], Any]:
    """Return the distinct values, and which of them each value is."""
    try:
        places = {value: place for place, value in enumerate(dict.fromkeys(values))}
    except TypeError:
        return _category_piece(_clean_texts(values))
    coded = np.fromiter(map(places.__getitem__, values), dtype=np.intp, count=len(values))
    return list(places), coded


def _categories(pieces: list[Any], declared: tuple[str, ...]) -> Any:
    distinct = set(chain.from_iterable(values for values, _ in pieces)) - {None, ""}
    shown = {value: _clean(value) for value in distinct}
    others = sorted(set(shown.values()) - set(declared))
    code = {name: code for code, name in enumerate([*declared, *others])}
    of_value = {value: code[name] for value, name in shown.items()}
    coded = [np.array([of_value.get(v, -1) for v in values])[places] for values, places in pieces]
    codes = np.concatenate(coded) if coded else np.array([], dtype=np.intp)
    return pd.Categorical.from_codes(codes, categories=pd.Index(list(code), dtype="str"))


def _joined(pieces: list[Any]) -> list[Any]:
    return list(chain.from_iterable(pieces))


def _is_int64(value: Any) -> bool:
    return type(value) is int and _INT64.min <= value <= _INT64.max


def _int64(value: Any) -> int | None:
    whole = int(value) if type(value) is float and value.is_integer() else value
    return whole if _is_int64(whole) else None


def _clean_texts(values: Values) -> list[str | None]:
    return [None if value is None else _clean(value) for value in values]


def _clean(value: Any) -> str:
    """Make text without lone surrogates."""
    text = str(value)
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


TEXT = Kind("string", _texts, _text_piece)
JSON = Kind("string", _texts, _json_piece)
TIME = Kind("datetime64[us, UTC]", _times, _time_piece)
INTEGER = Kind("Int64", _integers)
SECONDS = Kind("float64", _floats)
BOOLEAN = Kind("boolean", _booleans)
NAME = category()


def typed(values: Values, dtype: str | None = None) -> Any:
    """Make an array of values of JSON.

    Args:
        values: The values.
        dtype: ``boolean`` for yes and no, ``Int64`` for whole numbers, ``float64`` for any
            number, or ``string``, in which what is no text stands as JSON; a value that does not
            fit is missing. Left out, it is the first of these that all values fit. Without any
            value that is ``float64``, so that a score that nobody gave yet can be counted with.

    Raises:
        InvalidRequestError: It is another dtype.

    >>> str(typed([1, None]).dtype), str(typed([1, "a"]).dtype)
    ('Int64', 'string')
    """
    if dtype is None:
        given = [value for value in values if value is not None]
        order = list(_PLAIN) if given else ["float64"]
        dtype = next((n for n in order if all(map(_PLAIN[n][0], given))), "string")
    if dtype not in _PLAIN:
        raise InvalidRequestError(
            f"{dtype!r} is no dtype here: there is {', '.join(_PLAIN)}.", code="invalid_dtype"
        )
    fits, array = _PLAIN[dtype]
    return array([value if value is not None and fits(value) else None for value in values])


def _json_texts(values: Values) -> Any:
    return texts([v if v is None or isinstance(v, str) else json_text(v) for v in values])


def _is_number(value: Any) -> bool:
    return isinstance(value, float) or _is_int64(value)


_PLAIN: dict[str, tuple[Callable[[Any], bool], Callable[[Values], Any]]] = {
    "boolean": (lambda value: isinstance(value, bool), lambda values: _booleans([values])),
    "Int64": (_is_int64, lambda values: _integers([values])),
    "float64": (_is_number, lambda values: _floats([values])),
    "string": (lambda value: True, _json_texts),
}
