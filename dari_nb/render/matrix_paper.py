"""The saved form of a matrix: a real table that reads well with all style stripped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import chain
from typing import NamedTuple

from ._visible import visible_name
from .cells import cell_html, column_html, label_text, row_html
from .figures import (
    cell_facts,
    cells_by_place,
    column_facts,
    matrix_head,
    metadata_text,
    peek_text,
    repeats_of,
    score_text,
    state_counts,
    state_word,
)
from .inert import inert
from .matrix import Matrix, MatrixCell, MatrixColumn, MatrixRow
from .sheet import ROOT, style
from .timeline import head_html
from .words import count_text, state_text

_MOST_CELLS = 1_000
_LEAST_ROWS = 10


class _Lane(NamedTuple):
    """A track across: a column, or one repeat of it where there is only one column."""

    column: MatrixColumn
    repeat: int | None


def matrix_paper(matrix: Matrix) -> dict[str, str]:
    """Render a matrix as a MIME bundle that needs no kernel, no widget and no network.

    Args:
        matrix: Of more than 1,000 cells only the first rows are shown, and the rest is counted.

    Returns:
        ``text/html`` with its style sheet, ``text/markdown`` and ``text/plain``.

    >>> rows, columns = [MatrixRow("0", "Open on Monday?")], [MatrixColumn("s", "small")]
    >>> cells = [MatrixCell("c", "0", "s", state="completed", text="No, closed.", seconds=2.0)]
    >>> print(matrix_paper(Matrix("librarian", "run", rows, columns, cells))["text/plain"][-54:])
    1  Open on Monday?
       small  done · 2.0 s  No, closed.
    """
    shown, left_out = _shown(matrix)
    note = f"… {count_text(left_out, 'more task')} not shown" if left_out else ""
    html = f"{ROOT}{head_html(matrix_head(matrix))}{_counts(matrix)}{_table(matrix, shown)}"
    html += f'<p class="dari-more">{note}</p></div>' if note else "</div>"
    return {
        "text/html": style(html) + html,
        "text/markdown": "\n".join([*_markdown(matrix, shown), *(["", note] if note else [])]),
        "text/plain": "\n".join([*_plain(matrix, shown), *(["", note] if note else [])]),
    }


def _shown(matrix: Matrix) -> tuple[Sequence[MatrixRow], int]:
    per_row = max(1, len(matrix.cells) // max(1, len(matrix.rows)))
    most = max(_LEAST_ROWS, _MOST_CELLS // per_row)
    return matrix.rows[:most], len(matrix.rows[most:])


def _lanes(matrix: Matrix) -> list[_Lane]:
    repeats = repeats_of(matrix)
    if len(matrix.columns) == 1 and repeats > 1:
        return [_Lane(matrix.columns[0], repeat) for repeat in range(repeats)]
    return [_Lane(column, None) for column in matrix.columns]


def _counts(matrix: Matrix) -> str:
    counts = {state: count for state, count in state_counts(matrix).items() if count}
    if len(counts) < 2:
        return ""
    spans = (
        f'<span class="dari-state" data-state="{escape(visible_name(state))}">'
        f"{count} {_safe('to come' if state == 'planned' else state_text(state))}</span>"
        for state, count in counts.items()
    )
    return f'<p class="dari-more">{" · ".join(spans)}</p>'


def _table(matrix: Matrix, rows: Sequence[MatrixRow]) -> str:
    lanes = _lanes(matrix)
    heads = "".join(f'<th scope="col">{_head(matrix, lane)}</th>' for lane in lanes)
    places = cells_by_place(matrix)
    lines = "".join(
        chain.from_iterable(
            _row(row, number, lanes, [places.get((row.id, lane.column.id), []) for lane in lanes])
            for number, row in enumerate(rows, 1)
        )
    )
    return (
        f'<table class="dari-paper"><thead><tr><th scope="col">Task</th>{heads}</tr></thead>'
        f"<tbody>{lines}</tbody></table>"
    )


def _head(matrix: Matrix, lane: _Lane) -> str:
    if lane.repeat is not None:
        return _safe(f"{lane.column.label} · {lane.repeat + 1}")
    cells = [cell for cell in matrix.cells if cell.column == lane.column.id]
    return column_html(lane.column, cells)


def _row(
    row: MatrixRow, number: int, lanes: Sequence[_Lane], cells: Sequence[Sequence[MatrixCell]]
) -> Iterator[str]:
    """Yield one line of the table, or as many as there are repeats below each other."""
    aside = any(lane.repeat is not None for lane in lanes)
    tracks = 1 if aside else max([1, *map(len, cells)])
    span = f' rowspan="{tracks}"' if tracks > 1 else ""
    for track in range(tracks):
        head = f'<th scope="row"{span}>{row_html(row, number)}</th>' if track == 0 else ""
        wanted = [track if lane.repeat is None else lane.repeat for lane in lanes]
        found = [
            next((c for c in place if c.repeat == n), None)
            for place, n in zip(cells, wanted, strict=True)
        ]
        tds = "".join(f"<td>{cell_html(cell) if cell else ''}</td>" for cell in found)
        yield f"<tr>{head}{tds}</tr>"


def _markdown(matrix: Matrix, rows: Sequence[MatrixRow]) -> Iterator[str]:
    yield f"**{inert(matrix.title)}** · {inert(_about(matrix))}"
    yield ""
    lanes = _lanes(matrix)
    places = cells_by_place(matrix)
    heads = [inert(f"{c.label} · {r + 1}" if r is not None else c.label) for c, r in lanes]
    if not any(lane.repeat is not None for lane in lanes):
        heads = [
            f"{h}<br>{inert(_column_facts(matrix, c))}"
            for h, (c, _) in zip(heads, lanes, strict=True)
        ]
    yield f"| Task | {' | '.join(heads)} |"
    yield f"| --- |{' --- |' * len(lanes)}"
    for number, row in enumerate(rows, 1):
        cells = []
        for column, repeat in lanes:
            found = places.get((row.id, column.id), [])
            cells.append("<br>".join(inert(_said(c)) for c in found if repeat in (None, c.repeat)))
        known = f"<br>{inert(metadata_text(row))}" if row.metadata else ""
        yield f"| {number}. {inert(label_text(row.label))}{known} | {' | '.join(cells)} |"


def _plain(matrix: Matrix, rows: Sequence[MatrixRow]) -> Iterator[str]:
    yield f"{visible_name(matrix.title)} · {_about(matrix)}"
    labels = {column.id: visible_name(column.label) for column in matrix.columns}
    width = max(map(len, labels.values()), default=0)
    numbers = len(str(len(rows)))
    places = cells_by_place(matrix)
    for number, row in enumerate(rows, 1):
        yield ""
        known = f"  ({metadata_text(row)})" if row.metadata else ""
        yield f"{number:>{numbers}}  {label_text(row.label)}{known}"
        for column, label in labels.items():
            for cell in places.get((row.id, column), []):
                facts = " · ".join([state_word(cell), *cell_facts(cell), *_scores(cell)])
                yield f"{'':{numbers}}  {label:{width}}  {facts}  {peek_text(cell)}".rstrip()


def _about(matrix: Matrix) -> str:
    head = matrix_head(matrix)
    return " · ".join([str(head.llm), state_text(head.state), *head.facts])


def _said(cell: MatrixCell) -> str:
    facts = " · ".join([state_word(cell), *cell_facts(cell), *_scores(cell)])
    return f"{peek_text(cell)} ({facts})".lstrip()


def _scores(cell: MatrixCell) -> list[str]:
    return [f"{visible_name(name)} {score_text(value)}" for name, value in cell.scores.items()]


def _column_facts(matrix: Matrix, column: MatrixColumn) -> str:
    return " · ".join(column_facts([cell for cell in matrix.cells if cell.column == column.id]))


def _safe(text: str) -> str:
    return escape(visible_name(text), quote=False)
