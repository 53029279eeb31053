"""The words of a timeline: states, durations, times, and what a call was about."""

from __future__ import annotations

from typing import Any

from ..models import ToolCallItem, parse_time
from ._visible import visible_name
from .values import decoded, one_line

_STATES = {
    "waiting_for_tool": "waiting for a tool",
    "requested": "waiting",
    "completed": "done",
}
_VALUE_WIDTH = 60
_SUMMARY_WIDTH = 120
_OUTCOME_WIDTH = 24


def state_text(state: str) -> str:
    """Say a status of a session, a message or a call in words.

    >>> state_text("waiting_for_tool"), state_text("running")
    ('waiting for a tool', 'running')
    """
    return visible_name(_STATES.get(state, state.replace("_", " ")))


def duration_text(seconds: float | None) -> str:
    """Say a duration; empty when it is unknown or nothing.

    >>> [duration_text(s) for s in (0.04, 0.34, 12.4, 72, 3900, None)]
    ['40 ms', '0.3 s', '12 s', '1 min 12 s', '1 h 5 min', '']
    """
    if seconds is None or seconds < 0.001:
        return ""
    if seconds < 0.1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if minutes else f"{rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def clock_text(created_at: str | None) -> str:
    """Say the time of day in UTC; empty when it is unknown.

    >>> clock_text("2026-03-31T18:40:04.120Z")
    '18:40:04'
    """
    time = parse_time(created_at)
    return time.strftime("%H:%M:%S") if time else ""


def count_text(count: int, noun: str) -> str:
    """Count a noun with a regular plural.

    >>> count_text(1, "call"), count_text(1200, "line")
    ('1 call', '1,200 lines')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def arguments_text(arguments: Any) -> str:
    """Name the arguments that tell calls apart, on one short line.

    >>> arguments_text({"origin": "JFK", "destination": "SEA", "options": {"seats": 2}})
    'JFK · SEA'
    """
    values = decoded(arguments)
    if isinstance(values, dict):
        values = list(values.values())
    parts = [_short(value) for value in (values if isinstance(values, list) else [values])]
    line = " · ".join(part for part in parts if part)
    return _ellipsis(line, _SUMMARY_WIDTH)


def outcome_text(item: ToolCallItem) -> str:
    """Say what came of a call and how long it took, such as ``4 items · 0.3 s``."""
    failed = item.status == "failed" or bool(item.is_error)
    if failed:
        word = "failed"
    elif item.status == "completed":
        word = _result_text(item.result)
    else:
        word = state_text(item.status)
    return " · ".join(part for part in (word, duration_text(item.seconds)) if part)


def cause_text(item: ToolCallItem) -> str:
    """Say why a call failed, on one line; empty when it did not or no cause is known."""
    if item.status != "failed" and not item.is_error:
        return ""
    result = decoded(item.result)
    if isinstance(result, dict):
        result = result.get("message") or result.get("error") or result.get("detail") or result
    return "" if result is None else _ellipsis(visible_name(one_line(result)), 2 * _SUMMARY_WIDTH)


def _result_text(result: Any) -> str:
    value = decoded(result)
    if isinstance(value, list):
        return count_text(len(value), "item")
    if isinstance(value, dict):
        return "done"
    text = "" if value is None else one_line(value)
    if "\n" in text.strip():
        return count_text(text.strip().count("\n") + 1, "line")
    return visible_name(text) if 0 < len(text) <= _OUTCOME_WIDTH else "done"


def _short(value: Any) -> str:
    if value is None or isinstance(value, dict):
        return ""
    if isinstance(value, list):
        flat = value and not any(isinstance(part, dict | list) for part in value)
        return ", ".join(_short(part) for part in value[:4]) if flat else ""
    return _ellipsis(visible_name(one_line(value)[: 4 * _VALUE_WIDTH]), _VALUE_WIDTH)


def _ellipsis(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"
