"""The names that texts have in lists and objects, be these values or written in a text.

In ``"api_key": ["…"]`` and ``{"name": "x-api-key", "value": "…"}`` the name is not right before the
text; here it is said as if it were, so that the same is found behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .names import OF_SECRETS
from .views import written

_QUOTE = r"[\"'`]"
_IS = r"\s{0,3}:\s{0,20}"
_OPENS = r"[ \t]{0,3}:[ \t]{0,3}"
_AND = r"\s{0,3},\s{0,20}"
NEXT = rf"{_QUOTE}{_AND}{_QUOTE}"
"""What stands between two arguments in a list of them."""
_NAME = rf"{_QUOTE}([^\s\"'`]{{1,80}}){_QUOTE}"
_TEXT = r"[\"'`]([^\"'`\r\n]{8,4000})(?=[\"'`]|\Z)"
_VALUE = rf"{_QUOTE}(?i:value){_QUOTE}{_IS}{_TEXT}"
_NAMED = rf"{_QUOTE}(?i:name|key){_QUOTE}{_IS}{_NAME}"
_OF_SECRETS = re.compile(rf"(?:{'|'.join(OF_SECRETS)}|cookie)\Z", re.IGNORECASE)
_EACH = re.compile(_TEXT)
_LISTS = re.compile(rf"{_NAME}{_OPENS}[\[(]([^\[\]{{}}]{{0,4000}})")
_COOKIES = re.compile(
    rf"{_QUOTE}(?i:cookies?){_QUOTE}{_OPENS}(\[[^\[\]]{{0,4000}}|\{{[^\[\]{{}}]{{0,4000}})"
)
_VALUES = re.compile(rf"{_NAME}{_OPENS}\{{[^\[\]{{}}]{{0,400}}?{_VALUE}")
_BEFORE_VALUES = re.compile(rf"(?={_NAMED}[^{{}}]{{0,400}}?{_VALUE})")
_BEHIND_VALUES = re.compile(rf"(?={_VALUE}{_QUOTE}[^{{}}]{{0,400}}?{_NAMED}\s{{0,60}}(?:[,}}]|\Z))")
_END_OF_LIST = rf"(?:{_QUOTE}\s{{0,20}}[\])]|\Z)"
_PAIRS = re.compile(rf"[\[(]\s{{0,20}}{_NAME}{_AND}{_TEXT}{_END_OF_LIST}")
_USERS = re.compile(
    rf"(?<![A-Za-z])(?i:auth){_QUOTE}?[ \t]{{0,3}}[:=][ \t]{{0,3}}[\[(]\s{{0,20}}"
    rf"{_QUOTE}[^\s\"'`]{{1,80}}{_QUOTE}{_AND}{_TEXT}{_END_OF_LIST}"
)
"""A user and a password."""

Place = tuple[str, int, int]


def placed(text: str) -> Iterator[Place]:
    """Give what stands in lists and objects behind names of secrets: what is said before it, where.

    >>> list(placed('{"api_key": ["0123456789"]}'))
    [('"api_key": "', 14, 24)]
    """
    for match in _LISTS.finditer(text):
        if _OF_SECRETS.search(match[1]):
            yield from _each(f'"{match[1]}": "', text, match.span(2))
    for match in _COOKIES.finditer(text):
        yield from _each("Cookie: x=", text, match.span(1))
    for form in (_VALUES, _BEFORE_VALUES):
        yield from (_field(match[1], match.span(2)) for match in _of_secrets(form, 1, text))
    for match in _of_secrets(_BEHIND_VALUES, 2, text):
        yield _field(match[2], match.span(1))
    for match in _of_secrets(_PAIRS, 1, text):
        yield f"{match[1]}=", *match.span(2)
    yield from (("password=", *match.span(1)) for match in _USERS.finditer(text))


class Reference(dict[str, Any]):
    """An object in which no secret is looked for: it says where something else stands."""


def in_one_text(value: Any) -> tuple[str, list[tuple[int, int]]]:
    """Write a value in one text, and say where each of its own texts stands, but for names.

    >>> in_one_text({"a": ["b", 1]})
    ('{"a": ["b", 0]}', [(8, 9)])
    """
    pieces, places, at = list[str](), list[tuple[int, int]](), 0
    for piece, is_text in _written(value):
        pieces.append(piece)
        if is_text:
            places.append((at, at + len(piece)))
        at += len(piece)
    return "".join(pieces), places


def _written(value: Any) -> Iterator[tuple[str, bool]]:
    if isinstance(value, str):
        yield from (('"', False), (written(value), True), ('"', False))
    elif isinstance(value, Mapping) and not isinstance(value, Reference):
        yield "{", False
        for number, (name, inner) in enumerate(value.items()):
            yield f'{", " if number else ""}"{written(str(name))}": ', False
            yield from _written(inner)
        yield "}", False
    elif isinstance(value, list | tuple):
        yield "[", False
        for number, inner in enumerate(value):
            yield ", " if number else "", False
            yield from _written(inner)
        yield "]", False
    else:
        yield "0", False


def _each(said: str, text: str, within: tuple[int, int]) -> Iterator[Place]:
    return ((said, *match.span(1)) for match in _EACH.finditer(text, *within))


def _field(name: str, place: tuple[int, int]) -> Place:
    return f'"{name}": "', *place


def _of_secrets(form: re.Pattern[str], group: int, text: str) -> Iterable[re.Match[str]]:
    return (match for match in form.finditer(text) if _OF_SECRETS.search(match[group]))
