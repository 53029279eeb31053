"""What came of the cells of a batch: read, scored, compared, shown."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ... import models
from ...errors import ConflictError, InvalidRequestError
from ...models import TimelineItem
from ..progress import Progress
from . import marks
from .cells import Cell, Column
from .comparison import Comparison
from .grid import Grid
from .tasks import Task
from .watching import Watching

if TYPE_CHECKING:
    import pandas as pd

    from ...client import Workspace
    from ...render.matrix import Matrix
    from ...scores import Score
    from ...widgets.matrix import MatrixView
    from ..dari import Dari
    from ..session import Session
    from ..turn import Turn
    from .marks import Marks

Place = Any
"""A cell, or where it is: ``(task_index, llm)`` or ``(task_index, llm, repeat)``."""


class Results:
    """What is known of a matrix of sessions, whoever has made them.

    Attributes:
        dari: The connection it was made through.
        agent: The agent as the server sent it.
        run_id: What all its sessions have in common, as ``managed_run_id`` in their metadata.
        grid: The cells by their places.
        book: Where scores and ratings are kept.
    """

    def __init__(
        self,
        dari: Dari,
        agent: models.Agent,
        run_id: str,
        tasks: Iterable[Task],
        columns: Iterable[Column],
        repeats: int,
        scores: str | Path | None = None,
    ) -> None:
        self.dari = dari
        self.agent = agent
        self.run_id = run_id
        self.grid = Grid(partial(Cell, self), tasks, columns, repeats)
        self.book = marks.book_at(scores)
        self._listeners: list[Callable[[], object]] = []
        self._sessions: dict[str, Session] = {}
        self._watching = Watching(dari, self._changed)

    @property
    def tasks(self) -> list[Task]:
        """The tasks, which are the rows."""
        return self.grid.tasks

    @property
    def columns(self) -> list[Column]:
        """The LLMs and versions, which are the columns."""
        return self.grid.columns

    @property
    def repeats(self) -> int:
        """How often each task goes to each column."""
        return self.grid.repeats

    @property
    def cells(self) -> list[Cell]:
        """All cells: task by task, column by column, repeat by repeat."""
        return list(self.grid)

    def __getitem__(self, place: tuple[Any, ...]) -> Cell:
        """Return a cell: ``batch[task_index, llm]``, or ``batch[task_index, llm, repeat]``.

        Args:
            place: The task's index, the column's LLM option (or its label, where several versions
                are compared), and which repetition, the first when left out.

        Raises:
            KeyError: There is no such cell.
        """
        return self.grid.named(place)

    def __len__(self) -> int:
        return len(self.grid)

    @property
    def counts(self) -> dict[str, int]:
        """How many cells are in each state, as known now."""
        return dict(Counter(cell.state for cell in self.cells))

    @property
    def is_done(self) -> bool:
        """Whether all that was sent has ended and was read; costs may still come."""
        return all(cell.is_settled for cell in self.cells)

    @property
    def sessions(self) -> list[Session]:
        """The sessions of all cells' last attempts, asked for with one request."""
        from ..session import Session

        listed = self.dari.client.sessions.list(metadata={"managed_run_id": self.run_id})
        for resource in listed:
            self._sessions.setdefault(resource.id, Session(self.dari, resource))
        return [cell.session for cell in self.cells if cell.session_id]

    def know(self, sessions: Iterable[Session]) -> None:
        """Take sessions that were read already, so that they are not asked for again."""
        self._sessions |= {session.id: session for session in sessions}

    def session_of(self, session_id: str) -> Session:
        """Return one of the sessions, asked for once."""
        if session_id not in self._sessions:
            self._sessions[session_id] = self.dari.sessions.get(session_id)
        return self._sessions[session_id]

    @contextlib.contextmanager
    def listening(self, changed: Callable[[], object]) -> Iterator[None]:
        """Call ``changed`` on the background loop whenever something is new."""
        self._listeners.append(changed)
        try:
            yield
        finally:
            self._listeners.remove(changed)

    def watch(self, cell_ids: Iterable[str]) -> None:
        """Stream the answers of these cells while they run, a dozen at most, and of no others."""
        wanted = set(cell_ids)
        cells = [cell for cell in self.cells if cell.id in wanted]
        self.dari.run(self._watching.watch(cells))

    def live_text(self, cell: Cell) -> str | None:
        """The answer of a running cell as far as its stream came; ``None`` without one."""
        return None if cell.has_ended else self._watching.text(cell)

    def items(self, cell: Cell) -> list[TimelineItem]:
        """The timeline items of a cell: from its stream while that runs, else asked for."""
        live = [] if cell.has_ended else self._watching.items(cell)
        return live or cell.session.transcript().items

    def marks(self) -> dict[str, Marks]:
        """Return scores, ratings and notes by the cells' ids."""
        return marks.marks_of(self)

    def rate(self, cell: Cell, name: str, value: Any, note: str = "") -> None:
        """Keep a rating by a person; ``None`` without a note takes it back."""
        marks.rate(self, cell, name, value, note)

    def score(self, name: str, function: Callable[[Turn], Any]) -> list[Score]:
        """Score all answers by a function of the turn, side by side, and keep the values.

        An error of the function is kept as an error, and cells that failed have no value.

        Args:
            name: The score's name.
            function: Plain or async; returns yes or no, a number, a text, or a dict of these.
                The task's metadata is in ``turn.session.metadata``. Of a conversation it is the
                last turn.

        Raises:
            InvalidRequestError: The name is empty, or there is no function; see
                :func:`dari_nb.scores.run_scores`.

        >>> batch.score("right", lambda turn: "4" in turn.text)  # doctest: +SKIP
        """
        _ = self.sessions  # all with one request
        with Progress(self.counts.get("completed", 0), "answers scored") as progress:
            return marks.score(self, name, function, lambda *_: progress.advance())

    def to_frame(self) -> pd.DataFrame:
        """Return one row a cell, with metadata and scores; see :func:`dari_nb.batch_frame`."""
        from ..frames import batch_frame

        return batch_frame(self)

    def matrix(self, what: str) -> pd.DataFrame:
        """Return one thing of every cell: tasks down, LLMs across.

        Args:
            what: ``text``, ``cost`` (US dollars), ``latency`` (seconds), or a score's name.

        Raises:
            InvalidRequestError: There is no such thing; the text names those there are.
        """
        from ...frames import pivot

        return pivot(self.to_frame(), what)

    def summary(self, score: str, **options: Any) -> pd.DataFrame:
        """Return a score's mean by LLM with its interval; see :func:`dari_nb.scores.summary`.

        Args:
            score: The score's name.
            **options: Passed on, such as ``seed`` or ``method``.
        """
        from ...scores import summary

        # Versions are columns too, and so is the agent's default, which no LLM names.
        names = [self.grid.column_id(cell.column) for cell in self.cells]
        return summary(self.to_frame().assign(llm_id=names), score, **options)

    def compare(self, *cells: Place) -> Comparison:
        """Compare two cells or more: answers word by word, tool calls aligned, time and cost.

        Args:
            *cells: Cells, or places as in ``batch[place]``; or one list of these.

        >>> batch.compare((0, "small"), (0, "large"))  # doctest: +SKIP
        """
        if len(cells) == 1 and isinstance(cells[0], list):
            cells = tuple(cells[0])
        chosen = [cell if isinstance(cell, Cell) else self[cell] for cell in cells]
        if len(chosen) < 2:
            raise InvalidRequestError("Choose two cells or more to compare.")
        return Comparison(self, chosen)

    def workspaces(self, paths: Sequence[str] = ()) -> Iterator[tuple[Cell, Workspace]]:
        """Download the workspaces of all cells, one after the other as they are asked for.

        Cells without a session or a workspace are left out.

        Args:
            paths: Only these folders of each.

        >>> for cell, workspace in batch.workspaces():  # doctest: +SKIP
        ...     workspace.read_csv("out.csv")
        """
        for cell in self.cells:
            if cell.session_id is not None:
                with contextlib.suppress(ConflictError):
                    yield cell, cell.session.workspace(paths=paths)

    def view(self) -> MatrixView:
        """Return the interactive matrix: cells to open, compare and rate.

        It follows the batch while it runs; a saved notebook shows it on paper.
        """
        from .views import kept_view

        return kept_view(self)

    def snapshot(self) -> Matrix:
        """Return what a view shows, as it is known now; asks the server nothing."""
        from .picture import matrix_of

        return matrix_of(self)

    def to_mimebundle(self) -> dict[str, str]:
        """Return the matrix as it stands as HTML, Markdown and plain text."""
        from ...render.matrix_paper import matrix_paper

        return matrix_paper(self.snapshot())

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self.to_mimebundle()

    def _changed(self) -> None:
        for changed in list(self._listeners):
            changed()
