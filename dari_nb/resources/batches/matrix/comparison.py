"""Cells of a batch beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING

from ....errors import InvalidRequestError
from ....models import TimelineItem, ToolCallItem

if TYPE_CHECKING:
    from ....render.calls.alignment import Step
    from ..cells import Cell
    from .sheet import Sheet


def cells_of_columns(
    batch: Sheet, names: Sequence[str], task: int | None
) -> tuple[list[Cell], str]:
    """Find the cells of columns that are called so, on one task, and say which others there are.

    Args:
        batch: Where they are.
        names: What the columns are called.
        task: The task's index; the first on which these columns differ when left out.

    Raises:
        InvalidRequestError: There is no such column or task.
    """
    from ....render.matrix.alike import differ, differing_text, telling_of

    found = {name: batch.grid.named_column(name) for name in names}
    columns = {name: column for name, column in found.items() if column is not None}
    unknown = [name for name in names if name not in columns]
    if unknown:
        known = ", ".join(batch.grid.names.values())
        raise InvalidRequestError(
            f"There is no column {unknown[0]!r}. There is: {known}.", code="column_not_found"
        )
    matrix = batch._snapshot()
    pictures = {cell.id: cell for cell in matrix.cells}
    places = ([batch.grid.at(t.index, columns[name], 0) for name in names] for t in batch.tasks)
    rows = [
        row
        for row in places
        if task in (None, row[0].task_index) and all(cell.id in pictures for cell in row)
    ]
    if not rows:
        raise InvalidRequestError(
            f"There is no task {task!r}: the last one is {batch.tasks[-1].index}.",
            code="task_not_found",
        )
    scores = telling_of([pictures[cell.id] for row in rows for cell in row], matrix)
    differing = [r for r in rows if differ([pictures[cell.id] for cell in r], scores)]
    chosen = differing[0] if differing else rows[0]
    is_told = task is None and len(names) > 1 and len(rows) > 1
    if not is_told:
        return chosen, ""
    which = ", its first repeat" if batch.repeats > 1 else ""
    return chosen, _others(rows, differing, which, differing_text(scores))


def _others(
    rows: Sequence[list[Cell]], differ: Sequence[list[Cell]], which_repeat: str, differs: str
) -> str:
    """Say on which task columns are compared of how many, and how another is seen."""
    tasks = [row[0].task_index for row in differ]
    first = tasks[0] if tasks else rows[0][0].task_index
    if not tasks:
        said = f"Task {first}{which_repeat}; {differs} on none of {len(rows)} tasks."
    elif len(tasks) == 1:
        said = f"Task {first}{which_repeat}, the only one of {len(rows)} on which {differs}."
    else:
        said = f"Task {first}{which_repeat}, the first of {len(tasks)} on which {differs}."
    others = [n for n in (tasks[1:] or [row[0].task_index for row in rows]) if n != first]
    which = ", ".join(str(n) for n in others[:_MOST_NAMED])
    more = " …" if len(others) > _MOST_NAMED else ""
    of = "The others" if len(tasks) > 1 else "Other tasks"
    return f"{said} {of} are {which}{more}: `task={others[0]}` shows that one."


_MOST_NAMED = 8


class Comparison:
    """Cells beside each other; shown in a notebook, it is a table.

    Attributes:
        cells: What is compared; answers are compared with that of the first.
        note: Which task it is of how many, where nobody chose one.

    >>> batch.compare((0, "small"), (0, "large")).cells
    [<Cell ... completed>, <Cell ... completed>]
    """

    def __init__(self, batch: Sheet, cells: Sequence[Cell], note: str = "") -> None:
        self._batch = batch
        self.note = note
        self.cells = list(cells)

    @cached_property
    def steps(self) -> list[Step]:
        """The tool calls, aligned: what each step has in common, and the call of each cell.

        >>> [step.kind for step in batch.compare((0, "small"), (1, "small")).steps]
        ['other arguments']
        """
        from ....render.calls.alignment import aligned

        return aligned(
            [[i for i in of_cell if isinstance(i, ToolCallItem)] for of_cell in self._items]
        )

    @property
    def first_divergence(self) -> int | None:
        """The number of the first step that is not the same for all, from 1; ``None`` without."""
        kinds = (number for number, step in enumerate(self.steps, 1) if step.kind != "same")
        return next(kinds, None)

    @cached_property
    def _items(self) -> list[list[TimelineItem]]:
        with ThreadPoolExecutor(max_workers=8) as pool:
            return list(pool.map(self._batch._items, self.cells))

    @cached_property
    def _bundle(self) -> dict[str, str]:
        from ....render import noted
        from ....render.matrix.compare import Compared, static_comparison

        pictures = {cell.id: cell for cell in self._batch._snapshot().cells}
        compared = [
            Compared(self._name(cell), pictures[cell.id], of_cell)
            for cell, of_cell in zip(self.cells, self._items, strict=True)
        ]
        return noted(static_comparison(compared), self.note)

    def _name(self, cell: Cell) -> str:
        from ....render.matrix.wording import cell_text

        repeat = cell.repeat if self._batch.repeats > 1 else None
        return cell_text(cell.task_index, self._batch.grid.names[cell.column], repeat)

    def to_mimebundle(self) -> dict[str, str]:
        """Return it as HTML, Markdown and plain text."""
        return dict(self._bundle)

    def __repr__(self) -> str:
        return self._bundle["text/plain"]

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return self.to_mimebundle()
