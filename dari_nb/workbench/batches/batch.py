"""A batch: tasks with LLMs, as one object however many API batches it takes."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ... import models
from ...errors import ConflictError, InvalidRequestError
from ...models import TimelineItem
from .._background import wait_for
from ..progress import Progress
from . import marks
from .cells import Cell, Column
from .chunks import Job, chunks_to_send
from .comparison import Comparison
from .finding import Found, find_run
from .following import Following
from .late_costs import LateCosts
from .sending import Sending
from .tasks import Task, Tasks, read_tasks
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


class Batch:
    """Tasks with LLMs, some number of times; shown in a notebook, it is a live matrix.

    >>> batch = d.batches.run("calculator", ["2 + 2"], ["small", "large"])  # doctest: +SKIP
    >>> batch.wait()[0, "small"].text  # doctest: +SKIP
    '4'

    Attributes:
        dari: The connection it was made through.
        agent: The agent as the server sent it.
        run_id: What all its sessions have in common, as ``managed_run_id`` in their metadata.
        tasks: The tasks, which are the rows.
        columns: The LLMs and versions, which are the columns.
        repeats: How often each task goes to each column.
        book: Where its scores and ratings are kept.
        started: How many sessions the last call has started: making it, adding, or retrying.
        found: How many sessions were there before that call, and so were not paid for again.
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
        self.tasks = list(tasks)
        self.columns = list(columns)
        self.repeats = repeats
        self.started = self.found = 0
        self._cells: dict[tuple[int, Column, int], Cell] = {}
        self._listeners: list[Callable[[], object]] = []
        self._sessions: dict[str, Session] = {}
        self._following: concurrent.futures.Future[None] | None = None
        self._costs: concurrent.futures.Future[None] | None = None
        self._sending = Sending(dari.stream_client, agent.id, run_id)
        self._watching = Watching(self.session_of, self._changed)
        self._followed = Following(dari.stream_client, run_id, lambda: self.cells, self._changed)
        self._late_costs = LateCosts(dari.stream_client, lambda: self.cells, self._changed)
        self.book = marks.book_at(scores)
        self._fill()

    @property
    def cells(self) -> list[Cell]:
        """All cells: task by task, column by column, repeat by repeat."""
        return [
            self._cells[task.index, column, repeat]
            for task in self.tasks
            for column in self.columns
            for repeat in range(self.repeats)
        ]

    def __getitem__(self, place: tuple[Any, ...]) -> Cell:
        """Return a cell: ``batch[task_index, llm]``, or ``batch[task_index, llm, repeat]``.

        Args:
            place: The task's index, the column's LLM option (or its label, where several versions
                are compared), and which repetition, the first when left out.

        Raises:
            KeyError: There is no such cell.
        """
        index, name, repeat = (*place, 0)[:3] if isinstance(place, tuple) else (place, None, 0)
        for cell in self.cells:
            names = (cell.llm, self.column_id(cell.column))
            if (cell.task.index, cell.repeat) == (index, repeat) and name in names:
                return cell
        columns = ", ".join(self.column_id(column) for column in self.columns)
        raise KeyError(f"{place!r}: there are {len(self.tasks)} tasks, and the columns {columns}")

    @property
    def is_new(self) -> bool:
        """Whether the last call has started sessions; ``False`` when all were there already."""
        return self.started > 0

    @property
    def outcome(self) -> str:
        """What the last call has done, in a line.

        >>> d.batches.run("echo", ["Hi"]).outcome  # doctest: +SKIP
        'run_0123456789abcdef0123: 1 session started'
        """
        from ...render import count_text

        if not self.found:
            return f"{self.run_id}: {count_text(self.started, 'session')} started"
        if not self.started:
            return f"{self.run_id}: nothing sent, all is there already (fresh runs it again)"
        started = count_text(self.started, "session")
        return f"{self.run_id}: {started} started, {self.found} there already"

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
        self._sessions |= {
            r.id: Session(self.dari, r) for r in listed if r.id not in self._sessions
        }
        return [cell.session for cell in self.cells if cell.session_id]

    def wait(self, timeout: float | None = None) -> Batch:
        """Wait until everything that was sent has ended, well or not, and return the batch.

        Args:
            timeout: Seconds; ``None`` waits without limit.

        Raises:
            TimedOutError: It has not ended in time. It goes on; wait again.
            KeyboardInterrupt: The user stopped waiting. It goes on; wait again.
            DariError: The server refused, or could not be reached for long.
        """
        from .showing import wait

        wait(self, timeout)
        return self

    def follow(self, timeout: float | None = None, *, wait: bool = True) -> Batch:
        """Show the batch live, in a notebook or a terminal, and what it came to when it ends.

        Args:
            timeout: Seconds to wait at most; ``None`` waits without limit.
            wait: ``False`` returns at once, and the output goes on by itself.

        Raises:
            TimedOutError: It has not ended in time; what had come stays shown.
            KeyboardInterrupt: The user stopped following; the batch goes on.
        """
        from .showing import show

        show(self, timeout, waits=wait)
        return self

    def refresh(self) -> Batch:
        """Ask once for everything that has not ended, and for missing costs."""
        self._ask()
        wait_for(self.dari.run(self._late_costs.once()))
        return self

    def following(self) -> concurrent.futures.Future[None]:
        """Return the future of the end; starts, or takes up again, what was stopped."""
        if self._following is None or _is_over(self._following, self.is_done):
            self._following = self.dari.run(self._followed.to_the_end())
        self.costs_come()
        return self._following

    def costs_come(self) -> concurrent.futures.Future[None]:
        """Return the future of the last costs, which come some seconds after the end."""
        if self._costs is None or (self._costs.done() and not self.is_done):
            self._costs = self.dari.run(self._late_costs.to_the_last())
        return self._costs

    def stop_following(self) -> None:
        """Ask for nothing any more, until somebody waits or looks again; the batch goes on."""
        if self._following is not None:
            self._following.cancel()

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

    def retry_failed(self) -> Batch:
        """Send again what failed, and only that: not created, not sent, or its turn failed.

        Each time counts as one more attempt; the older ones stay in ``cell.history``. To call it
        again is safe: what was sent again already is left alone.

        Raises:
            InvalidRequestError: Nothing has failed.
            DariError: Nothing could be sent.
        """
        self._ask()
        failed = [cell for cell in self.cells if cell.state == "failed"]
        if not failed:
            raise InvalidRequestError(f"Nothing of {self.run_id} has failed: nothing was sent.")
        self.look()
        return self._send(self.jobs())

    def add(
        self,
        *,
        tasks: Tasks = (),
        llms: Iterable[str] = (),
        repeats: int | None = None,
        prompt: str = "prompt",
    ) -> Batch:
        """Extend the matrix and run the missing cells; what is there already is left alone.

        Without arguments it sends what was planned and not sent. Running it again is safe.

        Args:
            tasks: Further tasks, in any form that :meth:`Batches.run` takes.
            llms: Further LLM options.
            repeats: How many repetitions there are to be in all.
            prompt: As for :meth:`Batches.run`.

        Raises:
            InvalidRequestError: A task or the number is malformed; nothing was sent.
            DariError: Nothing could be sent.
        """
        if repeats is not None and not (isinstance(repeats, int) and repeats >= self.repeats):
            raise InvalidRequestError(
                f"repeats is how many there are to be in all, at least {self.repeats}."
            )
        found = self._find()
        further = [] if _is_empty(tasks) else read_tasks(tasks, prompt=prompt)
        self._add_tasks(further, found)
        self._add_columns([llms] if isinstance(llms, str) else list(llms))
        self.repeats = repeats or self.repeats
        self._fill()
        self.take(found)
        return self.send()

    def snapshot(self) -> Matrix:
        """Return what a view shows, as it is known now; asks the server nothing."""
        from .picture import matrix_of

        return matrix_of(self)

    def jobs(self, up_to: int | None = None) -> list[list[Job]]:
        """Return what was and what is to be sent, a list for each number of attempt.

        Args:
            up_to: Only attempts up to this number; by default, what failed is to be sent again.
        """
        sendable = (cell for cell in self.cells if cell.task.content)
        ordered = sorted(sendable, key=lambda cell: cell.repeat)
        last = up_to or max((cell.attempts for cell in ordered), default=0) + 1
        further = range(2, last + 1)
        return [
            [Job(cell) for cell in ordered],
            *([Job(c, n) for c in ordered if _has_failed(c, n - 1)] for n in further),
        ]

    def column_id(self, column: Column) -> str:
        """Return the name of a column, by which cells can be had."""
        several = len({column.version for column in self.columns}) > 1
        return f"{column.label} @ {column.version}" if several else column.label

    def session_of(self, session_id: str) -> Session:
        """Return one of the sessions, asked for once."""
        if session_id not in self._sessions:
            self._sessions[session_id] = self.dari.sessions.get(session_id)
        return self._sessions[session_id]

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

        It waits for the batch first. An error of the function is kept as an error, and cells that
        failed have no value.

        Args:
            name: The score's name.
            function: Plain or async; returns yes or no, a number, a text, or a dict of these.
                The task's metadata is in ``turn.session.metadata``.

        Raises:
            InvalidRequestError: The name is empty, or there is no function; see
                :func:`dari_nb.scores.run_scores`.

        >>> batch.score("right", lambda turn: "4" in turn.text)  # doctest: +SKIP
        """
        self.wait()
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
        from .statistics import summary_of

        return summary_of(self, score, **options)

    def compare(self, *cells: Place) -> Comparison:
        """Compare two cells or more: answers word by word, tool calls aligned, time and cost.

        Args:
            *cells: Cells, or places as in ``batch[place]``.

        >>> batch.compare((0, "small"), (0, "large"))  # doctest: +SKIP
        """
        chosen = [cell if isinstance(cell, Cell) else self[cell] for cell in cells]
        if len(chosen) < 2:
            raise InvalidRequestError("Choose two cells or more to compare.")
        return Comparison(self, chosen)

    def view(self) -> MatrixView:
        """Return the interactive matrix: cells to open, compare and rate.

        A saved notebook cannot show it again without a kernel; ``follow()`` leaves paper.
        """
        from .views import matrix_view

        return matrix_view(self)

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

    def to_mimebundle(self) -> dict[str, str]:
        """Return the matrix as it stands as HTML, Markdown and plain text."""
        from ...render.matrix_paper import matrix_paper

        return matrix_paper(self.snapshot())

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self.to_mimebundle()

    def _ipython_display_(self) -> None:
        self.follow(wait=False)

    def __await__(self) -> Generator[Any, None, Batch]:
        return self._ended().__await__()

    def __len__(self) -> int:
        return len(self._cells)

    def __repr__(self) -> str:
        states = ", ".join(f"{count} {state}" for state, count in sorted(self.counts.items()))
        size = f"{len(self.tasks)} tasks x {len(self.columns)} LLMs x {self.repeats}"
        return f"<Batch {self.run_id}: {size}; {states}>"

    async def _ended(self) -> Batch:
        await asyncio.shield(asyncio.wrap_future(self.following()))
        return self

    def _changed(self) -> None:
        for changed in list(self._listeners):
            changed()

    def _fill(self) -> None:
        for task, column in product(self.tasks, self.columns):
            for repeat in range(self.repeats):
                place = (task.index, column, repeat)
                if place not in self._cells:
                    cell_id = f"{task.index}/{self.column_id(column)}/{repeat}"
                    self._cells[place] = Cell(self, cell_id, task, column, repeat)

    def take(self, found: Iterable[Found]) -> None:
        """Take in sessions that are there.

        Raises:
            InvalidRequestError: The run is about other tasks, or another agent.
        """
        keys = {task.index: task.key for task in self.tasks}
        for entry in found:
            if entry.agent_id not in ("", self.agent.id):
                raise self._taken("its agent")
            if keys.get(entry.task_index, entry.task_key) != entry.task_key:
                raise self._taken(f"task {entry.task_index}")
            cell = self._cells.get((entry.task_index, entry.column, entry.repeat))
            if cell is not None and cell.attempt(entry.attempt.number) is None:
                cell.put(entry.attempt)

    def _taken(self, what: str) -> InvalidRequestError:
        return InvalidRequestError(
            f"There is a run {self.run_id!r} already, and {what} is another one there: "
            "choose another name. Nothing was sent."
        )

    def cell_at(self, task_index: int, column: Column, repeat: int) -> Cell:
        """Return the cell at a place."""
        return self._cells[task_index, column, repeat]

    def look(self) -> None:
        """Find what was sent of it before.

        Raises:
            InvalidRequestError: The run is about other tasks, or another agent.
        """
        self.take(self._find())

    def send(self) -> Batch:
        """Send what was planned and not sent, and go on following; as :meth:`add` without more."""
        return self._send(self.jobs(1))

    def _ask(self) -> None:
        wait_for(self.dari.run(self._followed.once()))

    def _find(self) -> list[Found]:
        return wait_for(self.dari.run(find_run(self.dari.stream_client, self.run_id)))

    def _add_tasks(self, tasks: Iterable[Task], found: Sequence[Found]) -> None:
        """Give further tasks their rows, the ones that they had before if any."""
        there = {task.key for task in self.tasks}
        taken = {task.index for task in self.tasks}
        before = {e.task_key: e.task_index for e in found if e.task_index not in taken}
        free = max([*taken, *(entry.task_index for entry in found)], default=-1) + 1
        for task in tasks:
            if task.key in there:
                continue
            index = before.get(task.key, free)
            free += index == free
            there.add(task.key)
            self.tasks.append(replace(task, index=index))

    def _add_columns(self, llms: Iterable[str]) -> None:
        versions = list(dict.fromkeys(column.version for column in self.columns))
        for version, llm in product(versions, llms):
            if (column := Column(llm, version)) not in self.columns:
                self.columns.append(column)

    def _send(self, jobs: Iterable[Sequence[Job]]) -> Batch:
        """Send what is missing, and go on following.

        Raises:
            DariError: Nothing could be sent; the error is that of the first API batch.
        """
        before = self._session_ids()
        chunks = [chunk for group in jobs for chunk in chunks_to_send(self.run_id, group)]
        if chunks:
            wait_for(self.dari.run(self._sending.send(chunks)))
        now = self._session_ids()
        self.started, self.found = len(now - before), len(before)
        if self._sending.errors and not now:
            raise self._sending.errors[0]
        self.following()
        return self

    def _session_ids(self) -> set[str]:
        return {a.session_id for cell in self.cells for a in cell.history if a.session_id}


def _has_failed(cell: Cell, number: int) -> bool:
    attempt = cell.attempt(number)
    return attempt is not None and attempt.state == "failed" and attempt.is_settled


def _is_over(following: concurrent.futures.Future[None], is_done: bool) -> bool:
    if not following.done():
        return False
    return following.cancelled() or following.exception() is not None or not is_done


def _is_empty(tasks: Tasks) -> bool:
    return isinstance(tasks, tuple | list) and not tasks
