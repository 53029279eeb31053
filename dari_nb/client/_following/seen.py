"""Which events of a session have come already."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from ...models import Event

_KEPT = 10_000


class Seen:
    """Remembers events, in bounded memory however long the ledger is.

    The last ten thousand, and some more, are known by their ids. What came before them is known by
    its sequence number alone, so that a server which gives none must not repeat older events.
    """

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._forgotten = 0

    def __contains__(self, event: Event) -> bool:
        return event.id in self._ids or 0 < event.sequence_number <= self._forgotten

    def fresh(self, events: Iterable[Event]) -> list[Event]:
        """Remember events; returns those that are new."""
        ids, forgotten, found = self._ids, self._forgotten, []
        for event in events:
            number = event.sequence_number
            if event.id not in ids and not 0 < number <= forgotten:
                ids[event.id] = number
                found.append(event)
        if len(ids) > 2 * _KEPT:
            self._forget(len(ids) - _KEPT)
        return found

    def add_all_up_to(self, number: int) -> None:
        """Count all events up to a sequence number as seen."""
        self._forgotten = max(self._forgotten, number)

    def _forget(self, count: int) -> None:
        self.add_all_up_to(max(islice(self._ids.values(), count)))
        self._ids = dict(islice(self._ids.items(), count, None))
