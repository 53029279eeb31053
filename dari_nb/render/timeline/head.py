"""The one line above a timeline: who, with what, in which state, and the figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby, takewhile

from ...models import TERMINAL, AssistantMessageItem, TimelineItem, ToolCallItem, seconds_between
from ...models.events import CANCELLED
from ..plain.words import cost_text, count_text, duration_text, short_id

_TOKENS = {"input_tokens": "in", "output_tokens": "out", "reasoning_tokens": "thought"}


@dataclass(frozen=True)
class Head:
    """What stands above a timeline.

    Attributes:
        title: The agent's name.
        llm: The ``llm_id`` option it runs with, if one was chosen.
        state: A status word of the API, or ``cancelled``, ``reconnecting``; empty shows none.
        facts: Short figures for the far end, such as ``3 turns`` and ``48 s``.
        version: Id of the agent's version, if known; a long one is shown short.
        number: The version's number among those of its agent, from 1; shown in place of its id.

    >>> from dari_nb.render import Head
    >>> Head("tour", state="completed", facts=("3 turns",)).title
    'tour'
    """

    title: str
    llm: str | None = None
    state: str = ""
    facts: Sequence[str] = ()
    version: str | None = None
    number: int | None = None

    @property
    def version_text(self) -> str:
        """What is shown of the version; empty when none is known."""
        return f"v{self.number}" if self.number else short_id(self.version or "")


def head_of(
    items: Sequence[TimelineItem],
    title: str,
    llm: str | None = None,
    state: str | None = None,
    *,
    version: str | None = None,
    cost: str | Decimal | None = None,
    tokens: Mapping[str, int] | None = None,
    place: str = "",
    number: int | None = None,
    seconds: float | None = None,
) -> Head:
    """Make the head of some items: their state, and turns, calls and seconds of work as facts.

    Args:
        items: Items in display order.
        title: The agent's name.
        llm: The ``llm_id`` option, if known.
        state: A status word; by default that of the last message.
        version: Id of the agent's version, if known.
        cost: US dollars, if known, as the API gives them.
        tokens: The tokens, if known, by the names that a turn's ``usage`` has.
        number: The version's number, if known.
        place: What is told in place of the count of turns: which one it is.
        seconds: How long was worked on them, if known; by default as the items tell, which do not
            tell how long a message waited in a queue.
    """
    turns = [list(group) for _, group in groupby(items, key=lambda item: item.message_id)]
    calls = sum(isinstance(item, ToolCallItem) for item in items)
    last = _last_answer(items)
    if seconds is None:
        seconds = sum(_seconds(turn) for turn in turns)
    facts = (
        "cut off" if last is not None and last.is_cut_off else "",
        place or (count_text(len(turns), "turn") if turns else ""),
        count_text(calls, "call") if calls else "",
        duration_text(seconds),
        tokens_text(tokens or {}),
        cost_text(cost),
    )
    return Head(
        title=title,
        llm=llm,
        state=_last_state(items, last) if state is None else state,
        facts=tuple(fact for fact in facts if fact),
        version=version,
        number=number,
    )


def tokens_text(tokens: Mapping[str, int]) -> str:
    """Say how many tokens were read, written and thought; empty when nothing is known.

    >>> tokens_text({"input_tokens": 1204, "output_tokens": 88, "reasoning_tokens": 64})
    '1,204 tokens in · 88 out · 64 thought'
    """
    told = [(tokens[name], word) for name, word in _TOKENS.items() if name in tokens]
    # What is counted is said once, in front.
    texts = [f"{count_text(n, 'token')} {word}" for n, word in told[:1]]
    return " · ".join([*texts, *(f"{n:,} {word}" for n, word in told[1:])])


def _seconds(turn: list[TimelineItem]) -> float:
    """How long a turn took; nothing yet for one that has not ended."""
    last = turn[-1]
    if isinstance(last, AssistantMessageItem) and last.status not in TERMINAL:
        return 0.0
    end = (isinstance(last, ToolCallItem) and last.completed_at) or last.created_at
    return max(seconds_between(turn[0].created_at, end) or 0.0, 0.0)


def _last_answer(items: Sequence[TimelineItem]) -> AssistantMessageItem | None:
    """The answer of the last turn, or the place for it; none where that ended without one."""
    last = takewhile(lambda item: item.message_id == items[-1].message_id, reversed(items))
    return next((item for item in last if isinstance(item, AssistantMessageItem)), None)


def _last_state(items: Sequence[TimelineItem], last: AssistantMessageItem | None) -> str:
    """The state of the last turn: one without a place for an answer ended without a text."""
    if last is None:
        return "completed" if items else ""
    return CANCELLED if last.is_cancelled else last.status
