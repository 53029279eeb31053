"""What sessions are about: their first words, how many turns they have, what they cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ... import models
from ...client import Client, fetch_many
from ...errors import DariError
from ...models import events as ev
from ...models import text_of
from ..connection import AtHand
from .costs import known_cost

if TYPE_CHECKING:
    from ..connection import Link

LOOKED_THROUGH = 1_000
"""Sessions, the newest first, that are looked through at most for what a list does not tell."""

_AT_ONCE = 16
_MOST_WORDS = 1_000
_MOST_KEPT = 50_000


@dataclass(frozen=True)
class SessionSummary:
    """What a session is about, as far as that is known.

    Attributes:
        words: The beginning of the first message, of a fork of the first one of its own; empty
            when nothing was sent, ``None`` when unknown.
        turns: How many messages were sent; ``None`` when unknown.
        is_cancelled: Whether the last one, of which a list tells that it failed, was cancelled;
            ``None`` when unknown.
    """

    words: str | None = None
    turns: int | None = None
    is_cancelled: bool | None = None


NOTHING_SENT = SessionSummary("", 0, is_cancelled=False)


class SessionSummaries(AtHand):
    """The summaries of a connection's sessions: asked for several at once, and once.

    A first message never changes; turns are counted again when another message was sent.

    Args:
        link: Where to ask.
    """

    def __init__(self, link: Link) -> None:
        super().__init__(link)
        self._known: dict[str, tuple[str, SessionSummary]] = {}

    def known(self, session: models.Session) -> SessionSummary:
        """Return what is known without asking."""
        if session.last_message_id is None:
            return NOTHING_SENT
        last, summary = self._known.get(session.id, ("", SessionSummary()))
        return summary if last == session.last_message_id else SessionSummary(summary.words)

    def of(self, sessions: Sequence[models.Session]) -> list[SessionSummary]:
        """Return the summaries in the order of the sessions; what cannot be read stays unknown.

        Raises:
            DariError: None of what had to be asked for could be read.
        """
        wanted = [s for s in sessions if not _is_whole(s, self.known(s))]
        failure, read = None, 0
        for place, found in self._ask(self._question(session) for session in wanted):
            if isinstance(found, DariError):
                failure = found
            else:
                read += 1
                self._keep(wanted[place], found)
        if failure is not None and not read:
            raise failure
        return [self.known(session) for session in sessions]

    def costs(self, session_ids: Sequence[str]) -> dict[str, Decimal | None]:
        """Return what sessions have cost, as far as that is known now."""

        def ask(session_id: str) -> Callable[[Client], Decimal | None]:
            return lambda client: known_cost(client.costs.session(session_id))

        found = self._ask(map(ask, session_ids))
        told = ((session_ids[place], cost) for place, cost in found)
        return {id_: None if isinstance(cost, DariError) else cost for id_, cost in told}

    def _question(self, session: models.Session) -> Callable[[Client], SessionSummary]:
        words, last = self.known(session).words, session.last_message_id

        def ask(client: Client) -> SessionSummary:
            if words is None and not _has_failed(session):
                # The first event says all about a session of one turn, however long that is.
                first = client.sessions.events(session.id, limit=1)
                if first and first[0].type == ev.USER_MESSAGE and first[0].turn_id == last:
                    return SessionSummary(_words(first[0].data.get("content")), 1)
            messages = client.sessions.messages(session.id)
            if not messages:
                return NOTHING_SENT
            end = messages[-1].is_cancelled if messages[-1].is_terminal else None
            own = (message for message in messages if message.original_id is None)
            return SessionSummary(_words(next(own, messages[0]).parts), len(messages), end)

        return ask

    def _ask(self, calls: Iterable[Callable[[Client], Any]]) -> Iterable[tuple[int, Any]]:
        with fetch_many(self._link.client, calls, workers=_AT_ONCE) as found:
            yield from found

    def _keep(self, session: models.Session, summary: SessionSummary) -> None:
        while len(self._known) >= _MOST_KEPT:
            self._known.pop(next(iter(self._known)), None)
        self._known[session.id] = (session.last_message_id or "", summary)


def _has_failed(session: models.Session) -> bool:
    return session.last_message_status == "failed"


def _is_whole(session: models.Session, summary: SessionSummary) -> bool:
    is_end_known = summary.is_cancelled is not None or not _has_failed(session)
    return summary.turns is not None and (is_end_known or session.last_message_id is None)


def _words(content: Any) -> str:
    return text_of(content)[:_MOST_WORDS] if isinstance(content, list) else ""
