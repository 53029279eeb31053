"""Tables and arrays of the usual libraries as plain lists, with stated caps."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import Any

MOST_ROWS = 200
"""Rows of a table."""
MOST_COLUMNS = 100
"""Columns of a table."""
MOST_NUMBERS = 2_000
"""Numbers of an array."""


def table_of(value: Any) -> Any | None:
    """Return a table or an array as lists and objects; ``None`` for anything else.

    No library is loaded for that: a value of pandas is there only when pandas is.
    """
    library = type(value).__module__.partition(".")[0]
    kind = type(value).__name__
    if library == "pandas" and kind == "DataFrame":
        return _pandas(value)
    if library == "pandas" and (kind == "Series" or kind.endswith("Index")):
        return _pandas(value.to_frame(value.name if value.name is not None else "value"))
    if library == "polars" and kind in ("DataFrame", "LazyFrame"):
        frame = value.collect() if kind == "LazyFrame" else value
        return _records(frame.columns, len(frame), frame.head(MOST_ROWS).iter_rows())
    if library == "polars" and kind == "Series":
        return _records([value.name], len(value), ((one,) for one in value.head(MOST_ROWS)))
    if library == "pyarrow" and kind == "Table":
        rows = value.slice(0, MOST_ROWS).to_pydict().values()
        return _records(value.column_names, value.num_rows, zip(*rows, strict=True))
    if callable(getattr(value, "tolist", None)) and hasattr(value, "shape"):
        return _array(value)
    return None


def _pandas(frame: Any) -> Any:
    count, shown = len(frame), frame.head(MOST_ROWS)
    if not _is_count(frame.index):
        # Names that are there already, or none at all, are no reason to lose the index.
        index = shown.index.to_frame(index=False)
        names = [name if name is not None else "index" for name in shown.index.names]
        columns = [*names, *shown.columns]
        rows = zip(
            *(index.iloc[:, i] for i in range(index.shape[1])), *_columns(shown), strict=True
        )
        return _records(columns, count, rows)
    return _records(list(shown.columns), count, zip(*_columns(shown), strict=True))


def _is_count(index: Any) -> bool:
    """Whether an index only counts the rows."""
    is_range = type(index).__name__ == "RangeIndex" and index.name is None
    return is_range and (index.start, index.step) == (0, 1)


def _columns(frame: Any) -> list[Any]:
    return [frame.iloc[:, place] for place in range(frame.shape[1])]


def _records(columns: list[Any], count: int, rows: Iterable[Iterable[Any]]) -> dict[str, Any]:
    names = _unique(columns)
    kept = names[:MOST_COLUMNS]
    table: dict[str, Any] = {
        "rows": count,
        "columns": kept,
        "records": [dict(zip(kept, row, strict=False)) for row in rows],
    }
    left_out = []
    if count > MOST_ROWS:
        left_out.append(f"{count - MOST_ROWS:,} of {count:,} rows")
    if len(names) > len(kept):
        left_out.append(f"{len(names) - len(kept):,} of {len(names):,} columns")
    if left_out:
        table["left_out"] = " and ".join(left_out)
    return table


def _unique(columns: list[Any]) -> list[str]:
    names: list[str] = []
    for column in columns:
        name = " ".join(map(str, column)) if isinstance(column, tuple) else str(column)
        while name in names:
            name += "'"
        names.append(name)
    return names


def _array(value: Any) -> Any:
    if getattr(value.dtype, "kind", "") in "mM":
        value = value.astype(str)  # nanoseconds would become bare numbers
    size = prod(value.shape)
    if size <= MOST_NUMBERS:
        return value.tolist()
    return {
        "shape": list(value.shape),
        "type": str(value.dtype),
        "begins": value.reshape(-1)[:MOST_NUMBERS].tolist(),
        "left_out": f"{size - MOST_NUMBERS:,} of {size:,} numbers",
    }
