"""The threads of sync agents: how many may be busy at a time, and that they are used again."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any

from .turn import TurnFailure

MOST_LEFT = 64
"""Turns of one function that may have ended while it goes on, each of which holds a thread."""
PATIENCE = 5.0
"""Seconds that the next turn of such a function waits for one of them to return."""
_PAUSE = 0.05
_STUCK = (
    "This agent takes no turn now: its function has not returned from {} turns that were ended. "
    "It does again when one of them returns; what waits there for ever needs a time limit."
)
_log = logging.getLogger(__name__)


class Slots:
    """Places for agents that need a thread each; used on the server's loop.

    Args:
        most: How many there are.
    """

    def __init__(self, most: int) -> None:
        self._free = asyncio.Semaphore(most)
        self._threads = _Threads()
        self._left = _Left()

    def slot(self) -> Slot:
        """A place for one turn, not taken yet."""
        return Slot(self._free, self._threads, self._left)

    def close(self) -> None:
        """Let the threads end that have nothing to do, and the others when they are done."""
        self._threads.close()


class Slot:
    """One turn's place."""

    def __init__(self, free: asyncio.Semaphore, threads: _Threads, left: _Left) -> None:
        self._free = free
        self._threads = threads
        self._left = left
        self._is_taken = False

    def start(self, function: Callable[..., Any], work: Callable[[Stay], None]) -> Stay:
        """Do something in a thread, which stays in an agent's function meanwhile."""
        stay = Stay(self._left, function)
        self._threads.start(partial(work, stay))
        return stay

    async def room_for(self, function: Callable[..., Any]) -> None:
        """Wait until not too many threads are in a function for turns that have ended.

        Raises:
            TurnFailure: None of them returned in time.
        """
        for _ in range(round(PATIENCE / _PAUSE)):
            if self._left.count(function) < MOST_LEFT:
                return
            await asyncio.sleep(_PAUSE)
        why = _STUCK.format(self._left.count(function))
        name = getattr(function, "__qualname__", type(function).__name__)
        _log.warning("The function %s: %s", name, why)
        raise TurnFailure(why)

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Take the place, and give it back at the end."""
        await self._take()
        try:
            yield
        finally:
            self._give()

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[None]:
        """Leave the place, if it is taken, to others for a wait that may be long."""
        was_taken = self._is_taken
        self._give()
        try:
            yield
        finally:
            if was_taken:
                await self._take()

    async def _take(self) -> None:
        await self._free.acquire()
        self._is_taken = True

    def _give(self) -> None:
        if self._is_taken:
            self._is_taken = False
            self._free.release()


class Stay:
    """A thread's stay in an agent's function, which may last longer than its turn."""

    def __init__(self, left: _Left, function: Callable[..., Any]) -> None:
        self._left = left
        self._function = function
        self._is_left = False
        self._has_ended = False

    def leave(self) -> None:
        """Note that the turn has ended, whether or not the function has returned."""
        with self._left.lock:
            self._is_left = not self._has_ended
            if self._is_left:
                self._left.add(self._function)

    def end(self) -> None:
        """Note that the function has returned."""
        with self._left.lock:
            self._has_ended = True
            if self._is_left:
                self._left.take(self._function)


class _Left:
    """How many threads each function holds for turns that have ended; safe from any thread."""

    def __init__(self) -> None:
        self.lock = Lock()
        self._counts: Counter[int] = Counter()

    def count(self, function: Callable[..., Any]) -> int:
        with self.lock:
            return self._counts[id(function)]

    def add(self, function: Callable[..., Any]) -> None:
        # A function that a thread is in is there, so that no other has its number.
        self._counts[id(function)] += 1

    def take(self, function: Callable[..., Any]) -> None:
        self._counts[id(function)] -= 1
        if not self._counts[id(function)]:
            del self._counts[id(function)]


Inbox = SimpleQueue[Callable[[], None] | None]


class _Threads:
    """Threads that wait for the next agent, since starting one takes longer than a short turn.

    They are daemons, so that an agent that never returns cannot keep the interpreter alive.
    """

    def __init__(self) -> None:
        self._idle: list[Inbox] = []
        self._is_closed = False

    def start(self, work: Callable[[], None]) -> None:
        if self._idle:
            self._idle.pop().put(work)
            return
        inbox: Inbox = SimpleQueue()
        inbox.put(work)
        Thread(target=self._serve, args=(inbox,), name="dari-agent", daemon=True).start()

    def close(self) -> None:
        self._is_closed = True
        while self._idle:
            self._idle.pop().put(None)

    def _serve(self, inbox: Inbox) -> None:
        while work := inbox.get():
            work()
            if self._is_closed:
                return
            self._idle.append(inbox)
