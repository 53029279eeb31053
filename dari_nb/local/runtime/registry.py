"""The agents of a server itself, which every one of its organizations has."""

from __future__ import annotations

from ..agents import AgentFunction
from ..store import Store
from ..store.records import JsonObject


class Registry:
    """The functions of a server by name, with the manifests of its agents.

    Args:
        store: Where they are published.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._functions: dict[str, AgentFunction] = {}
        self._manifests: dict[str, JsonObject] = {}

    def named(self, name: str) -> AgentFunction | None:
        """The function of this name."""
        return self._functions.get(name)

    def add(self, manifest: JsonObject, function: AgentFunction | None) -> None:
        """Offer an agent to all organizations, in place of an earlier one of its name.

        Without a function it answers by what its manifest says.
        """
        name = str(manifest["name"])
        self._manifests[name] = manifest
        for org_id in self._store.organizations():
            self._publish(name, org_id)
        if function is not None:
            self._functions[name] = function

    def take_in(
        self, agent_id: str, version_id: str, manifest: JsonObject, function: AgentFunction
    ) -> None:
        """Offer an agent of another Dari to the first organization, by the ids that it has there.

        Its function asks that Dari.
        """
        name = str(manifest["name"])
        self._store.take_in(agent_id, name, version_id, manifest)
        self._functions[name] = function

    def add_to(self, org_id: str) -> None:
        """Offer all agents to a new organization."""
        for name in self._manifests:
            self._publish(name, org_id)

    def _publish(self, name: str, org_id: str) -> None:
        """Publish an agent, unless a bundle of that name is active in the organization."""
        with self._store.transaction():
            agent = self._store.agent_named(name, org_id)
            active = self._store.version(agent.id, agent.active_version_id) if agent else None
            if active is None or active.snapshot_id is None:
                self._store.publish(name, self._manifests[name], org_id)
