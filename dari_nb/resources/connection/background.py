"""One daemon thread with its own event loop: streams go on while a cell keeps the kernel busy."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import os
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from ...errors import TimedOutError
from ...interrupts import heard
from ...models.times import checked_seconds

T = TypeVar("T")
_TICK = 0.05
_AWAKE = 0.2


class Background:
    """The loop and its thread; :meth:`run` may be called from any other thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="dari_nb", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Start a coroutine on the loop; cancelling the future cancels the task."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)


_loops: list[Background] = []
_forsaken: list[Background] = []
_starting = threading.Lock()


def background() -> Background:
    """Return this process's background loop, started with its first use."""
    with _starting:
        if not _loops:
            _loops.append(Background())
        return _loops[0]


def _forsake() -> None:
    """Leave the loop of the parent process alone: a forked child has no thread that runs it."""
    global _starting
    _starting = threading.Lock()
    _forsaken.extend(_loops)
    _loops.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forsake)


def wait_for(
    future: concurrent.futures.Future[T],
    timeout: float | None = None,
    tick: Callable[[], object] | None = None,
) -> T:
    """Wait in the calling thread, where a keyboard interrupt gets through at once.

    Args:
        future: What to wait for.
        timeout: Seconds; ``None`` waits without limit.
        tick: Called about 20 times a second in the calling thread.

    Raises:
        TimedOutError: The time is up; the work goes on.
        InvalidRequestError: The timeout is no number of seconds.
    """
    checked_seconds(timeout)
    deadline = None if timeout is None else time.monotonic() + timeout
    rest = resting(future)
    while not future.done():
        left = _TICK if deadline is None else min(_TICK, deadline - time.monotonic())
        if left <= 0:
            raise TimedOutError(f"Not finished after {timeout:g} s; it goes on.")
        with heard():
            rest(left)
            if tick is not None:
                tick()
    return future.result()


def resting(future: concurrent.futures.Future[Any]) -> Callable[[float], None]:
    """Return what waits for it so many seconds, and is whole after any number of interrupts.

    The library waits with a condition, which fails where an interrupt meets it on its way back.
    """
    over = threading.Lock()
    over.acquire()
    future.add_done_callback(lambda _: over.release())

    def rest(seconds: float) -> None:
        if over.acquire(timeout=seconds):
            over.release()

    return rest


def done() -> concurrent.futures.Future[None]:
    """Return the future of what has been done already."""
    future: concurrent.futures.Future[None] = concurrent.futures.Future()
    future.set_result(None)
    return future


async def awaited(future: concurrent.futures.Future[T]) -> T:
    """Wait for it on the caller's own loop; a caller that is cancelled leaves it running.

    A kernel's loop hears of an interrupt only when it wakes, so it wakes now and then.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def wake(_: object) -> None:
        with contextlib.suppress(RuntimeError):  # the caller's loop is closed
            loop.call_soon_threadsafe(done.cancel)

    future.add_done_callback(wake)
    while not future.done():
        await asyncio.wait({done}, timeout=_AWAKE)
    return future.result()
