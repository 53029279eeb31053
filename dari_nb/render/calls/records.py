"""Lists of uniform objects and CSV text as tables."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from typing import Any, NamedTuple

from ..markup.runs import more_html
from ..plain.values import one_line
from ..plain.visible import visible
from ..plain.words import count_text

_COLUMNS = 24  # beyond this a table is harder to read than JSON
_CELL = 120  # characters of the longest text that stands in a cell
_NUMBER = re.compile(r"[-+]?(?:\d[\d,]*)?\.?\d+(?:[eE][-+]?\d+)?%?")
_NAME = re.compile(r"[^\W\d][\w .%()/#:+-]{0,39}")

Path = tuple[str, ...]


class Records(NamedTuple):
    """A table.

    Attributes:
        columns: Names; two for a value inside an object, such as ``("prices", "economy")``.
        rows: Values by column; ``None`` where there is none.
    """

    columns: Sequence[Path]
    rows: Sequence[Sequence[Any]]


def records_of(value: Any) -> Records | None:
    """Read a list of uniform objects, or columns with rows; ``None`` when it is neither.

    >>> records_of([{"a": 1, "b": {"c": 2}}, {"a": 3, "b": {"c": 4}}]).columns
    [('a',), ('b', 'c')]
    """
    if isinstance(value, dict):
        return _split(value)
    if not isinstance(value, list) or len(value) < 2:
        return None
    flat = [_flat(row) for row in value]
    known = [row for row in flat if row]
    if len(known) < len(flat):
        return None
    columns = list(dict.fromkeys(column for row in known for column in row))
    filled = sum(map(len, known))
    if not 1 < len(columns) <= _COLUMNS or filled < 0.6 * len(columns) * len(known):
        return None
    # Columns of one object stand together, whatever order the rows bring them in.
    places = {column[0]: index for index, column in reversed(list(enumerate(columns)))}
    columns.sort(key=lambda column: places[column[0]])
    return Records(columns, [[row.get(column) for column in columns] for row in known])


def csv_records(text: str) -> Records | None:
    """Read text with commas, semicolons or tabs; ``None`` unless it is surely a table."""
    lines = text.strip("\n").split("\n")
    separator = next((s for s in "\t;," if s in lines[0]), None)
    if separator is None or len(lines) < 3 or '"' in lines[0]:
        return None
    try:
        head, *rows = csv.reader(io.StringIO("\n".join(lines)), delimiter=separator, strict=True)
    except csv.Error:
        return None
    uniform = 1 < len(head) <= _COLUMNS and all(len(row) == len(head) for row in rows)
    named = len(set(head)) == len(head) and all(_NAME.fullmatch(name.strip()) for name in head)
    short = uniform and all(len(cell) <= _CELL for row in rows for cell in row)
    return Records([(name,) for name in head], rows) if named and short else None


def records_html(records: Records, most: int | None) -> str:
    """Write a table; figures stand to the right, and what is beyond ``most`` rows is counted."""
    rows = records.rows[:most]
    sides = [_side([row[i] for row in rows]) for i in range(len(records.columns))]
    head = _head(records.columns, sides)
    body = "".join(
        f"<tr>{''.join(_cell('td', _text(v), s) for v, s in zip(row, sides, strict=True))}</tr>"
        for row in rows
    )
    left_out = len(records.rows) - len(rows)
    note = f"… {count_text(left_out, 'more row')} not shown" if left_out else ""
    return f"<table><thead>{head}</thead><tbody>{body}</tbody></table>{more_html(note)}"


def _split(value: dict[str, Any]) -> Records | None:
    """Read columns and rows apart, as pandas and many databases write them."""
    columns, rows = value.get("columns"), value.get("data", value.get("rows"))
    if not isinstance(columns, list) or not isinstance(rows, list) or not rows:
        return None
    if not all(isinstance(row, list) and len(row) == len(columns) for row in rows):
        return None
    plain = all(not isinstance(cell, dict | list) for row in rows for cell in row)
    index = value.get("index")
    rest = set(value) - {"columns", "data", "rows", "index"}
    whole = not rest and (index is None or index == list(range(len(rows))))
    if not (plain and whole and 0 < len(columns) <= _COLUMNS):
        return None
    return Records([(one_line(name),) for name in columns], rows)


def _flat(row: Any) -> dict[Path, Any] | None:
    """A row's short values by column; ``None`` when it has others."""
    if not isinstance(row, dict):
        return None
    flat: dict[Path, Any] = {}
    for key, value in row.items():
        inner = value if isinstance(value, dict) and value else None
        cells: dict[Path, Any] = {(key,): value}
        if inner:
            cells = {(key, name): cell for name, cell in inner.items()}
        if not all(_is_cell(cell) for cell in cells.values()):
            return None
        flat |= cells
    return flat


def _is_cell(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= _CELL and "\n" not in value
    return not isinstance(value, dict | list) or not value


def _head(columns: Sequence[Path], sides: Sequence[str]) -> str:
    """One line of names, or two where objects lie in the rows."""
    if all(len(column) == 1 for column in columns):
        cells = (_cell("th", c[0], side) for c, side in zip(columns, sides, strict=True))
        return f"<tr>{''.join(cells)}</tr>"
    first = "".join(
        f'<th colspan="{len(group)}">{_escaped(name)}</th>' if name else "<th></th>" * len(group)
        for name, group in _groups(columns)
    )
    second = "".join(
        _cell("th", column[-1], side) for column, side in zip(columns, sides, strict=True)
    )
    return f"<tr>{first}</tr><tr>{second}</tr>"


def _groups(columns: Sequence[Path]) -> Iterator[tuple[str, list[Path]]]:
    """Columns that lie in one object, with its name; others with none."""
    for name, group in groupby(columns, lambda column: column[0] if len(column) > 1 else ""):
        yield name, list(group)


def _side(values: Sequence[Any]) -> str:
    texts = [_text(value) for value in values if value not in (None, "")]
    return "right" if texts and all(_NUMBER.fullmatch(text.strip()) for text in texts) else ""


def _text(value: Any) -> str:
    return "" if value is None else one_line(value)


def _cell(tag: str, text: str, side: str) -> str:
    align = f' align="{side}"' if side else ""
    return f"<{tag}{align}>{_escaped(text)}</{tag}>"


def _escaped(text: str) -> str:
    return escape(visible(text), quote=False)
