"""What the pages have been told of a matrix, and what they still lack. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from ...render.matrix.alike import groups_of, same_rows, stands_aside
from ...render.matrix.cells import cell_html, column_html, label_text, row_html, tint_of
from ...render.matrix.matrix import ENDED, Matrix, MatrixCell, MatrixRow
from ...score_kinds import JUDGE, Kind, is_missing, kinds_of
from ..packing import packed
from .asked import on_one_line
from .wire import Cell, Change, Column, Row

#: Characters of HTML in one message; JSON escapes keep it below a megabyte.
MESSAGE_CHARS = 300_000

Entry = tuple[int, str, Row | Cell]


class Changes:
    """Numbers what is new, so that a page that missed some of it gets all that came since.

    Nothing that is old is kept: a page that comes late gets each cell once, as it is now.
    """

    def __init__(self) -> None:
        self.n = 0
        self._columns: list[Column] = []
        self._seen: dict[tuple[str, str], Any] = {}
        self._entries: dict[tuple[str, str], Entry] = {}
        self._headings: dict[str, tuple[Any, str]] = {}

    def take(self, matrix: Matrix) -> Iterator[tuple[int, int, bytes]]:
        """Compare a matrix with what is known; yields messages as ``since``, ``n``, buffer."""
        before, columns = self.n, self._columns
        self._columns = _columns(matrix)
        size = 0
        new: list[tuple[tuple[str, str], str, Row | Cell]] = []
        for key, thing, make in self._new(matrix):
            entry = make()
            self._seen[key] = thing
            size += len(entry["html"])
            new.append((key, key[0], entry))
        if not new and columns == self._columns:
            return
        self.n += 1
        room = MESSAGE_CHARS
        for key, kind, entry in new:
            room -= len(entry["html"])
            if room < 0:
                self.n, room = self.n + 1, MESSAGE_CHARS
            self._entries[key] = (self.n, kind, entry)
        yield from self.since(before)

    def since(self, n: int) -> Iterator[tuple[int, int, bytes]]:
        """Yield all that is new after ``n`` as messages of bounded size."""
        entries = sorted(
            (entry for entry in self._entries.values() if entry[0] > n), key=lambda e: e[0]
        )
        start, before, room = 0, n, MESSAGE_CHARS
        for index, (number, _, entry) in enumerate(entries):
            room -= len(entry["html"])
            if room < 0 and index and number > entries[index - 1][0]:
                last = entries[index - 1][0]
                yield before, last, self._packed(entries[start:index])
                start, before, room = index, last, MESSAGE_CHARS
        yield before, self.n, self._packed(entries[start:])

    def _new(self, matrix: Matrix) -> Iterator[tuple[tuple[str, str], Any, Any]]:
        same = {row.id for row in same_rows(matrix)}
        cells: dict[str, list[MatrixCell]] = {row.id: [] for row in matrix.rows}
        for cell in matrix.cells:
            cells[cell.row].append(cell)
        for row in matrix.rows:
            index, is_same = matrix.numbers[row.id], row.id in same
            html = self._heading(row, index, cells[row.id])
            key, told = ("rows", row.id), (index, row, is_same, html)
            if self._seen.get(key) != told:
                yield key, told, partial(_row, row, index, html, same=is_same)
        groups, kinds = _groups(matrix), matrix.kinds
        for cell in matrix.cells:
            group, among = groups[cell.id]
            own = group if group[0] is cell else group[:1]
            looks = [kinds.get(name) for name in cell.scores], matrix.has_calls, among
            key, thing = ("cells", cell.id), (cell, own, *looks)
            if self._seen.get(key) != thing:
                calls = matrix.has_calls
                yield key, thing, partial(_cell, cell, group, kinds, calls=calls, among=among)

    def _heading(self, row: MatrixRow, index: int, cells: Sequence[MatrixCell]) -> str:
        """Render a heading, which counts answers, again only where one of them is new."""
        said = tuple((c.state, c.answer, c.text, c.error) for c in cells if c.state in ENDED)
        known = self._headings.get(row.id)
        if known is None or known[0] != (row, index, said):
            known = (row, index, said), row_html(row, index, cells, live=True)
            self._headings[row.id] = known
        return known[1]

    def _packed(self, entries: Sequence[Entry]) -> bytes:
        change = Change(columns=self._columns, rows=[], cells=[])
        for _, kind, entry in entries:
            change[kind].append(entry)  # type: ignore[literal-required]
        return packed(change)


def drawn(matrix: Matrix, place: Sequence[MatrixCell]) -> list[Cell]:
    """Draw the cells of one place as the news of them do.

    Args:
        matrix: The matrix that they are in.
        place: All cells of a row in a column.
    """
    place = sorted(place, key=lambda cell: cell.repeat)
    kinds = {**kinds_of(cell.scores_and_scales for cell in place), **matrix.kinds}
    is_aside = stands_aside(matrix)
    groups = [[cell] for cell in place] if is_aside else groups_of(place)
    among = 1 if is_aside else len(place)
    return [
        _cell(cell, group, kinds, calls=matrix.has_calls, among=among)
        for group in groups
        for cell in group
    ]


def _columns(matrix: Matrix) -> list[Column]:
    cells: dict[str, list[MatrixCell]] = {}
    for cell in matrix.cells:
        cells.setdefault(cell.column, []).append(cell)
    return [
        Column(
            id=column.id,
            html=column_html(column, cells.get(column.id, []), matrix.columns, live=True),
        )
        for column in matrix.columns
    ]


def _groups(matrix: Matrix) -> dict[str, tuple[list[MatrixCell], int]]:
    """Find for each cell those that came out alike at its place, and how many there are there."""
    if stands_aside(matrix):
        return {cell.id: ([cell], 1) for cell in matrix.cells}
    places = matrix.by_place.values()
    return {
        cell.id: (group, len(cells))
        for cells in places
        for group in groups_of(cells)
        for cell in group
    }


def _row(row: MatrixRow, index: int, html: str, *, same: bool) -> Row:
    return Row(
        id=row.id,
        index=index,
        label=label_text(row.label),
        html=html,
        same=same,
    )


def _cell(
    cell: MatrixCell,
    group: Sequence[MatrixCell],
    kinds: Mapping[str, Kind],
    *,
    calls: bool,
    among: int,
) -> Cell:
    return Cell(
        id=cell.id,
        row=cell.row,
        column=cell.column,
        repeat=cell.repeat,
        state=cell.state,
        within=group[0].id,
        html=cell_html(*group, kinds=kinds, calls=calls, among=among) if group[0] is cell else "",
        tint=tint_of(*(group if group[0] is cell else [cell]), kinds=kinds),
        scores={str(name): _plain(value) for name, value in cell.scores.items()},
        # Those that can be written here: what a judge wrote may be long.
        notes={
            str(name): on_one_line(str(note))
            for name, note in cell.notes.items()
            if not name.startswith(JUDGE)
        },
    )


def _plain(value: Any) -> Any:
    """Make a score something that JSON has: objects are told as text."""
    if is_missing(value):
        return None
    return value if isinstance(value, str | int | float) else str(value)
