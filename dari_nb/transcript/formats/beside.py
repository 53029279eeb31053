"""What stands beside the messages of a run: one list of names, for all formats of messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..said import tokens
from ..told_times import time_of
from .runs import dollars_of, name_of, part_of

_COSTS = ("cost_usd", "total_cost_usd")
_BEGUN = ("started_at", "created_at", "created")


def told_beside(
    about: Mapping[str, Any], used: Callable[[Any], dict[str, int]], *, is_answer: bool = False
) -> dict[str, Any]:
    """Read what an object with messages tells of its run, as arguments of :class:`Run`.

    Args:
        about: The object.
        used: Reads the tokens of the format.
        is_answer: Whether it is an answer of an API, whose tokens are its own.
    """
    return {
        "model": name_of(about.get("model")),
        "cost": dollars_of(*map(about.get, _COSTS), part_of(about.get("usage")).get("cost")),
        "created_at": next(filter(None, map(time_of, map(about.get, _BEGUN))), None),
        "usage": {} if is_answer else _used(about, used),
    }


def _used(about: Mapping[str, Any], used: Callable[[Any], dict[str, int]]) -> dict[str, int]:
    """Read the tokens of the run, in ``usage`` or in entries of their own."""
    places = (part_of(about.get("usage")), about)
    found = (read(place) for place in places for read in (used, _ours))
    return next(filter(None, found), {})


def _ours(told: Any) -> dict[str, int]:
    names = ("input_tokens", "output_tokens", "cached_input_tokens", "reasoning_tokens")
    return tokens(told, **{name: name for name in names})
