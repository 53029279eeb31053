"""One line about a tool call: its subject, its result, the cause of a failure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from ...models import ToolCallItem
from ...models.events import CANCELLED, UNANSWERED
from ..markup.runs import FILE_LINE
from ..plain.values import decoded, one_line
from ..plain.visible import visible_name
from ..plain.words import count_text, duration_text, state_text
from .diff import changed_counts, changed_lines
from .kinds import Use, use_of
from .output import output_of

_VALUE_WIDTH = 60
_SUMMARY_WIDTH = 120
_OUTCOME_WIDTH = 24
_MINUS = "\u2212"  # as wide as plus
_NOTE = re.compile(r"^\s*[\[(].*[\])]\s*$")  # a remark of the tool, such as [No line fits.]
PROGRAMS = ("shell", "code")
"""Kinds that print and end with an exit code."""
_SUBJECTS = ("command", "code", "query", "path", "folder")


def arguments_text(arguments: Any) -> str:
    """Name the arguments that tell calls apart, on one short line.

    >>> arguments_text({"origin": "JFK", "destination": "SEA", "options": {"seats": 2}})
    'JFK · SEA'
    """
    values = decoded(arguments)
    if isinstance(values, dict):
        values = list(values.values())
    parts = [_short(value) for value in (values if isinstance(values, list) else [values])]
    line = " · ".join(part for part in parts if part)
    return _ellipsis(line, _SUMMARY_WIDTH)


def subject_text(item: ToolCallItem) -> str:
    """Say what a call is about, on one short line: a command, a file, what is looked for.

    >>> subject_text(ToolCallItem(tool_name="grep", arguments={"pattern": "def", "path": "src"}))
    'def · src'
    """
    use = use_of(item)
    named = [use.parts[part] for part in _SUBJECTS if part in use.parts]
    if not named:
        return arguments_text(item.arguments)
    # The first line of a command or of code is its gist.
    texts = [visible_name(str(name).strip().partition("\n")[0]) for name in named]
    return _ellipsis(" · ".join(filter(None, texts)), _SUMMARY_WIDTH)


def is_failed(item: ToolCallItem) -> bool:
    """Whether a call ended in an error of its own, and not with a turn that was cancelled."""
    return not item.is_cancelled and (item.status == "failed" or bool(item.is_error))


def outcome_text(item: ToolCallItem) -> str:
    """Say what came of a call and how long it took, such as ``4 items · 0.3 s``."""
    if item.is_cancelled:
        word = CANCELLED
    elif is_failed(item):
        word = f"exit {code}" if (code := exit_code_of(item)) else "failed"
    elif item.is_unanswered:
        word = state_text(UNANSWERED)
    elif item.status == "completed":
        word = result_text(item)
    else:
        word = state_text(item.status)
    return " · ".join(part for part in (word, duration_text(item.latency_s)) if part)


def result_text(item: ToolCallItem) -> str:
    """Say what a call that went well came to.

    >>> result_text(ToolCallItem(tool_name="write", arguments={"path": "a", "content": "x"}))
    '1 line'
    """
    use = use_of(item)
    say = _RESULTS.get(use.kind)
    return (say(use, item.result) if say else "") or _plain_result(item.result)


def exit_code_of(item: ToolCallItem) -> int | None:
    """The exit code of a command or of code, when it is known."""
    is_program = use_of(item).kind in PROGRAMS
    return output_of(item.result).exit_code if is_program else None


def work_text(calls: Sequence[ToolCallItem]) -> str:
    """Sum up calls that follow each other, such as ``1 failed · 1.2 s``."""
    failed = sum(map(is_failed, calls))
    open_calls = [call for call in calls if call.status in ("requested", "running")]
    seconds = sum(call.latency_s or 0.0 for call in calls)
    parts = (
        f"{failed} failed" if failed else "",
        f"{len(open_calls)} open" if open_calls else "",
        duration_text(seconds),
    )
    return " · ".join(part for part in parts if part)


def cause_text(item: ToolCallItem) -> str:
    """Say why a call failed, on one line; empty when it did not or no cause is known."""
    if not is_failed(item):
        return ""
    if exit_code_of(item):
        output = output_of(item.result)
        return _ellipsis(_last_line(output.errors or output.text), 2 * _SUMMARY_WIDTH)
    result = decoded(item.result)
    if isinstance(result, dict):
        result = result.get("message") or result.get("error") or result.get("detail") or result
    return "" if result is None else _ellipsis(visible_name(one_line(result)), 2 * _SUMMARY_WIDTH)


def _plain_result(result: Any) -> str:
    value = decoded(result)
    if isinstance(value, list):
        return count_text(len(value), "item")
    if isinstance(value, dict):
        return "done"
    text = "" if value is None else one_line(value)
    if "\n" in text.strip():
        return count_text(text.strip().count("\n") + 1, "line")
    return visible_name(text) if 0 < len(text) <= _OUTCOME_WIDTH else "done"


def _printed_text(use: Use, result: Any) -> str:
    output = output_of(result)
    if output.exit_code:
        return f"exit {output.exit_code}"
    return _lines_text(output.text or output.errors)


def _read_text(use: Use, result: Any) -> str:
    return _lines_text(result) if isinstance(result, str) else ""


def _written_text(use: Use, result: Any) -> str:
    content = use.parts["content"].rstrip("\n")
    return count_text(content.count("\n") + 1, "line") if content else "empty"


def _changed_text(use: Use, result: Any) -> str:
    added, removed = changed_counts(changed_lines(use))
    parts = [f"+{added}"] if added else []
    return " ".join([*parts, f"{_MINUS}{removed}"] if removed else parts)


def _hits_text(use: Use, result: Any) -> str:
    value = decoded(result)
    if isinstance(value, dict):
        hits = next((v for v in value.values() if isinstance(v, list)), None)
        value = value if hits is None else hits
    if isinstance(value, str):
        value = [line for line in value.split("\n") if line.strip() and not _NOTE.match(line)]
        if not all(map(FILE_LINE.match, value)):
            return ""  # it may as well say that nothing was found
    if not isinstance(value, list):
        return ""
    count = len(value)
    if use.kind == "search":
        return count_text(count, "hit") if count else "no hits"
    return "1 entry" if count == 1 else f"{count or 'no'} entries"


def _last_line(text: str) -> str:
    """What a program said last, which mostly is why it ended; remarks of the tool left out."""
    lines = (visible_name(line) for line in reversed(text.split("\n")))
    return next((line for line in lines if line and not _NOTE.match(line)), "")


def _lines_text(text: str) -> str:
    stripped = text.rstrip("\n")
    return count_text(stripped.count("\n") + 1, "line") if "\n" in stripped else ""


def _short(value: Any) -> str:
    if value is None or isinstance(value, dict):
        return ""
    if isinstance(value, list):
        flat = value and not any(isinstance(part, dict | list) for part in value)
        return ", ".join(_short(part) for part in value[:4]) if flat else ""
    return _ellipsis(visible_name(one_line(value)[: 4 * _VALUE_WIDTH]), _VALUE_WIDTH)


def _ellipsis(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"


_RESULTS: dict[str, Callable[[Use, Any], str]] = {
    "shell": _printed_text,
    "code": _printed_text,
    "read": _read_text,
    "write": _written_text,
    "edit": _changed_text,
    "patch": _changed_text,
    "search": _hits_text,
    "list": _hits_text,
}
