"""What is known of a tool call, part by part: what it was given and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ...models import ToolCallItem
from ..markup.runs import is_change
from ..markup.source import language_of
from ..plain.values import decoded
from ..plain.visible import visible
from .diff import changed_lines
from .kinds import Use, use_of
from .output import output_of
from .words import PROGRAMS, exit_code_of, is_failed, subject_text

_NOTHING: tuple[Any, ...] = (None, {}, "")
_NAMES = ("path", "folder", "query")


class Part(NamedTuple):
    """One thing to show of a call.

    Attributes:
        label: What it is; empty when its look says so.
        look: ``command``, ``change``, ``hits`` or ``data``.
        value: Text, or for ``data`` anything made of JSON.
        language: The language of a text that is source code.
    """

    label: str
    look: str
    value: Any
    language: str = ""


def parts_of(item: ToolCallItem) -> list[Part]:
    """Tell all that is known of a call and does not stand in its summary, in order.

    >>> parts_of(ToolCallItem(tool_name="bash", arguments={"command": "ls"}, result="a.py"))
    [Part(label='', look='command', value='ls', language='bash'), \
Part(label='Output', look='data', value='a.py', language='')]
    """
    use = use_of(item)
    if use.kind in ("edit", "patch") and _tells_change(item.result, use):
        return [*_arguments(use, item), Part("Change", "change", item.result)]
    show = _GIVEN.get(use.kind)
    return [*(show(use) if show else []), *_arguments(use, item), *_came(use, item)]


def _arguments(use: Use, item: ToolCallItem) -> list[Part]:
    """What the agent gave beside what has a look of its own or stands in the summary."""
    rest, subject = use.rest, subject_text(item)
    named = {part: use.parts[part] for part in _NAMES if part in use.parts}
    cut_short = {part: name for part, name in named.items() if name not in subject}
    if cut_short:
        rest = {**cut_short, **(rest or {})}
    return [] if rest in _NOTHING else [Part("Arguments", "data", rest)]


def _came(use: Use, item: ToolCallItem) -> list[Part]:
    """What the tool gave back."""
    if item.result in _NOTHING or item.is_cancelled:
        return []
    if is_failed(item) and not (use.kind in PROGRAMS and exit_code_of(item)):
        return [Part("Error", "data", item.result)]
    show = _CAME.get(use.kind)
    return show(use, item.result) if show else [Part("Result", "data", item.result)]


def _command(use: Use) -> list[Part]:
    return [Part("", "command", use.parts["command"], "bash")]


def _code(use: Use) -> list[Part]:
    return [Part("", "data", use.parts["code"], "python")]


def _edited(use: Use) -> list[Part]:
    return [Part("Change", "change", "\n".join(changed_lines(use)))]


def _written(use: Use) -> list[Part]:
    return [Part("Written", "data", use.parts["content"], language_of(use.path))]


def _printed(use: Use, result: Any) -> list[Part]:
    output = output_of(result)
    ended = "" if output.exit_code is None else f" · exit code {output.exit_code}"
    parts = [
        Part(f"Output{ended}", "data", output.text),
        Part("Error output", "data", output.errors),
        Part("Result", "data", output.rest),
    ]
    return [part for part in parts if part.value not in _NOTHING]


def _content(use: Use, result: Any) -> list[Part]:
    return [Part("Content", "data", result, language_of(use.path))]


def _hits(use: Use, result: Any) -> list[Part]:
    value = decoded(result)
    if isinstance(value, list) and value and all(isinstance(hit, str) for hit in value):
        value = "\n".join(value)
    return [Part("Found", "hits" if isinstance(value, str) else "data", value)]


def _tells_change(result: Any, use: Use) -> bool:
    """Whether a tool answers with the same change once more, as many do."""
    if not isinstance(result, str) or not is_change(result):
        return False
    told = visible(result).split("\n")
    by_mark = {mark: "\n".join(line for line in told if line[:1] == mark) for mark in "+- "}
    # A tool tells whole lines, where an agent may have given parts of them.
    own = {line for line in changed_lines(use) if not line.startswith("…")}
    return all(line[1:] in by_mark.get(line[:1], "") for line in own)


_GIVEN: dict[str, Callable[[Use], list[Part]]] = {
    "shell": _command,
    "code": _code,
    "edit": _edited,
    "patch": _edited,
    "write": _written,
}
_CAME: dict[str, Callable[[Use, Any], list[Part]]] = {
    "shell": _printed,
    "code": _printed,
    "read": _content,
    "search": _hits,
    "list": _hits,
}
