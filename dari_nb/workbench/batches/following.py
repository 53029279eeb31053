"""Follows a batch to its end: asks for what is unfinished, ever more seldom, and reads the ends."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from ...errors import ConnectionFailedError, DariError, RateLimitError, ServerError, TimedOutError
from .cells import Attempt, Cell
from .chunks import Job
from .finding import find_run
from .reading import read_cost, read_end
from .sending import take_batch

if TYPE_CHECKING:
    from ...client import AsyncClient

AT_ONCE = 8
"""Requests at once; an async client with many more spends its time on choosing connections."""
_FIRST_PAUSE = 0.15
_LONGEST_PAUSE = 10.0
_AGE_PER_PAUSE = 20.0
_MOST_FAILURES = 5
_COST_TRIES = (0.0, 2.0, 8.0, 30.0, 90.0)
"""Seconds after a cell's end at which its cost is asked for, as it comes late (section 13)."""
_PASSING = (ConnectionFailedError, TimedOutError, ServerError, RateLimitError)

_Step: TypeAlias = Callable[[], Awaitable[None]]


class Following:
    """What the background loop does for one batch.

    Args:
        client: The client of the background loop.
        run_id: The run to ask for where no API batch is known.
        cells: Returns the cells as they are now.
        changed: Called on the background loop when something is new.
    """

    def __init__(
        self,
        client: AsyncClient,
        run_id: str,
        cells: Callable[[], Iterable[Cell]],
        changed: Callable[[], object],
    ) -> None:
        self._client = client
        self._run_id = run_id
        self._cells = cells
        self._changed = changed
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def to_the_end(self) -> None:
        """Ask until all that was sent has ended and is read.

        Raises:
            DariError: The server refused, or could not be reached for long.
        """
        started, failures = time.monotonic(), 0
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
            await asyncio.sleep(_pause(time.monotonic() - started, failures))

    async def once(self) -> None:
        """Ask for all that has not ended, and read what has."""
        await self._together(self._ask())
        await self._together(self._read())

    async def costs(self) -> None:
        """Ask for the costs of what has ended, a few times, until all is known."""
        ended: dict[tuple[str, int], float] = {}
        tries: dict[tuple[str, int], int] = {}
        while True:
            now = time.monotonic()
            waiting = [job for job in self._jobs() if _lacks_cost(job, tries)]
            due: list[_Step] = []
            for job in waiting:
                since = now - ended.setdefault(_name(job), now)
                if since >= _COST_TRIES[tries.get(_name(job), 0)]:
                    tries[_name(job)] = tries.get(_name(job), 0) + 1
                    due.append(partial(self._read_cost, job))
            await self._together(due)
            if not waiting and not self._open():
                return
            await asyncio.sleep(0.25)

    def _jobs(self) -> list[Job]:
        return [Job(cell, attempt.number) for cell in self._cells() for attempt in cell.history]

    def _open(self) -> list[Job]:
        return [job for job in self._jobs() if not _attempt(job).is_settled]

    def _ask(self) -> list[_Step]:
        open_ = [job for job in self._open() if not _attempt(job).has_ended]
        batch_ids = {_attempt(job).batch_id for job in open_}
        asked: list[_Step] = [
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

    def _read(self) -> list[_Step]:
        return [partial(self._read_end, job) for job in self._open() if _attempt(job).has_ended]

    async def _read_end(self, job: Job) -> None:
        job.cell.put(await read_end(self._client, _attempt(job)))
        self._changed()

    async def _read_cost(self, job: Job) -> None:
        try:
            cost = await read_cost(self._client, _attempt(job).session_id or "")
        except DariError:
            return  # it is asked for again, or stays unknown
        if cost is not None:
            job.cell.put(replace(_attempt(job), cost=cost))
            self._changed()

    async def _together(self, work: Iterable[_Step]) -> None:
        async def one(step: _Step) -> None:
            async with self._slots:
                await step()

        done = await asyncio.gather(*map(one, work), return_exceptions=True)
        for result in done:
            if isinstance(result, BaseException):
                raise result


def _attempt(job: Job) -> Attempt:
    attempt = job.cell.attempt(job.number)
    assert attempt is not None
    return attempt


def _name(job: Job) -> tuple[str, int]:
    return job.cell.id, job.number


def _lacks_cost(job: Job, tries: dict[tuple[str, int], int]) -> bool:
    attempt = _attempt(job)
    ended = attempt.is_settled and attempt.session_id is not None
    return ended and attempt.cost is None and tries.get(_name(job), 0) < len(_COST_TRIES)


def _pause(age: float, failures: int) -> float:
    """Seconds to the next question: longer with age and after failures, never in step."""
    pause = min(_LONGEST_PAUSE, (_FIRST_PAUSE + age / _AGE_PER_PAUSE) * 2.0**failures)
    return pause * random.uniform(0.8, 1.2)  # noqa: S311
