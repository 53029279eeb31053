"""Long texts that a turn holds twice, written once.

What else an event held (``more``) may repeat what was asked and what came of it: the messages of
another tool as they were, for one. There a text is a reference to where the turn has it:
``{"same": [0]}`` is what was asked, ``{"same": [3, "result"]}`` the result of its third event, and
``{"same": [3, "result"], "spelled": "spaced"}`` the JSON text of that, with spaces.

Turns have them as files do; ``Turn.more`` has the texts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from .redaction import Reference

_SHORTEST = 40
"""Characters from which on a text is referred to."""
_SAME = "same"
_SPELLED = "spelled"
_SPELLINGS: dict[str, Callable[[Any], str]] = {
    "spaced": json.dumps,
    "spaced, any characters": partial(json.dumps, ensure_ascii=False),
    "compact": partial(json.dumps, ensure_ascii=False, separators=(",", ":")),
}
"""How JSON is written as a text."""
_VALUES = ("result", "arguments")
"""Fields of events that other tools keep as such a text."""

_Place = tuple[str | int, ...]
Payload = tuple[Any, Any]
"""A value as it came, and as the turn has it: the same but for secrets."""


def referred(more: Mapping[str, Any], payloads: Sequence[Payload]) -> dict[str, Any]:
    """Put references in place of the texts that a turn has anyway.

    Args:
        more: What else its event held, as it came.
        payloads: What was asked, and the payloads of its events in their order.
    """
    wanted: set[str] = set()
    _want(more, wanted)
    places = _places(wanted, payloads)

    def refer(value: Any) -> Any:
        if isinstance(value, str):
            return places.get(value, value)
        return {_SAME: [[value]]} if _is_reference(value) else value

    return _in_each(more, refer)


def resolved(more: Mapping[str, Any], had: Sequence[Any], lost: list[Any]) -> dict[str, Any]:
    """Put the texts themselves in place of references.

    Args:
        more: What else the event of a turn held.
        had: What was asked, and the payloads of its events in their order.
        lost: Gets the places that the turn does not have; an empty text stands for such a one.
    """

    def resolve(value: Any) -> Any:
        return _found(had, value, lost) if _is_reference(value) else value

    return _in_each(more, resolve)


def _is_reference(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get(_SAME), list)


def _in_each(more: Mapping[str, Any], change: Callable[[Any], Any]) -> dict[str, Any]:
    return {name: _mapped(value, change) for name, value in more.items()}


def _mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    """Change what is in a value, however deep that is; what was changed is not looked into."""
    whole = [value]
    left: list[tuple[Any, Any]] = [(whole, 0)]
    while left:
        holder, place = left.pop()
        inner = holder[place]
        holder[place] = changed = change(inner)
        if changed is inner and isinstance(inner, dict | list):
            holder[place] = copied = inner.copy()
            places = [*copied] if isinstance(copied, dict) else range(len(copied))
            left += [(copied, each) for each in reversed(places)]
    return whole[0]


def _want(value: Mapping[str, Any], wanted: set[str]) -> None:
    """Gather the long texts of a value."""

    def gather(inner: Any) -> Any:
        if isinstance(inner, str) and len(inner) >= _SHORTEST:
            wanted.add(inner)
        return inner

    _in_each(value, gather)


def _places(wanted: set[str], payloads: Sequence[Payload]) -> dict[str, Reference]:
    """Where a turn has texts that are wanted: references by the texts."""
    found: dict[str, Reference] = {}
    has_json = any(text[0] in "{[" for text in wanted)
    for number, (came, had) in enumerate(payloads if wanted else ()):
        whole = _spelled(came, wanted) if has_json and number else {}
        for name, (text, spelling) in whole.items():
            found.setdefault(text, Reference({_SAME: [number, name], _SPELLED: spelling}))
        if whole:
            # What is there as a whole is not looked for in pieces.
            came = {name: None if name in whole else value for name, value in came.items()}
        _find(wanted, came, had, (number,), found)
    return found


def _spelled(came: Mapping[str, Any], wanted: set[str]) -> dict[str, tuple[str, str]]:
    """The fields of an event whose JSON is wanted, each with that and how it is spelled."""
    found = {}
    for name in _VALUES:
        if isinstance(value := came.get(name), dict | list):
            texts = ((spell(value), spelling) for spelling, spell in _SPELLINGS.items())
            if one := next((each for each in texts if each[0] in wanted), None):
                found[name] = one
    return found


def _find(
    wanted: set[str], came: Any, had: Any, place: _Place, found: dict[str, Reference]
) -> None:
    if isinstance(came, str):
        if came in wanted and came not in found:
            found[came] = Reference({_SAME: [*place]})
        return
    if isinstance(came, dict):
        inner = zip(had, came.values(), had.values(), strict=False)
    else:
        inner = zip(range(len(came)), came, had, strict=True)
    for name, value, kept in inner:
        if isinstance(value, str | dict | list):
            _find(wanted, value, kept, (*place, name), found)


def _found(had: Sequence[Any], reference: dict[str, Any], lost: list[Any]) -> Any:
    place = reference[_SAME]
    try:
        if isinstance(place[0], list):
            return place[0][0]
        number, *path = place
        value: Any = had[number]
        for name in path:
            value = value[name]
        return _SPELLINGS[reference[_SPELLED]](value) if _SPELLED in reference else value
    except (LookupError, TypeError, ValueError):
        lost.append(place)
        return ""
