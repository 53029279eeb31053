"""What a run has sent that is in no cell of a batch: other versions, or what others send now."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ..cells import Attempt, Cell, Column
from ..sending.finding import Found, find_run
from ..tasks import Task
from .following import AT_ONCE, together
from .late_costs import LateCosts
from .reading import read_end

if TYPE_CHECKING:
    from ....client import AsyncClient

_SHORTEST, _LONGEST = 0.25, 1.0
"""Seconds for which what was seen is good enough to send by."""
_SHARE = 3
"""How many times as long as a look takes there is none, so that large runs are not slowed down."""

Make = Callable[[str, Task, Column, int], Cell]


class Beside:
    """The sessions of a run that are in no cell of a batch, as cells of one attempt each.

    Costs that are known are not asked for again, nor is what has ended.

    Args:
        client: The client of the background loop.
        run_id: The run.
        cells: Gives the cells of the batch as they are now, each time it is iterated.
        make: Makes a cell.
    """

    def __init__(self, client: AsyncClient, run_id: str, cells: Iterable[Cell], make: Make) -> None:
        self._client = client
        self._run_id = run_id
        self._cells = cells
        self._make = make
        self._found: dict[str, Cell] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._costs = LateCosts(client, self, lambda: None)
        self._good_until = 0.0

    def __iter__(self) -> Iterator[Cell]:
        own = {attempt.session_id for cell in self._cells for attempt in cell.sent}
        return iter([cell for name, cell in list(self._found.items()) if name not in own])

    def take(self, found: Iterable[Found]) -> None:
        """Take in the sessions of the run, those of the batch included."""
        for entry in found:
            session_id = entry.attempt.session_id
            if session_id is None:
                continue
            if session_id not in self._found:
                task = Task(entry.task_index, [], known_key=entry.task_key)
                place = (task, entry.column, entry.repeat)
                self._found[session_id] = self._make(session_id, *place)
            cell = self._found[session_id]
            if cell.last is None or not cell.last.has_ended:
                cell.put(_with_end(entry.attempt))

    async def know_costs(self) -> None:
        """Ask once for all costs that are not known."""
        await self._read_failures()
        await self._costs.once()

    async def look_again(self) -> None:
        """Look, unless that was done just now; errors as of :meth:`look`."""
        if time.monotonic() >= self._good_until:
            await self.look()

    async def look(self) -> None:
        """See what others have sent meanwhile.

        Raises:
            DariError: The server cannot be asked.
        """
        began = time.monotonic()
        self.take(await find_run(self._client, self._run_id))
        await self._read_failures()
        await self._costs.ask_due()
        ended = time.monotonic()
        self._good_until = ended + min(max(_SHORTEST, _SHARE * (ended - began)), _LONGEST)

    def soon(self) -> set[str]:
        """Return the sessions whose costs may come yet, and are not late."""
        return self._costs.soon()

    async def _read_failures(self) -> None:
        """Read of what has failed whether it has asked an LLM, or was cancelled."""
        open_ = [cell for cell in self if cell.last and cell.last.state == "failed"]
        steps = [partial(self._read, cell) for cell in open_ if not cell.is_settled]
        await together(self._slots, steps)

    async def _read(self, cell: Cell) -> None:
        assert cell.last is not None
        cell.put(await read_end(self._client, cell.last))


def _with_end(attempt: Attempt) -> Attempt:
    """Return an attempt of which all is known that counts here, where it went well."""
    return replace(attempt, is_read=attempt.state == "completed")
