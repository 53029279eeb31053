"""Arguments and results: text, tables, pictures, and JSON with its long parts folded."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from itertools import islice
from typing import Any

from ..markup.pictures import picture_html, picture_of
from ..markup.runs import Runs, change_runs, hit_runs, more_html, output_runs, pre_html
from ..markup.source import code_runs, json_html
from ..plain.limits import Limits, cut
from ..plain.values import decoded, laid_out
from ..plain.visible import visible
from .calls import Part
from .records import csv_records, records_html, records_of

_LONGEST_CSV = 200_000  # characters; more than a table of it would show
_FLAT = 24  # lines up to which nothing is folded, about half a screen
_PART = 4  # lines that are worth a fold
_GIST = 60  # characters that tell what is in a fold
_VALUE = re.compile(r'(?:: |^ *)"?([^"{}[\]]{1,30}?)"?,?$')
_READERS: dict[str, Callable[[str], Runs]] = {"change": change_runs, "hits": hit_runs}
_LINE_END = re.compile(r"(?<!\\)((?:\\\\)*\\n)")


def data_html(value: Any, limits: Limits | None, *, language: str = "") -> str:
    """Show one value; the result still has to pass the allow-list.

    Text is shown as it is, with colours of terminals, or as source code; lists of uniform
    objects and CSV are tables, pictures pictures, and everything else JSON.

    Args:
        value: Text or anything made of JSON; text that holds JSON is shown as such.
        limits: The most to show, ``None`` for everything.
        language: The language of a text that is source code.
    """
    value = decoded(value)
    if isinstance(value, str):
        return text_html(value, limits, language=language)
    if picture := picture_of(value):
        return picture_html(picture, limits and limits.picture)
    if blocks := blocks_of(value):
        return "".join(data_html(block, limits) for block in blocks)
    if records := records_of(value):
        return records_html(records, limits and limits.rows)
    shown, note = cut(visible(laid_out(value)), limits and limits.data)
    tree = _tree(shown.split("\n"))
    return f"<pre>{tree}</pre>{more_html(note)}"


def part_html(part: Part, limits: Limits | None) -> str:
    """Show a part of a call in its look, below its label."""
    if part.look == "command":
        command = [("c", "$ ")]
        html = pre_html(visible(part.value), lambda t: command + code_runs(t, "bash"), limits)
    elif part.look in _READERS:
        html = pre_html(part.value, _READERS[part.look], limits)
    else:
        html = data_html(part.value, limits, language=part.language)
    return f"<dt>{part.label}</dt><dd>{html}</dd>" if part.label else f"<dd>{html}</dd>"


def text_html(text: str, limits: Limits | None, *, language: str = "") -> str:
    """Show text that a tool took or gave."""
    if picture := picture_of(text):
        return picture_html(picture, limits and limits.picture)
    if language:
        return pre_html(visible(text), lambda part: code_runs(part, language), limits)
    if records := csv_records(text) if len(text) < _LONGEST_CSV else None:
        return records_html(records, limits and limits.rows)
    return pre_html(text, output_runs, limits)


def blocks_of(value: Any) -> list[Any] | None:
    """Read content blocks, as some protocols wrap what a tool gives: texts and pictures."""
    if isinstance(value, dict) and set(value) <= {"content", "isError", "is_error"}:
        value = value.get("content")
    if not isinstance(value, list) or not value:
        return None
    parts = [_block(part) for part in value]
    return None if None in parts else parts


def _block(part: Any) -> Any:
    if isinstance(part, dict) and set(part) == {"type", "text"} and part["type"] == "text":
        return str(part["text"])
    return part if not isinstance(part, str) and picture_of(part) else None


def _tree(lines: list[str]) -> str:
    """Fold the parts of JSON text; its text stays the same, so that it can be copied."""
    ends = _parts(lines) if len(lines) > _FLAT else {}
    closing = set(ends.values())
    html = []
    for index, line in enumerate(lines):
        # In a long tree only the lines one looks for are marked: each mark counts in the file.
        marked = json_html(line) if index in ends or not ends else escape(line, quote=False)
        # Text of several lines in a string breaks where it would; the mark stays in place.
        marked = _LINE_END.sub(r"\1" + "\n", marked)
        if index in ends:
            gist = escape(_gist(lines[index + 1 : ends[index]]))
            html.append(f'<details><summary data-gist="{gist}">{marked}</summary>')
        else:
            html.append(f"{marked}</details>" if index in closing else f"{marked}\n")
    return "".join(html).removesuffix("\n")


def _parts(lines: list[str]) -> dict[int, int]:
    """Find the first and last lines of what is worth a fold: parts of something long."""
    ends: dict[int, int] = {}
    opened: list[int] = []
    inner: list[list[int]] = [[]]
    for index, line in enumerate(lines):
        if line.endswith(("{", "[")):
            opened.append(index)
            inner.append([])
        elif line.lstrip()[:1] in ("}", "]"):
            start, parts = opened.pop(), inner.pop()
            inner[-1].append(start)
            ends[start] = index
            if index - start <= _FLAT:
                for part in parts:
                    del ends[part]
    return {start: end for start, end in ends.items() if start and end - start >= _PART}


def _gist(lines: list[str]) -> str:
    """Tell a folded part by its first values."""
    values = (match[1] for match in map(_VALUE.search, lines) if match)
    return " · ".join(islice(values, 3))[:_GIST]
