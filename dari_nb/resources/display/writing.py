"""The writing of one static output: in all its places, one after another, and how often."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from .static_outputs import Rhythm, StaticOutput, Write

if TYPE_CHECKING:
    from ...widgets.pace import Pace

_BETWEEN_WRITES = 1.0
_LOOK_AGAIN = 0.3
"""Seconds until it is looked again whether a static output that is being written is there."""


class Writing:
    """Writes static output in its places: now, soon, or now and then while it grows.

    Args:
        made: Makes the static output.
        written: Told of one that was written.

    Attributes:
        places: What writes it, one for each place; where there is none, none is made.
    """

    def __init__(
        self, made: Callable[[], StaticOutput], written: Callable[[StaticOutput], object]
    ) -> None:
        self.places: list[Write] = []
        self._made = made
        self._written = written
        self._rhythm = Rhythm()
        self._timer: asyncio.TimerHandle | None = None
        self._is_asked = False
        self._one = threading.Lock()
        self._pace: Pace | None = None
        self._pace_meanwhile: Pace | None = None

    def soon(self) -> None:
        """Have it written; from any thread."""
        # A thread of its own belongs to no cell. Inside the cell that began it, the update would
        # be dropped by executors such as nbclient when that has ended.
        self._is_asked = True
        self._pace = self._pace or self._pace_of(_BETWEEN_WRITES)
        self._pace.soon()

    def meanwhile(self) -> None:
        """Have it written as it goes on; from any thread."""
        # The last static output is never to wait for one of these to be due.
        self._is_asked = True
        self._pace_meanwhile = self._pace_meanwhile or self._pace_of(0.0)
        self._pace_meanwhile.soon()

    def in_time(self, do: Callable[[], object]) -> None:
        """Do something when the next one is due, once for all who ask; on the background loop."""

        def due() -> None:
            self._timer = None
            if self._left:
                self.in_time(do)
            else:
                do()

        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._left, due)

    def now(self) -> None:
        """Write it before this returns: the last one that is written is what was known last."""
        with self._one:
            try:
                self._write()
            finally:
                self._is_asked = False

    @property
    def _left(self) -> float:
        """Seconds until the next one is due, which is never while one is being written."""
        return max(self._rhythm.left, _LOOK_AGAIN if self._is_asked else 0.0)

    def _write(self) -> None:
        if not self.places:
            return
        began = time.monotonic()
        output = self._made()
        for write in self.places:
            # The kernel may be about to end, and with it the way to the page.
            with contextlib.suppress(RuntimeError):
                write(output.bundle)
        self._rhythm.wrote(output.bundle, time.monotonic() - began)
        self._written(output)

    def _pace_of(self, interval: float) -> Pace:
        from ...widgets.pace import Pace

        return Pace(self._step, interval)

    def _step(self) -> bool:
        self.now()
        return False
