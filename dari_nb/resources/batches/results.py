"""What came of the cells of a batch: read, scored, compared, shown."""

from __future__ import annotations

import contextlib
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ... import models
from ...errors import ConflictError, InvalidRequestError
from ...models import TimelineItem
from ..connection import Link
from ..connection.progress import Progress
from ..sessions.session import Session, session_of
from .cells import Cell, Column
from .following.watching import Watching
from .judging.judgeable import Judgeable
from .matrix import marks
from .matrix.comparison import Comparison, cells_of_columns
from .matrix.grid import Grid
from .tasks import Task

if TYPE_CHECKING:
    import pandas as pd

    from ...client import Workspace
    from ...render.matrix.matrix import Matrix
    from ...scores import Score
    from ...widgets.view import AnyLayout
    from ..sessions.turn import Turn
    from ..trajectories import Trajectories
    from ..trajectories.success import Success
    from .matrix.chosen import Chosen
    from .matrix.marks import Marks
    from .matrix.scored import ScoreTable
    from .matrix_view import BatchMatrix

Place = Any
"""A cell, or where it is: ``(task_index, llm)`` or ``(task_index, llm, repeat)``."""


class Results(Judgeable):
    """What is known of a matrix of sessions, whoever has made them.

    Attributes:
        agent: The agent as the server sent it.
        run_id: What all its sessions have in common, as ``managed_run_id`` in their metadata.
        grid: The cells by their places.
        book: Where scores and ratings are kept.
    """

    def __init__(
        self,
        link: Link,
        agent: models.Agent,
        run_id: str,
        tasks: Iterable[Task],
        columns: Iterable[Column],
        repeats: int,
        scores_path: str | Path | None = None,
    ) -> None:
        from ...scores.book import ScoreBook, book_in

        self._link = link
        self.agent = agent
        self.run_id = run_id
        self.grid = Grid(partial(Cell, self), tasks, columns, repeats, self._version_number)
        self.book = book_in(scores_path, ScoreBook)
        self._listeners: list[Callable[[], object]] = []
        self._sessions: dict[str, Session] = {}
        self._watching = Watching(link, self._changed)
        self._version_changes: dict[str, str] = {}
        self._looked_at: weakref.ref[BatchMatrix] | None = None

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
            NoCellError: There is no such cell.
        """
        return self.grid.named(place)

    def _cell_at(self, place: Place) -> Cell:
        return place if isinstance(place, Cell) else self[place]

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
        listed = self._link.client.sessions.list(metadata={"managed_run_id": self.run_id})
        for resource in listed:
            self._sessions.setdefault(resource.id, Session(self._link, resource, self.agent.name))
        return [cell.session for cell in self.cells if cell.session_id]

    _can_cancel = False
    """Whether its turns can be ended."""

    def _end_turns(self) -> Future[None]:
        """Have all its turns ended, and send no more."""
        raise InvalidRequestError(
            f"{self._link} cannot end a turn: {self.run_id} goes on.", code="not_supported"
        )

    def _know(self, sessions: Iterable[Session]) -> None:
        """Take sessions that were read already, so that they are not asked for again."""
        self._sessions |= {session.id: session for session in sessions}

    def _session_of(self, session_id: str) -> Session:
        """Return one of the sessions, asked for once."""
        if session_id not in self._sessions:
            self._sessions[session_id] = session_of(self._link, session_id)
        return self._sessions[session_id]

    @contextlib.contextmanager
    def _listening(self, changed: Callable[[], object]) -> Iterator[None]:
        """Call ``changed`` on the background loop, where this is, whenever something is new.

        Scores and ratings are, too, whichever object of this run was told of them.
        """
        self._listeners.append(changed)
        try:
            with marks.listening(self, changed):
                yield
        finally:
            self._listeners.remove(changed)

    def _watch(self, cell_ids: Iterable[str]) -> None:
        """Stream the answers of these cells while they run, a dozen at most, and of no others."""
        wanted = set(cell_ids)
        cells = [cell for cell in self.cells if cell.id in wanted]
        self._link.run(self._watching.watch(cells))

    def _live_text(self, cell: Cell) -> str | None:
        """The answer of a running cell as far as its stream came; ``None`` without one."""
        return None if cell.has_ended else self._watching.text(cell)

    def _items(self, cell: Cell) -> list[TimelineItem]:
        """The timeline items of a cell: from its stream while that runs, else asked for."""
        live = [] if cell.has_ended else self._watching.items(cell)
        return live or cell.session.transcript().items

    def _version_number(self, version_id: str | None) -> int | None:
        """Return the number of a version of the agent, if it is known."""
        return self._link.version_number(version_id)

    def _version_change(self, version_id: str | None) -> str:
        """Return what a version has that the one before it had not, in a few words."""
        return self._version_changes.get(version_id or "", "")

    @property
    def _called(self) -> list[str]:
        """What the column of each cell is called."""
        names = self.grid.names
        return [names[cell.column] for cell in self.cells]

    def _marks(self, cells: Sequence[Cell] | None = None) -> dict[str, Marks]:
        """Return scores, ratings and notes by the cells' ids; of all cells when left out."""
        return marks.marks_of(self, self.cells if cells is None else cells)

    def _counts(self, score: Score, cell: Cell) -> bool:
        """Whether a score at the place of a cell is of what the cell shows."""
        return marks.is_of_session(score, cell)

    def _cell_of(self, score: Score) -> Cell | None:
        """Return the cell that a score is of, if there is one of which it counts."""
        column = Column(score.llm_id, score.version_id)
        cell = self.grid.find(score.task_index, column, score.repeat)
        return cell if cell is not None and self._counts(score, cell) else None

    def _given(self, name: str) -> Iterable[Cell]:
        """Return the cells that came with a score of this name, which is in no book."""
        return ()

    def rate(self, cell: Place, name: str, value: Any, note: str | None = None) -> None:
        """Keep a rating by a person; ``None`` without a note takes it back.

        An empty text is nothing, as ``None`` is.

        Args:
            cell: A place as in ``batch[place]``, or one of ``batch.cells``.
            name: The score's name.
            value: Yes or no, a number, or a text; a ``"rating"``, which the matrix gives, is a
                number from 1, the worst, to 5.
            note: What there is to say of it. Left out, what was said before stays with a new
                value; ``""`` takes it back.

        Raises:
            NoCellError: There is no cell at this place.
            InvalidRequestError: The cell has no answer; the value is none of these, or not finite,
                or a ``"rating"`` outside of 1 to 5, or of another kind than this name holds; the
                name is no text of 1 to 200 characters, or begins with ``judge.``, or holds what a
                function has given, or is the name of something else in conditions, such as
                ``"cost_usd"``; or the note is no text of up to 10,000.

        >>> batch.rate((0, "small"), "quality", 4, "a bit short")
        >>> batch.rate((0, "small"), "quality", 3)
        >>> batch[0, "small"].scores["quality"]
        3
        >>> batch.to_frame()["note.quality"].dropna().tolist()
        ['a bit short']
        """
        self._keep_rating(self._cell_at(cell), name, value, note)

    def _keep_rating(
        self, cell: Cell, name: str, value: Any, note: str | None, **how: bool
    ) -> None:
        """Keep a rating; ``how`` it was given is as in :func:`marks.rate`."""
        marks.rate(self, cell, name, value, note, **how)

    def score(self, name: str, function: Callable[[Turn], Any] | None) -> ScoreTable:
        """Wait for all answers, score them by a function of the turn, and keep the values.

        Scoring again under the name replaces what was there, once all is scored: until then, and
        where it is interrupted, the scores that there are stay. An error of the function is kept as
        an error, and cells that failed have no value. More is better, and yes is better than no,
        in all that is said of scores.

        Args:
            name: The score's name.
            function: Plain or async; takes the turn, such as ``turn.text``, and returns True or
                False, a number, a text, or a dict of these. The task's metadata is in
                ``turn.session.metadata``. Of a conversation it is the last turn. ``None`` takes
                back what functions have given under this name, and drops that of a judge who gave
                no value.

        Raises:
            InvalidRequestError: The name is no text of 1 to 200 characters, begins with ``judge.``,
                is what conditions call something else, such as ``"cost_usd"``, or holds ratings by
                hand, or this is no function; see
                :func:`dari_nb.scores.run_scores`.

        >>> batch.score("right", lambda turn: "21" in turn.text)
        right: small 1 of 2, large 1 of 2
        task ...
        >>> taken_back = batch.score("right", None)
        """
        from ...scores.scoring import WORKERS
        from .matrix.scored import ScoreTable

        parts = self._parts
        if function is None:
            marks.take_back(parts, name)
            return ScoreTable([], parts[-1])
        for part in parts:
            part._settle()
            _ = part.sessions  # all with one request
        count = sum(part.counts.get("completed", 0) for part in parts)
        with Progress(count, "answers scored", at_once=WORKERS) as progress:
            made = marks.score(parts, name, function, lambda *_: progress.advance())
        return ScoreTable(made[-1], parts[-1])

    @property
    def _parts(self) -> list[Results]:
        """The batches that keep what is said of its cells, the newest last."""
        return [self]

    def _asks(self, agent: models.Agent, run_id: str, tasks: Sequence[Task], column: Column) -> Any:
        """Make a batch of what an agent is asked about this."""
        raise NotImplementedError

    def _settle(self) -> None:
        """Wait for what is still to come, where anything is."""

    def to_frame(self) -> pd.DataFrame:
        """Return one row a cell, with metadata and scores; see :func:`dari_nb.batch_frame`.

        >>> batch.to_frame()[["llm_id", "score.exact"]].shape
        (4, 2)
        """
        from ...frames import batch_frame
        from .matrix.picture import frame_cells

        return batch_frame(frame_cells(self))

    def pivot(self, values: str = "text") -> pd.DataFrame:
        """Return one thing of every cell: tasks down, LLMs across.

        Args:
            values: ``text``, ``cost_usd``, ``latency_s``, a score's name, or any
                other column of :meth:`to_frame`, such as ``output_tokens``.

        Raises:
            InvalidRequestError: There is no such thing; the text names those there are.

        >>> batch.pivot("exact").shape  # tasks x LLMs
        (2, 2)
        """
        from ...frames import pivot

        return pivot(self.to_frame(), values)

    def summary(self, score: str | None = None, **options: Any) -> pd.DataFrame:
        """Return a score's mean over tasks by LLM, with its interval.

        Each task counts once, as in the heads of the matrix: see :func:`dari_nb.scores.summary`.

        Args:
            score: The score's name, or another column of numbers, such as ``output_tokens``; the
                first score that is a number when left out.
            **options: Passed on, such as ``seed`` or ``method``.

        Raises:
            InvalidRequestError: There is no such score.

        >>> batch.summary("exact")[["llm_id", "mean"]].to_dict("records")
        [{'llm_id': 'small', 'mean': 0.5}, {'llm_id': 'large', 'mean': 0.5}]
        """
        from ...scores import summary

        return summary(self, score, **options)

    def plot(self, what: str | None = None) -> Any:
        """Draw a score by LLM with its interval, what it has cost, or how long cells took.

        The chart is as wide as its cell, and needs no network to be seen.

        Args:
            what: A score's name, ``"cost_usd"`` or ``"latency_s"``; the first score that is a
                number when left out, or ``"score"``.

        Returns:
            An ``altair.Chart``; without Altair a table.

        Raises:
            InvalidRequestError: There is nothing like that to draw.

        >>> chart = batch.plot("exact")
        >>> chart.save("exact.html")
        """
        from .matrix.plots import plot_cost, plot_latency, plot_scores

        if what in ("cost_usd", "latency_s"):
            return plot_cost(self) if what == "cost_usd" else plot_latency(self)
        is_any = what == "score" and not any("score" in cell.scores for cell in self.cells)
        return plot_scores(self, None if is_any else what)

    def compare(self, *cells: Place, task: int | None = None) -> Comparison:
        """Compare two cells or more: answers word by word, tool calls aligned, time and cost.

        Args:
            *cells: Cells, places as in ``batch[place]``, or names of columns; or one list of these.
            task: The task on which columns are compared, from 0; the first on which they differ
                when left out.

        Raises:
            InvalidRequestError: There are fewer than two, or a column or a task is not there.
            NoCellError: There is no cell at a place.

        >>> batch.compare("small", "large", task=0).first_divergence is None
        True
        >>> comparison = batch.compare((0, "small"), (1, "small"))
        """
        if len(cells) == 1 and isinstance(cells[0], list):
            cells = tuple(cells[0])
        names = [name for name in cells if isinstance(name, str)]
        found, note = cells_of_columns(self, names, task) if names else ([], "")
        on_task = iter(found)
        chosen = [next(on_task) if isinstance(name, str) else self._cell_at(name) for name in cells]
        if len(chosen) < 2:
            raise InvalidRequestError(
                "Choose two cells or more to compare.", code="invalid_selection"
            )
        return Comparison(self, chosen, note)

    def trajectories(self, task: int | None = None, *, success: Success = None) -> Trajectories:
        """Show the tool calls of one task's runs side by side: where they diverge, who succeeded.

        Args:
            task: The task's index; the first whose runs call different tools when left out.
            success: As for :func:`dari_nb.trajectories`.

        Raises:
            InvalidRequestError: There is no such task, fewer than two of its runs have a session,
                or ``success`` tells nothing.
            DariError: A session cannot be read.

        >>> batch.trajectories(1).first_divergence is None
        True
        """
        from .matrix.trajectories import trajectories_on

        _ = self.sessions  # all with one request
        return trajectories_on(self, task, success)

    def workspaces(self, paths: Sequence[str] = ()) -> Iterator[tuple[Cell, Workspace]]:
        """Download the workspaces of all cells, one after the other as they are asked for.

        Cells without a session or a workspace are left out.

        Args:
            paths: Only these folders of each.

        Raises:
            DariError: A workspace cannot be read.

        >>> for cell, workspace in batch.workspaces():
        ...     print(cell.llm, len(workspace.files()))
        ...     break
        small 0
        """
        for cell in self.cells:
            if cell.session_id is not None:
                with contextlib.suppress(ConflictError):
                    yield cell, cell.session.workspace(paths=paths)

    @property
    def selection(self) -> Chosen:
        """The cells selected last in a view: those marked, or those that its field finds.

        It belongs to the view that was made last, or in which something was marked or asked for
        since. It is a list, empty without a view or a selection, with ``session_ids`` and
        ``to_frame()`` like the batch.

        >>> view = batch.view(where="exact = no")
        >>> batch.selection.to_frame()[["llm_id", "score.exact"]].values.tolist()
        [['small', False], ['large', False]]
        """
        from .matrix.chosen import Chosen

        view = self._looked_at() if self._looked_at is not None else None
        return Chosen(self, view.shown if view is not None else [])

    def _looked_at_with(self, view: BatchMatrix) -> None:
        """Make this view the one that :attr:`selection` reads."""
        self._looked_at = weakref.ref(view)

    def view(
        self,
        where: str = "",
        *,
        baseline: str | None = None,
        score: str = "",
        layout: AnyLayout = None,
    ) -> BatchMatrix:
        """Return the interactive matrix: cells to open, compare and rate.

        It follows the batch while it runs; a saved notebook shows it in static output.

        It is an ipywidget. Its traits are ``active`` (the :class:`Cell` that is open, or
        ``None``), ``selection`` (the cells to compare) and ``status`` (``planned``,
        ``running``, then ``failed`` if a cell has, ``cancelled`` if one was, ``unsent`` if one was
        left out, else ``completed``;
        read-only). The first two
        may be set, by ids and by places as in ``batch[place]``, too. What the page asks for is in
        ``where``, ``baseline``, ``score`` and ``order``; its static output shows the same.

        Where it says which of several LLMs does better, each interval is so wide that those of all
        pairs hold together (Bonferroni). ``dari.scores.win_rates(..., adjust="holm")`` is as
        strict for the clearest pair alone, so that it may tell that another one differs where the
        matrix leaves it open.

        Args:
            where: Which tasks are shown: words in them, and conditions that one of their cells
                meets, all of them: ``right = no``, ``judge.helpful < 3``, ``topic = travel``,
                ``state = failed`` (or ``status``, as in the frame), ``column = small``,
                ``cost_usd > 0.01``, ``answer: sorry`` (holds that), ``right = *`` (has any),
                ``differs = right`` (of tasks), ``change = worse`` (against the baseline). ``<`` and
                ``>`` compare numbers (``2.5``) and dates (``2026-11-27``), and there is no or and
                no not. What has spaces stands in quotation marks, within which ``""`` is one of
                them and ``*`` a star.
            baseline: A column that others are compared with, task by task: what got worse comes
                first, then what got better. More is better, and only lower or higher where
                nobody can say that; answers count as one if white space alone tells them apart.
            score: What they are compared by; the first score that is right or wrong, or a share
                of that, when left out, or else that is a number.
            layout: Its place and size, an ``ipywidgets.Layout`` or a dict of CSS.

        Raises:
            InvalidRequestError: There is no such column, score, or name or value of a condition;
                the text says which there are.

        >>> matrix = batch.view(where="exact = no", baseline="small")
        >>> matrix.active = (0, "small")  # or open the cell in the page
        >>> matrix.value.llm
        'small'
        """
        from .matrix_view import BatchMatrix

        wish = (where, baseline, score)
        return BatchMatrix(self, *wish, stays=True, layout=layout)

    def _snapshot(self) -> Matrix:
        """Return what a view shows, as it is known now; asks the server nothing."""
        from .matrix.picture import matrix_of

        return matrix_of(self)

    def to_mimebundle(self) -> dict[str, str]:
        """Return the matrix as it stands as HTML, Markdown and plain text."""
        from ...render.matrix.static import static_matrix

        return static_matrix(self._snapshot())

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self.to_mimebundle()

    def _changed(self) -> None:
        for changed in list(self._listeners):
            changed()
