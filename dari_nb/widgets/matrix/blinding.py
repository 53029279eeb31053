"""A matrix in which nothing tells whose the answers are, and the way back to the true one. No I/O.

What is shown to somebody who rates blind is made of this alone: what is not in it cannot be seen.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from ...models import TimelineItem
from ...render import Head
from ...render.matrix.matrix import Matrix, MatrixCell, MatrixColumn
from ...transcript.neutral import UNTOLD, neutral

TITLE = "Blind"


class Blinding:
    """Blinds a matrix, as often as it grows, in one order of columns that was drawn for it alone.

    Of scores it shows those that are given while it is there.

    Args:
        number: Tells it from others of the same matrix: no two have a cell's id in common.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._letters: dict[str, str] = {}
        self._shown: dict[str, str] = {}
        self._true: dict[str, str] = {}
        self._given: dict[str, set[str]] = {}

    def of(self, matrix: Matrix) -> Matrix:
        """Return a matrix with nothing but tasks, answers, and ratings that were given here."""
        self._draw([column.id for column in matrix.columns])
        there = {self._letters[column.id] for column in matrix.columns}
        letters = [letter for letter in self._letters.values() if letter in there]
        tasks = {row.id: place for place, row in enumerate(matrix.rows)}
        columns = {letter: place for place, letter in enumerate(letters)}
        cells = sorted(
            map(self._cell, matrix.cells),
            key=lambda cell: (tasks[cell.row], columns[cell.column], cell.repeat),
        )
        return Matrix(
            title=TITLE,
            run_id="",
            rows=matrix.rows,
            columns=[MatrixColumn(letter, letter) for letter in letters],
            cells=cells,
            state=matrix.state,
            is_blind=True,
        )

    def shown(self, cell_id: str) -> str:
        """Return the id that a cell is shown by; empty where it is not."""
        return self._shown.get(cell_id, "")

    def true(self, cell_id: str) -> str | None:
        """Return the id of the cell that is shown by this one."""
        return self._true.get(cell_id)

    def given(self, cell_id: str, name: str) -> None:
        """Show this rating of a cell from now on: it was given while this was there."""
        self._given.setdefault(cell_id, set()).add(name)

    def opened(
        self, cell: MatrixCell, items: Sequence[TimelineItem]
    ) -> tuple[Sequence[TimelineItem], Head]:
        """Return what was said in a cell that is shown, without times, figures or names."""
        return neutral(items), Head(cell.column, state=cell.state)

    def _draw(self, ids: Sequence[str]) -> None:
        """Give each new column a letter, in an order that nothing else follows."""
        new = [column for column in ids if column not in self._letters]
        random.SystemRandom().shuffle(new)
        for column in new:
            self._letters[column] = letter(len(self._letters))

    def _cell(self, cell: MatrixCell) -> MatrixCell:
        column = self._letters[cell.column]
        shown = f"{cell.row}/{column}/{cell.repeat}/{self._number}"
        self._shown[cell.id], self._true[shown] = shown, cell.id
        own = self._given.get(cell.id, set())
        return MatrixCell(
            id=shown,
            row=cell.row,
            column=column,
            repeat=cell.repeat,
            state=cell.state,
            text=cell.text,
            answer=cell.answer,
            error=UNTOLD if cell.state == "failed" else None,
            scores={name: value for name, value in cell.scores.items() if name in own},
            notes={name: note for name, note in cell.notes.items() if name in own},
        )


def letter(place: int) -> str:
    """Name a column by its place.

    >>> letter(0), letter(25), letter(26)
    ('A', 'Z', 'AA')
    """
    last = chr(ord("A") + place % 26)
    return last if place < 26 else letter(place // 26 - 1) + last
