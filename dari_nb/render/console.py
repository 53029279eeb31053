"""A timeline for the terminal, through rich."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..models import AssistantMessageItem, TimelineItem, ToolCallItem, UserMessageItem
from ._visible import visible, visible_name
from .head import Head
from .limits import LIMITS, Limits
from .prose import prose_tokens
from .words import (
    cause_text,
    clock_text,
    exit_code_of,
    is_failed,
    outcome_text,
    short_id,
    state_text,
    subject_text,
)
from .written import text

if TYPE_CHECKING:
    from markdown_it.token import Token
    from rich.console import RenderableType
    from rich.markdown import Markdown
    from rich.table import Table
    from rich.text import Text

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
    for last, item in zip([before, *items], items, strict=False):
        if not (isinstance(item, ToolCallItem) and isinstance(last, ToolCallItem)):
            parts.append("")
        parts.extend(_item(item, agent, limits))
    return Constrain(Group(*parts), _WIDEST)


def _head(head: Head) -> Text:
    from rich.text import Text

    line = Text(visible_name(head.title), style="bold")
    if head.version:
        line.append(f"  {visible_name(short_id(head.version))}", "not bold dim")
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
    return _plain(item, limits)


def _who(name: str, item: TimelineItem, style: str) -> Text:
    from rich.text import Text

    return Text.assemble((name, style), (f" {clock_text(item.created_at)}", "dim"))


def _plain(item: TimelineItem, limits: Limits | None) -> list[RenderableType]:
    from rich.text import Text

    written = text([item], limits=limits).rstrip("\n")
    return [Text(written.partition("\n")[2] if isinstance(item, UserMessageItem) else written)]


def _answer(item: AssistantMessageItem, limits: Limits | None) -> list[RenderableType]:
    from rich.text import Text

    if item.status == "failed" or item.error_message:
        cause = visible(item.error_message or "No cause is known.")
        return [Text.assemble(("Turn failed. ", "bold red"), (cause, "red"))]
    if not item.content:
        return [Text(state_text(item.status), style="dim")]
    return [_markdown(text([item], limits=limits).partition("\n")[2].rstrip("\n"))]


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
