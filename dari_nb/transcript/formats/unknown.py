"""What is said of a document that is of no known format: what was found, and what is wanted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_MOST = 8
_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (str, "a text"),
    (bool, "yes or no"),
    ((int, float), "a number"),
    (list, "a list"),
)


def unknown(document: Any, formats: Iterable[str]) -> str:
    """Say why a document is not read.

    >>> unknown({"messages": "Hi"}, [])
    '"messages" is a text, and no list'
    """
    if document == []:
        return "the list is empty: there is no run in it"
    told = document.get("messages") if isinstance(document, dict) else None
    if told is not None and not isinstance(told, list):
        return f'"messages" is {_kind(told)}, and no list'
    return (
        f"of no known format, since {_found(document, told)}; a run is a JSON object with a list "
        '"messages" of objects with a role, or a document of another format that is known: '
        f"{', '.join(formats)}"
    )


def _found(document: Any, messages: list[Any] | None) -> str:
    if messages:
        return f'the first of its "messages" {_has(messages[0])}'
    if isinstance(document, list):
        return f"the first of its entries {_has(document[0])}"
    return f"it {_has(document)}"


def _has(value: Any) -> str:
    """Say which keys an object has, or what else it is."""
    if not isinstance(value, dict):
        return f"is {_kind(value)}"
    names = [key if key.isprintable() else repr(key) for key in map(str, list(value)[:_MOST])]
    keys = [f"{name:.40}" for name in names]
    more = ", …" if len(value) > _MOST else ""
    return f"has the keys {', '.join(keys)}{more}" if keys else "is an empty object"


def _kind(value: Any) -> str:
    own = (name for kind, name in _KINDS if isinstance(value, kind))
    return "null" if value is None else next(own, "an object")
