"""Live streams of the few cells that somebody looks at."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from ...errors import DariError
from ...models import AssistantMessageItem, TimelineItem
from .cells import Cell

if TYPE_CHECKING:
    from ..session import Session

MOST_STREAMS = 12
"""Streams at once, so that a page full of cells does not take all connections."""


class Watching:
    """Follows the cells in view while they run.

    The coroutines run on the background loop; :meth:`items` and :meth:`text` are read anywhere.

    Args:
        session_of: Makes the session of an id, without asking the server.
        changed: Called on the background loop when something came.
    """

    def __init__(self, session_of: Callable[[str], Session], changed: Callable[[], object]) -> None:
        self._session_of = session_of
        self._changed = changed
        self._streams: dict[str, asyncio.Task[None]] = {}
        self._messages: dict[str, tuple[Session, str]] = {}

    async def watch(self, cells: Iterable[Cell]) -> None:
        """Follow these from now on, as far as they run, and no others."""
        running = [cell for cell in cells if cell.session_id and not cell.has_ended]
        wanted = {cell.session_id: cell for cell in running[:MOST_STREAMS] if cell.session_id}
        for session_id in [*self._streams]:
            if session_id not in wanted:
                self._streams.pop(session_id).cancel()
        for session_id in wanted:
            if session_id not in self._streams:
                self._streams[session_id] = asyncio.create_task(self._follow(session_id))

    async def stop(self) -> None:
        """Follow nothing any more."""
        await self.watch(())

    def items(self, cell: Cell) -> list[TimelineItem]:
        """What has come of a cell by its stream; empty when it is not watched."""
        session, message_id = self._messages.get(cell.session_id or "", (None, ""))
        return session.feed.items(message_id) if session else []

    def text(self, cell: Cell) -> str | None:
        """The answer as far as it came by the stream; ``None`` when there is none."""
        answers = (i.text for i in self.items(cell) if isinstance(i, AssistantMessageItem))
        return "\n\n".join(text for text in answers if text) or None

    async def _follow(self, session_id: str) -> None:
        session = self._session_of(session_id)
        with contextlib.suppress(DariError):  # the batch is followed by other means too
            messages = await session.dari.stream_client.sessions.messages(session_id)
            if not messages:
                return
            self._messages[session_id] = (session, messages[0].id)
            with session.feed.listening(self._changed):
                await session.feed.follow(messages[0].id)
