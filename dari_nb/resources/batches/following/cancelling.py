"""Ends the turns of a batch on the server, and tells which somebody has ended."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING

from ....errors import DariError
from ..cells import Cell
from ..sending.finding import find_run
from .following import AT_ONCE, together

if TYPE_CHECKING:
    from ...connection import Link


class Cancelling:
    """Cancels each turn once, from when it is told to until all have ended.

    Args:
        link: The connection.
        run_id: The run that the cells belong to.
        cells: Gives the cells as they are now, each time it is iterated.
    """

    def __init__(self, link: Link, run_id: str, cells: Iterable[Cell]) -> None:
        self._link = link
        self._run_id = run_id
        self._cells = cells
        self._asked: set[str] = set()
        self._is_on = False

    @property
    def has_notified(self) -> bool:
        """Whether the server was told to end any turn the last time."""
        return bool(self._asked)

    def begin(self, *, is_whole: bool = True) -> Future[None]:
        """Cancel what has not ended; the future ends, or raises, when the server was told.

        Args:
            is_whole: Whether the cells are all there are; else what others have begun of the run
                meanwhile is looked for, too.
        """
        self._is_on = True
        return self._link.run(self._all(is_whole=is_whole))

    def end(self) -> None:
        """Leave alone what is sent from now on."""
        self._is_on = False

    def look(self) -> None:
        """Cancel what has begun since; on the background loop."""
        if self._is_on and (new := self._new()):
            self._link.run(self._quietly(new))
        self._is_on = self._is_on and not all(cell.has_ended for cell in self._cells)

    async def _all(self, *, is_whole: bool) -> None:
        # What could not be told before is told now.
        self._asked.clear()
        await self._notify(self._new())
        if not is_whole:
            await self._notify_others()

    async def _notify_others(self) -> None:
        found = await find_run(self._link.stream_client, self._run_id)
        running = {e.attempt.session_id for e in found if not e.attempt.has_ended} - self._asked
        new = [session_id for session_id in running if session_id is not None]
        self._asked |= set(new)
        slots = asyncio.Semaphore(AT_ONCE)
        await together(slots, [partial(self._end, session_id, None) for session_id in new])

    async def _quietly(self, cells: list[Cell]) -> None:
        with contextlib.suppress(DariError):  # it is told again with the next wish
            await self._notify(cells)

    async def _notify(self, cells: list[Cell]) -> None:
        slots = asyncio.Semaphore(AT_ONCE)
        await together(slots, [partial(self._one, cell) for cell in cells])

    def _new(self) -> list[Cell]:
        open_ = [cell for cell in self._cells if cell.session_id and not cell.has_ended]
        new = [cell for cell in open_ if cell.session_id not in self._asked]
        self._asked |= {cell.session_id for cell in new if cell.session_id}
        return new

    async def _one(self, cell: Cell) -> None:
        await self._end(cell.session_id or "", cell.message_id)

    async def _end(self, session_id: str, message_id: str | None) -> None:
        if message_id is None:
            messages = await self._link.stream_client.sessions.messages(session_id)
            message_id = messages[0].id
        await self._link.end_turn(session_id, message_id)
