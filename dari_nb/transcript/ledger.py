"""The fold: ledger events in any order and repetition become timeline items."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable

from ..models import Event, TimelineItem
from ..models import events as ev
from ._turn import TurnState


def fold(events: Iterable[Event]) -> list[TimelineItem]:
    """Fold events of one session into the items of its transcript (contract, section 9).

    Repeated events count once, and order of arrival does not matter. Items are grouped by
    message, messages in the order in which they first appear, so a message that was queued while
    another ran stands after that one's answer. While a message is not terminal its last item is
    an empty assistant message with the id ``<message_id>:pending``; a failed message ends with
    one that holds the cause.

    Args:
        events: Events of one session, whole or in part.

    Returns:
        The items in display order. Unknown event types have no item; they stay in the ledger.
    """
    return Ledger(events).items


class Ledger:
    """The events of one session, each once and in order, with their fold kept up to date.

    Adding in order costs the same for each event; an event that fills a gap folds anew.

    >>> ledger = Ledger()
    >>> ledger.add([Event(id="s:1", sequence_number=1, type="user.message", message_id="msg_1")])
    True
    >>> [item.type for item in ledger.items]
    ['user_message', 'assistant_message']
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self._events: list[Event] = []
        self._ids: set[str] = set()
        self._turns: dict[str, TurnState] = {}
        self.session_status: str | None = None
        self.add(events)

    def add(self, events: Iterable[Event]) -> bool:
        """Take in events; returns whether any of them was new.

        A piece of an answer that is being written (contract, section 18.1) shows in the pending
        item until the ledger has what became of it. It is no event of the ledger.
        """
        new, drafts = [], []
        for event in events:
            if event.type == ev.ASSISTANT_MESSAGE_DELTA:
                drafts.append(event)
            elif self._is_new(event):
                new.append(event)
        in_order = True
        for event in new:
            in_order = in_order and self._append(event)
            if not in_order:
                insort(self._events, event, key=_position)
        if not in_order:
            self._refold()
        written = [self._write(draft) for draft in drafts]
        return bool(new) or any(written)

    @property
    def events(self) -> list[Event]:
        """All events in ledger order."""
        return list(self._events)

    @property
    def turns(self) -> dict[str, TurnState]:
        """The messages by id, in the order in which they first appear."""
        return self._turns

    @property
    def items(self) -> list[TimelineItem]:
        """The timeline items in display order."""
        return [item for turn in self._turns.values() for item in turn.items]

    @property
    def last_event_id(self) -> str | None:
        """Id of the last event before the first gap, to resume a stream from without a loss."""
        if self.is_complete:
            return self._events[-1].id if self._events else None
        numbers = (event.sequence_number for event in self._events)
        known = next(n for n, number in enumerate(numbers) if number != n + 1)
        return self._events[known - 1].id if known else None

    @property
    def is_complete(self) -> bool:
        """Whether no event is missing between the first of the session and the last one here."""
        return not self._events or self._events[-1].sequence_number == len(self._events)

    def _write(self, draft: Event) -> bool:
        turn = self._turns.get(draft.message_id or "")
        return turn is not None and turn.write(draft.data)

    def _is_new(self, event: Event) -> bool:
        new = event.id not in self._ids
        self._ids.add(event.id)
        return new

    def _append(self, event: Event) -> bool:
        if self._events and _position(event) < _position(self._events[-1]):
            return False
        self._events.append(event)
        self._step(event)
        return True

    def _refold(self) -> None:
        self._turns = {}
        self.session_status = None
        for event in self._events:
            self._step(event)

    def _step(self, event: Event) -> None:
        if event.type == ev.SESSION_STATUS_CHANGED:
            self.session_status = event.data.get("status")
        message_id = event.turn_id
        if message_id is not None:
            self._turns.setdefault(message_id, TurnState(message_id)).apply(event)


def _position(event: Event) -> int:
    return event.sequence_number
