"""One daemon thread with its own event loop: streams go on while a cell keeps the kernel busy."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
import time
from collections.abc import Callable, Coroutine
from functools import cache
from typing import Any, TypeVar

from ..errors import TimedOutError

T = TypeVar("T")
_TICK = 0.05


class Background:
    """The loop and its thread; :meth:`run` may be called from any other thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="dari_nb", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Start a coroutine on the loop; cancelling the future cancels the task."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)


@cache
def background() -> Background:
    """Return this process's background loop, started with its first use."""
    return Background()


def wait_for(
    future: concurrent.futures.Future[T],
    timeout: float | None = None,
    tick: Callable[[], None] | None = None,
) -> T:
    """Wait in the calling thread, where a keyboard interrupt gets through at once.

    Args:
        future: What to wait for.
        timeout: Seconds; ``None`` waits without limit.
        tick: Called about 20 times a second in the calling thread.

    Raises:
        TimedOutError: The time is up; the work goes on.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    while not future.done():
        left = _TICK if deadline is None else min(_TICK, deadline - time.monotonic())
        if left <= 0:
            raise TimedOutError(f"Not finished after {timeout:g} s; it goes on.")
        concurrent.futures.wait([future], timeout=left)
        if tick is not None:
            tick()
    return future.result()
