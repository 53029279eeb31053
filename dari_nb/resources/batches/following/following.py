"""Follows a batch to its end: asks for what is unfinished, ever more seldom, and reads the ends."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from ....errors import ConnectionFailedError, RateLimitError, ServerError, TimedOutError
from ..cells import Attempt, Cell
from ..sending.chunks import Job
from ..sending.finding import find_run
from ..sending.sending import take_batch
from .reading import read_end

if TYPE_CHECKING:
    from ....client import AsyncClient

AT_ONCE = 8
"""Requests at once; an async client with many more spends its time on choosing connections."""
_FIRST_PAUSE = 0.15
_LONGEST_PAUSE = 10.0
_AGE_PER_PAUSE = 20.0
_MOST_FAILURES = 5
_PASSING = (ConnectionFailedError, TimedOutError, ServerError, RateLimitError)

Step: TypeAlias = Callable[[], Awaitable[None]]
"""A request, and taking in what it brings."""


class Following:
    """What the background loop does for one batch.

    Args:
        client: The client of the background loop.
        run_id: The run to ask for where no API batch is known.
        cells: Gives the cells as they are now, each time it is iterated.
        changed: Called on the background loop when something is new.
    """

    def __init__(
        self,
        client: AsyncClient,
        run_id: str,
        cells: Iterable[Cell],
        changed: Callable[[], object],
    ) -> None:
        self._client = client
        self._run_id = run_id
        self._cells = cells
        self._changed = changed
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._nudged = asyncio.Event()
        self._since = 0.0

    async def to_the_end(self) -> None:
        """Ask until all that was sent has ended and is read.

        Raises:
            DariError: The server refused, or could not be reached for long.
        """
        self._since, failures = time.monotonic(), 0
        while True:
            try:
                await self.once()
                failures = 0
            except _PASSING:
                failures += 1
                if failures == _MOST_FAILURES:
                    raise
            if not self._open() and not failures:
                return
            await self._rest(_pause(time.monotonic() - self._since, failures))

    async def nudge(self) -> None:
        """Ask soon and often again: something was sent."""
        self._since = time.monotonic()
        self._nudged.set()

    async def once(self) -> None:
        """Ask for all that has not ended, and read what has."""
        await together(self._slots, self._ask())
        await together(self._slots, self._read())

    async def _rest(self, seconds: float) -> None:
        self._nudged.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._nudged.wait(), seconds)

    def _jobs(self) -> list[Job]:
        return [Job(cell, attempt.number) for cell in self._cells for attempt in cell.history]

    def _open(self) -> list[Job]:
        return [job for job in self._jobs() if not _attempt(job).is_settled]

    def _ask(self) -> list[Step]:
        open_ = [job for job in self._open() if not _attempt(job).has_ended]
        batch_ids = {_attempt(job).batch_id for job in open_}
        asked: list[Step] = [
            partial(self._ask_batch, batch_id) for batch_id in sorted(filter(None, batch_ids))
        ]
        return [*asked, self._ask_run] if None in batch_ids else asked

    async def _ask_batch(self, batch_id: str) -> None:
        answer = await self._client.batches.get(batch_id)
        take_batch(answer, self._jobs_of(batch_id))
        self._changed()

    def _jobs_of(self, batch_id: str) -> dict[int, Job]:
        sent = ((job, _attempt(job)) for job in self._open())
        return {
            attempt.batch_index: job
            for job, attempt in sent
            if attempt.batch_id == batch_id and attempt.batch_index is not None
        }

    async def _ask_run(self) -> None:
        found = {
            e.attempt.session_id: e.attempt for e in await find_run(self._client, self._run_id)
        }
        for job in self._open():
            known = _attempt(job)
            now = found.get(known.session_id)
            if now is not None and known.batch_id is None:
                job.cell.put(replace(known, state=now.state))
        self._changed()

    def _read(self) -> list[Step]:
        return [partial(self._read_end, job) for job in self._open() if _attempt(job).has_ended]

    async def _read_end(self, job: Job) -> None:
        job.cell.put(await read_end(self._client, _attempt(job)))
        self._changed()


async def together(slots: asyncio.Semaphore, steps: Iterable[Step]) -> None:
    """Do all steps, a few at once; raises what the first one raised when all have ended."""

    async def one(step: Step) -> None:
        async with slots:
            await step()

    done = await asyncio.gather(*map(one, steps), return_exceptions=True)
    for result in done:
        if isinstance(result, BaseException):
            raise result


def _attempt(job: Job) -> Attempt:
    attempt = job.cell.attempt(job.number)
    assert attempt is not None
    return attempt


def _pause(age: float, failures: int) -> float:
    """Seconds to the next question: longer with age and after failures, never in step."""
    pause = min(_LONGEST_PAUSE, (_FIRST_PAUSE + age / _AGE_PER_PAUSE) * 2.0**failures)
    return pause * random.uniform(0.8, 1.2)  # noqa: S311
