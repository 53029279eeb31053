"""A loop for the async code of agents, apart from the server's: what blocks it stops no stream."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from threading import Event, Thread
from typing import Any, TypeVar

_T = TypeVar("_T")
Record = Callable[[Any], Coroutine[Any, Any, Any]]
"""Takes in a step of an agent; what it returns is sent back into the agent."""

Drive = Callable[[Record], Coroutine[Any, Any, None]]
"""Runs an agent, whose steps it hands on."""


class AgentLoop:
    """Runs agents in one thread of their own, which starts with the first of them."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None
        self._stopped = Event()

    async def run(self, drive: Drive, record: Record) -> None:
        """Run an agent there, and record its steps here; cancelling this cancels the agent."""
        here = asyncio.get_running_loop()

        async def record_here(step: Any) -> Any:
            recording = record(step)
            try:
                recorded = asyncio.run_coroutine_threadsafe(recording, here)
            except RuntimeError:  # the server has stopped
                recording.close()
                raise asyncio.CancelledError from None
            return await asyncio.wrap_future(recorded)

        await self.call(lambda: drive(record_here))

    async def call(self, work: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """Wait here for something that runs there."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work(), self._started()))

    def stop(self) -> None:
        """Cancel what runs there and let go of the thread, which may be blocked for long."""
        loop, self._loop = self._loop, None
        if loop is not None and self._thread is not None:
            loop.call_soon_threadsafe(self._stopped.set)
            loop.call_soon_threadsafe(loop.stop)
            self._thread.join(timeout=0.2)

    def _started(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop, self._stopped = asyncio.new_event_loop(), Event()
            # A daemon, so that an agent that never returns cannot keep the interpreter alive.
            self._thread = Thread(target=_serve, args=(self._loop, self._stopped), daemon=True)
            self._thread.name = "dari-agents"
            self._thread.start()
        return self._loop


def _serve(loop: asyncio.AbstractEventLoop, stopped: Event) -> None:
    asyncio.set_event_loop(loop)
    try:
        while not (stopped.is_set() or loop.is_closed()):
            # An agent's code may stop it, or exit in a task of its own: the others go on.
            with suppress(BaseException):
                loop.run_forever()
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()
