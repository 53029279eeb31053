"""Long texts that a turn holds twice, written once.

What else an event held (``more``) may repeat what was asked and what came of it: the messages of
another tool as they were, for one. There a text is a reference to where the turn has it:
``{"same": [0]}`` is what was asked, ``{"same": [3, "result"]}`` the result of its third event, and
``{"same": [3, "result"], "spelled": "spaced"}`` the JSON text of that, with spaces.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from .turns import Turn

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
_Text = tuple[str, _Place, dict[str, str]]


def referred(turn: Turn) -> dict[str, Any]:
    """What else the event of a turn held, with references in place of texts it has anyway."""
    if not turn.line.more:
        return turn.line.more
    places: dict[str, dict[str, Any]] = {}
    for text, place, spelled in (*_texts(turn), *_spelled(turn)):
        if len(text) >= _SHORTEST:
            places.setdefault(text, {_SAME: list(place), **spelled})

    def refer(value: Any) -> Any:
        if isinstance(value, str):
            return places.get(value, value)
        return {_SAME: [[value]]} if _is_reference(value) else value

    return dict(_mapped(turn.line.more, refer))


def resolved(turn: Turn) -> dict[str, Any]:
    """The same with the texts themselves; what the turn does not have is an empty one.

    References to such are added to those that the turn has lost.
    """

    def resolve(value: Any) -> Any:
        return _found(turn, value) if _is_reference(value) else value

    return dict(_mapped(turn.line.more, resolve))


def _is_reference(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get(_SAME), list)


def _mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    changed = change(value)
    if changed is not value:
        return changed
    if isinstance(value, dict):
        return {name: _mapped(inner, change) for name, inner in value.items()}
    if isinstance(value, list):
        return [_mapped(inner, change) for inner in value]
    return value


def _texts(turn: Turn) -> Iterator[_Text]:
    if isinstance(turn.line.asked, str):
        yield turn.line.asked, (0,), {}
    else:
        yield from _below(turn.line.asked, (0,))
    for number, event in enumerate(turn.events, 1):
        yield from _below(event.data, (number,))


def _below(value: Any, place: _Place) -> Iterator[_Text]:
    if isinstance(value, str):
        yield value, place, {}
    elif isinstance(value, dict | list):
        entries = value.items() if isinstance(value, dict) else enumerate(value)
        for name, inner in entries:
            yield from _below(inner, (*place, name))


def _spelled(turn: Turn) -> Iterator[_Text]:
    for number, event in enumerate(turn.events, 1):
        for name in _VALUES:
            if isinstance(value := event.data.get(name), dict | list):
                for spelling, spell in _SPELLINGS.items():
                    yield spell(value), (number, name), {_SPELLED: spelling}


def _found(turn: Turn, reference: dict[str, Any]) -> Any:
    place = reference[_SAME]
    try:
        if isinstance(place[0], list):
            return place[0][0]
        number, *path = place
        value: Any = turn.events[number - 1].data if number else turn.line.asked
        for name in path:
            value = value[name]
        return _SPELLINGS[reference[_SPELLED]](value) if _SPELLED in reference else value
    except (LookupError, TypeError, ValueError):
        turn.lost.append(place)
        return ""
