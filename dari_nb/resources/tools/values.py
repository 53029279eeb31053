"""What a function returned as JSON with stated caps; pictures and bytes become files."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import fractions
import itertools
import json
import math
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Set, Sized
from pathlib import PurePath
from typing import Any, NamedTuple

from .pictures import picture_of
from .tables import table_of

MOST_CHARS = 20_000
"""Characters of one text."""
MOST_ITEMS = 1_000
"""Items of one list, and entries of one object."""
MOST_DEPTH = 16
"""Levels of lists and objects inside each other."""
MOST_JSON = 200_000
"""Characters of the whole as JSON; what is longer goes into a file."""
_PREVIEW = 2_000
_BYTES_IN_JSON = 256


class Attached(NamedTuple):
    """A file that goes with a result, and the object in it that is to name it."""

    name: str
    content: bytes
    named_in: dict[str, Any]


class Json(NamedTuple):
    """A JSON value, with files that are to be uploaded."""

    value: Any
    files: list[Attached]


def as_json(value: Any) -> Json:
    """Make JSON of anything that a function returns.

    Tables (pandas, polars, pyarrow) become records, at most ``tables.MOST_ROWS`` of them; arrays
    become lists. Times are written as ISO 8601, exact numbers and paths as text, NaN as ``null``.
    Pictures (matplotlib, altair, PIL, anything with ``_repr_png_`` or ``_repr_svg_``) and longer
    bytes become files. Dataclasses, pydantic and msgspec models become objects. What is left out
    for its length is told in its place, and anything else is told by its type and its text.

    >>> as_json({"when": datetime.date(2026, 3, 31), "of": {2, 1}, "x": float("nan")}).value
    {'when': '2026-03-31', 'of': [1, 2], 'x': None}
    """
    writer = _Writer()
    written = writer.write(value, 0)
    text = json.dumps(written, ensure_ascii=False)
    if len(text) <= MOST_JSON:
        return Json(written, writer.files)
    named = {"note": f"{len(text):,} characters of JSON, all of them in the file"}
    named["begins"] = text[:_PREVIEW]
    whole = Attached("result.json", text.encode(), named)
    return Json(named, [*writer.files, whole])


class _Writer:
    """Writes one value and all in it."""

    def __init__(self) -> None:
        self.files: list[Attached] = []
        self._inside: list[int] = []

    def write(self, value: Any, depth: int) -> Any:
        if value is None or isinstance(value, bool):
            return value
        if (plain := _plain(value)) is not _NONE:
            return self._text(plain) if isinstance(plain, str) else plain
        if depth > MOST_DEPTH or id(value) in self._inside:
            return _described(value)
        self._inside.append(id(value))
        try:
            return self._write_parts(value, depth)
        finally:
            self._inside.pop()

    def _write_parts(self, value: Any, depth: int) -> Any:
        if isinstance(value, bytes | bytearray | memoryview):
            return self._bytes(bytes(value))
        if (picture := picture_of(value)) is not None:
            return self._picture(*picture)
        if (table := table_of(value)) is not None:
            return self.write(table, depth)
        if (opened := _opened(value)) is not _NONE:
            return self.write(opened, depth + 1)
        if isinstance(value, Mapping):
            return self._object(value, depth)
        if isinstance(value, list | tuple | Set | range | Iterator):
            return self._list(value, depth)
        return _described(value)

    def _object(self, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        written: dict[str, Any] = {}
        for key, part in itertools.islice(value.items(), MOST_ITEMS):
            name = key if isinstance(key, str) else str(self.write(key, depth + 1))
            while name in written:
                name += "'"
            written[name] = self.write(part, depth + 1)
        if len(value) > MOST_ITEMS:
            written["…"] = f"{len(value) - MOST_ITEMS:,} more entries are left out"
        return written

    def _list(self, value: Iterable[Any], depth: int) -> list[Any]:
        parts = _in_order(value) if isinstance(value, Set) else iter(value)
        written = [self.write(part, depth + 1) for part in itertools.islice(parts, MOST_ITEMS)]
        if next(parts, _NONE) is not _NONE:
            length = f"{len(value) - MOST_ITEMS:,} " if isinstance(value, Sized) else ""
            written.append(f"… {length}more items are left out")
        return written

    def _bytes(self, value: bytes) -> Any:
        if len(value) <= _BYTES_IN_JSON:
            return {"bytes": len(value), "hex": value.hex()}
        return self._attach("result.bin", value, {"bytes": len(value)})

    def _picture(self, kind: str, content: bytes | None) -> Any:
        if content is None:
            return {"picture": kind, "note": "it could not be drawn here"}
        number = f"-{len(self.files) + 1}" if self.files else ""
        return self._attach(f"picture{number}.{kind}", content, {"picture": kind})

    def _attach(self, name: str, content: bytes, named: dict[str, Any]) -> dict[str, Any]:
        self.files.append(Attached(name, content, named))
        return named

    def _text(self, text: str) -> str:
        # What no encoding can write, a lone half of a pair, is written as what it is.
        text = text.encode("utf-8", "backslashreplace").decode()
        if len(text) <= MOST_CHARS:
            return text
        return f"{text[:MOST_CHARS]}… {len(text) - MOST_CHARS:,} more characters are left out"


_NONE = object()
_AS_TEXT = (decimal.Decimal, fractions.Fraction, uuid.UUID, PurePath, complex, datetime.timedelta)


def _plain(value: Any) -> Any:
    """Numbers and texts, and what is written as one of them; ``_NONE`` for all else."""
    if isinstance(value, enum.Enum):
        return _plain(value.value) if not isinstance(value.value, enum.Enum) else value.name
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return _number(float(value))
    if isinstance(value, datetime.date | datetime.time):
        # NaT counts as a time, and says so in its text.
        return None if value != value else value.isoformat()
    if isinstance(value, _AS_TEXT):
        return None if value != value else str(value)
    if _is_scalar(value):
        return str(value) if value.dtype.kind in "mM" else _plain(value.item())
    return None if type(value).__name__ in ("NAType", "NaTType") else _NONE


def _number(value: float) -> Any:
    if math.isnan(value):
        return None
    return value if math.isfinite(value) else ("Infinity" if value > 0 else "-Infinity")


def _is_scalar(value: Any) -> bool:
    """Whether it is one number of numpy or of a library like it."""
    return getattr(value, "shape", None) == () and callable(getattr(value, "item", None))


def _opened(value: Any) -> Any:
    """What an object of a known make holds; ``_NONE`` for all else."""
    if isinstance(value, type):
        return _NONE
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    for name in ("model_dump", "to_dict"):
        if callable(dump := getattr(value, name, None)):
            return _called(dump)
    if fields := getattr(value, "__struct_fields__", None):
        return {name: getattr(value, name) for name in fields}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return value._asdict()
    return _NONE


def _called(dump: Callable[[], Any]) -> Any:
    try:
        return dump()
    except Exception:  # noqa: BLE001
        return _NONE


def _in_order(value: Set[Any]) -> Iterator[Any]:
    try:
        return iter(sorted(value))
    except TypeError:
        return iter(sorted(value, key=lambda part: (type(part).__name__, str(part))))


def _described(value: Any) -> dict[str, str]:
    try:
        text = str(value)
    except Exception as error:  # noqa: BLE001
        text = f"its text cannot be had: {type(error).__name__}"
    if len(text) > _PREVIEW:
        text = f"{text[:_PREVIEW]}…"
    return {"type": type(value).__name__, "text": text}
