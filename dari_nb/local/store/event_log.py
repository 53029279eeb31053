"""Ledgers as they grow: whole in one transaction, and what follows from it after the commit."""

from __future__ import annotations

from collections.abc import Callable

from .database import Effect
from .ledgers import Ledgers
from .records import EventRecord, Payload

Follower = Callable[[str, list[EventRecord]], Effect | None]
"""Told of a session's new events, inside their transaction; returns what it does afterwards."""


class EventLog:
    """Where the ledgers of a running server grow, and the only place; on the server's loop.

    Args:
        ledgers: Where the events are kept.
    """

    def __init__(self, ledgers: Ledgers) -> None:
        self._ledgers = ledgers
        self._followers: list[Follower] = []

    def follow(self, follower: Follower) -> None:
        """Tell someone of all events to come."""
        self._followers.append(follower)

    def append(
        self, session_id: str, *payloads: Payload, then: Effect | None = None
    ) -> list[EventRecord]:
        """Append events to a session's ledger, all or none, as part of the transaction under way.

        Args:
            session_id: The session.
            payloads: The events.
            then: What is to be done when they are durable, after what the followers do.

        Returns:
            The events in their places.
        """
        with self._ledgers.transaction():
            events = self._ledgers.add_events(session_id, payloads)
            effects = [follower(session_id, events) for follower in self._followers]
            for effect in (*effects, then):
                if effect is not None:
                    self._ledgers.after_commit(effect)
        return events
