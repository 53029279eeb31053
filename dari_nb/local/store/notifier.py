"""Waking the readers of a ledger when it grows."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from functools import partial

from .database import Effect
from .records import EventRecord


class Notifier:
    """One bell a session; used on the server's loop only.

    A reader keeps its bell while it listens, so a ring between two looks at the ledger is not
    missed.
    """

    def __init__(self) -> None:
        self._listeners: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self.is_closed = False

    def listen(self, session_id: str) -> asyncio.Event:
        """Return a new bell that rings for this session, and at the end for all."""
        bell = asyncio.Event()
        self._listeners[session_id].add(bell)
        return bell

    def leave(self, session_id: str, bell: asyncio.Event) -> None:
        """Stop listening."""
        self._listeners[session_id].discard(bell)
        if not self._listeners[session_id]:
            del self._listeners[session_id]

    def ring(self, session_id: str) -> None:
        """Wake all readers of this session."""
        for bell in self._listeners.get(session_id, ()):
            bell.set()

    def on_events(self, session_id: str, _events: list[EventRecord]) -> Effect:
        """Follow the event log: wake this session's readers once the events are durable."""
        return partial(self.ring, session_id)

    def close(self) -> None:
        """Wake everybody for the last time: the server stops."""
        self.is_closed = True
        for session_id in list(self._listeners):
            self.ring(session_id)
