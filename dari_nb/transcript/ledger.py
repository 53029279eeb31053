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

    Events may be missing, and arrive in any order. An event that arrives after a later one of the
    same message folds that message again; all other messages stay as they are.

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
        self._events_of: dict[str, list[Event]] = {}
        self._is_sorted = True
        self.add(events)

    def add(self, events: Iterable[Event]) -> bool:
        """Add events; returns whether any of them was new.

        A draft (contract, section 18.1) shows in the pending item until the ledger has the event
        that replaces it. It isn't an event of the ledger itself.
        """
        drafts: list[Event] = []
        late: set[str] = set()
        known = len(self._ids)
        for event in events:
            if event.type == ev.ASSISTANT_MESSAGE_DELTA:
                drafts.append(event)
            elif event.id not in self._ids:
                self._ids.add(event.id)
                self._insert(event, late)
        for turn_id in late:
            turn = self._turns[turn_id] = TurnState(turn_id)
            for event in self._events_of[turn_id]:
                turn.apply(event)
        written = [self._write(draft) for draft in drafts]
        return len(self._ids) > known or any(written)

    @property
    def events(self) -> list[Event]:
        """All events in ledger order."""
        return list(self._events)

    @property
    def turns(self) -> dict[str, TurnState]:
        """The messages by id, in the order in which they first appear."""
        if not self._is_sorted:
            self._turns = dict(sorted(self._turns.items(), key=self._beginning))
            self._is_sorted = True
        return self._turns

    @property
    def items(self) -> list[TimelineItem]:
        """The timeline items in display order."""
        return [item for turn in self.turns.values() for item in turn.items]

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

    def _beginning(self, turn: tuple[str, TurnState]) -> int:
        return _position(self._events_of[turn[0]][0])

    def _write(self, draft: Event) -> bool:
        turn = self._turns.get(draft.message_id or "")
        return turn is not None and turn.write(draft.data)

    def _insert(self, event: Event, late: set[str]) -> None:
        """Insert an event, and apply it to its turn or add that to the late ones."""
        is_last = _insert(event, self._events)
        turn_id = event.turn_id
        if turn_id is None:
            return
        if turn_id not in self._turns:
            self._turns[turn_id], self._events_of[turn_id] = TurnState(turn_id), []
        own = self._events_of[turn_id]
        if _insert(event, own):
            self._turns[turn_id].apply(event)
        else:
            late.add(turn_id)
        if own[0] is event and not is_last:
            self._is_sorted = False


def _insert(event: Event, events: list[Event]) -> bool:
    """Insert an event in its place; returns whether that is the last one."""
    if events and _position(event) < _position(events[-1]):
        insort(events, event, key=_position)
        return False
    events.append(event)
    return True


def _position(event: Event) -> int:
    return event.sequence_number
