"""About how high a timeline stands on a page, told from its text alone."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ...models import (
    AssistantMessageItem,
    TimelineItem,
    ToolCallItem,
    UserMessageItem,
    is_reasoning,
)
from ..plain.limits import LIMITS

_TALL = 46  # lines, which are higher than the sheet's box for what is tall
_LINE_CHARS = 125  # more than fit, so that nothing is called tall that is not
_BLOCK_LINES = 16  # of code or a table; what is longer scrolls by itself
_CALL_LINES = 1.1
_BEGINS = re.compile(r"\s*(?:[-*+#>]|\d+[.)])\s")


def is_tall(items: Iterable[TimelineItem]) -> bool:
    """Whether items stand higher than the box in which a page shows a long timeline."""
    lines = 0.0
    for item in items:
        lines += _lines(item)
        if lines > _TALL:
            return True
    return False


def _lines(item: TimelineItem) -> float:
    if isinstance(item, UserMessageItem):
        return min(_content_lines(item), LIMITS.prompt)
    if isinstance(item, AssistantMessageItem):
        return min(_content_lines(item), LIMITS.answer)
    return _CALL_LINES if isinstance(item, ToolCallItem) else 0


def _content_lines(item: UserMessageItem | AssistantMessageItem) -> float:
    folded = _CALL_LINES if any(map(is_reasoning, item.content)) else 0
    texts = [str(b["text"]) for b in item.content if b.get("text")]
    return sum(map(_text_lines, texts)) + folded


def _text_lines(text: str) -> float:
    lines, in_block, fenced, flows = 0.0, 0, False, False
    for line in text.split("\n"):
        is_fence = line.lstrip().startswith(("```", "~~~"))
        fenced ^= is_fence
        in_block = in_block + 1 if fenced or is_fence or line.startswith("|") else 0
        if in_block:
            lines += in_block <= _BLOCK_LINES
        else:
            # What goes on with a paragraph flows together with the line before.
            wide = len(line) / _LINE_CHARS
            lines += wide if flows and not _BEGINS.match(line) else max(wide, bool(line.strip()))
        flows = not in_block and bool(line.strip())
    return lines
