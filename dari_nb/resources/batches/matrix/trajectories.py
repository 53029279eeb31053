"""The runs of one task of a batch, side by side."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING

from ....errors import InvalidRequestError
from ...trajectories.runs import entries
from ...trajectories.trajectories import Trajectories

if TYPE_CHECKING:
    from ...trajectories.success import Success
    from ..cells import Cell
    from .sheet import Sheet


def trajectories_on(batch: Sheet, task: int | None, success: Success) -> Trajectories:
    """Take the cells of a task that have a session; see :meth:`Batch.trajectories`."""
    of_tasks: dict[int, list[Cell]] = {each.index: [] for each in batch.tasks}
    for cell in batch.cells:
        if cell.session_id is not None:
            of_tasks[cell.task_index].append(cell)
    chosen = _first(of_tasks) if task is None else task
    is_number = isinstance(chosen, Integral) and not isinstance(chosen, bool)
    if not is_number or chosen not in of_tasks:
        last = max(of_tasks, default=0)
        raise InvalidRequestError(
            f"There is no task {task!r}: the last one is {last}.", code="task_not_found"
        )
    cells = of_tasks[chosen]
    if len(cells) < 2:
        raise InvalidRequestError(
            f"Task {chosen} has {'one run' if cells else 'no run'}: "
            "repeats= or further LLMs make some that can diverge.",
            code="too_few_runs",
        )
    return Trajectories(entries(cells), success, f"Task {chosen}")


def _first(of_tasks: dict[int, list[Cell]]) -> int | None:
    """The first task whose runs call different tools; else the first that has several."""
    several = [task for task, cells in of_tasks.items() if len(cells) > 1]
    differing = (task for task in several if len({cell.tools for cell in of_tasks[task]}) > 1)
    return next(differing, several[0] if several else next(iter(of_tasks), None))
