"""The folds of ledgers that were looked at lately: a look costs what came since the last one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import TypeVar

from ...models import TimelineItem
from ...transcript import TurnState
from ..store import Store
from ..store.records import EventRecord

_T = TypeVar("_T")

MOST_BYTES = 64 * 1024 * 1024
"""Bytes of ledgers whose folds are kept."""
_PAGE = 500
"""Events that are folded at a time, and that a look may be behind or hold on the server's loop."""
_OVERHEAD = 1000
"""Bytes that an event's fold takes beside its payload."""


class Fold:
    """One session's ledger, folded up to its last event that was seen.

    Attributes:
        turns: The messages by id, in the order in which they first appear.
        seen: Sequence number of the last event in it.
        size: Bytes that it takes, about.
        counted: How many of them are counted among those that are kept.
    """

    def __init__(self) -> None:
        self.turns: dict[str, TurnState] = {}
        self.seen = 0
        self.size = self.counted = 0
        self.lock = Lock()

    def add(self, records: list[EventRecord]) -> None:
        """Take in the next events."""
        for record in records:
            message_id = record.message_id
            if message_id is not None:
                state = self.turns.setdefault(message_id, TurnState(message_id))
                state.apply(record.to_event())
            self.seen = record.sequence_number
            self.size += len(record.data) + _OVERHEAD

    @property
    def items(self) -> list[TimelineItem]:
        """The timeline items in display order."""
        return [item for turn in self.turns.values() for item in turn.items]

    def items_before(self, message_id: str) -> list[TimelineItem]:
        """The timeline items of the messages before one."""
        items: list[TimelineItem] = []
        for turn in self.turns.values():
            if turn.message_id == message_id:
                break
            items += turn.items
        return items


class Folds:
    """Looks at folded ledgers; safe from any thread.

    Args:
        store: Where the ledgers are.
        most_bytes: Bytes of folds that are kept, those that were looked at last.
    """

    def __init__(self, store: Store, most_bytes: int = MOST_BYTES) -> None:
        self._store = store
        self._most_bytes = most_bytes
        self._cached: OrderedDict[str, Fold] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    def is_short(self, session_id: str) -> bool:
        """Whether to look at a session's fold holds up nobody, even on the server's loop."""
        return self._store.last_event(session_id) <= _PAGE

    def look(self, session_id: str, view: Callable[[Fold], _T]) -> _T:
        """Bring a session's fold up to date, and return what ``view`` makes of it."""
        with self._lock:
            fold = self._cached.setdefault(session_id, Fold())
            self._cached.move_to_end(session_id)
        with fold.lock:
            while events := self._store.events(session_id, after=fold.seen, limit=_PAGE):
                fold.add(events)
            result = view(fold)
        self._count(session_id, fold)
        return result

    def _count(self, session_id: str, fold: Fold) -> None:
        """Count what a fold has grown by, and forget the oldest ones where that is too much."""
        with self._lock:
            if self._cached.get(session_id) is fold:
                size = fold.size
                self._size += size - fold.counted
                fold.counted = size
            while self._cached and self._size > self._most_bytes:
                self._size -= self._cached.popitem(last=False)[1].counted
