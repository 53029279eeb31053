"""Timeline items one after another, and answers while they are written."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from ...models import AssistantMessageItem, Content, TimelineItem, is_reasoning
from ..markup.growing import GrowingProse
from ..markup.runs import more_html
from ..markup.sanitize import sanitize
from ..plain.limits import LIMITS, cut
from ..plain.words import cut_off_text
from .fragments import PENDING, answer_header, item_html
from .thoughts import thought_html, without_thoughts

_UNFOLDED = LIMITS._replace(answer=sys.maxsize)


class GrowingItems:
    """Renders the items of a view as :func:`item_html` does, and answers while they are written.

    An answer that goes on has its status in ``data-state``. What is finished of it is rendered
    once, also for the whole answer that takes its place. Answers have no fold here, so that nothing
    that was seen coming is out of sight in the end.

    >>> items = GrowingItems()
    >>> draft = [{"type": "text", "text": "A *b"}]
    >>> html = items.html(AssistantMessageItem(status="running", content=draft), agent="tour")
    >>> html.partition("</header>")[2]
    '<p>A <em>b</em></p></div>'
    """

    def __init__(self) -> None:
        self._growing: dict[str, _Growing] = {}

    def html(self, item: TimelineItem, *, agent: str = "Agent") -> str:
        """Render one item; see :func:`item_html`."""
        if not isinstance(item, AssistantMessageItem):
            return item_html(item, agent=agent)
        if not _is_prose(item):
            return item_html(item, agent=agent, limits=_UNFOLDED)
        turn = item.message_id or ""
        if item.status in PENDING:
            growing = self._growing.setdefault(turn, _Growing())
            html = _answer_html(item, agent, growing, is_open=True)
            return html or item_html(replace(item, content=[]), agent=agent)
        return _answer_html(item, agent, self._growing.pop(turn, _Growing()), is_open=False)


@dataclass
class _Growing:
    """What is finished of an answer, and of what was thought before it."""

    prose: GrowingProse = field(default_factory=GrowingProse)
    _thought: GrowingProse = field(default_factory=GrowingProse)
    _of: tuple[list[Any], bool] | None = None
    _html: str = ""

    def thought_html(self, content: Content, *, is_open: bool) -> str:
        """Render the thoughts, once as long as they are the same."""
        of = ([block.get("reasoning") for block in content if is_reasoning(block)], is_open)
        if of != self._of:
            self._html = thought_html(content, LIMITS, self._thought, is_open=is_open)
            self._of = of
        return self._html


def _answer_html(
    item: AssistantMessageItem, agent: str, growing: _Growing, *, is_open: bool
) -> str:
    """Render an answer; empty when nothing of it can be shown yet."""
    text, note = cut(item.text, LIMITS.prose)
    thinks = is_open and not text
    body = growing.thought_html(item.content, is_open=thinks)
    body += growing.prose.html(text, is_open=is_open)
    if is_open and not body:
        return ""
    state = f' data-state="{item.status}"' if is_open else ""
    head = sanitize(f'<div class="dari-answer"{state}>{answer_header(item, agent)}</div>')
    notes = f"{more_html(note)}{more_html(cut_off_text(item))}"
    return f"{head.removesuffix('</div>')}{body}{notes}</div>"


def _is_prose(item: AssistantMessageItem) -> bool:
    kinds = [block.get("type") for block in without_thoughts(item.content)]
    is_said = bool(item.content) and kinds in (["text"], [])
    return is_said and item.status != "failed" and not item.error_message
