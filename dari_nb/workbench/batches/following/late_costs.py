"""What cells have cost: told late by the server, and asked for with patience (section 13)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ....errors import DariError
from ..cells import Cell
from .following import AT_ONCE, together
from .reading import read_cost

if TYPE_CHECKING:
    from ....client import AsyncClient

TRIES = (0.0, 0.3, 2.0, 8.0, 30.0, 90.0)
"""Seconds after a cell's end at which its cost is asked for."""
SOON = 3
"""A cost that has not come after so many of them is late."""
PROBES = 16
"""Cells that are asked for until the first cost comes; many agents never tell one."""
_PAUSE = 0.25
_PAUSES = (0.0, 0.1, 0.2, 0.4, 0.8)


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
        self._probed: set[str] = set()

    def awaited(self) -> dict[str, int]:
        """Return how often the server had no answer for costs that may come yet, by the session."""
        asked = {_session(cell) for cell in self._cells if _lacks_cost(cell)}
        open_ = {name for name in asked if self._tries.get(name, 0) > self._answered.get(name, 0)}
        waiting = open_ | {_session(cell) for cell in self._waiting()}
        return {name: self._answered.get(name, 0) for name in waiting}

    async def to_the_last(self) -> None:
        """Ask until all costs are known, or were asked for often enough."""
        while True:
            waiting = self._waiting()
            due = self._due(waiting)
            await together(self._slots, [partial(self._ask, cell) for cell in due])
            self._answered |= {_session(cell): self._tries[_session(cell)] for cell in due}
            if not waiting and all(cell.is_settled for cell in self._cells):
                return
            await asyncio.sleep(_PAUSE)

    async def once(self) -> None:
        """Ask for all costs that are not known."""
        missing = [cell for cell in self._cells if _lacks_cost(cell)]
        await together(self._slots, [partial(self._ask, cell) for cell in missing])

    async def catch_up(self) -> None:
        """Ask for those that are missing beside known ones, each with patience only once.

        Costs come one soon after another, and a figure of a few of them would be a wrong one.
        """
        answered = [cell for cell in self._cells if cell.state == "completed"]
        missing = [c for c in answered if _lacks_cost(c) and _session(c) not in self._awaited]
        self._awaited |= {_session(cell) for cell in missing}
        await together(self._slots, [partial(self._ask, cell) for cell in self._few(missing)])
        if all(cell.cost is None for cell in answered):
            return
        for pause in _PAUSES:
            missing = [cell for cell in missing if _lacks_cost(cell)]
            if not missing:
                return
            await asyncio.sleep(pause)
            await together(self._slots, [partial(self._ask, cell) for cell in missing])

    async def if_there_are_any(self) -> None:
        """Ask for all costs once, but not when the first few cells know none."""
        missing = [cell for cell in self._cells if _lacks_cost(cell)]
        few = self._few(missing)
        await together(self._slots, [partial(self._ask, cell) for cell in few])
        if any(cell.cost is not None for cell in few):
            await self.once()

    def _few(self, cells: Iterable[Cell]) -> list[Cell]:
        """Return those that stand for all until a cost has come, the same ones each time."""
        few = []
        for cell in cells:
            if _session(cell) in self._probed or len(self._probed) < PROBES:
                self._probed.add(_session(cell))
                few.append(cell)
        return few

    def _waiting(self) -> list[Cell]:
        """Return the cells that are yet to be asked for."""
        cells = list(self._cells)
        missing = [cell for cell in cells if _lacks_cost(cell)]
        if all(cell.cost is None for cell in cells):
            missing = self._few(missing)
        return [cell for cell in missing if self._tries.get(_session(cell), 0) < len(TRIES)]

    def _due(self, waiting: Iterable[Cell]) -> list[Cell]:
        """Return those whose time has come, and count that they are asked for."""
        now, due = time.monotonic(), []
        for cell in waiting:
            session_id = _session(cell)
            tries = self._tries.get(session_id, 0)
            if now - self._first_seen.setdefault(session_id, now) >= TRIES[tries]:
                self._tries[session_id] = tries + 1
                due.append(cell)
        return due

    async def _ask(self, cell: Cell) -> None:
        attempt = cell.last
        if attempt is None or attempt.session_id is None:
            return
        try:
            cost = await read_cost(self._client, attempt.session_id)
        except DariError:
            return  # it is asked for again, or stays unknown
        if cost is not None:
            cell.put(replace(attempt, cost=cost))
            self._changed()


def _lacks_cost(cell: Cell) -> bool:
    ended = cell.last is not None and cell.last.is_settled
    return ended and cell.session_id is not None and cell.cost is None


def _session(cell: Cell) -> str:
    return cell.session_id or ""
