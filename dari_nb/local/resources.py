"""The resources of the server as one organization sees them, or the refusals that it gets."""

from __future__ import annotations

from copy import copy
from typing import Self, TypeVar

from ..transcript import Ledger
from .records import FIRST_ORG, AgentRecord, JsonObject, SessionRecord, VersionRecord
from .store import Store

_T = TypeVar("_T")


class Refusal(Exception):  # noqa: N818
    """A request that the API answers with an error: status and ``detail``."""

    def __init__(self, status: int, detail: str | list[JsonObject]) -> None:
        super().__init__(status, detail)
        self.status = status
        self.detail = detail


class Resources:
    """Finds agents, versions, sessions and messages by their ids.

    Attributes:
        store: The truth.
        org_id: The organization that looks, or ``None`` for one that may see everything.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.org_id: str | None = None

    def seen_by(self, org_id: str) -> Self:
        """The same for one organization: what is another's answers 403."""
        view = copy(self)
        view.org_id = org_id
        return view

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
        owner = self.store.agent(session.agent_id)
        self.check_owner(owner.org_id if owner else FIRST_ORG, "session", session_id)
        return session

    def session_of_message(self, message_id: str) -> SessionRecord:
        """The session that a message is in, or a 404; another organization's is a 403."""
        session_id = self.store.session_of_message(message_id)
        return self.session(_found(session_id, "message", message_id))

    def ledger(self, session_id: str) -> Ledger:
        """A session's ledger, folded."""
        return Ledger(record.to_event() for record in self.store.events(session_id))


def _found(resource: _T | None, kind: str, resource_id: str) -> _T:
    if resource is None:
        raise Refusal(404, f"No {kind} {resource_id!r}")
    return resource
