"""JSON that stands in texts: read where nothing would be lost, and kept as text elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from ..models.nesting import is_nested_deeper

MAX_NESTING = 100
"""Levels up to which JSON in a text is taken for JSON."""
_OBJECT_OR_LIST = re.compile(r"[ \t\r\n]*[\[{]")


def json_or_text(value: Any, *, exact: bool) -> Any:
    """Read JSON objects and lists; with ``exact`` only where no character would be lost."""
    if not isinstance(value, str) or not _OBJECT_OR_LIST.match(value):
        return value
    try:
        read = _DECODER.decode(value)
        if is_nested_deeper(read, MAX_NESTING):
            return value
        # What JSON proper cannot hold (NaN, lone surrogates) would change on its way.
        survives = msgspec.json.decode(msgspec.json.encode(read)) == read
    except (ValueError, RecursionError):
        return value
    is_itself = not exact or any(value == spelling for spelling in _spellings(read))
    return read if survives and is_itself else value


def text_of_json(value: Any) -> str:
    """Write a value as JSON; a text stays as it is."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _without_repetition(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError("a key is there twice")
    return read


_DECODER = json.JSONDecoder(object_pairs_hook=_without_repetition)


def _spellings(value: Any) -> Iterator[str]:
    """Give the usual ways to write a JSON value."""
    for separators, indent in ((None, None), ((",", ":"), None), (None, 2)):
        for ascii_only in (True, False):
            yield json.dumps(value, ensure_ascii=ascii_only, separators=separators, indent=indent)
