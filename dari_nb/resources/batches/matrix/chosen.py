"""The cells selected in a view, as a list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from ...listing import Listing
from ..cells import Cell

if TYPE_CHECKING:
    import pandas as pd

    from .sheet import Sheet


class Chosen(Listing[Cell]):
    """Selected cells of a batch; shown in a notebook, it is a table.

    >>> view = batch.view(where="exact = no")
    >>> len(batch.selection), len(batch.selection.session_ids)
    (2, 2)
    """

    def __init__(self, batch: Sheet, cells: Iterable[Cell]) -> None:
        columns = {
            "task": lambda cell: f"{cell.task_index} {cell.task.label}",
            "column": lambda cell: batch.grid.names[cell.column],
            "repeat": lambda cell: str(cell.repeat),
            "state": lambda cell: cell.state,
            "answer": lambda cell: cell.answer or cell.text or cell.error or "",
        }
        absent = [] if batch.repeats > 1 else ["repeat"]
        shown = {name: take for name, take in columns.items() if name not in absent}
        super().__init__(
            cells, shown, names=lambda cell: [cell.id, cell.session_id], frame=_frame(batch)
        )

    @property
    def session_ids(self) -> list[str]:
        """Ids of their sessions, of those that have one."""
        return [cell.session_id for cell in self if cell.session_id]


def _frame(batch: Sheet) -> Callable[[Sequence[Cell]], pd.DataFrame]:
    def frame(cells: Sequence[Cell]) -> pd.DataFrame:
        wanted = {id(cell) for cell in cells}
        rows = [id(cell) in wanted for cell in batch.cells]
        return batch.to_frame()[rows].reset_index(drop=True)

    return frame
