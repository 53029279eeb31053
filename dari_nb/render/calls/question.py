"""A call that somebody is to decide about: what it would do, all of it to be seen."""

from __future__ import annotations

from ...models import ToolCallItem
from ..markup.sanitize import sanitize
from ..plain.limits import LIMITS
from ..plain.values import decoded, laid_out
from ..plain.visible import visible, visible_name
from .calls import parts_of
from .data import part_html

_MOST_LINES = 40
_MOST_CHARS = 4_000


def arguments_html(item: ToolCallItem) -> str:
    """Render what a call was given, opened, sanitised.

    >>> print(arguments_html(ToolCallItem(tool_name="f")))
    <p>It takes no arguments.</p>
    """
    body = "".join(part_html(part, LIMITS) for part in parts_of(item))
    return sanitize(f"<dl>{body}</dl>" if body else "<p>It takes no arguments.</p>")


def arguments_text(item: ToolCallItem) -> str:
    r"""Write what a call was given for an input prompt, without control characters, capped.

    >>> arguments_text(ToolCallItem(tool_name="add", arguments={"a": 1}))
    'add wants to run with\n  {"a": 1}'
    """
    name = visible_name(item.tool_name)
    if item.arguments in (None, {}, ""):
        return f"{name} wants to run"
    text = visible(laid_out(decoded(item.arguments)))
    lines = text[:_MOST_CHARS].split("\n")
    shown = [f"  {line}" for line in lines[:_MOST_LINES]]
    if len(text) > _MOST_CHARS or len(lines) > _MOST_LINES:
        shown.append("  … more is left out here; refuse what you cannot see")
    return "\n".join([f"{name} wants to run with", *shown])
