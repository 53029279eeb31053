"""The ledgers of sessions in the store, and the idempotency keys that point into them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from ...models import events as ev
from ..records import EventRecord, Payload
from ..schema import EVENT, event_row, now
from .database import Database

# ruff: noqa: S608  (what is put into the statements below are constant column lists; values are bound)


class Ledgers(Database):
    """Events, messages and idempotency keys."""

    def append(
        self, session_id: str, payloads: Iterable[Payload], *, at: str | None = None
    ) -> list[EventRecord]:
        """Append events to a session's ledger in one transaction and bring its status along."""
        with self.transaction():
            sql = "SELECT max(sequence_number) FROM events WHERE session_id = ?"
            last = self._row(sql, session_id)[0] or 0
            created_at = at or now()
            events = [
                event_row(session_id, last + place, payload, created_at)
                for place, payload in enumerate(payloads, 1)
            ]
            self._db.executemany(f"INSERT INTO events ({EVENT}) VALUES (?,?,?,?,?,?,?,?)", events)
            self._follow(session_id, events)
        return events

    def _follow(self, session_id: str, events: Sequence[EventRecord]) -> None:
        """Bring the session's columns up to the last of these events."""
        row = self._row("SELECT last_message_id FROM sessions WHERE id = ?", session_id)
        last, changes = row[0], dict[str, Any]()
        for event in events:
            if event.type == ev.USER_MESSAGE:
                last = event.message_id
                self._rows("INSERT INTO messages VALUES (?, ?)", last, session_id)
                changes |= {"last_message_id": last, "last_message_status": "queued"}
            elif event.type == ev.SESSION_STATUS_CHANGED:
                changes["status"] = _status(event)
            elif event.type == ev.MESSAGE_STATUS_CHANGED and event.message_id == last:
                changes["last_message_status"] = _status(event)
        if changes:
            columns = ", ".join(f"{column} = ?" for column in changes)
            self._rows(f"UPDATE sessions SET {columns} WHERE id = ?", *changes.values(), session_id)

    def events(
        self, session_id: str, *, after: int = 0, limit: int | None = None
    ) -> list[EventRecord]:
        """Events of a session in order, from the one after ``after``."""
        sql = (
            f"SELECT {EVENT} FROM events WHERE session_id = ? AND sequence_number > ?"
            " ORDER BY sequence_number LIMIT ?"
        )
        rows = self._rows(sql, session_id, after, -1 if limit is None else limit)
        return [EventRecord(*row) for row in rows]

    def session_of_message(self, message_id: str) -> str | None:
        """The id of the session that a message is in."""
        row = self._row("SELECT session_id FROM messages WHERE id = ?", message_id)
        return row[0] if row else None

    def remember(self, scope: str, key: str, event: EventRecord) -> None:
        """Tie a key to the event it made; the scope is a session's or an agent's id."""
        with self.transaction():
            self._rows(
                "INSERT INTO idempotency VALUES (?, ?, ?, ?)",
                *(scope, key, event.session_id, event.sequence_number),
            )

    def recall(self, scope: str, key: str) -> EventRecord | None:
        """The event that this key made before."""
        row = self._row(
            "SELECT session_id, sequence_number FROM idempotency WHERE scope = ? AND key = ?",
            *(scope, key),
        )
        return self.events(row[0], after=row[1] - 1, limit=1)[0] if row else None


def _status(event: EventRecord) -> str:
    return str(msgspec.json.decode(event.data)["status"])
