"""What was read of sessions that have ended, kept so that nothing is read twice."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from typing import NamedTuple, Protocol
from weakref import WeakKeyDictionary

from ..connection import Link

State = tuple[str | None, str | None]
"""Id and status of a session's last message."""

KEPT_BYTES = 128 * 2**20
"""How much of finished sessions is kept of each connection, as the JSON that was sent."""


class Row(Protocol):
    """What is kept: anything that gives its JSON."""

    def to_json(self) -> bytes:
        """Return the API's own shape as JSON."""


class CachedSession(NamedTuple):
    """A finished session as the JSON that was sent, and in which state it was."""

    lines: tuple[bytes, ...]
    state: State | None
    at: float

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(map(len, self.lines))


class Keeping:
    """What was read of finished sessions, the least recently used dropped first.

    Attributes:
        cached: By kind and session.
        size: Bytes in all.
    """

    def __init__(self) -> None:
        self.cached: OrderedDict[tuple[str, str], CachedSession] = OrderedDict()
        self.size = 0
        self._lock = threading.Lock()

    def get(self, kind: str, session_id: str) -> CachedSession | None:
        """Return what is kept of a session."""
        key = (kind, session_id)
        with self._lock:
            if key in self.cached:
                self.cached.move_to_end(key)
            return self.cached.get(key)

    def put(self, kind: str, session_id: str, rows: Iterable[Row], state: State | None) -> None:
        """Keep what was read of a session."""
        entry = CachedSession(tuple(row.to_json() for row in rows), state, time.monotonic())
        with self._lock:
            self._drop((kind, session_id))
            self.cached[kind, session_id] = entry
            self.size += entry.size
            while self.size > KEPT_BYTES:
                self._drop(next(iter(self.cached)))

    def drop(self, kind: str, session_id: str) -> None:
        """Forget what is kept of a session."""
        with self._lock:
            self._drop((kind, session_id))

    def _drop(self, key: tuple[str, str]) -> None:
        dropped = self.cached.pop(key, None)
        self.size -= dropped.size if dropped else 0


_keeping: WeakKeyDictionary[Link, Keeping] = WeakKeyDictionary()


def keeping_of(link: Link) -> Keeping:
    """Return what is kept of a connection's sessions."""
    return _keeping.setdefault(link, Keeping())
