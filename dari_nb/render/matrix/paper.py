"""The saved form of a matrix: a real table that reads well with all style stripped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

from ..markup.runs import more_html
from ..page.sheet import ROOT, style
from ..plain.inert import inert
from ..plain.visible import visible_name
from ..plain.words import count_text, state_text
from ..timeline.timeline import head_html
from .alike import groups_of, same_rows, same_text, stands_aside
from .cells import cell_html, column_html, label_text, mean_text, row_html, tint_of
from .figures import (
    cell_facts,
    cells_by_place,
    column_facts,
    matrix_head,
    metadata_text,
    peek_text,
    repeats_of,
    state_counts,
    state_word,
)
from .finding import finding_html, finding_markdown, finding_text
from .matrix import Matrix, MatrixCell, MatrixColumn, MatrixRow
from .verdict import verdicts

_MOST_CELLS = 1_000
_LEAST_ROWS = 10
_SEEN = 12  # rows that are seen at once; the others are a click away

Groups = Sequence[Sequence[MatrixCell]]
"""What stands at one place: repeats that came out alike are together."""


class _Lane(NamedTuple):
    """A track across: a column, or one repeat of it where there is only one column."""

    column: MatrixColumn
    repeat: int | None


class _Page:
    """A matrix as it is laid out: which rows are there, in which order, and what is left out."""

    def __init__(self, matrix: Matrix) -> None:
        self.matrix = matrix
        self.kinds = matrix.kinds
        self.numbers = matrix.numbers
        same = same_rows(matrix)
        hidden = {row.id for row in same}
        differing = [row for row in matrix.rows if row.id not in hidden]
        per_row = max(1, len(matrix.cells) // max(1, len(matrix.rows)))
        most = max(_LEAST_ROWS, _MOST_CELLS // per_row)
        self.rows = differing[:most]
        self.same = same[: most - len(self.rows)]
        self.same_text = same_text(matrix, same) if same else ""
        left_out = len(matrix.rows) - len(self.rows) - len(self.same)
        self.note = f"… {count_text(left_out, 'more task')} not shown" if left_out else ""
        aside = stands_aside(matrix)
        repeats = range(repeats_of(matrix)) if aside else [None]
        self.lanes = [_Lane(column, repeat) for column in matrix.columns for repeat in repeats]
        self.is_aside = aside
        self._places = cells_by_place(matrix)

    def groups(self, row: MatrixRow) -> list[Groups]:
        """Return what stands in each lane of a row."""
        return [self._groups(row.id, lane) for lane in self.lanes]

    def cells(self, column: MatrixColumn) -> list[MatrixCell]:
        """Return the cells of a column."""
        return [cell for cell in self.matrix.cells if cell.column == column.id]

    def _groups(self, row: str, lane: _Lane) -> Groups:
        cells = self._places.get((row, lane.column.id), [])
        if lane.repeat is None:
            return groups_of(cells)
        return [[cell] for cell in cells if cell.repeat == lane.repeat]


def matrix_paper(matrix: Matrix) -> dict[str, str]:
    """Render a matrix as a MIME bundle that needs no kernel, no widget and no network.

    Rows that differ come first; the others, and what is more than a screen, are a click away.

    Args:
        matrix: Of more than 1,000 cells only the first rows are kept, and the rest is counted.

    Returns:
        ``text/html`` with its style sheet, ``text/markdown`` and ``text/plain``.

    >>> rows, columns = [MatrixRow("0", "Open on Monday?")], [MatrixColumn("s", "small")]
    >>> cells = [MatrixCell("c", "0", "s", state="completed", text="No, closed.", seconds=2.0)]
    >>> print(matrix_paper(Matrix("librarian", "run", rows, columns, cells))["text/plain"][-47:])
    0  Open on Monday?
       small  2.0 s  No, closed.
    """
    page = _Page(matrix)
    html = f"{ROOT}{head_html(matrix_head(matrix))}{_counts(matrix)}{finding_html(matrix)}"
    html += f"{_tables(page)}{more_html(page.note)}</div>"
    note = ["", page.note] if page.note else []
    return {
        "text/html": style(html) + html,
        "text/markdown": "\n".join([*_markdown(page), *note]),
        "text/plain": "\n".join([*_plain(page), *note]),
    }


def _counts(matrix: Matrix) -> str:
    counts = _states(matrix)
    spans = (
        f'<span class="dari-state" data-state="{escape(visible_name(state))}">{_safe(word)}</span>'
        for state, word in counts.items()
    )
    return f'<p class="dari-more">{" · ".join(spans)}</p>' if counts else ""


def _states(matrix: Matrix) -> dict[str, str]:
    """Count the cells by state, in words, where they are not all in one."""
    counts = {state: count for state, count in state_counts(matrix).items() if count}
    words = {state: "to come" if state == "planned" else state_text(state) for state in counts}
    return {s: f"{count} {words[s]}" for s, count in counts.items()} if len(counts) > 1 else {}


def _tables(page: _Page) -> str:
    """Lay out what is seen at once, and below it, folded, more of that and what is the same."""
    seen, more = page.rows[:_SEEN], page.rows[_SEEN:]
    html = _table(page, seen, first=True)
    if more:
        html += _folded(page, more, f"{count_text(len(more), 'more task')}")
    return html + (_folded(page, page.same, page.same_text) if page.same else "")


def _folded(page: _Page, rows: Sequence[MatrixRow], summary: str) -> str:
    table = _table(page, rows, first=False)
    return f'<details class="dari-same"><summary>{_safe(summary)}</summary>{table}</details>'


def _table(page: _Page, rows: Sequence[MatrixRow], *, first: bool) -> str:
    heads = "".join(f'<th scope="col">{_head(page, lane, first=first)}</th>' for lane in page.lanes)
    lines = "".join(line for row in rows for line in _row(page, row))
    return (
        '<div class="dari-wide"><table class="dari-paper"><thead><tr><th scope="col">Task</th>'
        f"{heads}</tr></thead><tbody>{lines}</tbody></table></div>"
    )


def _head(page: _Page, lane: _Lane, *, first: bool) -> str:
    if lane.repeat is not None:
        return _safe(f"{lane.column.label} · {lane.repeat}")
    if not first:
        return _safe(lane.column.label)
    return column_html(lane.column, page.cells(lane.column), page.matrix.columns)


def _row(page: _Page, row: MatrixRow) -> Iterator[str]:
    """Yield one line of the table, or as many as there are outcomes below each other."""
    lanes = page.groups(row)
    tracks = max([1, *map(len, lanes)])
    for track in range(tracks):
        head = f'<th scope="row"{_span(tracks)}>{row_html(row, page.numbers[row.id])}</th>'
        cells = "".join(_place(page, groups, track, tracks) for groups in lanes)
        yield f"<tr>{head if track == 0 else ''}{cells}</tr>"


def _place(page: _Page, groups: Groups, track: int, tracks: int) -> str:
    """Render one outcome; the last one reaches down to the end of the row."""
    if track >= len(groups):
        return f"<td{_span(tracks)}></td>" if not groups and track == 0 else ""
    cell = groups[track][0]
    span = _span(tracks - track) if track == len(groups) - 1 else ""
    tint = tint_of(cell, page.kinds)
    look = f' data-tint="{tint}"' if tint else ""
    failed = ' data-state="failed"' if cell.state == "failed" else ""
    html = cell_html(*groups[track], kinds=page.kinds, calls=page.matrix.has_calls)
    return f"<td{span}{look}{failed}>{html}</td>"


def _span(tracks: int) -> str:
    return f' rowspan="{tracks}"' if tracks > 1 else ""


def _markdown(page: _Page) -> Iterator[str]:
    yield f"**{inert(page.matrix.title)}** · {inert(_about(page.matrix))}"
    yield ""
    if said := finding_markdown(page.matrix):
        yield from (said, "")
    yield f"| Task | {' | '.join(_head_markdown(page, lane) for lane in page.lanes)} |"
    yield f"| --- |{' --- |' * len(page.lanes)}"
    for row in [*page.rows, *page.same]:
        cells = (
            "<br>".join(inert(_said(group, page)) for group in groups)
            for groups in page.groups(row)
        )
        known = f"<br>{inert(metadata_text(row))}" if row.metadata else ""
        number = page.numbers[row.id]
        yield f"| {number}. {inert(label_text(row.label))}{known} | {' | '.join(cells)} |"
    if page.same:
        yield from ("", f"{inert(page.same_text)}; they come last.")


def _head_markdown(page: _Page, lane: _Lane) -> str:
    column = lane.column
    if lane.repeat is not None:
        return inert(f"{column.label} · {lane.repeat}")
    facts = " · ".join([*map(mean_text, column.means), *column_facts(page.cells(column))])
    return "<br>".join(inert(part) for part in (column.label, column.about, facts) if part)


def _plain(page: _Page) -> Iterator[str]:
    matrix = page.matrix
    yield f"{visible_name(matrix.title)} · {_about(matrix)}"
    if said := finding_text(matrix):
        yield from ("", said)
    width = max((len(visible_name(column.label)) for column in matrix.columns), default=0)
    numbers = len(str(max(page.numbers.values(), default=0)))
    for row in page.rows:
        yield from ("", *_lines(page, row, numbers, width))
    if page.same:
        yield from ("", page.same_text)
    for row in page.same:
        yield from ("", *_lines(page, row, numbers, width))


def _lines(page: _Page, row: MatrixRow, numbers: int, width: int) -> Iterator[str]:
    known = f"  ({metadata_text(row)})" if row.metadata else ""
    yield f"{page.numbers[row.id]:>{numbers}}  {label_text(row.label)}{known}"
    for lane, groups in zip(page.lanes, page.groups(row), strict=True):
        label = visible_name(lane.column.label)
        for group in groups:
            parts = [" · ".join(_facts(group, page)), peek_text(group[0])]
            told = "  ".join(part for part in parts if part)
            yield f"{'':{numbers}}  {label:{width}}  {told}".rstrip()


def _about(matrix: Matrix) -> str:
    head = matrix_head(matrix)
    states = [] if head.state else [w for s, w in _states(matrix).items() if s != "failed"]
    parts = [str(head.llm), state_text(head.state), *states, *head.facts]
    return " · ".join(part for part in parts if part)


def _said(group: Sequence[MatrixCell], page: _Page) -> str:
    facts = " · ".join(_facts(group, page))
    return f"{peek_text(group[0])}{f' ({facts})' if facts else ''}".lstrip()


def _facts(group: Sequence[MatrixCell], page: _Page) -> list[str]:
    cell = group[0]
    state = [state_word(cell)] if cell.state != "completed" else []
    words = [*state, *(one.text for one in verdicts(cell, page.kinds))]
    words += [f"“{note}”" for note in cell.notes.values()]
    times = f"{len(group)}\N{MULTIPLICATION SIGN}" if len(group) > 1 else ""
    if times:
        words = [f"{words[0]} {times}", *words[1:]] if words else [times]
    return [*words, *cell_facts(*group, calls=page.matrix.has_calls)]


def _safe(text: str) -> str:
    return escape(visible_name(text), quote=False)
