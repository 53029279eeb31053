"""Who sends a run in this process: one at a time, so that the next one sees what is there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias
from weakref import WeakValueDictionary

from ...connection.background import wait_for

if TYPE_CHECKING:
    from ...connection import Link

REPLACED = "a later call took over; resume() sends what is missing"
Stop: TypeAlias = Callable[[str], object]
GiveUp: TypeAlias = Callable[[], object]


class Sender:
    """The right to send one run; whoever looks for what is there, and sends the rest, holds it.

    Attributes:
        alone: Held meanwhile, by one thread.
    """

    def __init__(self) -> None:
        self.alone = threading.RLock()
        self._going_on: tuple[Future[None], Stop, GiveUp] | None = None

    def goes_on(self, outlay: Future[None], stop: Stop, give_up: GiveUp) -> None:
        """Know what is being sent, also when the right to send is free again.

        Args:
            outlay: Done when no more is sent.
            stop: Sends no more, for a reason.
            give_up: Sends no more, and ends the turns that run.
        """
        self._going_on = outlay, stop, give_up

    def take_over(self) -> bool:
        """End what is sent in the background; says whether anything was.

        What was on its way has arrived then.
        """
        if self._going_on is None or self._going_on[0].done():
            return False
        outlay, stop, _ = self._going_on
        stop(REPLACED)
        with suppress(Exception):  # whoever waits for it is told
            wait_for(outlay)
        return True

    def give_up(self, own: GiveUp) -> bool:
        """End what another batch of this run is sending, and the turns that it has begun.

        Args:
            own: As it was told to :meth:`goes_on` by the batch that asks.

        Returns:
            Whether anything is being sent, by whichever batch.
        """
        if self._going_on is None or self._going_on[0].done():
            return False
        give_up = self._going_on[2]
        if give_up != own:
            give_up()
        return True


_senders: WeakValueDictionary[tuple[int, str], Sender] = WeakValueDictionary()
_making = threading.Lock()


def sender_of(link: Link, run_id: str) -> Sender:
    """Return what all share that send this run from here, by whichever connection."""
    with _making:
        return _senders.setdefault((link.account, run_id), Sender())
