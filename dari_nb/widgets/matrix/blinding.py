"""A matrix in which nothing tells whose the answers are, and the way back to the true one. No I/O.

What is shown to somebody who rates blind is made of this alone: what is not in it cannot be seen.
"""

from __future__ import annotations

import random
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...models import TimelineItem
from ...render import Head
from ...render.matrix.matrix import Matrix, MatrixCell, MatrixColumn
from ...transcript.neutral import UNTOLD, neutral
from .asked import Given, Said, with_rating

TITLE = "Blind"


@dataclass(frozen=True)
class Layers:
    """A rating of those who do not see each other's, over what was last said by all others.

    ``given`` is what each of them gives, value and note apart: of each, who came last is above.
    """

    below: Said
    given: Mapping[tuple[object, str], Any] = field(default_factory=dict)

    @property
    def top(self) -> Said:
        """What is to be kept: of value and note the uppermost that is given."""
        given = _parts(self.given.items())
        is_blind = "note" in given or self.below.is_blind
        return self.below._replace(at="", is_blind=is_blind, **given)

    def of(self, who: object) -> Said:
        """What one of them gives."""
        return Said(**_parts(one for one in self.given.items() if one[0][0] is who))

    def but(self, who: object, rating: Given) -> Layers:
        """Return it as it is when one of them gives this."""
        new = {(who, part): said for part, said in rating.parts.items()}
        others = {key: said for key, said in self.given.items() if key not in new}
        return Layers(self.below, {**others, **new})


def _parts(given: Iterable[tuple[tuple[object, str], Any]]) -> dict[str, Any]:
    return {part: said for (_, part), said in given if said not in (None, "")}


_layers: dict[Hashable, Layers] = {}
"""What blind ratings were made of, by when they were kept: who comes after goes by it."""


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
        self._who = object()
        self._given: dict[str, dict[str, Said]] = {}

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

    def over(self, stands: Said, rating: Given) -> Layers:
        """Return what a true cell is to be rated, over what others say of it.

        Args:
            stands: What that cell has now.
            rating: What is given.
        """
        layers = _layers.get(self._key(stands, rating))
        if layers is None or (layers.top.value, layers.top.note) != stands[:2]:
            layers = Layers(stands)  # others have spoken since: that is theirs, both parts of it
        return layers.but(self._who, rating)

    def given(self, layers: Layers, rating: Given) -> Said:
        """Show from now on what is given here of a true cell; returns that."""
        said = layers.of(self._who)
        self._given.setdefault(rating.cell, {})[rating.name] = said
        return said

    def store(self, layers: Layers, rating: Given, before: Said, stands: Said) -> None:
        """Remember what was kept, now that it stands in place of what did before."""
        _layers.pop(self._key(before, rating), None)
        _layers[self._key(stands, rating)] = layers

    def _key(self, said: Said, rating: Given) -> Hashable:
        return said.at or (self._who, rating.cell, rating.name)

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
        made = MatrixCell(
            id=shown,
            row=cell.row,
            column=column,
            repeat=cell.repeat,
            state=cell.state,
            text=cell.text,
            answer=cell.answer,
            error=UNTOLD if cell.state == "failed" else None,
        )
        for name, said in self._given.get(cell.id, {}).items():
            made = with_rating(made, name, said)
        return made


def letter(place: int) -> str:
    """Name a column by its place.

    >>> letter(0), letter(25), letter(26)
    ('A', 'Z', 'AA')
    """
    last = chr(ord("A") + place % 26)
    return last if place < 26 else letter(place // 26 - 1) + last
