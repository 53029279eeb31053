"""A whole timeline as HTML: the head, then one article for each turn."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from itertools import groupby

from ..models import TimelineItem
from ._visible import visible_name
from .fragments import item_html
from .head import Head
from .limits import LIMITS, Limits
from .sheet import ROOT
from .words import state_text

_NO_ID = re.compile(r"[^\w.:-]+")


def timeline_html(
    items: Sequence[TimelineItem], head: Head | None = None, *, limits: Limits | None = LIMITS
) -> str:
    """Render items as one ``div.dari``, without the style sheet.

    Args:
        items: Items in display order; neighbours with the same ``message_id`` are one turn.
        head: What to say above them.
        limits: How much is shown of long contents; ``None`` shows everything.
    """
    agent = head.title if head else "Agent"
    turns = "".join(
        _turn(message_id, [item_html(item, agent=agent, limits=limits) for item in turn])
        for message_id, turn in groupby(items, key=lambda item: item.message_id)
    )
    return f"{ROOT}{head_html(head) if head else ''}{turns}</div>"


def head_html(head: Head) -> str:
    """Render the head as one ``div.dari-head``."""
    parts = [f"<strong>{_safe(head.title)}</strong>"]
    if head.llm:
        parts.append(f"<span>{_safe(head.llm)}</span>")
    if head.state:
        state = f'data-state="{escape(visible_name(head.state))}"'
        parts.append(f'<span class="dari-state" {state}>{_safe(state_text(head.state))}</span>')
    if head.facts:
        parts.append(f"<small>{_safe(' · '.join(head.facts))}</small>")
    return f'<div class="dari-head">{" ".join(parts)}</div>'


def _turn(message_id: str | None, fragments: list[str]) -> str:
    anchor = f' id="dari-{_NO_ID.sub("-", message_id)}"' if message_id else ""
    return f'<article class="dari-turn"{anchor}>{"".join(fragments)}</article>'


def _safe(text: str) -> str:
    return escape(visible_name(text), quote=False)
