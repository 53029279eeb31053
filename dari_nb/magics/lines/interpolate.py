"""``{name}`` in a prompt: paths with a conversion or a format, in one pass over the text."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from IPython.core.error import UsageError

from ...suggestions import did_you_mean
from ..usage import usage_error
from .names import names_of_people

ROWS = 20
"""Rows of a DataFrame that go into a prompt; the table says how many are left out."""

RULE = """\
Braces: {name}, {table.shape}, {rows[0]}, {row["key"]}, {names[i]} become their values, and
{price:.2f}, {name!r} are written as in an f-string; a DataFrame becomes a table. A {name} that is
not defined, a path that leads nowhere and a format that does not fit are errors: nothing is sent.
All else in braces is text: {"json": 1}, {1 + 1}, {f(x)}, { name }, {{name}}, CSS, LaTeX, and code
with f-strings. --raw sends all braces as they are."""

_NAME = r"[^\W\d]\w*"
_PATH = rf"{_NAME}(?:\.{_NAME}|\[(?:-?\d+|'[^'\]]*'|\"[^\"\]]*\"|{_NAME})\])*"
_SPEC = rf"(?![ ](?![<>=^]))(?:[^{{}}\n]|\{{{_PATH}\}})*"
_FIELD = re.compile(rf"\{{({_PATH})(?:!([rsa]))?(?::({_SPEC}))?\}}")
_STEP = re.compile(rf"\.({_NAME})|\[(-?\d+)\]|\[(['\"])(.*?)\3\]|\[({_NAME})\]")
_LATEX_OR_CODE = re.compile(
    r"(?:\\[A-Za-z]+\*?(?:\[[^\]]*\])?|[\\^_}$\{]|\b(?:[fF][rR]?|[rR][fF])['\"][^'\"\n]*)$"
)
_LINE_END = "\n"
_PLAINLY_A_FORMAT = re.compile(
    r"\S?[<>^]\d+\w?|0\d+[dxXob]|[,_](\.\d+)?[dfFeEgG%]?|.*\.\d+[fFeEgG%]|%[A-Za-z].*"
)
_CONVERSIONS: dict[str, Callable[[Any], str]] = {"r": repr, "s": str, "a": ascii}


def interpolate(text: str, names: Mapping[str, Any]) -> str:
    r"""Replace each ``{path}``, ``{path!r}`` and ``{path:format}`` by its value.

    Braces of JSON, LaTeX, CSS and code pass through untouched. Values are never scanned again. A
    DataFrame becomes a Markdown table, with an empty line before and after it.

    Args:
        text: The prompt.
        names: Variables by name.

    Raises:
        UsageError: A name is not defined, a path leads nowhere, or a value cannot be written in
            the format.

    >>> interpolate('{who}: {"a": 1} \\frac{a}{b}', {"who": "you"})
    'you: {"a": 1} \\frac{a}{b}'
    >>> interpolate("{pi:.2f} {who!r}", {"pi": 3.14159, "who": "you"})
    "3.14 'you'"
    """
    pieces, end = list[str](), 0
    for match in _FIELD.finditer(text):
        before = text[max(0, match.start() - 80) : match.start()]
        if match.start() != end and _LATEX_OR_CODE.search(before):
            continue
        if _is_field(match, names):
            pieces += [text[end : match.start()], _written(match, names)]
            end = match.end()
    return _joined([*pieces, text[end:]])


class _Table(str):
    """A text that is a Markdown table, of which each line beside it would become a part."""

    __slots__ = ()


def _joined(pieces: Iterable[str]) -> str:
    """Join a text and its values, with an empty line between a table and what stands beside it."""
    whole, is_behind_table = "", False
    for piece in pieces:
        is_table = isinstance(piece, _Table)
        if not piece.strip():
            whole += piece
            continue
        if (is_table or is_behind_table) and whole.strip():
            last, first = whole.rstrip(), piece.lstrip()
            between = whole[len(last) :] + piece[: len(piece) - len(first)]
            ends = between.count("\n")
            # On one line the blanks between go; the indent of a line is its own.
            whole = f"{last}{_LINE_END * (2 - ends)}{between if ends else ''}{first}"
        else:
            whole += piece
        is_behind_table = is_table
    return whole


def _is_field(match: re.Match[str], names: Mapping[str, Any]) -> bool:
    """Whether a field is one: its name is defined, or nothing but a typo explains it."""
    path, conversion, spec = match.groups()
    if _first(path) in names:
        return True
    is_plain = spec is None or conversion or _PLAINLY_A_FORMAT.fullmatch(spec)
    if not is_plain:
        return False
    hint = did_you_mean(_first(path), names_of_people(names))
    raise usage_error(
        f"{match[0]} is not defined{hint}: define it, or use --raw to send braces as they are",
        code="name_not_defined",
    )


def _written(match: re.Match[str], names: Mapping[str, Any]) -> str:
    path, conversion, spec = match.groups()
    try:
        value = resolve(path, names)
        if conversion:
            value = _CONVERSIONS[conversion](value)
        return format(value, interpolate(spec, names)) if spec else as_text(value)
    except UsageError:
        raise
    except LookupError as error:
        cause = f"there is no {error}" if isinstance(error, KeyError) else f"{error}"
    except AttributeError as error:
        known = [name for name in dir(error.obj) if not name.startswith("_")]
        cause = f"{error}{did_you_mean(error.name or '', known)}"
    except Exception as error:  # noqa: BLE001
        cause = f"{type(error).__name__}: {error}"
    raise usage_error(
        f"{match[0]} cannot be read: {cause}\nnothing was sent; --raw sends braces as they are",
        code="invalid_expression",
    )


def resolve(path: str, names: Mapping[str, Any]) -> Any:
    """Return what a path such as ``rows[0].name`` leads to.

    Raises:
        Exception: Whatever its steps raise; ``NameError`` when an index is not defined.
    """
    first = _first(path)
    value = names[first]
    for step in _STEP.finditer(path, len(first)):
        attribute, index, _, key, variable = step.groups()
        if attribute is not None:
            value = getattr(value, attribute)
        elif index is not None:
            value = value[int(index)]
        elif variable is None:
            value = value[key]
        elif variable in names:
            value = value[names[variable]]
        else:
            raise NameError(f"{variable} is not defined (a key that is a text stands in quotes)")
    return value


def as_text(value: Any) -> str:
    """Turn a value into prompt text: DataFrames and Series as Markdown tables, others by str()."""
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(value, pandas.Series):
        value = value.to_frame()
    if pandas is not None and isinstance(value, pandas.DataFrame):
        return _Table(markdown_table(value))
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


def _first(path: str) -> str:
    return re.match(r"\w+", path)[0]  # type: ignore[index]


def _cell(value: Any) -> str:
    return str(value).replace("\\", "\\\\").replace("|", "\\|").replace("\n", "<br>")


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
