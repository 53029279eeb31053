"""The body of a tool call: what it was given and what came of it, by its kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..models import ToolCallItem
from ._visible import visible
from .data import data_html, text_html
from .diff import changed_lines
from .kinds import Use, use_of
from .limits import Limits
from .output import output_of
from .runs import change_runs, hit_runs, is_change, pre_html
from .source import code_runs, language_of
from .values import decoded
from .words import is_failed, subject_text

_NOTHING: tuple[Any, ...] = (None, {}, "")
Row = tuple[str, str]
"""A label, empty for none, and the HTML below it."""


def call_html(item: ToolCallItem, limits: Limits | None) -> str:
    """Show all that is known of a call as ``dl``; empty when nothing is known."""
    use = use_of(item)
    if use.kind in ("edit", "patch") and _tells_change(item.result, use):
        rows = [*_arguments(use, item, limits), ("Change", data_html(item.result, limits))]
    else:
        show = _GIVEN.get(use.kind)
        given = show(use, limits) if show else []
        rows = [*given, *_arguments(use, item, limits), *_came(use, item, limits)]
    body = "".join(f"{label and f'<dt>{label}</dt>'}<dd>{html}</dd>" for label, html in rows)
    return f"<dl>{body}</dl>" if body else ""


def _arguments(use: Use, item: ToolCallItem, limits: Limits | None) -> list[Row]:
    """What the agent gave beside what has a look of its own or stands in the summary."""
    rest, subject = use.rest, subject_text(item)
    named = {part: use.parts[part] for part in _NAMES if part in use.parts}
    cut_short = {part: name for part, name in named.items() if name not in subject}
    if cut_short:
        rest = {**cut_short, **(rest or {})}
    return [] if rest in _NOTHING else [("Arguments", data_html(rest, limits))]


def _came(use: Use, item: ToolCallItem, limits: Limits | None) -> list[Row]:
    """What the tool gave back."""
    if item.result in _NOTHING:
        return []
    if is_failed(item):
        return [("Error", data_html(item.result, limits))]
    show = _CAME.get(use.kind)
    return show(use, item.result, limits) if show else [("Result", data_html(item.result, limits))]


def _command(use: Use, limits: Limits | None) -> list[Row]:
    command = visible(use.parts["command"])
    return [("", pre_html(command, lambda c: [("c", "$ "), *code_runs(c, "bash")], limits))]


def _code(use: Use, limits: Limits | None) -> list[Row]:
    code = visible(use.parts["code"])
    return [("", pre_html(code, lambda c: code_runs(c, "python"), limits))]


def _edited(use: Use, limits: Limits | None) -> list[Row]:
    return [("Change", pre_html("\n".join(changed_lines(use)), change_runs, limits))]


def _written(use: Use, limits: Limits | None) -> list[Row]:
    content = use.parts["content"]
    return [("Written", text_html(content, limits, language=language_of(use.path)))]


def _printed(use: Use, result: Any, limits: Limits | None) -> list[Row]:
    output = output_of(result)
    ended = "" if output.exit_code is None else f" · exit code {output.exit_code}"
    rows = [
        (f"Output{ended}", text_html(output.text, limits) if output.text else ""),
        ("Error output", text_html(output.errors, limits) if output.errors else ""),
        ("Result", "" if output.rest in _NOTHING else data_html(output.rest, limits)),
    ]
    shown = [row for row in rows if row[1]]
    return shown or [(f"No output{ended}", "")]


def _content(use: Use, result: Any, limits: Limits | None) -> list[Row]:
    return [("Content", data_html(result, limits, language=language_of(use.path)))]


def _hits(use: Use, result: Any, limits: Limits | None) -> list[Row]:
    value = decoded(result)
    if isinstance(value, str):
        return [("Found", pre_html(value, hit_runs, limits))]
    if isinstance(value, list) and all(isinstance(hit, str) for hit in value):
        return [("Found", pre_html("\n".join(value), hit_runs, limits))]
    return [("Found", data_html(value, limits))]


def _tells_change(result: Any, use: Use) -> bool:
    """Whether a tool answers with the same change once more, as many do."""
    if not isinstance(result, str) or not is_change(result):
        return False
    own = {line for line in changed_lines(use) if not line.startswith("…")}
    return own.issubset(visible(result).split("\n"))


_NAMES = ("path", "folder", "query")
_GIVEN: dict[str, Callable[[Use, Limits | None], list[Row]]] = {
    "shell": _command,
    "code": _code,
    "edit": _edited,
    "patch": _edited,
    "write": _written,
}
_CAME: dict[str, Callable[[Use, Any, Limits | None], list[Row]]] = {
    "shell": _printed,
    "code": _printed,
    "read": _content,
    "search": _hits,
    "list": _hits,
}
