"""Words for states, numbers, durations, times and costs."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from math import isfinite, isnan

from ...models import (
    TERMINAL,
    AssistantMessageItem,
    TimelineItem,
    parse_time,
    seconds_between,
)
from ...models.events import UNANSWERED
from .visible import visible_name

_STATES = {
    "waiting_for_tool": "waiting for a tool",
    "requested": "waiting",
    "completed": "done",
    "unsent": "not sent",
    UNANSWERED: "no result recorded",
}
_MOST_TOKENS = 10**9  # of one answer; a larger limit is none
_MOST_FIGURE = 1e15  # from here on, and below the least, zeros would be counted
_LEAST_FIGURE = 1e-9


def state_text(state: str) -> str:
    """Say a status of a session, a message or a call in words.

    >>> state_text("waiting_for_tool"), state_text("running")
    ('waiting for a tool', 'running')
    """
    return visible_name(_STATES.get(state, state.replace("_", " ")))


def short_id(identifier: str) -> str:
    """Shorten a long id to what is enough to tell it from others by eye.

    >>> short_id("ver_01J9ZC3T5VX8M2K7QJ4W"), short_id("ver_123")
    ('ver_01J9ZC3T…', 'ver_123')
    """
    return identifier if len(identifier) <= 16 else f"{identifier[:12]}…"


def cost_text(dollars: str | Decimal | None) -> str:
    """Say a cost as the API gives it, to four digits behind the point at most; empty when unknown.

    >>> [cost_text(cost) for cost in ("0.04210", "12", "0.000001", "0", None)]
    ['$0.0421', '$12.00', '<$0.0001', '$0', '']
    """
    try:
        cost = Decimal("" if dollars is None else dollars)
    except InvalidOperation:
        return ""
    if not cost.is_finite() or cost < 0:
        return ""
    if not cost:
        return "$0"
    if cost < Decimal("0.0001"):
        return "<$0.0001"
    text = f"{cost:,.4f}"
    return f"${text[:-2]}{text[-2:].rstrip('0')}"


def figure_text(value: float) -> str:
    """Say a number to three digits that count, and all of them before the point.

    >>> [figure_text(value) for value in (1.0, 0.66667, 1021.4, 0.0000123, 1e18)]
    ['1', '0.667', '1,021', '0.0000123', '1e+18']
    """
    if not isfinite(value):
        return "unknown" if isnan(value) else str(value)
    if abs(value) >= _MOST_FIGURE or 0 < abs(value) < _LEAST_FIGURE:
        return f"{value:.3g}"
    if abs(value) >= 999.5:
        return f"{value:,.0f}"
    return f"{Decimal(f'{value:.3g}'):f}"


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


def said_at(item: TimelineItem) -> str | None:
    """When an item came: of an answer that is when it ended, so one that is written has no time."""
    is_written = isinstance(item, AssistantMessageItem) and item.status not in TERMINAL
    return None if is_written else item.created_at


def since_text(start: str | None, time: str | None) -> str:
    """Say how long after the start of its turn something was; empty when that is unknown.

    >>> since_text("2026-03-31T18:40:04Z", "2026-03-31T18:40:07.200Z")
    '+3.2 s'
    """
    seconds = seconds_between(start, time)
    return f"+{duration_text(seconds) or '0 s'}" if seconds is not None and seconds >= 0 else ""


def cut_off_text(item: AssistantMessageItem) -> str:
    """Say that an answer was cut off, and by what; empty when it was not.

    >>> cut_off_text(AssistantMessageItem(stop_reason="max_tokens", max_tokens=512))
    "cut off at 512 tokens: the LLM's max_tokens sets it"
    """
    if not item.is_cut_off:
        return ""
    if type(item.max_tokens) is int and 0 < item.max_tokens < _MOST_TOKENS:
        return f"cut off at {count_text(item.max_tokens, 'token')}: the LLM's max_tokens sets it"
    return "cut off: the LLM had no room for more tokens"


def count_text(count: int, noun: str) -> str:
    """Count a noun with a regular plural.

    >>> count_text(1, "call"), count_text(1200, "line")
    ('1 call', '1,200 lines')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
