"""Agents and their versions in the store."""

from __future__ import annotations

from ... import ids
from ..records import AgentRecord, JsonObject, VersionRecord
from ..schema import AGENT, VERSION, agent_row, now, to_json, version_row
from .database import Database

# ruff: noqa: S608  (what is put into the statements below are constant column lists; values are bound)


class Agents(Database):
    """Agents and versions."""

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
