"""The service as one organization sees it, or the refusals that it gets."""

from __future__ import annotations

import re
from typing import TypeVar

from ..runtime.recorder import brief
from ..store.records import (
    ENV_NAME,
    FIRST_ORG,
    AgentRecord,
    JsonObject,
    SessionRecord,
    VersionRecord,
)
from .service import Service

_T = TypeVar("_T")


class Refusal(Exception):  # noqa: N818
    """A request that the API answers with an error: status and ``detail``."""

    def __init__(self, status: int, detail: str | list[JsonObject] | JsonObject) -> None:
        super().__init__(status, detail)
        self.status = status
        self.detail = brief(detail) if isinstance(detail, str) else detail


class Access:
    """Finds agents, versions, sessions and messages by their ids, for one organization.

    Args:
        service: The running server.
        org_id: The organization that looks, or ``None`` for the operator, who may see everything.

    Attributes:
        store: The service's store.
        owner: The organization that owns what is made through this access.
    """

    def __init__(self, service: Service, org_id: str | None = None) -> None:
        self.service = service
        self.store = service.store
        self.org_id = org_id
        self.owner = org_id or FIRST_ORG

    @property
    def user(self) -> JsonObject:
        """Who acts, for the ledger."""
        return {"type": "user", "id": self.owner}

    def agent(self, agent_id: str) -> AgentRecord:
        """The agent of this id, deleted or not, or a 404; another organization's is a 403."""
        agent = _found(self.store.agent(agent_id), "agent", agent_id)
        self.check_owner(agent.org_id, "agent", agent_id)
        return agent

    def live_agent(self, agent_id: str) -> AgentRecord:
        """The agent of this id unless it is deleted, which is a 404 like an unknown one."""
        agent = self.agent(agent_id)
        if agent.deleted_at is not None:
            raise Refusal(404, f"Agent {agent_id!r} is deleted")
        return agent

    def check_owner(self, org_id: str, kind: str, resource_id: str) -> None:
        """Refuse what belongs to another organization than the caller's."""
        if self.org_id not in (None, org_id):
            raise Refusal(403, f"The {kind} {resource_id!r} is of another organization")

    def version(self, agent_id: str, version_id: str) -> VersionRecord:
        """A version of an agent, or a 404."""
        return _found(self.store.version(agent_id, version_id), "version", version_id)

    def session(self, session_id: str) -> SessionRecord:
        """The session of this id, or a 404; another organization's is a 403."""
        session = _found(self.store.session(session_id), "session", session_id)
        self.check_owner(self._owner_of(session), "session", session_id)
        return session

    def session_of_message(self, message_id: str) -> SessionRecord:
        """The session that a message is in, or a 404; another organization's is a 403."""
        session_id = _found(self.store.session_of_message(message_id), "message", message_id)
        session = _found(self.store.session(session_id), "message", message_id)
        self.check_owner(self._owner_of(session), "message", message_id)
        return session

    def _owner_of(self, session: SessionRecord) -> str:
        agent = self.store.agent(session.agent_id)
        return agent.org_id if agent else FIRST_ORG


def check_secret_name(name: str, what: str) -> None:
    """Refuse what cannot be the name of a secret or a credential."""
    if not re.fullmatch(ENV_NAME, name):
        raise Refusal(400, f"{what} {name!r} must match ^{ENV_NAME}$")


def _found(resource: _T | None, kind: str, resource_id: str) -> _T:
    if resource is None:
        raise Refusal(404, f"No {kind} {resource_id!r}")
    return resource
