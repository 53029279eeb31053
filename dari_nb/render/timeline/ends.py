"""The static output of a long timeline: its two ends, and words for what is left out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from ...models import TimelineItem, ToolCallItem, reasoning_of, text_of
from ..page.sheet import style
from ..plain.limits import LIMITS
from ..plain.words import count_text
from .head import Head
from .marks import MarkItem
from .silence import with_silence
from .static import BRIEF, static_timeline
from .timeline import framed_html, turns_html
from .written import markdown, text

MOST_CHARS = 2_000_000
"""Characters that items may say before some are left out: some 3,000 turns of usual length."""

_MARKUP = 300  # characters around what an item says


def ends(
    items: Sequence[TimelineItem], head: Head, *, most_chars: int = MOST_CHARS
) -> dict[str, str]:
    """Render a timeline as static output; of a very long one its beginning and its end.

    Args:
        items: Items in display order.
        head: What to say above them.
        most_chars: How much the items may say before some are left out.
    """
    items = with_silence(items, head)
    first, last = _fitting(items, most_chars)
    if first == last:
        return static_timeline(items, head)
    begin, note, end = items[:first], _left_out(items[first:last]), items[last:]
    turns = [turns_html(part, head.title, LIMITS) for part in (begin, end)]
    said = f'<p class="dari-more">{note}</p>'
    html = framed_html(f"{turns[0]}{said}{turns[1]}", [*begin, *end], head)
    forms = {"text/html": style(html) + html}
    for kind, write in (("text/markdown", markdown), ("text/plain", text)):
        before, after = (write(part, head, limits=BRIEF) for part in (begin, end))
        # The second part needs no head of its own.
        forms[kind] = f"{before}\n{note}\n\n{_headless(after)}"
    return forms


def _fitting(items: Sequence[TimelineItem], most_chars: int) -> tuple[int, int]:
    """The places between which items are left out, at the bounds of turns; equal when none is."""
    turns = [list(group) for _, group in groupby(items, key=lambda item: item.message_id)]
    sizes = [sum(map(_size, turn)) for turn in turns]
    if sum(sizes) <= most_chars:
        return 0, 0
    first, last = _count(sizes, most_chars // 2), len(sizes) - _count(sizes[::-1], most_chars // 2)
    counts = [len(turn) for turn in turns]
    return sum(counts[:first]), sum(counts[: max(first, last)])


def _count(sizes: Sequence[int], most: int) -> int:
    """How many fit, and at least one."""
    count, used = 1, sizes[0]
    while count < len(sizes) and used + sizes[count] <= most:
        used += sizes[count]
        count += 1
    return count


def _size(item: TimelineItem) -> int:
    if isinstance(item, MarkItem):
        return len(item.text) + len(item.expected or "") + _MARKUP
    content = getattr(item, "content", None) or ()
    size = len(text_of(content)) + min(len(reasoning_of(content)), LIMITS.data.chars)
    if isinstance(item, ToolCallItem):
        kept = LIMITS.data.chars
        size += sum(min(len(str(data)), kept) for data in (item.arguments, item.result))
    return size + _MARKUP


def _left_out(items: Sequence[TimelineItem]) -> str:
    turns = count_text(sum(1 for _ in groupby(items, key=lambda item: item.message_id)), "turn")
    return (
        f"… {turns} ({count_text(len(items), 'item')}) left out here: only the live view has them"
    )


def _headless(written: str) -> str:
    return written.partition("\n\n")[2]
