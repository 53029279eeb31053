"""Cells of a batch beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING

from ...models import TimelineItem, ToolCallItem

if TYPE_CHECKING:
    from ...render.tool_paths import Step
    from .cells import Cell
    from .results import Results


class Comparison:
    """Cells beside each other; shown in a notebook, it is a table.

    Attributes:
        cells: What is compared; answers are compared with that of the first.
    """

    def __init__(self, batch: Results, cells: Sequence[Cell]) -> None:
        self._batch = batch
        self.cells = list(cells)

    @cached_property
    def steps(self) -> list[Step]:
        """The tool calls, aligned: what each step has in common, and the call of each cell.

        >>> [step.kind for step in batch.compare((0, "a"), (0, "b")).steps]  # doctest: +SKIP
        ['same', 'other arguments', 'only here']
        """
        from ...render.tool_paths import aligned

        return aligned(
            [[i for i in of_cell if isinstance(i, ToolCallItem)] for of_cell in self._items]
        )

    @property
    def parts_at(self) -> int | None:
        """The number of the first step that is not the same for all, from 1; ``None`` without."""
        kinds = (number for number, step in enumerate(self.steps, 1) if step.kind != "same")
        return next(kinds, None)

    @cached_property
    def _items(self) -> list[list[TimelineItem]]:
        with ThreadPoolExecutor(max_workers=8) as pool:
            return list(pool.map(self._batch.items, self.cells))

    @cached_property
    def _bundle(self) -> dict[str, str]:
        from ...render.compare import Compared, compare_paper

        pictures = {cell.id: cell for cell in self._batch.snapshot().cells}
        compared = [
            Compared(self._name(cell), pictures[cell.id], of_cell)
            for cell, of_cell in zip(self.cells, self._items, strict=True)
        ]
        return compare_paper(compared)

    def _name(self, cell: Cell) -> str:
        trial = f" · {cell.repeat + 1}" if self._batch.repeats > 1 else ""
        return f"{cell.task_index + 1} · {self._batch.grid.column_id(cell.column)}{trial}"

    def to_mimebundle(self) -> dict[str, str]:
        """Return it as HTML, Markdown and plain text."""
        return dict(self._bundle)

    def __repr__(self) -> str:
        return self._bundle["text/plain"]

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return self.to_mimebundle()
