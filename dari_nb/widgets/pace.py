"""How often a widget speaks: at once when it was quiet, then a few times a second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

#: Seconds between two messages: 20 a second, far below what a Jupyter server starts to drop.
INTERVAL = 0.05


class Pace:
    """Calls ``step`` soon after something changed, however often that is.

    Args:
        step: Sends one message; returns whether there is more to send right away.
    """

    def __init__(self, step: Callable[[], bool]) -> None:
        self._step = step
        self._timer: asyncio.TimerHandle | None = None
        self._last = float("-inf")

    def soon(self) -> None:
        """Have a step made; needs a running asyncio loop in this thread.

        Raises:
            RuntimeError: There is none.
        """
        if self._timer is None:
            wait = self._last + INTERVAL - time.monotonic()
            self._timer = asyncio.get_running_loop().call_later(max(wait, 0.0), self._on_time)

    def _on_time(self) -> None:
        self._timer = None
        self._last = time.monotonic()
        if self._step():
            self._timer = asyncio.get_running_loop().call_later(0, self._on_time)
