"""What cells have cost: told late by the server, and asked for with patience (section 13)."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from ....errors import DariError
from ..cells import Attempt, Cell
from .following import AT_ONCE, together
from .reading import read_cost

if TYPE_CHECKING:
    from ....client import AsyncClient

TRIES = (0.0, 0.3, 2.0, 8.0, 30.0, 90.0)
"""Seconds after a cell's end at which its cost is asked for."""
SOON = 4
"""A cost that has not come after so many of them is late."""
PROBES = 16
"""Cells that are asked for until the first cost comes; many agents never tell one.

Those that are to have a cost and those that may be free count each by themselves, and so do those
that had ended before.
"""
_PAUSE = 0.25
PAUSES = (0.0, 0.1, 0.2, 0.4, 0.8)
"""Seconds between asking for a cost that comes a moment after its turn."""


class LateCosts:
    """Asks for the costs of one batch.

    Args:
        client: The client of the background loop.
        cells: Gives the cells as they are now, each time it is iterated.
        changed: Called on the background loop when a cost has come.
    """

    def __init__(
        self,
        client: AsyncClient,
        cells: Iterable[Cell],
        changed: Callable[[], object],
    ) -> None:
        self._client = client
        self._cells = cells
        self._changed = changed
        self._slots = asyncio.Semaphore(max(1, AT_ONCE // 2))
        self._first_seen: dict[str, float] = {}
        self._tries: dict[str, int] = {}
        self._answered: dict[str, int] = {}
        self._awaited: set[str] = set()
        self._earlier: set[str] = set()
        self._probed: dict[tuple[bool, bool], set[str]] = defaultdict(set)

    def awaited(self) -> dict[str, int]:
        """Return how often the server had no answer for costs that may come yet, by the session."""
        asked = {job.session_id for job in self._missing()}
        open_ = {name for name in asked if self._tries.get(name, 0) > self._answered.get(name, 0)}
        waiting = open_ | {job.session_id for job in self._waiting()}
        return {name: self._answered.get(name, 0) for name in waiting}

    def soon(self) -> set[str]:
        """Return the sessions whose costs may come yet, and are not late."""
        return {name for name, count in self.awaited().items() if count < SOON}

    def probe_again(self) -> None:
        """Ask for a few of what is sent from now on, whatever was asked for before."""
        self._probed.clear()
        self._earlier = {job.session_id for job in self._missing()}

    async def to_the_last(self) -> None:
        """Ask until all costs are known, or were asked for often enough."""
        while await self.ask_due() or not all(cell.is_settled for cell in self._cells):
            await asyncio.sleep(_PAUSE)

    async def ask_due(self) -> bool:
        """Ask for those whose time has come; returns whether any was waited for."""
        waiting = self._waiting()
        due = self._due(waiting)
        await together(self._slots, [partial(self._ask, job) for job in due])
        self._answered |= {job.session_id: self._tries[job.session_id] for job in due}
        return bool(waiting)

    async def once(self) -> None:
        """Ask for all costs that are not known."""
        await together(self._slots, [partial(self._ask, job) for job in self._missing()])

    async def catch_up(self) -> None:
        """Ask for those that are missing beside known ones, each with patience only once.

        Costs come one soon after another, and a figure of a few of them would be a wrong one.
        """
        missing = [job for job in self._missing() if job.session_id not in self._awaited]
        self._awaited |= {job.session_id for job in missing}
        await together(self._slots, [partial(self._ask, job) for job in self._few(missing)])
        if not self._is_any_known() and not any(job.is_paid_failure for job in missing):
            return
        for pause in PAUSES:
            missing = [job for job in missing if job.attempt.cost_usd is None]
            if not missing:
                return
            await asyncio.sleep(pause)
            await together(self._slots, [partial(self._ask, job) for job in self._few(missing)])

    async def if_there_are_any(self) -> None:
        """Ask for all costs once, but not when the first few cells know none."""
        few = self._few(self._missing())
        await together(self._slots, [partial(self._ask, job) for job in few])
        if any(job.attempt.cost_usd is not None for job in few):
            await self.once()

    def _missing(self) -> list[_Paid]:
        """Return the attempts that have ended and whose cost is not known."""
        sent = ((cell, attempt) for cell in self._cells for attempt in cell.sent)
        return [
            _Paid(cell, attempt.session_id)
            for cell, attempt in sent
            if attempt.session_id and _lacks_cost(cell, attempt)
        ]

    def _is_any_known(self) -> bool:
        return any(attempt.cost_usd is not None for cell in self._cells for attempt in cell.sent)

    def _few(self, jobs: Iterable[_Paid]) -> list[_Paid]:
        """Return all of a kind that a cost has come of, else those that stand for it, as before."""
        sent = (attempt for cell in self._cells for attempt in cell.sent)
        known = {attempt.is_charged for attempt in sent if attempt.cost_usd is not None}
        few = []
        for job in jobs:
            kind = job.attempt.is_charged
            probed = self._probed[kind, job.session_id in self._earlier]
            if kind not in known and (job.session_id in probed or len(probed) < PROBES):
                probed.add(job.session_id)
            if kind in known or job.session_id in probed:
                few.append(job)
        return few

    def _waiting(self) -> list[_Paid]:
        """Return those that are yet to be asked for."""
        missing = self._missing()
        return self._few(job for job in missing if self._tries.get(job.session_id, 0) < len(TRIES))

    def _due(self, waiting: Iterable[_Paid]) -> list[_Paid]:
        """Return those whose time has come, and count that they are asked for."""
        now, due = time.monotonic(), []
        for job in waiting:
            session_id = job.session_id
            tries = self._tries.get(session_id, 0)
            if now - self._first_seen.setdefault(session_id, now) >= TRIES[tries]:
                self._tries[session_id] = tries + 1
                due.append(job)
        return due

    async def _ask(self, job: _Paid) -> None:
        try:
            cost = await read_cost(self._client, job.session_id)
        except DariError:
            return  # it is asked for again, or stays unknown
        if cost is not None:
            job.cell.set_cost(job.session_id, cost)
            self._changed()


class _Paid(NamedTuple):
    """One attempt of a cell, as it is known now."""

    cell: Cell
    session_id: str

    @property
    def attempt(self) -> Attempt:
        return next(a for a in self.cell.sent if a.session_id == self.session_id)

    @property
    def is_paid_failure(self) -> bool:
        return self.attempt.lacks_cost and self.attempt.state != "completed"


def _lacks_cost(cell: Cell, attempt: Attempt) -> bool:
    """Whether the cost of an attempt is not known that has ended."""
    if attempt.cost_usd is not None:
        return False
    # What was sent twice is not followed: it ends about when the cell does.
    return cell.is_settled if attempt in cell.doubles else attempt.is_settled
