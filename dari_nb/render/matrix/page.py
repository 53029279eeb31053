"""How a matrix is laid out in static output: rows, lanes, and what stands at each place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..plain.visible import visible_name
from ..plain.words import count_text
from .against import Against
from .alike import answers_of, groups_of, same_rows, same_text, stands_aside
from .cells import SAME_ANSWER
from .figures import repeats_of
from .matrix import Matrix, MatrixCell, MatrixColumn, MatrixRow
from .sifting.facts import Facts, read_conditions
from .sifting.sifting import Sifted, Wish, sift
from .verdict import short_name

_MOST_CELLS = 1_000
_LEAST_ROWS = 10

Groups = Sequence[Sequence[MatrixCell]]
"""What stands at one place: repeats that gave one answer are together."""


class Lane(NamedTuple):
    """A track across: a column, or one repeat of it where there is only one column."""

    column: MatrixColumn
    repeat: int | None


class Page:
    """A matrix as it is laid out: which rows are there, in which order, and what is left out."""

    def __init__(self, matrix: Matrix, wish: Wish, seen: Against | None) -> None:
        self.matrix = matrix
        self.seen = seen
        self.kinds = matrix.kinds
        self.numbers = matrix.numbers
        is_all = wish == Wish()
        sifted = None if is_all else sift(matrix, wish)
        rows = sifted.rows if sifted else matrix.rows
        same = same_rows(matrix) if not (wish.where or wish.order) else []
        hidden = {row.id for row in same}
        differing = [row for row in rows if row.id not in hidden]
        asked = _choice(matrix, wish, sifted) if sifted else ""
        self.choice = " · ".join(filter(None, [asked, _order(matrix, wish.order, seen)]))
        per_row = max(1, len(matrix.cells) // max(1, len(matrix.rows)))
        most = max(_LEAST_ROWS, _MOST_CELLS // per_row)
        self.rows = differing[:most]
        self.same = same[: most - len(self.rows)]
        self.same_text = same_text(matrix, same) if same else ""
        left_out = len(rows) - len(self.rows) - len(self.same)
        self.note = f"… {count_text(left_out, 'more task')} not shown" if left_out else ""
        aside = stands_aside(matrix)
        repeats = range(repeats_of(matrix)) if aside else [None]
        self.lanes = [Lane(column, repeat) for column in matrix.columns for repeat in repeats]
        self.is_aside = aside
        self._places = matrix.by_place
        self._cells: dict[str, list[MatrixCell]] = {row.id: [] for row in rows}
        for (row_id, _), cells in self._places.items():
            if row_id in self._cells:
                self._cells[row_id] += cells
        counts = any(answers_of(self._cells[row.id]) for row in self.rows)
        self.note = ". ".join(filter(None, [self.note, SAME_ANSWER if counts else ""]))

    def groups(self, row: MatrixRow) -> list[Groups]:
        """Return what stands in each lane of a row."""
        return [self._groups(row.id, lane) for lane in self.lanes]

    def cells_of(self, row: MatrixRow) -> list[MatrixCell]:
        """Return the cells of a row."""
        return self._cells[row.id]

    def mark(self, row: MatrixRow, lane: Lane, groups: Groups) -> str:
        """Say whether a task got worse or better in a column; empty where neither.

        That is of all its repeats, and no word on any answer that only some of them gave.
        """
        mark = self.seen.mark(row.id, lane.column.id) if self.seen else ""
        if not mark or len(groups) < 2:
            return mark
        count = sum(map(len, groups))
        return f"{'both' if count == 2 else f'all {count}'} together: {mark}"

    def cells(self, column: MatrixColumn) -> list[MatrixCell]:
        """Return the cells of a column."""
        return [cell for cell in self.matrix.cells if cell.column == column.id]

    def _groups(self, row: str, lane: Lane) -> Groups:
        cells = self._places.get((row, lane.column.id), [])
        if lane.repeat is None:
            return groups_of(cells)
        return [[cell] for cell in cells if cell.repeat == lane.repeat]


def _choice(matrix: Matrix, wish: Wish, sifted: Sifted) -> str:
    """Say what was asked for, which a saved page has no field to read from."""
    if not wish.words:
        return ""
    left = len(sifted.rows)
    of = f"{left:,} of {count_text(len(matrix.rows), 'task')}"
    if sifted.is_misread:
        return f"{of}: {wish.words} ({sifted.why})"
    conditions, words = read_conditions(wish.where, Facts(matrix, sifted.seen))
    named = ", ".join(f"“{visible_name(word)}”" for word in words)
    told = f"the {'words' if len(words) > 1 else 'word'} {named}" if words else ""
    if not conditions:
        return f"{of} {'holds' if left == 1 else 'hold'} {told}"
    return f"{of}: {wish.words}{f' (with {told})' if told else ''}"


def _order(matrix: Matrix, order: str, seen: Against | None) -> str:
    """Say what tasks are sorted by, if that was asked for and there is such a thing."""
    name = order.removeprefix("-")
    if not name or name.lower() not in Facts(matrix, seen).names:
        return ""
    ends = ("last first", "")
    if name in ("number", "latency_s", "cost_usd") or name in matrix.kinds:
        ends = ("highest first", "lowest first")
    end = ends[0] if order.startswith("-") else ends[1]
    return ", ".join(filter(None, [f"sorted by {visible_name(short_name(name))}", end]))
