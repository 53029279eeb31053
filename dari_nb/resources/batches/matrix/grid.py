"""The matrix itself: tasks down, columns across, a cell for each repetition."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any, NamedTuple

from ....errors import NoCellError
from ..cells import Cell, Column
from ..sending.chunks import Job
from ..sending.finding import Found
from ..tasks import Task

MakeCell = Callable[[str, Task, Column, int], Cell]
"""Makes a cell of its id, task, column and repetition."""


class GridState(NamedTuple):
    """What a grid has at a moment.

    Attributes:
        cells: Cells by their places.
        in_order: The same in order.
        tasks: The rows.
        columns: The columns.
        repeats: How often each task goes to each column.
        asked: How often it goes to a version, where that is not the same for all.
        held: Why each of the cells in order is left out.
    """

    cells: dict[tuple[int, Column, int], Cell]
    in_order: list[Cell]
    tasks: list[Task]
    columns: list[Column]
    repeats: int
    asked: dict[tuple[int, str | None], int]
    held: list[str | None]


class Grid:
    """The cells of a batch by their places.

    Args:
        make: Makes a cell.
        tasks: The rows.
        columns: The columns.
        repeats: How often each task goes to each column.
        number: Tells the number of a version, if that is known.

    Attributes:
        runs: The run that each column is of, where several are beside each other.
    """

    def __init__(
        self,
        make: MakeCell,
        tasks: Iterable[Task],
        columns: Iterable[Column],
        repeats: int,
        number: Callable[[str | None], int | None] = lambda _: None,
    ) -> None:
        self._make = make
        self._number = number
        self._asked: dict[tuple[int, str | None], int] = {}
        self._apart: set[int] = set()
        self._cells: dict[tuple[int, Column, int], Cell] = {}
        self._put_in_order([])
        self.tasks = list(tasks)
        self.columns = list(columns)
        self.repeats = repeats
        self.runs: Mapping[Column, str] = {}
        self._fill()

    def __iter__(self) -> Iterator[Cell]:
        return iter(self._in_order)

    def __len__(self) -> int:
        return len(self._cells)

    def at(self, task_index: int, column: Column, repeat: int) -> Cell:
        """Return the cell at a place."""
        return self._cells[task_index, column, repeat]

    def find(self, task_index: int, column: Column, repeat: int) -> Cell | None:
        """Return the cell at a place, if there is one."""
        return self._cells.get((task_index, column, repeat))

    def with_id(self, cell_id: str) -> Cell | None:
        """Return the cell with an id, if there is one."""
        return self._by_id.get(cell_id)

    def named(self, place: Any) -> Cell:
        """Return the cell at ``(task_index, llm)`` or ``(task_index, llm, repeat)``.

        Raises:
            NoCellError: There is no such cell.
        """
        if (cell := self._found(place)) is not None:
            return cell
        names = list(self.names.values())
        tasks = [task.index for task in self.tasks]
        index = place[0] if isinstance(place, tuple) and place else place
        right = next((number for number in tasks if number == index), tasks[0])
        raise NoCellError(
            f"{place!r} is no cell. One is (task, LLM) or (task, LLM, repeat), such as "
            f"{(right, names[0])!r}; tasks are {tasks[0]} to {tasks[-1]}, LLMs {', '.join(names)}"
            f"{f', repeats 0 to {self.repeats - 1}' if self.repeats > 1 else ''}. "
            "batch.cells is a list of all.",
            code="cell_not_found",
        )

    def _found(self, place: Any) -> Cell | None:
        parts = place if isinstance(place, tuple) else (place, None)
        if len(parts) not in (2, 3) or isinstance(parts[0], bool):
            return None
        index, name, repeat = (*parts, 0)[:3]
        columns = self.called(name)
        with contextlib.suppress(TypeError):  # of what no place can be, such as a slice
            cells = [self._cells.get((index, column, repeat)) for column in columns]
            there = [cell for cell in cells if cell is not None]
            if len(there) > 1:
                names = [self.names[column] for column in columns]
                raise NoCellError(
                    f"{place!r} is {len(there)} cells: say which column, such as "
                    f"{(index, names[0], *parts[2:])!r}; there is: {', '.join(names)}.",
                    code="ambiguous_name",
                )
            return there[0] if there else None
        return None

    @property
    def names(self) -> dict[Column, str]:
        """What each column is called: by numbers of versions, as far as these are known."""
        ids = {column: self.column_id(column) for column in self.columns}
        short = {column: self._short(column, name) for column, name in ids.items()}
        return short if len({*short.values()}) == len(ids) else ids

    def named_column(self, name: Any) -> Column | None:
        """Return the column that is called so, by its name or its id."""
        named = [c for c, known in self.names.items() if name in (known, self.column_id(c))]
        return named[0] if named else None

    def called(self, name: Any) -> list[Column]:
        """Return the column that is called so, or else all with this LLM."""
        column = self.named_column(name)
        return [c for c in self.columns if c.llm == name] if column is None else [column]

    def version_name(self, version: str | None) -> str:
        """Return what a version is called: ``v2``, or the beginning of its id."""
        from ....render.plain.words import short_id

        number = self._number(version)
        return f"v{number}" if number else short_id(version or "")

    def _short(self, column: Column, name: str) -> str:
        if not column.version or not name.endswith(column.version):
            return name
        return name.removesuffix(column.version) + self.version_name(column.version)

    def column_id(self, column: Column) -> str:
        """Return the id of a column: its LLM, its version, or both, as it takes to be known."""
        if len({column.version for column in self.columns}) < 2:
            return column.label
        if len({column.llm for column in self.columns}) < 2:
            return str(column.version)
        return f"{column.label} @ {column.version}"

    def jobs(self, *, again: Container[str] = ()) -> list[list[Job]]:
        """Return what was and what is to be sent, a list for each number of attempt.

        Args:
            again: What is to be sent again that ended so: ``failed``, ``cancelled``, or both.
        """
        # What is left of a task whose session was never created says nothing to send.
        ordered = sorted((c for c in self if c.task.content), key=lambda cell: cell.repeat)
        last = max((cell.attempts for cell in ordered), default=0) + 1 if again else 1
        # Who sends again what failed has not asked for what was left out before.
        first = [cell for cell in ordered if not again or cell.held is None]
        return [
            [Job(cell) for cell in first],
            *(
                [Job(c, n) for c in ordered if _is_left(c, n - 1, again)]
                for n in range(2, last + 1)
            ),
        ]

    def take(self, found: Iterable[Found]) -> str | None:
        """Take in sessions that are there; returns what they contradict, if anything."""
        keys = {task.index: task.key for task in self.tasks}
        for entry in found:
            if keys.get(entry.task_index, entry.task_key) != entry.task_key:
                return f"tasks[{entry.task_index}]"
            cell = self._cells.get((entry.task_index, entry.column, entry.repeat))
            if cell is not None and cell.attempt(entry.attempt.number) is None:
                cell.put(entry.attempt)
            elif cell is not None and entry.attempt.session_id is not None:
                cell.add_double(entry.attempt)
        return None

    def extend(
        self, tasks: Iterable[Task], llms: Iterable[str], repeats: int, found: Sequence[Found]
    ) -> None:
        """Add rows, columns and repetitions, those that are there already left out.

        Args:
            tasks: Further tasks; each gets the row that it had before, if it had any.
            llms: Further LLM options.
            repeats: How many repetitions there are to be.
            found: The sessions there are.
        """
        self._add_tasks(tasks, found)
        versions = list(dict.fromkeys(column.version for column in self.columns))
        wanted = (Column(llm, version) for version, llm in product(versions, llms))
        self.columns += [column for column in dict.fromkeys(wanted) if column not in self.columns]
        if repeats > self.repeats:
            self._asked = dict.fromkeys(self._asked, repeats)
        self.repeats = repeats
        self._fill()

    def keep_to(self, asked: Mapping[tuple[int, str | None], int]) -> None:
        """Leave out the cells of tasks with versions that were not given them.

        Args:
            asked: How often each task was to go to a version, by its index and the version's id.
        """
        self._asked, self._apart = dict(asked), {index for index, _ in asked}
        self._fill()
        self._cells = {(c.task.index, c.column, c.repeat): c for c in self._in_order}

    def state(self) -> GridState:
        """Return what there is now, to be restored."""
        return GridState(
            cells=dict(self._cells),
            in_order=list(self._in_order),
            tasks=self.tasks[:],
            columns=self.columns[:],
            repeats=self.repeats,
            asked=self._asked,
            held=[cell.held for cell in self._in_order],
        )

    def restore(self, state: GridState) -> None:
        """Have what there was before; why a cell was left out the first time is still told."""
        self._cells = state.cells
        self._put_in_order(state.in_order)
        self.tasks, self.columns = state.tasks, state.columns
        self.repeats, self._asked = state.repeats, state.asked
        for cell, why in zip(state.in_order, state.held, strict=True):
            cell.held = why or cell.held

    def _add_tasks(self, tasks: Iterable[Task], found: Sequence[Found]) -> None:
        there = {task.key for task in self.tasks}
        taken = {task.index for task in self.tasks}
        before = {e.task_key: e.task_index for e in found if e.task_index not in taken}
        free = max([*taken, *(entry.task_index for entry in found)], default=-1) + 1
        for task in tasks:
            if task.key not in there:
                index = before.get(task.key, free)
                free += index == free
                there.add(task.key)
                self.tasks.append(replace(task, index=index))

    def _put_in_order(self, cells: list[Cell]) -> None:
        self._in_order = cells
        self._by_id = {cell.id: cell for cell in reversed(cells)}

    def _fill(self) -> None:
        cells: list[Cell] = []
        names = {column: self.column_id(column) for column in self.columns}
        for task, column, repeat in product(self.tasks, self.columns, range(self.repeats)):
            place = (task.index, column, repeat)
            if not self._is_asked(task, column, repeat):
                continue
            cell = self._cells.get(place)
            if cell is None:
                cell_id = f"{task.index}/{names[column]}/{repeat}"
                cell = self._cells[place] = self._make(cell_id, task, column, repeat)
            cells.append(cell)
        self._put_in_order(cells)

    def _is_asked(self, task: Task, column: Column, repeat: int) -> bool:
        is_apart = task.index in self._apart
        return not is_apart or repeat < self._asked.get((task.index, column.version), 0)


def _is_left(cell: Cell, number: int, again: Container[str]) -> bool:
    """Whether there is, or is to be, an attempt after this one."""
    attempt = cell.attempt(number)
    if attempt is None or not attempt.is_settled:
        return False
    return attempt.state in again or cell.attempt(number + 1) is not None


def size_text(tasks: int, columns: Sequence[Column], repeats: int) -> str:
    """Say how large a matrix is, as objects tell it.

    >>> size_text(1, [Column("small"), Column("large")], 3)
    '1 task x 2 LLMs x 3'
    >>> size_text(1, [Column("small", "ver_1"), Column("small", "ver_2")], 3)
    '1 task x 1 LLM x 2 versions x 3'
    """
    from ....render import count_text
    from ....render.matrix.figures import across_text

    across = across_text([(column.llm, column.version) for column in columns])
    return " x ".join([count_text(tasks, "task"), *across, str(repeats)])
