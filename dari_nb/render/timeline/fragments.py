"""One timeline item to one sanitised HTML element."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

from ...models import AssistantMessageItem, TimelineItem, ToolCallItem, UserMessageItem, parse_time
from ...models.events import CANCELLED
from ..calls.calls import parts_of
from ..calls.data import data_html, part_html
from ..calls.words import cause_text, exit_code_of, is_failed, outcome_text, subject_text
from ..markup.pictures import picture_html, picture_of
from ..markup.prose import prose_html
from ..markup.runs import more_html
from ..markup.sanitize import sanitize
from ..plain.limits import LIMITS, Limits, cut
from ..plain.visible import bounded_name, visible, visible_name
from ..plain.words import clock_text, cut_off_text, said_at, since_text
from .marks import MarkItem, mark_html
from .thoughts import thought_html, without_thoughts

PENDING = {
    "queued": "queued …",
    "running": "working …",
    "waiting_for_tool": "waiting for a tool …",
}


def item_html(
    item: TimelineItem,
    *,
    agent: str = "Agent",
    limits: Limits | None = LIMITS,
    start: str | None = None,
) -> str:
    """Render one item as exactly one root element, sanitised.

    Args:
        item: A user message, an assistant message, a tool call, a mark, or an item of an unknown
            type.
        agent: The name that stands before an answer where no style sheet hides it.
        limits: How much is shown of long contents; ``None`` shows everything.
        start: When the item's turn began, as the API writes times; with it, times of answers
            and calls are told from there on, such as ``+3.2 s``.

    Returns:
        ``blockquote.dari-user``, ``div.dari-answer``, ``div.dari-error``, ``div.dari-pending``
        (a message that has not ended yet, or was cancelled) or ``details.dari-call``, the last
        three with the status in ``data-state`` where there is one; of a mark ``div.dari-passed``.

    >>> print(item_html(AssistantMessageItem(status="running"), agent="tour"))
    <div class="dari-pending" data-state="running">tour working …</div>
    """
    if isinstance(item, UserMessageItem):
        html = _user(item, limits)
    elif isinstance(item, AssistantMessageItem):
        html = _assistant(item, agent, limits, start)
    elif isinstance(item, ToolCallItem):
        html = _call(item, limits, start)
    elif isinstance(item, MarkItem):
        html = mark_html(item)
    else:
        html = _unknown(item.type or "unknown", item.to_dict(), limits)
    return sanitize(html)


def _user(item: UserMessageItem, limits: Limits | None) -> str:
    body = _content(item.content, limits, limits and limits.prompt, line_breaks=True)
    who = f"<header><strong>You</strong>{time_html(item, clock_text(item.created_at))}</header>"
    return f'<blockquote class="dari-user">{who}{body}</blockquote>'


def _assistant(
    item: AssistantMessageItem, agent: str, limits: Limits | None, start: str | None
) -> str:
    who = _name(agent)
    if item.is_cancelled:
        return f'<div class="dari-pending" data-state="{CANCELLED}">{CANCELLED}</div>'
    state = f' data-state="{escape(visible_name(item.status))}"'
    if item.status == "failed" or item.error_message:
        return f'<div class="dari-error"{state}>{_failure(item, limits)}</div>'
    if not item.content and item.status in PENDING:
        return f'<div class="dari-pending"{state}>{who} {PENDING[item.status]}</div>'
    body = _content(item.content, limits, limits and limits.answer)
    body = f"{body or more_html('(no text)')}{more_html(cut_off_text(item))}"
    return f'<div class="dari-answer">{answer_header(item, agent, start)}{body}</div>'


def answer_header(item: AssistantMessageItem, agent: str, start: str | None = None) -> str:
    """Render who answers, and when; it still has to pass the allow-list."""
    said = said_at(item)
    time = time_html(item, since_text(start, said) or clock_text(said))
    return f"<header><b>{_name(agent)}</b>{time}</header>"


def _failure(item: AssistantMessageItem, limits: Limits | None) -> str:
    cause, note = cut(visible(item.error_message or "No cause is known."), limits and limits.data)
    lines = escape(cause, quote=False).replace("\n", "<br>")
    body = _content(item.content, limits, limits and limits.answer)
    return f"<strong>Turn failed.</strong> {lines}{more_html(note)}{body}"


def _call(item: ToolCallItem, limits: Limits | None, start: str | None) -> str:
    since = since_text(start, item.created_at)
    look = ' class="r"' if exit_code_of(item) else ""
    parts = [
        f"<code>{_name(item.tool_name or 'tool')}</code>",
        _tag("span", subject_text(item)),
        f"<small{look}>{escape(outcome_text(item), quote=False)}</small>",
        time_html(item, since).lstrip(),
        _tag("strong", cause_text(item)),
    ]
    state = CANCELLED if item.is_cancelled else "failed" if is_failed(item) else item.status
    body = "".join(part_html(part, limits) for part in parts_of(item))
    return _details(state, " ".join(filter(None, parts)), body)


def _unknown(kind: str, data: dict[str, Any], limits: Limits | None) -> str:
    body = f"<dd>{data_html(data, limits)}</dd>"
    return _details("", f"<code>{_name(kind)}</code>", body)


def _details(state: str, summary: str, body: str) -> str:
    attribute = f' data-state="{escape(visible_name(state))}"' if state else ""
    inner = f"<dl>{body}</dl>" if body else ""
    return f'<details class="dari-call"{attribute}><summary>{summary}</summary>{inner}</details>'


def _content(
    blocks: Iterable[dict[str, Any]],
    limits: Limits | None,
    fold: int | None,
    *,
    line_breaks: bool = False,
) -> str:
    blocks = list(blocks)
    parts, files = [thought_html(blocks, limits, is_open=False)], []
    for block in without_thoughts(blocks):
        kind = str(block.get("type", "unknown"))
        if kind == "text":
            text, note = cut(str(block.get("text") or ""), limits and limits.prose)
            parts.append(prose_html(text, fold, line_breaks=line_breaks) + more_html(note))
        elif kind in ("file", "image") and block.get("file_id"):
            name = block.get("filename") or block["file_id"]
            note = f" ({_whole(str(block['note']))})" if block.get("note") else ""
            files.append(f"<code>{_whole(str(name))}</code>{note}")
        elif picture := picture_of(block):
            parts.append(picture_html(picture, limits and limits.picture))
        else:
            parts.append(_unknown(kind, block, limits))
    if files:
        parts.append(f'<p class="dari-files">Attached: {" ".join(files)}</p>')
    return "".join(parts)


def time_html(item: TimelineItem, words: str) -> str:
    """Write when an item came, with the exact time behind the words; empty without any."""
    time = parse_time(item.created_at)
    if time is None or not words:
        return ""
    exact = f'datetime="{time:%Y-%m-%dT%H:%M:%SZ}" title="{time:%Y-%m-%d %H:%M:%S} UTC"'
    return f" <time {exact}>{words}</time>"


def _tag(name: str, text: str) -> str:
    return f"<{name}>{escape(text, quote=False)}</{name}>" if text else ""


def _whole(text: str) -> str:
    return escape(visible_name(text), quote=False)


def _name(text: str) -> str:
    """Show a name of any length, the whole of it when it is pointed at."""
    whole, shown = visible_name(text), bounded_name(text)
    html = escape(shown, quote=False)
    return html if shown == whole else f'<span title="{escape(whole)}">{html}</span>'
