"""The events of one session as they come."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING

from ...models import Event

if TYPE_CHECKING:
    from ..connection import Link


class EventStream:
    """Events of one session as they come; iterate it with ``for`` or ``async for``.

    Raises:
        StreamInterruptedError: The connection broke and could not be taken up again; on iteration.

    >>> for event in session.stream():
    ...     print(event.type)
    ...     break
    user.message
    """

    def __init__(self, link: Link, session_id: str, last_event_id: str | None) -> None:
        self._link = link
        self._session_id = session_id
        self._last_event_id = last_event_id

    def __iter__(self) -> Iterator[Event]:
        sessions = self._link.client.sessions
        with sessions.stream(self._session_id, last_event_id=self._last_event_id) as stream:
            yield from stream

    async def __aiter__(self) -> AsyncIterator[Event]:
        # The connection lives on the background loop, where it is closed in the task that opened
        # it, also when the caller breaks out of its loop and leaves this iterator behind.
        loop = asyncio.get_running_loop()
        came: asyncio.Queue[Event | Future[None]] = asyncio.Queue()

        def put(entry: Event | Future[None]) -> None:
            with contextlib.suppress(RuntimeError):  # the caller's loop is closed
                loop.call_soon_threadsafe(came.put_nowait, entry)

        async def pump() -> None:
            sessions = self._link.stream_client.sessions
            stream = sessions.stream(self._session_id, last_event_id=self._last_event_id)
            async with stream:
                async for event in stream:
                    put(event)

        pumping = self._link.run(pump())
        pumping.add_done_callback(put)
        try:
            while not isinstance(entry := await came.get(), Future):
                yield entry
            entry.result()
        finally:
            pumping.cancel()
