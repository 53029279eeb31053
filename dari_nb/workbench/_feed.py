"""The ledger of one session as far as it came: filled on the background loop, read anywhere."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ..models import Event, TimelineItem, ToolCallItem
from ..transcript import Ledger, TurnState

if TYPE_CHECKING:
    from ..client import AsyncClient


class Feed:
    """Follows a session's stream into a ledger.

    Attributes:
        connection: ``live``, or ``reconnecting`` while a broken stream is taken up again.
    """

    def __init__(self, client: AsyncClient, session_id: str) -> None:
        self._client = client
        self._session_id = session_id
        self._ledger = Ledger()
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], object]] = []
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
        """Call ``changed`` from now on as :meth:`listening` does."""
        self._listeners.append(changed)

    def notify(self) -> None:
        """Tell all who listen that there is something new; on the background loop."""
        for changed in self._listeners:
            changed()

    @contextlib.contextmanager
    def listening(self, changed: Callable[[], object]) -> Iterator[None]:
        """Call ``changed`` on the background loop after each event and change of connection."""
        self._listeners.append(changed)
        try:
            yield
        finally:
            self._listeners.remove(changed)

    async def follow(self, message_id: str) -> None:
        """Follow until the message has ended.

        Raises:
            StreamInterrupted: The stream broke and could not be resumed.
            ApiError: The server refused it.
        """
        if not self.has_ended(message_id):
            await self._follow(message_id)

    async def follow_on(self) -> None:
        """Follow whatever happens in the session, until cancelled; errors as in :meth:`follow`."""
        await self._follow(None)

    async def _follow(self, message_id: str | None) -> None:
        async with self._client.sessions.stream(
            self._session_id,
            last_event_id=self._ledger.last_event_id,
            until=message_id,
            on_state=self._connection_changed,
        ) as stream:
            async for event in stream:
                self.add([event])
                self.notify()

    def _connection_changed(self, state: str) -> None:
        self.connection = state
        self.notify()
