"""One timeline item to one sanitised HTML element."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

from ..models import (
    AssistantMessageItem,
    TimelineItem,
    ToolCallItem,
    UserMessageItem,
    parse_time,
)
from ._visible import visible, visible_name
from .data import data_html, more_html
from .limits import LIMITS, Limits, cut
from .prose import prose_html
from .sanitize import sanitize
from .words import arguments_text, cause_text, clock_text, outcome_text

_PENDING = {
    "queued": "queued …",
    "running": "working …",
    "waiting_for_tool": "waiting for a tool …",
}


def item_html(item: TimelineItem, *, agent: str = "Agent", limits: Limits | None = LIMITS) -> str:
    """Render one item as exactly one root element, sanitised.

    Args:
        item: A user message, an assistant message, a tool call, or an item of an unknown type.
        agent: The name that stands before an answer where no style sheet hides it.
        limits: How much is shown of long contents; ``None`` shows everything.

    Returns:
        ``blockquote.dari-user``, ``div.dari-answer``, ``div.dari-error``, ``div.dari-pending``
        (a message that has not ended yet) or ``details.dari-call``, the last three with the
        status in ``data-state`` where there is one.

    >>> print(item_html(UserMessageItem(content=[{"type": "text", "text": "*Hi*"}])))
    <blockquote class="dari-user"><header>You</header><p><em>Hi</em></p></blockquote>
    """
    if isinstance(item, UserMessageItem):
        html = _user(item, limits)
    elif isinstance(item, AssistantMessageItem):
        html = _assistant(item, agent, limits)
    elif isinstance(item, ToolCallItem):
        html = _call(item, limits)
    else:
        html = _unknown(item.type or "unknown", item.to_dict(), limits)
    return sanitize(html)


def _user(item: UserMessageItem, limits: Limits | None) -> str:
    body = _content(item.content, limits, line_breaks=True)
    return f'<blockquote class="dari-user"><header>You{_time(item)}</header>{body}</blockquote>'


def _assistant(item: AssistantMessageItem, agent: str, limits: Limits | None) -> str:
    who, clock = _name(agent), clock_text(item.created_at)
    state = f' data-state="{escape(visible_name(item.status))}"'
    if item.status == "failed" or item.error_message:
        return f'<div class="dari-error"{state}>{_failure(item, limits)}</div>'
    if not item.content and item.status in _PENDING:
        return f'<div class="dari-pending"{state}>{who} {_PENDING[item.status]}</div>'
    body = _content(item.content, limits) or '<p class="dari-more">(no text)</p>'
    return f'<div class="dari-answer"><header>{who} {clock}</header>{body}</div>'


def _failure(item: AssistantMessageItem, limits: Limits | None) -> str:
    cause, note = cut(visible(item.error_message or "No cause is known."), limits and limits.data)
    lines = escape(cause, quote=False).replace("\n", "<br>")
    return f"<strong>Turn failed.</strong> {lines}{more_html(note)}{_content(item.content, limits)}"


def _call(item: ToolCallItem, limits: Limits | None) -> str:
    failed = item.status == "failed" or bool(item.is_error)
    parts = [
        f"<code>{_name(item.tool_name or 'tool')}</code>",
        _tag("span", arguments_text(item.arguments)),
        _tag("small", outcome_text(item)),
        _tag("strong", cause_text(item)),
    ]
    cap = limits and limits.data
    rows = [("Arguments", item.arguments), ("Error" if failed else "Result", item.result)]
    body = "".join(
        f"<dt>{label}</dt><dd>{data_html(value, cap)}</dd>"
        for label, value in rows
        if value not in (None, {}, "")
    )
    return _details("failed" if failed else item.status, " ".join(filter(None, parts)), body)


def _unknown(kind: str, data: dict[str, Any], limits: Limits | None) -> str:
    body = f"<dd>{data_html(data, limits and limits.data)}</dd>"
    return _details("", f"<code>{_name(kind)}</code>", body)


def _details(state: str, summary: str, body: str) -> str:
    attribute = f' data-state="{escape(visible_name(state))}"' if state else ""
    inner = f"<dl>{body}</dl>" if body else ""
    return f'<details class="dari-call"{attribute}><summary>{summary}</summary>{inner}</details>'


def _content(
    blocks: Iterable[dict[str, Any]], limits: Limits | None, *, line_breaks: bool = False
) -> str:
    parts, files = [], []
    for block in blocks:
        kind = str(block.get("type", "unknown"))
        if kind == "text":
            text, note = cut(str(block.get("text") or ""), limits and limits.prose)
            parts.append(prose_html(text, line_breaks=line_breaks) + more_html(note))
        elif kind == "file" and block.get("file_id"):
            name = block.get("filename") or block["file_id"]
            files.append(f"<code>{_name(str(name))}</code>")
        else:
            parts.append(_unknown(kind, block, limits))
    if files:
        parts.append(f'<p class="dari-files">Attached: {" ".join(files)}</p>')
    return "".join(parts)


def _time(item: TimelineItem) -> str:
    time = parse_time(item.created_at)
    if time is None:
        return ""
    return f' <time datetime="{time:%Y-%m-%dT%H:%M:%SZ}">{clock_text(item.created_at)}</time>'


def _tag(name: str, text: str) -> str:
    return f"<{name}>{escape(text, quote=False)}</{name}>" if text else ""


def _name(text: str) -> str:
    return escape(visible_name(text), quote=False)
