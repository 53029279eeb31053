"""``{expr}`` in a prompt: names and attribute or index paths, in one pass over the text."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import Any

from IPython.core.error import UsageError

ROWS = 20
"""Rows of a DataFrame that go into a prompt; the table says how many are left out."""

_PATH = r"[^\W\d]\w*(?:\.[^\W\d]\w*|\[(?:-?\d+|'[^'\]]*'|\"[^\"\]]*\")\])*"
_FIELD = re.compile(r"\{(" + _PATH + r")\}(?!\})")
_STEP = re.compile(r"\.([^\W\d]\w*)|\[(-?\d+)\]|\[(['\"])(.*?)\3\]")
_LATEX_OR_CODE = re.compile(
    r"(?:\\[A-Za-z]+\*?(?:\[[^\]]*\])?|[\\^_}$\{]|\b[fF][rR]?['\"][^'\"\n]*)$"
)


def interpolate(text: str, names: Mapping[str, Any]) -> str:
    r"""Replace each ``{name}`` or ``{path}`` that resolves by its value.

    Braces of JSON, LaTeX and code pass through untouched, as does what looks like a path but does
    not resolve. Values are never scanned again. A DataFrame becomes a Markdown table.

    Args:
        text: The prompt.
        names: Variables by name.

    Raises:
        UsageError: A plain ``{name}`` is not defined.

    >>> interpolate('{who}: {"a": 1} \\frac{a}{b}', {"who": "you"})
    'you: {"a": 1} \\frac{a}{b}'
    """
    replaced_up_to = -1

    def replace(match: re.Match[str]) -> str:
        nonlocal replaced_up_to
        before = text[max(0, match.start() - 80) : match.start()]
        if match.start() != replaced_up_to and _LATEX_OR_CODE.search(before):
            return match[0]
        path = match[1]
        try:
            value = _read(path, names)
            replaced_up_to = match.end()
            return value
        except _UnresolvedError:
            if path.isidentifier():
                raise UsageError(
                    f"{{{path}}} is not defined: define it, or use --raw to send braces as they are"
                ) from None
            return match[0]

    return _FIELD.sub(replace, text)


def _read(path: str, names: Mapping[str, Any]) -> str:
    try:
        return as_text(_resolve(path, names))
    except _UnresolvedError:
        raise
    except Exception as error:  # noqa: BLE001
        cause = f"{type(error).__name__}: {error}"
    raise UsageError(f"{{{path}}} cannot be read: {cause}")


def as_text(value: Any) -> str:
    """Turn a value into prompt text: DataFrames and Series as Markdown tables, others by str()."""
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(value, pandas.Series):
        value = value.to_frame()
    if pandas is not None and isinstance(value, pandas.DataFrame):
        return markdown_table(value)
    return str(value)


def markdown_table(frame: Any, rows: int = ROWS) -> str:
    """Write a DataFrame as a Markdown table of at most ``rows`` rows; it says what is left out."""
    columns = [_cell(column) for column in frame.columns]
    lines = [_row(columns), _row(["---"] * len(columns))]
    lines += [_row([_cell(v) for v in row]) for row in frame.head(rows).itertuples(index=False)]
    left_out = len(frame) - rows
    if left_out > 0:
        lines.append(f"\n({left_out} more of {len(frame)} rows not shown)")
    return "\n".join(lines)


class _UnresolvedError(Exception):
    """A path does not lead anywhere."""


def _resolve(path: str, names: Mapping[str, Any]) -> Any:
    name = re.match(r"\w+", path)[0]  # type: ignore[index]
    if name not in names:
        raise _UnresolvedError(name)
    value = names[name]
    for step in _STEP.finditer(path, len(name)):
        attribute, index, _, key = step.groups()
        try:
            if attribute is not None:
                value = getattr(value, attribute)
            else:
                value = value[int(index) if index is not None else key]
        except (AttributeError, IndexError, KeyError, TypeError):
            raise _UnresolvedError(path) from None
    return value


def _cell(value: Any) -> str:
    return str(value).replace("\\", "\\\\").replace("|", "\\|").replace("\n", "<br>")


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
