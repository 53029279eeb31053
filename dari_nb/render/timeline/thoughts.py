"""What a model thought: folded, and open only while it is written."""

from __future__ import annotations

from ...models import Content, is_reasoning, reasoning_of
from ..markup.growing import GrowingProse
from ..markup.runs import more_html
from ..plain.limits import Limits, cut
from ..plain.words import count_text

_HIDDEN = "The model's provider keeps it hidden."


def thought_html(
    content: Content, limits: Limits | None, prose: GrowingProse | None = None, *, is_open: bool
) -> str:
    """Render all thoughts of some content as one fold, sanitised; empty when there are none.

    Args:
        content: The blocks of an answer.
        limits: How much is shown.
        prose: The same thoughts as they were before, if they grow.
        is_open: Whether more is to come.
    """
    if not any(map(is_reasoning, content)):
        return ""
    thought, note = cut(reasoning_of(content), limits and limits.data)
    body = (prose or GrowingProse()).html(thought, is_open=is_open) + more_html(note)
    summary = "thinking …" if is_open else thought_text(content)
    return (
        f'<details class="dari-thought"{" open" if is_open else ""}><summary>{summary}</summary>'
        f"<div>{body or more_html(_HIDDEN)}</div></details>"
    )


def thought_size(content: Content) -> str:
    """Count the words of the thoughts in some content; empty where none of them is known.

    >>> thought_size([{"type": "reasoning", "reasoning": "Six times seven."}])
    '3 words'
    """
    count = len(reasoning_of(content).split())
    return count_text(count, "word") if count else ""


def thought_text(content: Content) -> str:
    """Say in a line of plain text that there are thoughts.

    >>> thought_text([{"type": "reasoning", "reasoning": "Six times seven."}])
    'thought · 3 words'
    """
    return " · ".join(filter(None, ("thought", thought_size(content))))


def without_thoughts(content: Content) -> Content:
    """What was said."""
    return [block for block in content if not is_reasoning(block)]
