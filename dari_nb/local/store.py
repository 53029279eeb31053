"""The SQLite store: agents, versions, sessions, ledgers, files and idempotency keys."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

import msgspec

from .. import ids
from ..errors import InvalidRequestError
from ..models import events as ev
from .records import (
    AgentRecord,
    EventRecord,
    FileRecord,
    JsonObject,
    Payload,
    SessionRecord,
    VersionRecord,
)
from .schema import (
    AGENT,
    EVENT,
    SCHEMA,
    SESSION,
    VERSION,
    agent_row,
    event_row,
    now,
    session_row,
    to_json,
    version_row,
)

# ruff: noqa: S608  (what is put into the statements below are constant column lists; values are bound)


class Store:
    """Everything the server remembers; each method is one transaction, safe from any thread.

    Args:
        path: The database file, made when missing; ``None`` keeps it all in memory.

    Raises:
        InvalidRequestError: The file cannot be opened, is no database, or is open elsewhere.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self._path = path
        self._lock = RLock()
        self._db = self._open()

    def _open(self) -> sqlite3.Connection:
        db = None
        try:
            db = sqlite3.connect(
                self._path or ":memory:", timeout=1, check_same_thread=False, isolation_level=None
            )
            # An exclusive lock keeps a second server from ending this one's running turns.
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            db.executescript(f"BEGIN IMMEDIATE;{SCHEMA}COMMIT;")
        except sqlite3.Error as error:
            if db is not None:
                db.close()
            raise InvalidRequestError(_open_failure(self._path, error)) from error
        return db

    def close(self) -> None:
        """Close the database; the store is of no use afterwards."""
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make everything inside one transaction; nested ones join the outer one."""
        with self._lock:
            if self._db.in_transaction:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _rows(self, sql: str, *values: Any) -> list[Any]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def _row(self, sql: str, *values: Any) -> Any:
        rows = self._rows(sql, *values)
        return rows[0] if rows else None

    # Agents and versions

    def publish(self, name: str, manifest: JsonObject) -> VersionRecord:
        """Make this manifest the active version of the agent of that name, made when missing.

        A manifest that the agent has had before is not stored again.
        """
        text, created_at = to_json(manifest), now()
        with self.transaction():
            agent = self.agent_named(name)
            agent_id = agent.id if agent else ids.new_id(ids.AGENT)
            row = self._row(
                f"SELECT {VERSION} FROM versions WHERE agent_id = ? AND manifest = ?",
                agent_id,
                text,
            )
            version = version_row(row or (ids.new_id(ids.VERSION), agent_id, text, created_at))
            if row is None:
                self._rows(
                    f"INSERT INTO versions ({VERSION}) VALUES (?, ?, ?, ?)",
                    *(version.id, agent_id, text, created_at),
                )
            self._rows(
                f"INSERT INTO agents ({AGENT}) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (name) DO UPDATE SET active_version_id = excluded.active_version_id",
                *(agent_id, name, version.id, created_at),
            )
        return version

    def agents(self) -> list[AgentRecord]:
        """All agents, oldest first."""
        return [
            agent_row(row) for row in self._rows(f"SELECT {AGENT} FROM agents ORDER BY ordinal")
        ]

    def agent(self, agent_id: str) -> AgentRecord | None:
        """The agent of this id."""
        row = self._row(f"SELECT {AGENT} FROM agents WHERE id = ?", agent_id)
        return agent_row(row) if row else None

    def agent_named(self, name: str) -> AgentRecord | None:
        """The agent of this name."""
        row = self._row(f"SELECT {AGENT} FROM agents WHERE name = ?", name)
        return agent_row(row) if row else None

    def versions(self, agent_id: str) -> list[VersionRecord]:
        """The versions of an agent, newest first."""
        sql = f"SELECT {VERSION} FROM versions WHERE agent_id = ? ORDER BY ordinal DESC"
        return [version_row(row) for row in self._rows(sql, agent_id)]

    def version(self, agent_id: str, version_id: str) -> VersionRecord | None:
        """One version of an agent."""
        sql = f"SELECT {VERSION} FROM versions WHERE agent_id = ? AND id = ?"
        row = self._row(sql, agent_id, version_id)
        return version_row(row) if row else None

    # Sessions

    def add_session(
        self,
        version: VersionRecord,
        *,
        llm_id: str | None = None,
        name: str | None = None,
        metadata: Mapping[str, str] | None = None,
        internet_access: bool = False,
    ) -> SessionRecord:
        """Make an idle session with an empty ledger."""
        session = SessionRecord(
            id=ids.new_id(ids.SESSION),
            agent_id=version.agent_id,
            version_id=version.id,
            llm_id=llm_id,
            name=name,
            internet_access=internet_access,
            metadata=dict(metadata or {}),
            created_at=now(),
        )
        with self.transaction():
            self._rows(
                f"INSERT INTO sessions ({SESSION}) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                *(session.id, session.agent_id, session.version_id, session.llm_id, session.name),
                *(session.internet_access, to_json(session.metadata), session.status),
                *(None, None, session.created_at),
            )
        return session

    def session(self, session_id: str) -> SessionRecord | None:
        """The session of this id."""
        row = self._row(f"SELECT {SESSION} FROM sessions WHERE id = ?", session_id)
        return session_row(row) if row else None

    def sessions(
        self,
        *,
        agent_id: str | None = None,
        metadata: Iterable[tuple[str, str]] = (),
        statuses: Sequence[str] = (),
    ) -> list[SessionRecord]:
        """Sessions oldest first, kept only when all conditions hold."""
        where, values = ["1"], list[Any]()
        if agent_id is not None:
            where.append("agent_id = ?")
            values.append(agent_id)
        if statuses:
            where.append(f"status IN ({', '.join('?' * len(statuses))})")
            values.extend(statuses)
        for key, value in metadata:
            where.append(
                "EXISTS (SELECT 1 FROM json_each(sessions.metadata) AS entry"
                " WHERE entry.key = ? AND entry.value = ?)"
            )
            values += [key, value]
        sql = f"SELECT {SESSION} FROM sessions WHERE {' AND '.join(where)} ORDER BY ordinal"
        return [session_row(row) for row in self._rows(sql, *values)]

    # Ledgers

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

    # Idempotency keys

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

    # Files

    def add_file(self, filename: str, content: bytes) -> FileRecord:
        """Keep an uploaded file."""
        file = FileRecord(id=ids.new_id(ids.FILE), filename=filename, size_bytes=len(content))
        with self.transaction():
            self._rows("INSERT INTO files VALUES (?, ?, ?)", file.id, filename, content)
        return file

    def file(self, file_id: str) -> FileRecord | None:
        """The file of this id, without its bytes."""
        sql = "SELECT id, filename, length(content) FROM files WHERE id = ?"
        row = self._row(sql, file_id)
        return FileRecord(id=row[0], filename=row[1], size_bytes=row[2]) if row else None

    def file_content(self, file_id: str) -> bytes:
        """The bytes of a file that exists."""
        return bytes(self._row("SELECT content FROM files WHERE id = ?", file_id)[0])


def _status(event: EventRecord) -> str:
    return str(msgspec.json.decode(event.data)["status"])


def _open_failure(path: str | Path | None, error: sqlite3.Error) -> str:
    if "locked" in str(error):
        return f"{path} is open in another local Dari: stop that one or choose another path."
    return f"{path} cannot be opened as a local Dari's database: {error}."
