"""The ledger of one session as far as it came: filled on the background loop, read anywhere."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from weakref import WeakKeyDictionary, WeakMethod, WeakValueDictionary

from ...errors import StreamInterruptedError
from ...models import Event, TimelineItem, ToolCallItem
from ...transcript import Ledger, TurnState
from . import Link
from .background import done

_PAUSE = 0.02
"""Seconds between two tellings, so that a rush of events is told of a few times."""

_log = logging.getLogger(__name__)
_log.addHandler(logging.NullHandler())


class Feed:
    """A session's ledger, and the one stream that fills it as long as somebody follows.

    Attributes:
        connection: ``live``, or ``reconnecting`` while a broken stream is taken up again.
    """

    def __init__(self, link: Link, session_id: str) -> None:
        self._link = link
        self._session_id = session_id
        self._ledger = Ledger()
        self.begin()

    def begin(self) -> None:
        """Follow nothing yet; in a forked child neither what its parent followed."""
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], object]] = []
        self._methods: set[WeakMethod[Callable[[], object]]] = set()
        self._followers: dict[asyncio.Future[None], str | None] = {}
        self._stream: asyncio.Task[None] | None = None
        self._reading = asyncio.Lock()
        self._notified_at = 0.0
        self._is_due = False
        self.connection = "live"

    def add(self, events: list[Event]) -> None:
        """Take in events that came by another way than the stream."""
        with self._lock:
            self._ledger.add(events)

    def turn(self, message_id: str) -> TurnState | None:
        """Return the fold of one message, or ``None`` when nothing of it came yet."""
        with self._lock:
            return self._ledger.turns.get(message_id)

    def timeline(self) -> list[TimelineItem]:
        """Return the items of the whole session so far, in display order."""
        with self._lock:
            return self._ledger.items

    @property
    def events(self) -> list[Event]:
        """The events so far, in ledger order."""
        with self._lock:
            return self._ledger.events

    @property
    def is_at_rest(self) -> bool:
        """Whether every message that is known has ended."""
        with self._lock:
            return all(turn.is_terminal for turn in self._ledger.turns.values())

    def under_way(self) -> str | None:
        """The first message that has not ended, if there is one."""
        with self._lock:
            open_ = (id_ for id_, turn in self._ledger.turns.items() if not turn.is_terminal)
            return next(open_, None)

    def number(self, message_id: str) -> int | None:
        """Which message of the session it is, from 1; ``None`` while that is not known."""
        with self._lock:
            messages = list(self._ledger.turns) if self._ledger.is_complete else []
        return messages.index(message_id) + 1 if message_id in messages else None

    def items(self, message_id: str) -> list[TimelineItem]:
        """Return the items of one message so far, in display order."""
        with self._lock:
            turn = self._ledger.turns.get(message_id)
            return turn.items if turn else []

    def has_ended(self, message_id: str) -> bool:
        """Whether the message is known to be completed or failed."""
        turn = self.turn(message_id)
        return turn is not None and turn.is_terminal

    def waiting(self) -> list[ToolCallItem]:
        """The calls that wait for an answer from outside."""
        with self._lock:
            return [call for turn in self._ledger.turns.values() for call in turn.waiting]

    def on_change(self, changed: Callable[[], object]) -> None:
        """Call a method as :meth:`listening` does, as long as its object lives."""
        self._methods.add(WeakMethod(changed, self._methods.discard))

    @contextlib.contextmanager
    def listening(self, changed: Callable[[], object]) -> Iterator[None]:
        """Call ``changed`` on the background loop when something came: once for a rush of it."""
        self._listeners.append(changed)
        try:
            yield
        finally:
            self._listeners.remove(changed)

    def notify(self) -> None:
        """Have all who listen told soon that there is something new; on the background loop."""
        if not self._is_due:
            self._is_due = True
            loop = asyncio.get_running_loop()
            loop.call_at(max(loop.time(), self._notified_at + _PAUSE), self._notify)

    def ended(self, message_id: str) -> Future[None]:
        """Follow until a message has ended, from any thread; cancelling stops that.

        What it raises is that of :meth:`follow`.
        """
        if not self.has_ended(message_id):
            return self._link.run(self.follow(message_id))
        return done()

    async def follow(self, message_id: str | None = None) -> None:
        """Follow until the message has ended, or without one until cancelled.

        However many follow a session, there is one stream of it.

        Raises:
            StreamInterruptedError: The stream broke and could not be resumed.
            ApiError: The server refused it.
        """
        if message_id is not None and self.has_ended(message_id):
            return
        ended = asyncio.get_running_loop().create_future()
        self._followers[ended] = message_id
        self._begin()
        try:
            await ended
        finally:
            self._followers.pop(ended, None)
            self._rest()

    def _begin(self) -> None:
        if self._stream is None:
            self._stream = self._link.start(self._read())

    def _rest(self) -> None:
        """Close the stream when nobody follows any more."""
        if self._stream is not None and not self._followers:
            self._stream.cancel()
            self._stream = None
            self.connection = "live"

    async def _read(self) -> None:
        """Read the stream, once the previous one is closed, and settle those who follow."""
        error: Exception | None = None
        try:
            async with self._reading:
                await self._take_all()
        except Exception as broken:  # noqa: BLE001
            error = broken
        if self._stream is asyncio.current_task():
            self._stream = None
            for ended, message_id in [*self._followers.items()]:
                self._settle(ended, message_id, error)

    async def _take_all(self) -> None:
        with self._lock:
            last_event_id = self._ledger.last_event_id
        async with self._link.stream_client.sessions.stream(
            self._session_id,
            last_event_id=last_event_id,
            on_state=self._connection_changed,
            drafts=True,
        ) as stream:
            self.notify()  # another thread may have added the end while the stream opened
            async for event in stream:
                self.add([event])
                self.notify()

    def _settle(
        self, ended: asyncio.Future[None], message_id: str | None, error: Exception | None
    ) -> None:
        if ended.done():
            return
        if message_id is not None and error is None and not self.has_ended(message_id):
            error = StreamInterruptedError(
                f"The server has no more events of {self._session_id}, and the message"
                f" {message_id} has not ended."
            )
        if error is not None:
            ended.set_exception(error)
        else:
            ended.set_result(None)

    def _notify(self) -> None:
        self._is_due = False
        self._notified_at = asyncio.get_running_loop().time()
        alive = (method() for method in [*self._methods])
        for changed in [*self._listeners, *filter(None, alive)]:
            try:
                changed()
            except Exception:  # noqa: BLE001
                # What one listener does wrong is no affair of the others.
                _log.exception("A listener of %s failed.", self._session_id)
        for ended, message_id in [*self._followers.items()]:
            if message_id is not None and not ended.done() and self.has_ended(message_id):
                ended.set_result(None)

    def _connection_changed(self, state: str) -> None:
        self.connection = state
        self.notify()


_feeds: WeakKeyDictionary[Link, WeakValueDictionary[str, Feed]] = WeakKeyDictionary()
_making = threading.Lock()


def feed_of(link: Link, session_id: str) -> Feed:
    """Return the feed of a session, which all objects of a connection share."""
    with _making:
        feeds = _feeds.setdefault(link, WeakValueDictionary())
        feed = feeds.get(session_id)
        if feed is None:
            feed = feeds[session_id] = Feed(link, session_id)
        return feed


def _restart() -> None:
    global _making
    _making = threading.Lock()
    for feeds in _feeds.values():
        for feed in feeds.values():
            feed.begin()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_restart)
