"""A timeline as Markdown, and as plain text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from ...models import (
    AssistantMessageItem,
    Content,
    TimelineItem,
    ToolCallItem,
    UserMessageItem,
    is_reasoning,
)
from ...models.events import CANCELLED
from ..calls.calls import Part, parts_of
from ..calls.data import blocks_of
from ..calls.words import outcome_text, subject_text
from ..markup.passive import passive
from ..markup.pictures import picture_of
from ..plain.limits import Limits, cut
from ..plain.values import one_line
from ..plain.visible import visible, visible_name
from ..plain.words import clock_text, cut_off_text, said_at, state_text
from .head import Head
from .marks import MarkItem, expected_text
from .silence import with_silence
from .thoughts import thought_text, without_thoughts

_FORMS = {"change": "diff", "command": "console"}
"""Languages of fenced code by the look of a part."""
_TICKS = re.compile("`+")


def markdown(
    items: Sequence[TimelineItem], head: Head | None = None, *, limits: Limits | None = None
) -> str:
    """Write items as Markdown that loads nothing and runs nothing, wherever it is shown.

    Args:
        items: Items in display order.
        head: What to say above them.
        limits: How much to write of long contents; everything by default.
    """
    return "\n\n".join(_Markdown(head, limits).blocks(items)) + "\n"


def text(
    items: Sequence[TimelineItem], head: Head | None = None, *, limits: Limits | None = None
) -> str:
    """Write items as plain text without escape codes; arguments as for :func:`markdown`."""
    return "\n\n".join(_Plain(head, limits).blocks(items)) + "\n"


class _Plain:
    """Plain text; Markdown differs in how it marks names, prose and data."""

    def __init__(self, head: Head | None, limits: Limits | None) -> None:
        self._head = head
        self._agent = visible_name(head.title) if head else "Agent"
        self._prose_cap = limits and limits.prose
        self._data_cap = limits and limits.data

    def blocks(self, items: Sequence[TimelineItem]) -> Iterator[str]:
        if self._head:
            yield self._head_line(self._head)
        for item in with_silence(items, self._head):
            yield self._item(item)

    def who(self, name: str, item: TimelineItem) -> str:
        return f"{self.strong(name)} {clock_text(said_at(item))}".rstrip() + "\n"

    def strong(self, words: str) -> str:
        return words

    def name(self, name: str) -> str:
        return name

    def below(self, line: str) -> str:
        return f"\n{line}"

    def asked(self, block: str) -> str:
        return block

    def prose(self, source: str) -> str:
        return source

    def data(self, source: str, language: str) -> str:
        return "  " + source.replace("\n", "\n  ")

    def _head_line(self, head: Head) -> str:
        version = head.version_text
        rest = (version, head.llm, head.state and state_text(head.state), *head.facts)
        return " · ".join([self.strong(self._agent), *(visible_name(p) for p in rest if p)])

    def _item(self, item: TimelineItem) -> str:
        if isinstance(item, UserMessageItem):
            return self.asked(self.who("You", item) + self._content(item.content))
        if isinstance(item, AssistantMessageItem):
            return self.who(self._agent, item) + self._answer(item)
        if isinstance(item, ToolCallItem):
            return self._call(item)
        if isinstance(item, MarkItem):
            return self.who(item.name, item) + self._prose(item.text) + self._expected(item)
        return f"{self.name(visible_name(item.type or 'unknown'))}\n{self._data(item.to_dict())}"

    def _answer(self, item: AssistantMessageItem) -> str:
        if item.is_cancelled:
            return CANCELLED
        content = self._content(item.content)
        if item.status == "failed" or item.error_message:
            cause = self._prose(item.error_message or "No cause is known.")
            return f"Turn failed. {cause}" + (content and f"\n\n{content}")
        if note := cut_off_text(item):
            return f"{content}\n\n({note})"
        return content or (state_text(item.status) if item.status != "completed" else "(no text)")

    def _call(self, item: ToolCallItem) -> str:
        about = f"{visible_name(item.tool_name or 'tool')} {subject_text(item)}".rstrip()
        line = f"{self.name(about)} · {outcome_text(item)}"
        return "\n".join([line, *map(self._part, parts_of(item))])

    def _expected(self, item: MarkItem) -> str:
        if item.expected is None:
            return ""
        words = visible_name(item.expected)
        return self.below(expected_text(self.name(words) if words else ""))

    def _part(self, part: Part) -> str:
        value = f"$ {part.value}" if part.look == "command" else part.value
        form = _FORMS.get(part.look, part.language)
        data = self._data(value, form)
        return f"{part.label}\n{data}" if part.label else data

    def _content(self, content: Content) -> str:
        thought = [thought_text(content)] if any(map(is_reasoning, content)) else []
        return "\n\n".join([*thought, *map(self._block, without_thoughts(content))])

    def _block(self, block: dict[str, Any]) -> str:
        kind = str(block.get("type", "unknown"))
        if kind == "text":
            return self._prose(str(block.get("text") or "").strip("\n"))
        if kind in ("file", "image") and block.get("file_id"):
            name = block.get("filename") or block["file_id"]
            note = f" ({visible_name(str(block['note']))})" if block.get("note") else ""
            return f"Attached: {self.name(visible_name(str(name)))}{note}"
        return f"{self.name(visible_name(kind))}\n{self._data(block)}"

    def _prose(self, source: str) -> str:
        shown, note = cut(visible(source), self._prose_cap)
        return _noted(self.prose(shown), note)

    def _data(self, value: Any, language: str = "") -> str:
        source = visible("\n".join(_texts(value))).rstrip("\n")
        shown, note = cut(source, self._data_cap)
        return _noted(self.data(shown, language), note)


class _Markdown(_Plain):
    def who(self, name: str, item: TimelineItem) -> str:
        return super().who(name, item) + "\n"

    def strong(self, words: str) -> str:
        return f"**{words}**"

    def below(self, line: str) -> str:
        return f"\n\n{line}"

    def name(self, name: str) -> str:
        ticks = _longer_ticks(name, 1)
        space = " " if "`" in name else ""
        return f"{ticks}{space}{name}{space}{ticks}"

    def asked(self, block: str) -> str:
        return "> " + block.replace("\n", "\n> ")

    def prose(self, source: str) -> str:
        return passive(source)

    def data(self, source: str, language: str) -> str:
        fence = _longer_ticks(source, 3)
        return f"{fence}{language}\n{source}\n{fence}"

    def _item(self, item: TimelineItem) -> str:
        return passive(super()._item(item))

    def _head_line(self, head: Head) -> str:
        return passive(super()._head_line(head))


def _texts(value: Any) -> Iterator[str]:
    """Write a value: texts as they are, pictures by name, everything else as JSON."""
    if picture := picture_of(value):
        yield f"[{picture.kind}, {picture.size:,} bytes]"
    elif blocks := blocks_of(value):
        for block in blocks:
            yield from _texts(block)
    else:
        yield one_line(value)


def _noted(shown: str, note: str) -> str:
    return f"{shown}\n{note}" if note else shown


def _longer_ticks(source: str, least: int) -> str:
    return "`" * max(least, 1 + max(map(len, _TICKS.findall(source)), default=0))
