"""Sessions in the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ... import ids
from .database import Database
from .records import SessionRecord, VersionRecord
from .schema import SESSION, now, session_row, to_json

# ruff: noqa: S608  (what is put into the statements below are constant column lists; values are bound)


class Sessions(Database):
    """Sessions; what their status columns say follows from the ledgers."""

    def add_session(
        self,
        version: VersionRecord,
        *,
        llm_id: str | None = None,
        name: str | None = None,
        metadata: Mapping[str, str] | None = None,
        internet_access: bool = False,
        storage_binding_id: str | None = None,
        created_at: str | None = None,
        session_id: str | None = None,
    ) -> SessionRecord:
        """Make an idle session with an empty ledger, created now unless it is told when."""
        session = SessionRecord(
            id=session_id or ids.new_id(ids.SESSION),
            agent_id=version.agent_id,
            version_id=version.id,
            llm_id=llm_id,
            name=name,
            internet_access=internet_access,
            metadata=dict(metadata or {}),
            created_at=created_at or now(),
            storage_binding_id=storage_binding_id,
        )
        with self.transaction():
            self._rows(
                f"INSERT INTO sessions ({SESSION}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
                *(session.id, session.agent_id, session.version_id, session.llm_id, session.name),
                *(session.internet_access, to_json(session.metadata), session.status),
                *(None, None, session.created_at, storage_binding_id, None),
            )
        return session

    def forget_sessions(self, session_ids: Iterable[str]) -> None:
        """Take back sessions that were added, with their ledgers."""
        with self.transaction():
            for session_id in session_ids:
                for table in ("events", "messages", "costs"):
                    self._rows(f"DELETE FROM {table} WHERE session_id = ?", session_id)
                self._rows("DELETE FROM sessions WHERE id = ?", session_id)

    def session(self, session_id: str) -> SessionRecord | None:
        """The session of this id."""
        row = self._row(f"SELECT {SESSION} FROM sessions WHERE id = ?", session_id)
        return session_row(row) if row else None

    def session_status(self, session_id: str) -> str:
        """The status of a session that is there."""
        return str(self._row("SELECT status FROM sessions WHERE id = ?", session_id)[0])

    def sessions(
        self,
        *,
        org_id: str | None = None,
        agent_id: str | None = None,
        metadata: Iterable[tuple[str, str]] = (),
        statuses: Sequence[str] = (),
    ) -> list[SessionRecord]:
        """Sessions oldest first, kept only when all conditions hold."""
        where, values = ["1"], list[Any]()
        if org_id is not None:
            where.append("agent_id IN (SELECT id FROM agents WHERE org_id = ?)")
            values.append(org_id)
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
