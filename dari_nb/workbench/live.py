"""Showing a turn while it runs, and on paper when it has ended."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
from typing import TYPE_CHECKING

from ..errors import TimedOutError
from . import host
from ._background import background, wait_for
from .views import View, view_of

if TYPE_CHECKING:
    from .turn import Turn


def show(turn: Turn, timeout: float | None, *, wait: bool) -> None:
    """Show a turn in the place that fits; see :meth:`Turn.follow`."""
    if turn.session.feed.has_ended(turn.id):
        show_paper(turn)
    elif wait:
        _show_waiting(turn, timeout)
    elif host.in_kernel():
        _show_aside(turn)
    else:
        print(repr(turn))  # noqa: T201


def show_paper(turn: Turn) -> None:
    """Show what there is, without following."""
    if host.in_kernel():
        host.publish(turn.to_mimebundle())
    else:
        host.print_items(turn.items, turn.head())


def _show_waiting(turn: Turn, timeout: float | None) -> None:
    view = view_of(turn, blocking=True)
    presenting = background().run(_present(turn, view))

    def tick() -> None:
        view.tick()
        turn.session.tools.ask_here()

    state: str | None = "disconnected"
    try:
        wait_for(presenting, timeout, tick)
        state = None
    except KeyboardInterrupt:
        state = "stopped"
        turn.release()
        raise
    except TimedOutError:
        state = None
        raise
    finally:
        presenting.cancel()
        view.finish(state)


def _show_aside(turn: Turn) -> None:
    view = view_of(turn, blocking=False)
    presenting = background().run(_present(turn, view))
    view.stop_with(lambda: _stop(turn, presenting))
    presenting.add_done_callback(lambda done: _finish_aside(view, done))


def _stop(turn: Turn, presenting: concurrent.futures.Future[None]) -> None:
    turn.release()
    presenting.cancel()


def _finish_aside(view: View, presented: concurrent.futures.Future[None]) -> None:
    # Outside the context of the cell that began it, the update belongs to the cell that runs now;
    # executors such as nbclient drop what belongs to a cell that has ended.
    contextvars.Context().run(view.finish, _reason(presented))


def _reason(presented: concurrent.futures.Future[None]) -> str | None:
    if presented.cancelled():
        return "stopped"
    return "disconnected" if presented.exception() else None


async def _present(turn: Turn, view: View) -> None:
    """Keep the view up to date until the turn has ended; when stopped, stop following too."""
    with turn.serve().watched() as following, turn.session.feed.listening(view.changed):
        view.changed()
        # Shielded, so that one view that is stopped does not stop the others.
        await asyncio.shield(asyncio.wrap_future(following))
