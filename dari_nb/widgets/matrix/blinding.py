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
from .wire import Rating

TITLE = "Blind"


class Blinding:
    """Blinds a matrix, as often as it grows, in one order of columns that was drawn for it alone.

    Of ratings it shows what is given while it is there. What it does not show stays as it is.

    Args:
        number: Tells it from others of the same matrix: no two have a cell's id in common.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._letters: dict[str, str] = {}
        self._shown: dict[str, str] = {}
        self._true: dict[str, str] = {}
        self._before: dict[tuple[str, str], Rating] = {}
        self._given: dict[str, dict[str, Rating]] = {}

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

    def with_hidden(self, rating: Rating, hidden: Rating) -> Rating:
        """Return a rating with the part that was not given, as others have it.

        Args:
            rating: What is given, of the true cell.
            hidden: What that cell has now.
        """
        cell, name = rating["cell"], rating["name"]
        before = self._before.setdefault((cell, name), hidden)
        last = self._given.get(cell, {}).get(name)
        # What this gave last is nobody else's: behind it stands what was there before.
        value = before["value"] if last and last["value"] == hidden["value"] else hidden["value"]
        note = before["note"] if last and last["note"] == hidden["note"] else hidden["note"]
        value = value if rating["value"] is None else rating["value"]
        return Rating(cell=cell, name=name, value=value, note=rating["note"] or note)

    def given(self, rating: Rating) -> None:
        """Show this rating of a true cell from now on."""
        self._given.setdefault(rating["cell"], {})[rating["name"]] = rating

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
        own = self._given.get(cell.id, {})
        return MatrixCell(
            id=shown,
            row=cell.row,
            column=column,
            repeat=cell.repeat,
            state=cell.state,
            text=cell.text,
            answer=cell.answer,
            error=UNTOLD if cell.state == "failed" else None,
            scores={name: one["value"] for name, one in own.items() if one["value"] is not None},
            notes={name: one["note"] for name, one in own.items() if one["note"]},
        )


def letter(place: int) -> str:
    """Name a column by its place.

    >>> letter(0), letter(25), letter(26)
    ('A', 'Z', 'AA')
    """
    last = chr(ord("A") + place % 26)
    return last if place < 26 else letter(place // 26 - 1) + last
