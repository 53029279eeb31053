"""How often something is drawn, and where: in a thread that ends when there is nothing to draw."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

#: Seconds between two messages: 20 a second, far below what a Jupyter server starts to drop.
INTERVAL = 0.05


class Pace:
    """Calls ``step`` soon after something changed, however often that is: at once if it was quiet.

    Rendering takes long, so it happens in a thread of its own and never where the news come in.

    Args:
        step: Sends one message; returns whether there is more to send right away.
        interval: Seconds from the end of a step to the next one.
    """

    def __init__(self, step: Callable[[], bool], interval: float = INTERVAL) -> None:
        self._step = step
        self._interval = interval
        self._lock = threading.Lock()
        self._is_due = False
        self._is_drawing = False
        self._next = float("-inf")

    def soon(self) -> None:
        """Have a step made; from any thread, and it never waits."""
        with self._lock:
            self._is_due = True
            if self._is_drawing:
                return
            self._is_drawing = True
        threading.Thread(target=self._draw, name="dari_nb-drawing", daemon=True).start()

    def _draw(self) -> None:
        try:
            while self._has_more():
                time.sleep(max(0.0, self._next - time.monotonic()))
                self._is_due = False
                while self._step():
                    time.sleep(0)  # whoever waits for the view has its turn
                self._next = time.monotonic() + self._interval
        except BaseException:
            self._is_drawing = False
            raise

    def _has_more(self) -> bool:
        with self._lock:
            self._is_drawing = self._is_due
            return self._is_drawing
