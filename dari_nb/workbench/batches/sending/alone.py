"""Who sends a run in this process: one at a time, so that the next one sees what is there."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol
from weakref import WeakValueDictionary

from ...link.background import wait_for

if TYPE_CHECKING:
    from ...link import Link

REPLACED = "a later call sends this run"


class Stoppable(Protocol):
    """What sends a turn at a time: ``Spending`` is one."""

    def stop(self, why: str) -> None:
        """Send no more."""


class Sender:
    """The right to send one run; whoever looks for what is there, and sends the rest, holds it.

    Attributes:
        alone: Held meanwhile, by one thread.
    """

    def __init__(self) -> None:
        self.alone = threading.RLock()
        self._going_on: tuple[Stoppable, Future[None]] | None = None

    def goes_on(self, spending: Stoppable, outlay: Future[None]) -> None:
        """Know what is sent in the background, when the right to send is free again."""
        self._going_on = spending, outlay

    def take_over(self) -> bool:
        """End what is sent in the background; says whether anything was.

        What was on its way has arrived then.
        """
        if self._going_on is None or self._going_on[1].done():
            return False
        spending, outlay = self._going_on
        spending.stop(REPLACED)
        with suppress(Exception):  # whoever waits for it is told
            wait_for(outlay)
        return True


_senders: WeakValueDictionary[tuple[int, str], Sender] = WeakValueDictionary()
_making = threading.Lock()


def sender_of(link: Link, run_id: str) -> Sender:
    """Return what all share that send this run from here, by whichever connection."""
    with _making:
        return _senders.setdefault((link.account, run_id), Sender())
