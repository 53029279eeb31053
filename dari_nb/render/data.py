"""Arguments and results: text as it is, JSON laid out with its long parts folded."""

from __future__ import annotations

import re
from html import escape
from itertools import islice
from typing import Any

from ._visible import visible
from .limits import Cap, cut
from .source import json_html
from .values import decoded, laid_out

_FLAT = 24  # lines up to which nothing is folded, about half a screen
_PART = 4  # lines that are worth a fold
_GIST = 60  # characters that tell what is in a fold
_VALUE = re.compile(r'(?:: |^ *)"?([^"{}[\]]{1,30}?)"?,?$')
_LINE_END = re.compile(r"(?<!\\)((?:\\\\)*\\n)")


def data_html(value: Any, cap: Cap | None) -> str:
    """Show one value; the result still has to pass the allow-list.

    Args:
        value: Text or anything made of JSON; text that holds JSON is shown as such.
        cap: The most to show, ``None`` for everything.
    """
    value = decoded(value)
    is_text = isinstance(value, str)
    shown, note = cut(visible(value if is_text else laid_out(value)), cap)
    inner = escape(shown, quote=False) if is_text else _tree(shown.split("\n"))
    return f"<pre>{inner}</pre>{more_html(note)}"


def more_html(note: str) -> str:
    """Say what is left out, if anything is."""
    return f'<p class="dari-more">{note}</p>' if note else ""


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
