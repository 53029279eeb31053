"""Where a batch is shown: live while it runs, on paper when it has ended."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ...errors import TimedOutError
from .. import host
from .._background import background, wait_for
from .views import PaperView, View, view_of

if TYPE_CHECKING:
    from .batch import Batch


def wait(batch: Batch, timeout: float | None, view: View | None = None) -> None:
    """Wait for a batch in the calling thread; see :meth:`Batch.wait`."""
    deadline = None if timeout is None else time.monotonic() + timeout
    try:
        while not batch.is_done:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            try:
                wait_for(batch.following(), left, view.tick if view else None)
            except concurrent.futures.CancelledError:
                continue  # somebody stopped a view of this batch: take it up again
    except TimedOutError:
        raise TimedOutError(f"Not finished after {timeout:g} s; it goes on.") from None
    except KeyboardInterrupt:
        batch.stop_following()
        raise KeyboardInterrupt(_going_on(batch)) from None


def show(batch: Batch, timeout: float | None, *, waits: bool) -> None:
    """Show a batch in the place that fits; see :meth:`Batch.follow`."""
    if batch.is_done:
        batch.following()  # for the costs
        show_paper(batch)
    elif waits:
        _show_waiting(batch, timeout)
    elif host.in_kernel():
        _show_aside(batch)
    else:
        print(repr(batch))  # noqa: T201


def show_paper(batch: Batch) -> None:
    """Show what there is, without following."""
    if host.in_kernel():
        _when_costs_come(batch, PaperView(batch).amend)
    else:
        print(batch.to_mimebundle()["text/plain"])  # noqa: T201


def _show_waiting(batch: Batch, timeout: float | None) -> None:
    view = view_of(batch, blocking=True)
    presenting = background().run(_present(batch, view))
    try:
        wait(batch, timeout, view)
    finally:
        presenting.cancel()
        _finish(batch, view)


def _show_aside(batch: Batch) -> None:
    view = view_of(batch, blocking=False)
    presenting = background().run(_present(batch, view))
    view.stop_with(presenting)
    # Outside the context of the cell that began it, the update belongs to the cell that runs now;
    # executors such as nbclient drop what belongs to a cell that has ended.
    presenting.add_done_callback(lambda _: contextvars.Context().run(_finish, batch, view))


def _finish(batch: Batch, view: View) -> None:
    view.finish()
    _when_costs_come(batch, view.amend)


def _when_costs_come(batch: Batch, update: Callable[[], object]) -> None:
    """Show the costs once more when the last ones have come, which takes some seconds."""
    shown = [cell.cost for cell in batch.cells]

    def come(_: object) -> None:
        if shown != [cell.cost for cell in batch.cells]:
            contextvars.Context().run(update)

    batch.costs_come().add_done_callback(come)


async def _present(batch: Batch, view: View) -> None:
    """Keep the view up to date until the batch has ended."""
    with batch.listening(view.changed):
        view.changed()
        # Shielded, so that one view that is stopped does not stop the others.
        await asyncio.shield(asyncio.wrap_future(batch.following()))


def _going_on(batch: Batch) -> str:
    return f"stopped following; {batch.run_id} goes on: batch.follow() shows it again"
