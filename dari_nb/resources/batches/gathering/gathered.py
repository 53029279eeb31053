"""A matrix of sessions that are there: everything but sending."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .... import models
from ...connection.background import wait_for
from ...sessions.recorded import RecordedSession
from ...sessions.transcript import notes_of
from ..cells import Attempt, Cell, Column
from ..following.late_costs import LateCosts
from ..results import Results
from ..tasks import Task

if TYPE_CHECKING:
    from ....render.matrix.matrix import Matrix
    from ....scores import Score
    from ...connection import Link
    from ...sessions.session import Session
    from ..batch import Batch


class Gathered(Results):
    """Finished sessions as a matrix; :meth:`Batches.from_runs` makes it.

    It is what a :class:`Batch` is to look at, to score and to take on, and sends nothing.

    Attributes:
        title: What stands above it.
        words: Names of scores in the metadata of its runs that hold words alone.

    >>> runs = dari.Transcript.from_file("runs.jsonl")
    >>> matrix = d.batches.from_runs(runs, task="task_id", score_columns=["reward"])
    >>> matrix.summary("reward")["mean"].item()
    1.0
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
        *,
        title: str | None = None,
        is_named: bool = False,
    ) -> None:
        super().__init__(link, agent, run_id, tasks, columns, repeats, scores_path)
        self.title = title or agent.name
        self.words: Sequence[str] = ()
        self._is_named = is_named

    @property
    def cells(self) -> list[Cell]:
        """The cells that have a session: task by task, column by column, repeat by repeat."""
        return [cell for cell in self.grid if cell.session_id]

    @property
    def sessions(self) -> list[Session]:
        """The sessions of all cells."""
        return [cell.session for cell in self.cells]

    @property
    def formats(self) -> list[str]:
        """What the runs were read as, those that came from files."""
        sessions = (s for s in self.sessions if isinstance(s, RecordedSession))
        told = (session.recording.format for session in sessions)
        return list(dict.fromkeys(form for form in told if form))

    @property
    def notes(self) -> list[str]:
        """What is to be known of the files that runs came from, such as a log not finished."""
        sessions = (s for s in self.sessions if isinstance(s, RecordedSession))
        noted = notes_of(session.recording for session in sessions)
        return [*noted, *(f"“{name}” holds words and is no score" for name in self.words)]

    def __len__(self) -> int:
        return len(self.cells)

    def put(
        self,
        place: tuple[int, Column, int],
        session: Session,
        attempt: Attempt,
        scores: Mapping[str, Any],
        metadata: Mapping[str, str],
    ) -> None:
        """Put a session into its place, with what is known of it."""
        cell = self.grid.at(*place)
        cell.put(attempt)
        cell.given, cell.carried = scores, metadata
        self._know([session])

    def _asks(
        self, agent: models.Agent, run_id: str, tasks: Sequence[Task], column: Column
    ) -> Batch:
        from ..batch import Batch

        return Batch(self._link, agent, run_id, tasks, [column], 1, self.book.path)

    def look_for_costs(self) -> None:
        """Ask once for costs that are not known; when the first few are not, for no more."""
        on_server = [cell for cell in self.cells if cell.session.resource.agent_id]
        costs = LateCosts(self._link.stream_client, on_server, self._changed)
        wait_for(self._link.run(costs.if_there_are_any()))

    def _snapshot(self) -> Matrix:
        """Return what a view shows; asks the server nothing."""
        return replace(super()._snapshot(), title=self.title, notes=self.notes)

    def _counts(self, score: Score, cell: Cell) -> bool:
        # Named by its content, it is the same whatever ids its sessions got when they were loaded.
        is_of = not self._is_named or super()._counts(score, cell)
        return cell.session_id is not None and is_of

    def _given(self, name: str) -> Iterable[Cell]:
        return [cell for cell in self.cells if name in cell.given]

    def __str__(self) -> str:
        return self.to_mimebundle()["text/plain"]

    def __repr__(self) -> str:
        from ....render import count_text
        from ....render.plain.visible import visible_name

        tasks, columns = (
            count_text(len(self.tasks), "task"),
            count_text(len(self.columns), "column"),
        )
        size = f"{tasks} x {columns} x {self.repeats}"
        title = visible_name(self.title or "")
        return f"<Gathered {title}: {size}; {count_text(len(self), 'session')}>"
