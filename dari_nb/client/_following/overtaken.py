"""Which pieces of answers come too late: a list of the ledger has overtaken their stream."""

from __future__ import annotations

from collections.abc import Iterable

from ...models import Event
from ...models import events as ev

_SETTLING = frozenset(
    {ev.ASSISTANT_MESSAGE_COMPLETED, ev.TOOL_CALL_REQUESTED, ev.MESSAGE_STATUS_CHANGED}
)
"""What takes the place of the drafts of its message."""


class Overtaken:
    """The messages whose drafts are settled by events that the stream has not come to yet.

    No piece of a draft comes after the event that takes its place (contract, section 18.1). Where
    that event was listed, the pieces that the stream sends before it are too late.
    """

    def __init__(self) -> None:
        self._streamed = 0
        self._settled: dict[str, int] = {}

    def __contains__(self, draft: Event) -> bool:
        return draft.turn_id in self._settled

    def stream_is_at(self, number: int) -> None:
        """Take note of the event that the stream has come to."""
        self._streamed = number
        self._settled = {turn: at for turn, at in self._settled.items() if at > number}

    def take(self, events: Iterable[Event]) -> None:
        """Take note of events that are new, wherever they came from."""
        for event in events:
            turn, number = event.turn_id, event.sequence_number
            if turn is not None and number > self._streamed and event.type in _SETTLING:
                self._settled[turn] = number
