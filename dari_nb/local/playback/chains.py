"""The keys of what was asked in sessions, one after another."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from typing import NamedTuple

from ...models import Content
from ...models import events as ev
from ...tapes import Scrubber
from ...tapes.keys import key_of
from ...tapes.ordinals import Ordinals
from ...tapes.turns import asked_in, scrubbed_agent
from ..store import Store
from ..store.records import SessionRecord
from .digests import Digests
from .known import agent_of


class Place(NamedTuple):
    """How far a session is.

    Attributes:
        number: How many messages it has.
        key: The key of the last of them.
    """

    number: int = 0
    key: str | None = None


class Chains:
    """Makes the keys of sessions, each once.

    Args:
        store: Where the ledgers are.
        scrubber: What takes the secrets out: keys are of what a tape may hold.
        digests: Hashes of attached files.
        volatile: What does not count in texts.
        unasked: The messages that nobody could be asked, which count for nothing.
    """

    def __init__(
        self,
        store: Store,
        scrubber: Scrubber,
        digests: Digests,
        volatile: Sequence[re.Pattern[str]] = (),
        unasked: Container[str] = (),
    ) -> None:
        self._store = store
        self._scrubber = scrubber
        self._volatile = volatile
        self._unasked = unasked
        self._known: dict[str, Place] = {}
        self._digests = digests

    def before(self, session: SessionRecord, message_id: str | None = None) -> Place:
        """Where a session is before a message, or at its end."""
        last = message_id or session.last_message_id
        if last is None:
            return Place()
        number = self._store.message_number(last) - (message_id is not None)
        known = self._known.get(session.id, Place())
        if known.number > number:
            known = Place()
        asked = self._store.messages_up_to(session.id, last)[known.number : number]
        for each in asked:
            if each in self._unasked:
                known = Place(known.number + 1, known.key)
                continue
            known = self.after(session, known, self._content(each))
        self._known[session.id] = known
        return known

    def asked(self, session: SessionRecord) -> list[Content]:
        """What was asked in a session so far."""
        last = session.last_message_id
        messages = self._store.messages_up_to(session.id, last) if last else []
        return [self._content(each) for each in messages if each not in self._unasked]

    def _content(self, message_id: str) -> Content:
        event = self._store.event_of_message(message_id, ev.USER_MESSAGE)
        return event.to_event().data["content"] if event else []

    def after(self, session: SessionRecord, place: Place, content: Content) -> Place:
        """Where a session is when something more is asked."""
        self._scrubber.look()
        agent = scrubbed_agent(self._scrubber, agent_of(self._store, session))
        asked = asked_in(self._scrubber, content, self._digests.of(content), Ordinals())
        llm = self._scrubber.scrub(session.llm_id)
        return Place(place.number + 1, key_of(place.key, agent, llm, asked, self._volatile))
