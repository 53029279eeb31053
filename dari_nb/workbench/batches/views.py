"""The places where a batch is shown while it runs."""

from __future__ import annotations

import concurrent.futures
import contextlib
from collections.abc import Callable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from ...models import TimelineItem
from .. import host
from ..kept import Kept
from .picture import with_costs
from .watching import MOST_STREAMS

if TYPE_CHECKING:
    from ...render import Head
    from ...widgets.matrix import MatrixView
    from .batch import Batch
    from .cells import Cell
    from .results import Results

_ENDED = frozenset({"completed", "failed"})
_STILL = _ENDED | {"planned", "queued"}


class View(Protocol):
    """A place where one batch is shown."""

    def changed(self) -> None:
        """Take notice that there are news; called on the background loop."""

    def tick(self) -> None:
        """Draw what only the waiting thread may draw."""

    def finish(self) -> None:
        """Leave what stays."""

    def amend(self) -> None:
        """Show the costs that came after the end; called in any thread."""

    def stop_with(self, presenting: concurrent.futures.Future[None]) -> None:
        """Let the view's Stop cancel this."""


class PaperView:
    """Paper that is replaced when the batch ends: for runs that nobody watches."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._shown = batch.snapshot()
        self._handle = host.publish(self._paper())

    def changed(self) -> None:
        """Nothing: nobody watches."""

    def tick(self) -> None:
        """Nothing: nobody watches."""

    def finish(self) -> None:
        """Replace what is shown by the batch as it stands now."""
        self._shown = self._batch.snapshot()
        self._handle.update(self._paper(), raw=True)

    def amend(self) -> None:
        """Add the costs; what was retried, added or scored since belongs to later outputs."""
        self._shown = with_costs(self._shown, self._batch)
        self._handle.update(self._paper(), raw=True)

    def stop_with(self, presenting: concurrent.futures.Future[None]) -> None:
        """Nothing: nobody watches."""

    def _paper(self) -> dict[str, str]:
        from ...render.matrix_paper import matrix_paper

        return matrix_paper(self._shown)


class LiveView(PaperView):
    """A live matrix that becomes paper in the same output."""

    def __init__(self, batch: Batch, *, blocking: bool) -> None:
        self._batch = batch
        self._blocking = blocking
        self._watched: list[str] = []
        self._shown = batch.snapshot()
        self._widget = matrix_view(batch, blocking=blocking)
        self._handle = host.publish(self._widget)

    def changed(self) -> None:
        """Have the widget read the batch with its next news."""
        if self._blocking:
            self._watch_the_first()
        self._widget.changed()

    def finish(self) -> None:
        """Replace the widget by paper."""
        super().finish()
        self._batch.watch(())
        self._widget.close()

    def stop_with(self, presenting: concurrent.futures.Future[None]) -> None:
        """Cancel when the reader presses Stop."""
        self._widget.on_stop(presenting.cancel)

    def _watch_the_first(self) -> None:
        # What the page has in sight it cannot tell a kernel whose cell blocks.
        running = (cell.id for cell in self._batch.cells if cell.state not in _STILL)
        first = list(islice(running, MOST_STREAMS))
        if first != self._watched:
            self._watched = first
            self._batch.watch(first)


class TerminalView:
    """A line of progress, drawn by the thread that waits; one for each tenth in a log."""

    def __init__(self, batch: Batch) -> None:
        from rich.console import Console
        from rich.live import Live

        self._batch = batch
        self._console = Console()
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._told = -1
        if self._console.is_terminal:
            self._live.start()

    def changed(self) -> None:
        """Nothing: the next tick reads the batch."""

    def tick(self) -> None:
        """Draw the line."""
        from rich.text import Text

        line, tenth = progress_line(self._batch)
        if self._console.is_terminal:
            self._live.update(Text(line), refresh=True)
        elif tenth > self._told:
            self._console.print(Text(line))
            self._told = tenth

    def finish(self) -> None:
        """Print the matrix."""
        if self._live.is_started:
            self._live.stop()
        _print(self._batch)

    def amend(self) -> None:
        """Nothing: what was printed stays as it is."""

    def stop_with(self, presenting: concurrent.futures.Future[None]) -> None:
        """Nothing: a terminal has no Stop button."""


def view_of(batch: Batch, *, blocking: bool) -> View:
    """Return the view that fits the host."""
    if not host.in_kernel():
        return TerminalView(batch)
    return LiveView(batch, blocking=blocking) if host.is_watched() else PaperView(batch)


def kept_view(batch: Results) -> MatrixView:
    """Make the interactive matrix that follows its batch, and leaves paper in a saved notebook."""
    view = matrix_view(batch, rated=lambda: kept.refresh())
    kept = Kept(view, batch.to_mimebundle, lambda: _print(batch))

    def changed() -> None:
        view.changed()
        if all(cell.state in _ENDED for cell in batch.cells):
            kept.refresh()

    listening = contextlib.ExitStack()
    listening.enter_context(batch.listening(changed))
    view.on_close(listening.close)
    return view


def matrix_view(
    batch: Results, *, blocking: bool = False, rated: Callable[[], object] = lambda: None
) -> MatrixView:
    """Make the interactive matrix of a batch; ``rated`` is called after each rating."""
    from ...widgets.matrix import MatrixView

    def cell(cell_id: str) -> Cell:
        return next(cell for cell in batch.grid if cell.id == cell_id)

    def rate(cell_id: str, name: str, value: float | None, note: str) -> None:
        batch.rate(cell(cell_id), name, value, note)
        rated()

    return MatrixView(
        batch.snapshot,
        transcript=lambda cell_id: opened(batch, cell(cell_id)),
        rate=rate,
        watch=batch.watch,
        blocking=blocking,
    )


def _print(batch: Results) -> None:
    print(batch.to_mimebundle()["text/plain"])  # noqa: T201


def opened(batch: Results, cell: Cell) -> tuple[Sequence[TimelineItem], Head]:
    """Return what a cell shows when it is opened: its items, and the line above them."""
    from ...render import head_of

    items, name = batch.items(cell), batch.grid.column_id(cell.column)
    return items, head_of(items, batch.agent.name, name, cell.state, cost=cell.cost)


def progress_line(batch: Batch) -> tuple[str, int]:
    """Say how far a batch is, and in which tenth."""
    from ...render import duration_text

    matrix, counts = batch.snapshot(), batch.counts
    ended = counts.get("completed", 0) + counts.get("failed", 0)
    parts = [f"{ended} of {len(batch)} done"]
    parts += [f"{counts[s]} {s}" for s in ("failed", "running", "queued") if counts.get(s)]
    if matrix.seconds_left:
        parts.append(f"about {duration_text(matrix.seconds_left)} left")
    return " · ".join(parts), 10 * ended // max(1, len(batch))
