"""Names of agents, LLM options and tools that are not whole on a tape: a secret is in them."""

from __future__ import annotations

import logging
from collections.abc import Container, Iterator, Sequence
from functools import partial

from ...models import Event
from ...models import events as ev
from ...tapes import Scrubber
from ..store import Store
from ..store.database import Effect
from ..store.records import EventRecord

_log = logging.getLogger(__name__)
_TAKEN_OUT = "The name of the {kind} is “{name}” on the tape, without {what}: {follows}."
_FOLLOWS = {
    "agent": "agents that differ only there are one, and it is played by that name where its code"
    " is not",
    "LLM option": "options whose names differ only there are one",
    "tool": "its calls cannot be run again",
}
_TELLING = (ev.USER_MESSAGE, ev.TOOL_CALL_REQUESTED)


class Names:
    """Says which names of taped turns are not whole on the tape, each once; on the server's loop.

    Args:
        store: Where the ledgers are.
        taped: The messages whose turns are a matter of the tape.
    """

    def __init__(self, store: Store, taped: Container[str]) -> None:
        self._store = store
        self._taped = taped
        self._scrubber = Scrubber()
        self._said: set[str] = set()

    def insert(self, scrubber: Scrubber) -> None:
        """Say it of the tape from which this takes the secrets out from now on."""
        self._scrubber = scrubber
        self._said.clear()

    def on_events(self, session_id: str, events: Sequence[EventRecord]) -> Effect | None:
        """Look at the names in new events of a session, once they are durable."""
        taped = [one for one in events if one.type in _TELLING and one.message_id in self._taped]
        return partial(self._look, session_id, taped) if taped else None

    def _look(self, session_id: str, events: Sequence[EventRecord]) -> None:
        self._scrubber.look()
        for record in events:
            for kind, name in self._names(session_id, record.to_event()):
                self._say(kind, name)

    def _names(self, session_id: str, event: Event) -> Iterator[tuple[str, str]]:
        if event.type == ev.TOOL_CALL_REQUESTED:
            yield "tool", str(event.data["tool_name"])
            return
        session = self._store.session(session_id)
        agent = self._store.agent(session.agent_id) if session else None
        if session and agent:
            yield "agent", agent.name
            yield "LLM option", session.llm_id or ""

    def _say(self, kind: str, name: str) -> None:
        self._scrubber.reasons.clear()
        if (left := self._scrubber.text(name)) == name:
            return
        what = " and ".join(self._scrubber.reasons)
        said = _TAKEN_OUT.format(kind=kind, name=left, what=what, follows=_FOLLOWS[kind])
        if said not in self._said:
            self._said.add(said)
            _log.warning(said)
