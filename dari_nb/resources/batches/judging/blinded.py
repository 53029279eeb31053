"""Answers of a batch as a matrix of one column, which does not tell who gave them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ....errors import InvalidRequestError
from ....transcript.neutral import neutral
from ..cells import Attempt, Cell, Column
from ..matrix.grid import Grid
from ..matrix.marks import Marks
from ..tasks import Task
from .judging import EXPECTED

if TYPE_CHECKING:
    import pandas as pd

    from ....models import TimelineItem
    from ....render.matrix.matrix import Matrix

_COLUMN = Column("answer")


class Blinded:
    """Answers as a matrix of one column, in which nothing tells who gave them.

    It is what a matrix shows (:class:`Shown`, :class:`Sheet`); ratings go to the cells they are of.

    Args:
        batch: Where the answers are from.
        cells: Those that are shown, in this order.
        name: The score that ratings are.
        notes: What is said of them besides.
    """

    repeats = 1
    is_done = True
    _can_cancel = False

    def __init__(
        self, batch: Any, cells: Sequence[Cell], name: str, notes: Sequence[str] = ()
    ) -> None:
        self._batch, self.name, self.notes = batch, name, notes
        self.agent, self.run_id, self.book = batch.agent, batch.run_id, batch.book
        self.tasks = [_task(number, cell) for number, cell in enumerate(cells)]
        self.columns = [_COLUMN]
        self.grid = Grid(partial(Cell, self), self.tasks, self.columns, 1)
        self._whose = {blind.id: cell for blind, cell in zip(self.grid, cells, strict=True)}
        self._hidden: dict[str, str] = {}
        for blind in self.grid:
            blind.put(_attempt(self._whose[blind.id]))

    @property
    def cells(self) -> list[Cell]:
        """The answers."""
        return list(self.grid)

    @property
    def rated(self) -> int:
        """How many of them have a rating."""
        return sum(mark.scores.get(self.name) is not None for mark in self._marks().values())

    def to_frame(self) -> pd.DataFrame:
        """Return one row an answer, with nothing that tells who gave it."""
        import pandas as pd

        expected = [next(iter(cell.task.metadata.values()), None) for cell in self.cells]
        told = {
            "number": range(len(self.cells)),
            "task": [cell.task.label for cell in self.cells],
            **({"expected": expected} if any(expected) else {}),
            "answer": [cell.answer or cell.text for cell in self.cells],
        }
        return pd.DataFrame(told)

    def rate(self, cell: Cell, name: str, value: Any, note: str | None = None) -> None:
        """Rate the cell that this one stands for; a note of others, which is not shown, stays."""
        whose = self._whose[cell.id]
        before = self._batch._marks([whose])[whose.id]
        if name not in before.blind:
            self._hidden[cell.id] = before.notes.get(name, "")
        stays = note is None and value is not None
        kept = None if stays else note or self._hidden.get(cell.id, "")
        self._batch._keep_rating(whose, name, value, kept, is_blind=bool(note), is_on_scale=True)

    def _keep_rating(self, cell: Cell, name: str, value: Any, note: str, **_: bool) -> None:
        """Keep what a view gives: all of it is given blind, and on the scale."""
        self.rate(cell, name, value, note)

    def to_mimebundle(self) -> dict[str, str]:
        """Return the matrix as static output."""
        from ....render.matrix.static import static_matrix

        return static_matrix(self._snapshot())

    def _snapshot(self) -> Matrix:
        """Return the answers without any mean: how many tasks these come from is not in it."""
        from ....render import count_text
        from ..matrix.picture import matrix_of

        matrix = matrix_of(self)
        columns = [replace(column, means=()) for column in matrix.columns]
        return replace(
            matrix,
            run_id="",
            columns=columns,
            findings=(),
            seconds=None,
            state="",
            size=f"{self.rated} of {count_text(len(self.tasks), 'answer')} rated",
            notes=self.notes,
            is_blind=True,
        )

    def _marks(self, cells: Sequence[Cell] | None = None) -> dict[str, Marks]:
        """Return the ratings of this name, and notes given blind: what else is said is a hint."""
        wanted = self.cells if cells is None else cells
        told = self._batch._marks([self._whose[cell.id] for cell in wanted])
        return {cell.id: self._rating(cell, told[self._whose[cell.id].id]) for cell in wanted}

    def _rating(self, cell: Cell, marks: Marks) -> Marks:
        if self.name not in marks.by_hand:
            return Marks()
        scores = {name: value for name, value in marks.scores.items() if name == self.name}
        note = marks.notes.get(self.name) if self.name in marks.blind else None
        scales = {name: scale for name, scale in marks.scales.items() if name == self.name}
        return Marks(scores, notes={self.name: note} if note else {}, scales=scales)

    def _items(self, cell: Cell) -> list[TimelineItem]:
        """Return what was said, without times, and with ids that tell no session."""
        return neutral(self._batch._items(self._whose[cell.id]))

    def _cell_at(self, place: Any) -> Cell:
        return place if isinstance(place, Cell) else self.grid.named(place)

    def _listening(self, changed: Callable[[], object]) -> contextlib.AbstractContextManager[None]:
        return self._batch._listening(changed)  # type: ignore[no-any-return]

    def _looked_at_with(self, view: Any) -> None:
        """Do nothing: what is chosen here is chosen nowhere else."""

    def _watch(self, cell_ids: Iterable[str]) -> None:
        """Do nothing: all has ended."""

    def _end_turns(self) -> Future[None]:
        raise InvalidRequestError("All of these have ended.", code="already_ended")

    def _live_text(self, _: Cell) -> None:
        """Return nothing: all has ended."""

    def _session_of(self, session_id: str) -> Any:
        raise InvalidRequestError(
            f"Who gave this answer is not told, nor is {session_id}.", code="not_supported"
        )

    @property
    def _called(self) -> list[str]:
        """What the column of each cell is called."""
        return [_COLUMN.label] * len(self.tasks)

    def _version_change(self, _: str | None) -> str:
        return ""


def _task(number: int, cell: Cell) -> Task:
    known = {name: cell.metadata[name] for name in EXPECTED if cell.metadata.get(name)}
    return Task(number, cell.task.content, known, title=cell.task.label)


def _attempt(cell: Cell) -> Attempt:
    return Attempt(1, "completed", text=cell.text, answer=cell.answer, is_read=True)
