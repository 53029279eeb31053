"""A batch as it is presented: a live matrix, a line of progress, and a static matrix."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from itertools import islice
from typing import TYPE_CHECKING

from ..connection import host
from ..display.subject import Changed, Subject
from ..display.words import LEAVE, STOP, Ending, batch_so_far
from .cells import ENDED, UNSENT
from .following.watching import MOST_STREAMS
from .matrix.picture import as_left, with_costs

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live

    from ...render.matrix.matrix import Matrix
    from ...widgets.stopping import Stopped
    from .batch import Batch
    from .matrix_view import BatchMatrix

_STILL = frozenset({*ENDED, UNSENT, "planned", "queued"})


class BatchSubject(Subject):
    """One batch that is followed to its end."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._view: BatchMatrix | None = None
        self._is_blocking = False
        self._is_stopped = False
        self._watched: list[str] = []
        self._line: ProgressLine | None = None
        self._last = None if not batch.is_done else batch._snapshot()

    @property
    def has_ended(self) -> bool:  # type: ignore[override]
        """Whether all that was sent has ended."""
        return self._batch.is_done

    @property
    def can_cancel(self) -> bool:  # type: ignore[override]
        """Whether the server has said so."""
        return self._batch._can_cancel

    def view(self, *, blocking: bool, stop: Stopped) -> BatchMatrix:
        """Make a live matrix."""
        from .matrix_view import BatchMatrix

        self._is_blocking = blocking
        self._view = BatchMatrix(self._batch, blocking=blocking)
        self._view.update_traits(stop=STOP if self.can_cancel else LEAVE)
        self._view.on_stop(stop)
        return self._view

    def static_output(self, ending: Ending | None = None) -> dict[str, str]:
        """The matrix; what was retried, added or scored after its end belongs to later outputs."""
        from ...render import noted
        from ...render.matrix.static import static_matrix

        if self._is_stopped and ending is None:  # it was stopped, and has ended all the same
            self._last, self._is_stopped = None, False
        if self._last is not None:
            self._last = with_costs(self._last, self._batch)
        elif ending is not None:
            self._last = as_left(self._batch._snapshot(), ending)
        elif self._batch.is_done:
            self._last = self._batch._snapshot()
        matrix = self._last or self._batch._snapshot()
        return noted(static_matrix(self._as_seen(matrix)), ending and ending.line)

    def so_far(self) -> dict[str, str]:
        """The matrix as it stands, and how to see the rest."""
        from ...render import noted
        from ...render.matrix.static import static_matrix

        if self.has_ended:
            return self.static_output()
        ending = batch_so_far(self._batch.run_id, self._batch._name)
        matrix = as_left(self._batch._snapshot(), ending)
        return noted(static_matrix(self._as_seen(matrix)), ending.line)

    def _as_seen(self, matrix: Matrix) -> Matrix:
        """Return it as the reader sees it, who may rate blind."""
        return matrix if self._view is None else self._view._as_seen(matrix)

    def print(self) -> None:
        """Print the matrix."""
        print(self._batch)  # noqa: T201

    def draw(self) -> None:
        """Have the page read it with its next news."""
        if self._view is None:
            return
        if self._is_blocking:
            self._watch_the_first()
        self._view.changed()

    def tick(self) -> None:
        """Draw the line of progress."""
        if not host.in_kernel():
            self._line = self._line or ProgressLine(self._batch)
            self._line.draw()

    def end(self) -> None:
        """Print the matrix in place of the line."""
        if self._line is not None:
            self._line.end()
        self.print()

    async def follow(self, changed: Changed) -> None:
        """Follow the batch to its end."""
        loop, view = asyncio.get_running_loop(), self._view

        def shows_another(_: object) -> None:
            loop.call_soon_threadsafe(changed)

        if view is not None:
            view.observe(shows_another, "blind")
        try:
            with self._batch._listening(changed):
                changed()
                await self._batch
        finally:
            if view is not None:
                view.unobserve(shows_another, "blind")
            self._batch._watch(())
            if self._is_stopped:
                self._batch._stop_following()

    def cancel(self) -> Future[None] | None:
        """Have all turns ended, and send no more."""
        self._last = None
        return self._batch._end_turns() if self.can_cancel else None

    def stopped(self) -> Ending:
        """Ask for nothing any more, as soon as it is followed no longer."""
        self._is_stopped = True
        return self._batch._stopped()

    def when_more_is_known(self, changed: Changed) -> None:
        """Call ``changed`` when the last costs have come, which takes some seconds."""
        shown = [cell.cost_usd for cell in self._batch.cells]

        def come(_: object) -> None:
            if shown != [cell.cost_usd for cell in self._batch.cells]:
                changed()

        self._batch._costs_come().add_done_callback(come)

    def _watch_the_first(self) -> None:
        # What the page has in sight it cannot tell a kernel whose cell blocks.
        running = (cell.id for cell in self._batch.cells if cell.state not in _STILL)
        first = list(islice(running, MOST_STREAMS))
        if first != self._watched:
            self._watched = first
            self._batch._watch(first)


class ProgressLine:
    """A line of progress, drawn by the thread that waits; one for each tenth in a log."""

    def __init__(self, batch: Batch) -> None:
        from rich.console import Console
        from rich.live import Live

        self._batch = batch
        self._console: Console = Console()
        self._live: Live = Live(console=self._console, auto_refresh=False, transient=True)
        self._reported = -1
        if self._console.is_terminal:
            self._live.start()

    def draw(self) -> None:
        """Draw it as it is now."""
        from rich.text import Text

        line, tenth = progress_text(self._batch)
        if self._console.is_terminal:
            self._live.update(Text(line), refresh=True)
        elif tenth > self._reported:
            self._console.print(Text(line))
            self._reported = tenth

    def end(self) -> None:
        """Take it away."""
        if self._live.is_started:
            self._live.stop()


def progress_text(batch: Batch) -> tuple[str, int]:
    """Say how far a batch is, and in which tenth."""
    counts = batch.counts
    ended = sum(counts.get(state, 0) for state in ENDED)
    parts = [f"{ended:,} of {len(batch):,} done"]
    parts += [
        f"{counts[s]} {s}" for s in ("failed", "cancelled", "running", "queued") if counts.get(s)
    ]
    return " · ".join(parts), 10 * ended // max(1, len(batch))
