"""Agents and their versions in the store."""

from __future__ import annotations

from ... import ids
from .database import Database
from .records import FIRST_ORG, AgentRecord, JsonObject, VersionRecord
from .schema import AGENT, VERSION, VERSIONS, agent_row, now, to_json, version_row

# ruff: noqa: S608  (what is put into the statements below are constant column lists; values are bound)


class Agents(Database):
    """Agents and versions."""

    def publish(self, name: str, manifest: JsonObject, org_id: str = FIRST_ORG) -> VersionRecord:
        """Make this manifest the active version of the agent of that name, made when missing.

        A manifest that the agent has had before is not stored again.
        """
        with self.transaction():
            agent = self.agent_named(name, org_id)
            row = self._row(
                "SELECT id FROM versions WHERE agent_id = ? AND manifest = ?"
                " AND snapshot_id IS NULL",
                *(agent.id if agent else None, to_json(manifest)),
            )
            if agent is None or row is None:
                return self.add_version(agent, name, manifest, org_id=org_id)
            self.activate(agent.id, row[0])
            version = self.version(agent.id, row[0])
            assert version is not None
            return version

    def add_version(
        self,
        agent: AgentRecord | None,
        name: str,
        manifest: JsonObject,
        *,
        snapshot_id: str | None = None,
        org_id: str = FIRST_ORG,
    ) -> VersionRecord:
        """Make a new version the active one of an agent, or of a new agent of that name."""
        version_id, created_at = ids.new_id(ids.VERSION), now()
        agent_id = agent.id if agent else ids.new_id(ids.AGENT)
        with self.transaction():
            self._rows(
                "INSERT INTO versions (id, agent_id, manifest, created_at, snapshot_id)"
                " VALUES (?, ?, ?, ?, ?)",
                *(version_id, agent_id, to_json(manifest), created_at, snapshot_id),
            )
            if agent is None:
                self._rows(
                    f"INSERT INTO agents ({AGENT}) VALUES (?, ?, ?, ?, ?, NULL)",
                    *(agent_id, name, version_id, created_at, org_id),
                )
            self.activate(agent_id, version_id)
            version = self.version(agent_id, version_id)
        assert version is not None
        return version

    def take_in(self, agent_id: str, name: str, version_id: str, manifest: JsonObject) -> None:
        """Make a version of another Dari's agent the active one here, by the ids that it has there.

        An agent of that name that was here goes.
        """
        with self.transaction():
            here = self.agent_named(name)
            if here is not None and here.id != agent_id:
                self.delete_agent(here.id)
            if self.version(agent_id, version_id) is None:
                self._rows(
                    "INSERT INTO versions (id, agent_id, manifest, created_at) VALUES (?, ?, ?, ?)",
                    *(version_id, agent_id, to_json(manifest), now()),
                )
            if self.agent(agent_id) is None:
                self._rows(
                    f"INSERT INTO agents ({AGENT}) VALUES (?, ?, ?, ?, ?, NULL)",
                    *(agent_id, name, version_id, now(), FIRST_ORG),
                )
            self.activate(agent_id, version_id)

    def activate(self, agent_id: str, version_id: str) -> None:
        """Give new sessions of an agent this version of it."""
        self._rows("UPDATE agents SET active_version_id = ? WHERE id = ?", version_id, agent_id)

    def delete_agent(self, agent_id: str) -> None:
        """Mark an agent as deleted, once; everything of it stays readable."""
        with self.transaction():
            sql = "UPDATE agents SET deleted_at = ? WHERE id = ? AND deleted_at IS NULL"
            self._rows(sql, now(), agent_id)

    def agents(self, org_id: str | None = None) -> list[AgentRecord]:
        """Agents that are not deleted, of one organization or of all, oldest first."""
        sql = f"SELECT {AGENT} FROM agents WHERE deleted_at IS NULL AND ifnull(?, org_id) = org_id"
        return [agent_row(row) for row in self._rows(f"{sql} ORDER BY ordinal", org_id)]

    def agent(self, agent_id: str) -> AgentRecord | None:
        """The agent of this id, deleted or not."""
        row = self._row(f"SELECT {AGENT} FROM agents WHERE id = ?", agent_id)
        return agent_row(row) if row else None

    def agent_named(self, name: str, org_id: str = FIRST_ORG) -> AgentRecord | None:
        """The agent of this name in an organization."""
        sql = f"SELECT {AGENT} FROM agents WHERE name = ? AND org_id = ? AND deleted_at IS NULL"
        row = self._row(sql, name, org_id)
        return agent_row(row) if row else None

    def versions(self, agent_id: str) -> list[VersionRecord]:
        """The versions of an agent, newest first."""
        sql = f"SELECT {VERSION} FROM {VERSIONS} WHERE agent_id = ? ORDER BY ordinal DESC"
        return [version_row(row) for row in self._rows(sql, agent_id)]

    def version(self, agent_id: str, version_id: str) -> VersionRecord | None:
        """One version of an agent."""
        sql = f"SELECT {VERSION} FROM {VERSIONS} WHERE agent_id = ? AND versions.id = ?"
        row = self._row(sql, agent_id, version_id)
        return version_row(row) if row else None
