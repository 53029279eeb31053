"""A whole timeline as HTML: the head, then one article for each turn."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby

from ...models import AssistantMessageItem, TimelineItem, ToolCallItem, UserMessageItem
from ..calls.words import is_failed, work_text
from ..page.sheet import ROOT
from ..plain.limits import LIMITS, Limits
from ..plain.visible import visible_name
from ..plain.words import count_text, since_text, state_text
from .extent import is_tall
from .fragments import item_html, time_html
from .head import Head
from .marks import MarkItem
from .silence import with_silence

_NO_ID = re.compile(r"[^\w.:-]+")
_NOUNS: dict[type, str] = {
    UserMessageItem: "message",
    AssistantMessageItem: "answer",
    ToolCallItem: "call",
}
_MANY = 4  # calls that follow each other and are worth a fold


def timeline_html(
    items: Sequence[TimelineItem], head: Head | None = None, *, limits: Limits | None = LIMITS
) -> str:
    """Render items as one ``div.dari``, without the style sheet.

    Args:
        items: Items in display order; neighbours with the same ``message_id`` are one turn.
        head: What to say above them.
        limits: How much is shown of long contents; ``None`` shows everything.
    """
    items = with_silence(items, head)
    turns = turns_html(items, head.title if head else "Agent", limits)
    return framed_html(turns, items, head)


def turns_html(items: Sequence[TimelineItem], agent: str, limits: Limits | None) -> str:
    """Render items as one ``article`` for each turn."""
    return "".join(
        _turn(message_id, list(turn), agent, limits)
        for message_id, turn in groupby(items, key=lambda item: item.message_id)
    )


def framed_html(turns: str, items: Sequence[TimelineItem], head: Head | None) -> str:
    """Put rendered turns below their head, and what is tall into a box that scrolls."""
    body = f'<div class="dari-tall">{turns}</div>{_whole(items)}' if is_tall(items) else turns
    return f"{ROOT}{head_html(head) if head else ''}{body}</div>"


def head_html(head: Head) -> str:
    """Render the head as one ``div.dari-head``."""
    parts = [f"<strong>{_safe(head.title)}</strong>"]
    if head.version:
        parts.append(f'<span title="{_safe(head.version)}">{_safe(head.version_text)}</span>')
    if head.llm:
        parts.append(f"<span>{_safe(head.llm)}</span>")
    if head.state:
        state = f'data-state="{escape(visible_name(head.state))}"'
        parts.append(f'<span class="dari-state" {state}>{_safe(state_text(head.state))}</span>')
    if head.facts:
        parts.append(f"<small>{_safe(' · '.join(head.facts))}</small>")
    return f'<div class="dari-head">{" ".join(parts)}</div>'


def _whole(items: Sequence[TimelineItem]) -> str:
    """The way to all of what scrolls in a box; where no sheet makes one, all is there already."""
    kinds: Counter[type] = Counter(map(type, items))
    counts = [count_text(kinds[kind], noun) for kind, noun in _NOUNS.items() if kinds[kind]]
    return (
        f'<details class="dari-whole"><summary>show all: {", ".join(counts)}</summary>'
        "<p>All of it stands above.</p></details>"
    )


def _turn(
    message_id: str | None, items: Sequence[TimelineItem], agent: str, limits: Limits | None
) -> str:
    anchor = f"dari-{_NO_ID.sub('-', message_id)}" if message_id else ""
    start = next((item.created_at for item in items if item.created_at), None)

    def body(items: Sequence[TimelineItem]) -> str:
        return "".join(
            _work(
                [item_html(item, agent=agent, limits=limits, start=start) for item in run],
                *(run, start),
            )
            for run in _runs(items)
        )

    if not anchor:
        return f'<article class="dari-turn">{body(items)}</article>'
    link = f'<a href="#{anchor}" title="Link to this turn">#</a>'
    # It stands where the turn begins: behind the marks in front of that.
    first = next((at for at, item in enumerate(items) if not isinstance(item, MarkItem)), 0)
    inside = f"{body(items[:first])}{link}{body(items[first:])}"
    return f'<article class="dari-turn" id="{anchor}">{inside}</article>'


def _runs(items: Iterable[TimelineItem]) -> Iterable[list[TimelineItem]]:
    """Part items so that calls that follow each other are together."""
    return (list(group) for _, group in groupby(items, lambda i: isinstance(i, ToolCallItem)))


def _work(fragments: Sequence[str], items: Sequence[TimelineItem], start: str | None) -> str:
    """Fold many calls in a row; open as long as one of them is."""
    calls = [item for item in items if isinstance(item, ToolCallItem)]
    html = "".join(fragments)
    if len(calls) < _MANY:
        return html
    is_open = any(call.status in ("requested", "running") for call in calls)
    look = ' class="r"' if any(map(is_failed, calls)) else ""
    names = ", ".join(dict.fromkeys(call.tool_name or "tool" for call in calls))
    since = time_html(calls[0], since_text(start, calls[0].created_at))
    return (
        f'<details class="dari-work"{" open" if is_open else ""}><summary>'
        f"<code>{count_text(len(calls), 'call')}</code> <span>{_safe(names)}</span> "
        f"<small{look}>{work_text(calls)}</small>{since}</summary>{html}</details>"
    )


def _safe(text: str) -> str:
    return escape(visible_name(text))
