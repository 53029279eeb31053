"""What had been answered in sessions, by which a turn knows what it goes on from."""

from __future__ import annotations

from collections.abc import Container

from ...models import TERMINAL
from ...tapes import Scrubber, Taking, Turn
from ..store import Store
from ..store.records import SessionRecord
from .known import agent_of

UNKNOWN = ""
"""What had been answered where a turn before has not ended, and is on no tape."""


class Answers:
    """Hashes what was answered in each session up to each of its messages, each once.

    Args:
        store: Where the ledgers are.
        unasked: The messages that nobody could be asked, which count for nothing.
    """

    def __init__(self, store: Store, unasked: Container[str]) -> None:
        self._store = store
        self._unasked = unasked
        self._up_to: dict[str, str] = {}

    def note(self, message_id: str, turn: Turn) -> None:
        """Take note of the turn that answers a message: one that plays, or that was recorded."""
        self._up_to[message_id] = turn.answers

    def before(
        self, session: SessionRecord, scrubber: Scrubber, message_id: str | None = None
    ) -> str | None:
        """What had been answered before a message, or at the end; ``None`` where nothing was asked.

        It is :data:`UNKNOWN` while a turn before has not ended.
        """
        last = message_id or session.last_message_id
        messages = self._store.messages_up_to(session.id, last) if last else []
        asked = [one for one in messages if one != message_id and one not in self._unasked]
        known = next((one for one in reversed(asked) if one in self._up_to), None)
        behind = self._up_to[known] if known else None
        for one in asked[asked.index(known) + 1 if known else 0 :]:
            if self._store.message_status(one) not in TERMINAL:
                return UNKNOWN
            behind = self._up_to[one] = self._of(session, one, behind, scrubber)
        return behind

    def _of(
        self, session: SessionRecord, message_id: str, after: str | None, scrubber: Scrubber
    ) -> str:
        """What was answered to a message that was asked when no tape was in."""
        opening, *events = (one.to_event() for one in self._store.events_of_message(message_id))
        taking = Taking(
            *(scrubber, agent_of(self._store, session), opening.data, None),
            session=session.id,
            number=1,
            after=after,
        )
        for event in events:
            taking.event(event.type, event.data)
        return taking.turn.answers
