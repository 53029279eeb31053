"""Whether any page shows a view: pages say when they do, and when their last one went."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

#: Seconds for which a view that moves, or whose page loads anew, may be gone.
GRACE = 2.0
_TICKS = 8


class Presence:
    """Counts down when nobody may look any more; a page that does ends the count.

    It counts only while the kernel is free to hear a page: a busy one would miss the answer.
    All of it happens in the kernel's main thread.

    Args:
        ask: Asks all pages whether they show the view.
        gone: Called when none does; told whether the view's output is known to be gone, too.
    """

    def __init__(self, ask: Callable[[], object], gone: Callable[[bool], object]) -> None:
        self._ask = ask
        self._gone = gone
        self._left = 0
        self._is_cleared = False

    def here(self) -> None:
        """A page shows the view."""
        self._left, self._is_cleared = 0, False

    def expect(self) -> None:
        """A page is about to show it, if there is one."""
        self._is_cleared = False
        self._count()

    def doubt(self, *, cleared: bool) -> None:
        """Perhaps no page shows it any more; ``cleared`` when its output went with it."""
        self._is_cleared |= cleared
        self._ask()
        self._count()

    def _count(self) -> None:
        is_counting, self._left = self._left > 0, _TICKS
        if not is_counting:
            self._wait()

    def _wait(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # no pages without a kernel, whose loop runs
            return
        loop.call_later(GRACE / _TICKS, self._tick)

    def _tick(self) -> None:
        if self._left == 0:
            return
        self._left -= 1
        if self._left:
            self._wait()
        else:
            self._gone(self._is_cleared)
