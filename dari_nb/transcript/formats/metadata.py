"""What stands beside the messages of a run: one list of names, for all formats of messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isnan
from typing import Any

from ..said import tokens
from ..times import time_of
from ..turns import RecordedTurn
from .runs import dollars_of, name_of, part_of

TASKS = ("task_id", "instance_id", "sample_id", "custom_id")
"""What tells the task, best first."""
LESSER_TASKS = ("question_id", "id", "task")
"""What may tell it, where its value is short and nothing better is there."""
REPEATS = ("trial", "epoch", "repeat")
SCORES = ("reward", "score", "correct", "passed", "resolved", "success", "accuracy")
_SHORT = 100
_COSTS = ("cost_usd", "total_cost_usd")
_BEGUN = ("started_at", "created_at", "created")
_ENDED = ("ended_at", "finished_at", "completed_at")
NO_UNIT = "A latency beside the messages is metadata, since nothing tells its unit."
"""What is lost of what stands beside messages."""


def run_metadata(
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
        "task": _task(about, is_answer=is_answer),
        "repeat": next((name for name in REPEATS if about.get(name) is not None), None),
        "scores": tuple(name for name in SCORES if _is_number(about.get(name))),
        "usage": {} if is_answer else _used(about, used),
    }


def dated(turns: list[RecordedTurn], about: Mapping[str, Any]) -> list[RecordedTurn]:
    """Give turns the times of the run, where their messages tell none."""
    begun = time_of(about.get("started_at"))
    ended = next(filter(None, map(time_of, map(about.get, _ENDED))), None)
    for first in turns[:1]:
        first.asked_at = first.asked_at or begun
    for last in turns[-1:]:
        last.times[-1:] = [time or ended for time in last.times[-1:]]
    return turns


def _task(about: Mapping[str, Any], *, is_answer: bool) -> str | None:
    """Find what tells the task; the id of an answer is that of nothing else."""
    lesser = [name for name in LESSER_TASKS if not (is_answer and name == "id")]
    known = [name for name in TASKS if about.get(name) is not None]
    return next(iter([*known, *(name for name in lesser if _is_short(about.get(name)))]), None)


def _is_short(value: Any) -> bool:
    if isinstance(value, str):
        return 0 < len(value) <= _SHORT and "\n" not in value
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    """Whether a value is a number, yes or no, or a text that says one."""
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return True
    try:
        return isinstance(value, bool | int | float | str) and not isnan(float(value))
    except (ValueError, OverflowError):
        return False


def _used(about: Mapping[str, Any], used: Callable[[Any], dict[str, int]]) -> dict[str, int]:
    """Read the tokens of the run, in ``usage`` or in entries of their own."""
    places = (part_of(about.get("usage")), about)
    found = (read(place) for place in places for read in (used, _ours))
    return next(filter(None, found), {})


def _ours(usage: Any) -> dict[str, int]:
    names = ("input_tokens", "output_tokens", "cached_input_tokens", "reasoning_tokens")
    return tokens(usage, **{name: name for name in names})
