"""A matrix of cells as those see it who only read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pandas as pd

    from .... import models
    from ....models import TimelineItem
    from ....render.matrix.matrix import Matrix
    from ....scores import ScoreBook
    from ..cells import Cell, Column
    from ..tasks import Task
    from .grid import Grid
    from .marks import Marks


class Sheet(Protocol):
    """What is known of a matrix of sessions; :class:`Results` is one.

    Attributes:
        agent: The agent as the server sent it.
        run_id: What all its sessions have in common.
        grid: The cells by their places.
        book: Where scores and ratings are kept.
    """

    agent: models.Agent
    run_id: str
    grid: Grid
    book: ScoreBook

    @property
    def tasks(self) -> Sequence[Task]:
        """The rows."""

    @property
    def columns(self) -> Sequence[Column]:
        """The columns."""

    @property
    def repeats(self) -> int:
        """How often each task goes to each column."""

    @property
    def cells(self) -> Sequence[Cell]:
        """All cells: task by task, column by column, repeat by repeat."""

    @property
    def is_done(self) -> bool:
        """Whether all that was sent has ended and was read."""

    def to_frame(self) -> pd.DataFrame:
        """Return one row a cell."""

    @property
    def _called(self) -> Sequence[str]:
        """What the column of each cell is called."""

    def _version_change(self, version_id: str | None) -> str:
        """Return what a version has that the one before it had not, in a few words."""

    def _marks(self) -> dict[str, Marks]:
        """Return scores, ratings and notes by the cells' ids."""

    def _items(self, cell: Cell) -> list[TimelineItem]:
        """Return the timeline items of a cell."""

    def _snapshot(self) -> Matrix:
        """Return what a view shows, as it is known now."""
