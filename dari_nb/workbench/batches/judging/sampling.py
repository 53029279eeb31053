"""Some answers of a batch, to be rated by hand without being told who gave them."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ....errors import InvalidRequestError
from ....scores.checks import check_whole
from ....scores.worth import checked_name
from ...link import host
from ..cells import Attempt, Cell, Column
from ..keys import digest
from ..matrix import marks
from ..matrix.grid import Grid
from ..matrix.marks import Marks
from ..tasks import Task
from .judging import EXPECTED, answered
from .neutral import neutral

if TYPE_CHECKING:
    import pandas as pd

    from ....models import TimelineItem
    from ....render.matrix.matrix import Matrix
    from ....widgets.view import AnyLayout
    from ..matrix_view import BatchMatrix

_COLUMN = Column("answer")


class BlindSample:
    """Answers to rate; shown in a notebook, it is a view to open and rate one after another.

    >>> sample = batch.sample(4)
    >>> len(sample)
    4

    Attributes:
        name: The score that the ratings are.
    """

    def __init__(self, blinded: Blinded) -> None:
        self.name = blinded.name
        self._blinded = blinded

    def __len__(self) -> int:
        return len(self._blinded.cells)

    def __getitem__(self, number: int) -> Cell:
        """Return an answer, from 0 in the order shown: a cell that does not tell whose it is.

        >>> batch.sample(4)[0].task.label
        'What is 3 * 7?'
        """
        return self._blinded.cells[number]

    @property
    def left(self) -> int:
        """How many are not rated yet.

        >>> batch.sample(4, name="clarity").left
        4
        """
        return len(self) - self._blinded.rated

    def rate(self, number: int, value: Any, note: str = "") -> None:
        """Keep a rating, as :meth:`Batch.rate` does; ``None`` without a note takes it back.

        Args:
            number: Which answer, from 0, in the order shown.
            value: Yes or no, a number, or a text.
            note: What there is to say of it.

        Raises:
            InvalidRequestError: There is no such answer, or the value is none.

        >>> sample = batch.sample(4)
        >>> sample.rate(3, 2, "wrong at the end")
        """
        check_whole("number", number, 0)
        if number >= len(self):
            raise InvalidRequestError(f"There are {len(self)} answers, from 0 to {len(self) - 1}.")
        self._blinded.rate(self._blinded.cells[number], self.name, value, note)

    def to_frame(self) -> pd.DataFrame:
        """Return one row an answer: what was asked, what is expected, the answer, and its rating.

        The rating's column has the name of the sample; ``expected`` is missing where no task says
        what is.

        >>> list(batch.sample(1, name="by hand").to_frame())
        ['number', 'task', 'answer', 'by hand', 'note']
        """
        marks = self._blinded._marks()
        of = [marks[cell.id] for cell in self._blinded.cells]
        frame = self._blinded.to_frame()
        name = f"score.{self.name}" if self.name in (*frame, "note") else self.name
        frame[name] = [one.scores.get(self.name) for one in of]
        frame["note"] = [one.notes.get(self.name) for one in of]
        return frame

    def view(self, *, layout: AnyLayout = None) -> BatchMatrix:
        """Return the view: open an answer, press 1 to 5, go on to the next one.

        Args:
            layout: Its place and size, an ``ipywidgets.Layout`` or a dict of CSS.

        >>> view = batch.sample(2).view()
        >>> view.blind
        True
        """
        from ..matrix_view import BatchMatrix

        view = BatchMatrix(self._blinded, stays=True, layout=layout)
        view.blind, view.rating = True, self.name
        return view

    def to_mimebundle(self) -> dict[str, str]:
        """Return the answers as HTML, Markdown and plain text."""
        return self._blinded.to_mimebundle()

    def __str__(self) -> str:
        return self.to_mimebundle()["text/plain"]

    def __repr__(self) -> str:
        notes = "".join(f"; {note}" for note in self._blinded.notes)
        return f"<BlindSample of {len(self)} answers, {self.left} to rate as {self.name!r}{notes}>"

    def _ipython_display_(self) -> None:
        from IPython.display import display

        if host.in_kernel():
            display(self.view())
        else:
            print(repr(self))  # noqa: T201


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

    def rate(self, cell: Cell, name: str, value: Any, note: str = "") -> None:
        """Rate the cell that this one stands for."""
        self._batch.rate(self._whose[cell.id], name, value, note)

    def to_mimebundle(self) -> dict[str, str]:
        """Return the matrix as paper."""
        from ....render.matrix.paper import matrix_paper

        return matrix_paper(self._snapshot())

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
            size=f"{self.rated} of {count_text(len(self.tasks), 'answer')} rated",
            notes=self.notes,
        )

    def _marks(self, cells: Sequence[Cell] | None = None) -> dict[str, Marks]:
        """Return what people have said: what others found would be a hint."""
        wanted = self.cells if cells is None else cells
        by_people = _by_people(self._batch, (self._whose[cell.id] for cell in wanted))
        return {cell.id: by_people[self._whose[cell.id].id] for cell in wanted}

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
        raise InvalidRequestError("All of these have ended.")

    def _live_text(self, _: Cell) -> None:
        """Return nothing: all has ended."""

    def _session_of(self, session_id: str) -> Any:
        raise InvalidRequestError(f"Who gave this answer is not told, nor is {session_id}.")

    def _version_number(self, _: str | None) -> None:
        """Return nothing: versions are not told."""

    def _version_gist(self, _: str | None) -> str:
        return ""


def drawn(batch: Any, size: int, seed: int, name: str) -> BlindSample:
    """Draw answers of each column; see :meth:`Batch.sample`."""
    check_whole("size", size, 1)
    check_whole("seed", seed, 0)
    marks.check_no_judge(batch.book.scores(batch.run_id), checked_name(name))
    there = answered(batch)
    chosen = sorted(
        list(_in_turn(there, seed))[:size], key=lambda cell: digest("shown", seed, cell.id)
    )
    lacking = len(batch.columns) - len({cell.column for cell in there})
    verb = "has" if lacking == 1 else "have"
    notes = [f"{lacking} of {len(batch.columns)} columns {verb} no answer"] if lacking else []
    notes += [f"{size} were asked for, and there are no more"] if len(chosen) < size else []
    return BlindSample(Blinded(batch, chosen, name, notes))


def _in_turn(cells: Sequence[Cell], seed: int) -> Iterator[Cell]:
    """Give a cell of each column, and again until all are given; tasks anew before repeats."""
    columns = defaultdict(list)
    for cell in sorted(cells, key=lambda cell: digest("drawn", seed, cell.id)):
        columns[cell.column].append(cell)
    waiting = [list(_tasks_first(of)) for of in columns.values()]
    for place in range(max(map(len, waiting))):
        yield from (of[place] for of in waiting if place < len(of))


def _tasks_first(cells: Sequence[Cell]) -> list[Cell]:
    seen: dict[int, int] = defaultdict(int)
    rounds = []
    for cell in cells:
        rounds.append(seen[cell.task_index])
        seen[cell.task_index] += 1
    return [cell for _, cell in sorted(zip(rounds, cells, strict=True), key=lambda pair: pair[0])]


def _task(number: int, cell: Cell) -> Task:
    known = {name: cell.metadata[name] for name in EXPECTED if cell.metadata.get(name)}
    return Task(number, cell.task.content, known, title=cell.task.label)


def _attempt(cell: Cell) -> Attempt:
    return Attempt(1, "completed", text=cell.text, answer=cell.answer, is_read=True)


def _by_people(batch: Any, cells: Iterable[Cell]) -> dict[str, Marks]:
    """Return the ratings of cells by their ids."""
    wanted = list(cells)
    told = batch._marks(wanted)
    given = {score.name for score in batch.book.scores(batch.run_id) if score.by == "person"}
    return {
        cell.id: Marks(
            {name: value for name, value in told[cell.id].scores.items() if name in given},
            notes={name: note for name, note in told[cell.id].notes.items() if name in given},
        )
        for cell in wanted
    }
