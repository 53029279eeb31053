"""Live streams of the few cells that somebody looks at."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import TYPE_CHECKING

from ....errors import DariError
from ....models import AssistantMessageItem, TimelineItem
from ...connection.feed import Feed, feed_of
from ..cells import Cell

if TYPE_CHECKING:
    from ...connection import Link

MOST_STREAMS = 12
"""Streams at once, so that a page full of cells does not take all connections."""


class Watching:
    """Follows the cells in view while they run.

    :meth:`watch` runs on the background loop; :meth:`items` and :meth:`text` are read anywhere.

    Args:
        link: The connection; closing it ends the streams.
        changed: Called on the background loop when something came.
    """

    def __init__(self, link: Link, changed: Callable[[], object]) -> None:
        self._link = link
        self._changed = changed
        self._streams: dict[str, Future[None]] = {}
        self._feeds: dict[str, tuple[Feed, str]] = {}

    async def watch(self, cells: Iterable[Cell]) -> None:
        """Follow these from now on, as far as they run, and no others."""
        running = [cell for cell in cells if cell.session_id and not cell.has_ended]
        wanted = {cell.session_id: cell for cell in running[:MOST_STREAMS] if cell.session_id}
        for session_id in [*self._streams]:
            if session_id not in wanted:
                self._streams.pop(session_id).cancel()
                self._feeds.pop(session_id, None)
        for session_id in wanted:
            if session_id not in self._streams:
                self._streams[session_id] = self._link.run(self._follow(session_id))

    def items(self, cell: Cell) -> list[TimelineItem]:
        """What has come of a cell by its stream; empty when it is not watched."""
        feed, message_id = self._feeds.get(cell.session_id or "", (None, ""))
        return feed.items(message_id) if feed else []

    def text(self, cell: Cell) -> str | None:
        """The answer as far as it came by the stream; ``None`` when there is none."""
        answers = (i.text for i in self.items(cell) if isinstance(i, AssistantMessageItem))
        return "\n\n".join(text for text in answers if text) or None

    async def _follow(self, session_id: str) -> None:
        client = self._link.stream_client
        with contextlib.suppress(DariError):  # the batch is followed by other means too
            messages = await client.sessions.messages(session_id)
            if not messages:
                return
            feed, message_id = feed_of(self._link, session_id), messages[0].id
            self._feeds[session_id] = (feed, message_id)
            with feed.listening(self._changed):
                await feed.follow(message_id)
