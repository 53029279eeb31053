"""The ledgers of sessions in the store, and the idempotency keys that point into them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from ...models import events as ev
from .database import Database
from .records import Copy, EventRecord, Payload, file_ids
from .schema import EVENT, event_row, now, to_json

# ruff: noqa: S608  (what is put into the statements below are constant column lists; values are bound)


_PAGE = 500
"""Events that are read at a time."""


class Ledgers(Database):
    """Events, messages and idempotency keys."""

    def add_events(self, session_id: str, payloads: Iterable[Payload]) -> list[EventRecord]:
        """Add events to a session's ledger in one transaction and bring its status along."""
        payloads = list(payloads)
        with self.transaction():
            last = self.last_event(session_id)
            created_at = now()
            events = [
                event_row(session_id, last + place, payload, created_at)
                for place, payload in enumerate(payloads, 1)
            ]
            self._insert(events)
            self._follow(session_id, payloads)
        return events

    def begin_with(self, session_id: str, copies: Sequence[Copy]) -> None:
        """Fill the empty ledger of a fork, or of a recording, with what happened before it."""
        with self.transaction():
            self._insert(
                event_row(session_id, place, copy.payload, copy.created_at, copy.origin)
                for place, copy in enumerate(copies, 1)
            )
            self._follow(session_id, [copy.payload for copy in copies])

    def _insert(self, events: Iterable[EventRecord]) -> None:
        sql = f"INSERT INTO events ({EVENT}) VALUES (?,?,?,?,?,?,?,?,?)"
        self._db.executemany(sql, events)

    def _follow(self, session_id: str, payloads: Sequence[Payload]) -> None:
        """Bring the session's columns up to the last of these events."""
        row = self._row("SELECT last_message_id FROM sessions WHERE id = ?", session_id)
        last, changes = row[0], dict[str, Any]()
        for payload in payloads:
            if payload.type == ev.USER_MESSAGE:
                last = payload.message_id
                self._add_message(session_id, payload)
                changes |= {"last_message_id": last, "last_message_status": "queued"}
                changes["last_message_stop_reason"] = None
            elif payload.type == ev.ASSISTANT_MESSAGE_COMPLETED and payload.message_id == last:
                if reason := payload.data.get("stop_reason"):
                    changes["last_message_stop_reason"] = reason
            elif payload.type == ev.SESSION_STATUS_CHANGED:
                changes["status"] = payload.data["status"]
            elif payload.type == ev.MESSAGE_STATUS_CHANGED and payload.message_id == last:
                changes["last_message_status"] = payload.data["status"]
        if changes:
            columns = ", ".join(f"{column} = ?" for column in changes)
            self._rows(f"UPDATE sessions SET {columns} WHERE id = ?", *changes.values(), session_id)

    def _add_message(self, session_id: str, payload: Payload) -> None:
        """Give a message its number in the session, and note the files attached to it."""
        attached = file_ids(payload.data.get("content") or [])
        self._rows(
            "INSERT INTO messages (id, session_id, number, files) VALUES (?, ?,"
            " (SELECT ifnull(max(number), 0) + 1 FROM messages WHERE session_id = ?), ?)",
            *(payload.message_id, session_id, session_id),
            to_json(attached) if attached else None,
        )

    def last_event(self, session_id: str) -> int:
        """The sequence number of a session's last event, 0 when there is none."""
        sql = "SELECT max(sequence_number) FROM events WHERE session_id = ?"
        return self._row(sql, session_id)[0] or 0

    def events(
        self, session_id: str, *, after: int = 0, limit: int | None = None
    ) -> list[EventRecord]:
        """Events of a session in order, from the one after ``after``."""
        return list(self.each_event(session_id, after=after, limit=limit))

    def each_event(
        self, session_id: str, *, after: int = 0, limit: int | None = None
    ) -> Iterator[EventRecord]:
        """The same one by one, read a page at a time: a long ledger keeps nobody else waiting."""
        left = math.inf if limit is None else limit
        while left > 0:
            most = int(min(_PAGE, left))
            page = self.page(session_id, after, most)
            yield from page
            if len(page) < most:
                return
            after, left = page[-1].sequence_number, left - most

    def page(
        self, session_id: str, after: int, most: int, most_bytes: float = math.inf
    ) -> list[EventRecord]:
        """The next events, at most so many, and none more once they have so many bytes."""
        sql = (
            f"SELECT {EVENT} FROM events WHERE session_id = ? AND sequence_number > ?"
            " ORDER BY sequence_number LIMIT ?"
        )
        events, size = list[EventRecord](), 0
        for row in self._each(sql, session_id, after, most):
            events.append(EventRecord(*row))
            size += len(events[-1].data)
            if size >= most_bytes:
                break
        return events

    def events_of_message(self, message_id: str) -> list[EventRecord]:
        """The events of one message in order, read a page at a time."""
        sql = (
            f"SELECT {EVENT} FROM events WHERE message_id = ? AND sequence_number > ?"
            " ORDER BY sequence_number LIMIT ?"
        )
        events = list[EventRecord]()
        while True:
            after = events[-1].sequence_number if events else 0
            page = self._rows(sql, message_id, after, _PAGE)
            events += (EventRecord(*row) for row in page)
            if len(page) < _PAGE:
                return events

    def event_of_message(self, message_id: str, kind: str) -> EventRecord | None:
        """The first event of this type that a message has."""
        sql = (
            f"SELECT {EVENT} FROM events WHERE message_id = ? AND type = ?"
            " ORDER BY sequence_number LIMIT 1"
        )
        row = self._row(sql, message_id, kind)
        return EventRecord(*row) if row else None

    def session_of_message(self, message_id: str) -> str | None:
        """The id of the session that a message is in."""
        row = self._row("SELECT session_id FROM messages WHERE id = ?", message_id)
        return row[0] if row else None

    def messages_up_to(self, session_id: str, message_id: str) -> list[str]:
        """Ids of a session's messages up to this one, in order."""
        rows = self._rows(
            "SELECT id FROM messages WHERE session_id = ?"
            " AND number <= (SELECT number FROM messages WHERE id = ?) ORDER BY number",
            *(session_id, message_id),
        )
        return [row[0] for row in rows]

    def note_workspace(self, message_id: str, snapshot: str) -> None:
        """Note where it is kept what the workspace held when a message ended."""
        with self.transaction():
            self._rows("UPDATE messages SET workspace = ? WHERE id = ?", snapshot, message_id)

    def workspace_snapshots(self, session_id: str) -> dict[str, str]:
        """Where that is kept, by the messages of a session at whose end it was."""
        sql = "SELECT id, workspace FROM messages WHERE session_id = ? AND workspace IS NOT NULL"
        return dict(self._rows(sql, session_id))

    def message_number(self, message_id: str) -> int:
        """A message's place among those of its session, from 1."""
        return int(self._row("SELECT number FROM messages WHERE id = ?", message_id)[0])

    def attached(self, session_id: str, message_id: str) -> list[str]:
        """Ids of the files attached to the messages up to this one, oldest first, each once."""
        rows = self._rows(
            "SELECT files FROM messages WHERE session_id = ? AND files IS NOT NULL"
            " AND number <= (SELECT number FROM messages WHERE id = ?) ORDER BY number",
            *(session_id, message_id),
        )
        return list(dict.fromkeys(file for row in rows for file in msgspec.json.decode(row[0])))

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
