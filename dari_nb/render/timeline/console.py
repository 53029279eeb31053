"""A timeline for the terminal, through rich."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from ...models import (
    AssistantMessageItem,
    TimelineItem,
    ToolCallItem,
    UserMessageItem,
    is_reasoning,
)
from ...models.events import CANCELLED
from ..calls.words import cause_text, exit_code_of, is_failed, outcome_text, subject_text
from ..markup.prose import prose_tokens
from ..plain.limits import LIMITS, Limits
from ..plain.visible import visible, visible_name
from ..plain.words import clock_text, cut_off_text, said_at, state_text
from .head import Head
from .marks import MarkItem, expected_text
from .silence import with_silence
from .thoughts import thought_size, without_thoughts
from .written import text

if TYPE_CHECKING:
    from markdown_it.token import Token
    from rich.console import RenderableType
    from rich.markdown import Markdown
    from rich.table import Table
    from rich.text import Text

_BEGINS = 200  # characters of a thought that a line may show
_WIDEST = 100  # columns; longer lines are hard to read
_FORMULAS = {
    "math_inline": ("$", "$"),
    "math_inline_double": ("$$", "$$"),
    "math_block": ("", ""),
}
_CALL_STYLES = {"requested": "yellow", "running": "blue"}
_STATE_STYLES = {"completed": "green", "failed": "red", "waiting_for_tool": "yellow"}


def terminal(
    items: Sequence[TimelineItem],
    head: Head | None = None,
    *,
    limits: Limits | None = LIMITS,
    agent: str | None = None,
    before: TimelineItem | None = None,
) -> RenderableType:
    """Lay items out for a terminal: prompts and answers in full, each call on one line.

    Args:
        items: Items in display order.
        head: What to say above them.
        limits: How much to show of long contents; ``None`` shows everything.
        agent: The agent's name; the head's title by default.
        before: The item that was printed just before, when items are printed as they come.

    Returns:
        Something that rich's console prints. Colours are rich's own; escape sequences in what
        users, agents and tools wrote are made visible.
    """
    from rich.console import Group
    from rich.constrain import Constrain

    agent = visible_name(agent or (head.title if head else "Agent"))
    parts: list[RenderableType] = [_head(head)] if head else []
    items = with_silence(items, head)
    for last, item in zip([before, *items], items, strict=False):
        if not (isinstance(item, ToolCallItem) and isinstance(last, ToolCallItem)):
            parts.append("")
        parts.extend(_item(item, agent, limits))
    return Constrain(Group(*parts), _WIDEST)


def _head(head: Head) -> Text:
    from rich.text import Text

    line = Text(visible_name(head.title), style="bold")
    if head.version:
        line.append(f"  {visible_name(head.version_text)}", "not bold dim")
    if head.llm:
        line.append(f"  {visible_name(head.llm)}", "not bold dim")
    if head.state:
        style = _STATE_STYLES.get(head.state, "blue")
        line.append(f"  ● {state_text(head.state)}", f"not bold {style}")
    if head.facts:
        line.append(f"  {visible_name(' · '.join(head.facts))}", "not bold dim")
    return line


def _row(left: Text, right: Text) -> Table:
    """Put figures at the far end, where they stand in one column from line to line."""
    from rich.table import Table

    row = Table.grid(padding=(0, 2, 0, 0), expand=True)
    row.add_column(ratio=1)
    row.add_column(justify="right", no_wrap=True)
    row.add_row(left, right)
    return row


def _item(item: TimelineItem, agent: str, limits: Limits | None) -> list[RenderableType]:
    if isinstance(item, ToolCallItem):
        return _call(item)
    if isinstance(item, UserMessageItem):
        return [_who("You", item, "bold cyan"), *_plain(item, limits)]
    if isinstance(item, AssistantMessageItem):
        return [_who(agent, item, "bold"), *_answer(item, limits)]
    if isinstance(item, MarkItem):
        return _mark(item)
    return _plain(item, limits)


def _who(name: str, item: TimelineItem, style: str) -> Text:
    from rich.text import Text

    return Text.assemble((name, style), (f" {clock_text(said_at(item))}".rstrip(), "dim"))


def _plain(item: TimelineItem, limits: Limits | None) -> list[RenderableType]:
    from rich.text import Text

    written = text([item], limits=limits).rstrip("\n")
    return [Text(written.partition("\n")[2] if isinstance(item, UserMessageItem) else written)]


def _answer(item: AssistantMessageItem, limits: Limits | None) -> list[RenderableType]:
    from rich.text import Text

    if item.is_cancelled:
        return [Text(CANCELLED, style="dim")]
    if item.status == "failed" or item.error_message:
        cause = visible(item.error_message or "No cause is known.")
        return [Text.assemble(("Turn failed. ", "bold red"), (cause, "red"))]
    thought = _thought(item)
    said_blocks = without_thoughts(item.content)
    if thought and not said_blocks:
        return thought
    if not item.content:
        said = "(no text)" if item.status == "completed" else state_text(item.status)
        return [Text(said, style="dim")]
    whole = msgspec.structs.replace(item, stop_reason=msgspec.UNSET, content=said_blocks)
    answer = _markdown(text([whole], limits=limits).partition("\n")[2].rstrip("\n"))
    note = cut_off_text(item)
    return [*thought, answer, *([Text(f"({note})", style="dim")] if note else [])]


def _mark(item: MarkItem) -> list[RenderableType]:
    from rich.text import Text

    rest = "" if item.expected is None else expected_text(visible(item.expected))
    beside = [Text(rest, style="dim")] if rest else []
    return [_who(item.name, item, "bold yellow"), _markdown(visible(item.text)), *beside]


def _thought(item: AssistantMessageItem) -> list[RenderableType]:
    """Lay out what was thought as one dim line: how it begins, and how long it is."""
    from rich.text import Text

    if not any(map(is_reasoning, item.content)):
        return []
    begins = visible_name(item.reasoning[:_BEGINS].strip())
    line = Text(f"\u203a thought {begins}".rstrip(), style="dim", no_wrap=True, overflow="ellipsis")
    return [_row(line, Text(thought_size(item.content), style="dim"))]


def _call(item: ToolCallItem) -> list[RenderableType]:
    from rich.text import Text

    failed = is_failed(item)
    line = Text("\u203a ", style="dim", no_wrap=True, overflow="ellipsis")
    line.append(visible_name(item.tool_name or "tool"), "not dim red" if failed else "not dim")
    line.append(f" {subject_text(item)}")
    look = "red" if failed or exit_code_of(item) else _CALL_STYLES.get(item.status, "dim")
    end = Text(outcome_text(item), look)
    cause = cause_text(item)
    return [_row(line, end), *([Text(f"  {cause}", style="red")] if cause else [])]


def _markdown(source: str) -> Markdown:
    from rich.markdown import Markdown

    shown = Markdown("", code_theme="ansi_dark", hyperlinks=False)
    # rich's own parser drops raw HTML, and with it text.
    shown.parsed = prose_tokens(source)
    for token in shown.parsed:
        _fit(token)
    return shown


def _fit(token: Token) -> None:
    """Turn what rich has no form for into text, and make entities visible that were decoded."""
    if token.type in _FORMULAS:
        before, after = _FORMULAS[token.type]
        token.content = f"{before}{token.content}{after}"
        token.type = "fence" if token.type == "math_block" else "text"
    elif token.type == "image":
        token.type, token.content = "text", f"image: {token.content} ({token.attrGet('src')})"
        token.children = None
    token.content = visible(token.content)
    if token.children:
        # The address of a bare link is its text already.
        token.children = [child for child in token.children if child.info != "auto"]
        for child in token.children:
            _fit(child)
