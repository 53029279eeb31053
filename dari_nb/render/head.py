"""The one line above a timeline: who, with what, in which state, and the figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from ..models import (
    TERMINAL,
    AssistantMessageItem,
    TimelineItem,
    ToolCallItem,
    seconds_between,
)
from .words import cost_text, count_text, duration_text


@dataclass(frozen=True)
class Head:
    """What stands above a timeline.

    Attributes:
        title: The agent's name.
        llm: The ``llm_id`` option it runs with, if one was chosen.
        state: A status word of the API, or ``stopped``, ``reconnecting``; empty shows none.
        facts: Short figures for the far end, such as ``3 turns`` and ``48 s``.
        version: Id of the agent's version, if known; a long one is shown short.
    """

    title: str
    llm: str | None = None
    state: str = ""
    facts: Sequence[str] = ()
    version: str | None = None


def head_of(
    items: Sequence[TimelineItem],
    title: str,
    llm: str | None = None,
    state: str | None = None,
    *,
    version: str | None = None,
    cost: str | Decimal | None = None,
) -> Head:
    """Make the head of some items: their state, and turns, calls and seconds of work as facts.

    Args:
        items: Items in display order.
        title: The agent's name.
        llm: The ``llm_id`` option, if known.
        state: A status word; by default that of the last message.
        version: Id of the agent's version, if known.
        cost: US dollars, if known, as the API gives them.
    """
    turns = [list(group) for _, group in groupby(items, key=lambda item: item.message_id)]
    calls = sum(isinstance(item, ToolCallItem) for item in items)
    facts = (
        count_text(len(turns), "turn") if turns else "",
        count_text(calls, "call") if calls else "",
        duration_text(sum(_seconds(turn) for turn in turns)),
        cost_text(cost),
    )
    return Head(
        title=title,
        llm=llm,
        state=_last_state(items) if state is None else state,
        facts=tuple(fact for fact in facts if fact),
        version=version,
    )


def _seconds(turn: list[TimelineItem]) -> float:
    """How long a turn took; nothing yet for one that has not ended."""
    last = turn[-1]
    if isinstance(last, AssistantMessageItem) and last.status not in TERMINAL:
        return 0.0
    end = (isinstance(last, ToolCallItem) and last.completed_at) or last.created_at
    return max(seconds_between(turn[0].created_at, end) or 0.0, 0.0)


def _last_state(items: Sequence[TimelineItem]) -> str:
    states = (item.status for item in reversed(items) if isinstance(item, AssistantMessageItem))
    return next(states, "")
