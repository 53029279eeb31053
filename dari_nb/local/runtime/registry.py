"""The agents of a server itself, which every one of its organizations has."""

from __future__ import annotations

from ..agents import AgentFunction
from ..store import Store
from ..store.records import AgentRecord, JsonObject, VersionRecord


class Registry:
    """The functions of a server by name and code, with the manifests of its agents.

    A function is kept when another one takes its name, for the versions that it was.

    Args:
        store: Where they are published.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._functions: dict[str, AgentFunction] = {}
        self._by_code: dict[tuple[str, str | None], AgentFunction] = {}
        self._manifests: dict[str, JsonObject] = {}
        self._stand_ins: dict[str, tuple[VersionRecord, str | None]] = {}

    def named(self, name: str) -> AgentFunction | None:
        """The function of this name."""
        return self._functions.get(name)

    def function_of(self, name: str, version: VersionRecord) -> AgentFunction | None:
        """The function that this version of an agent was, or else the one of its name."""
        named = self._functions.get(name)
        return named if version.snapshot_id else self._by_code.get((name, version.code), named)

    def is_gone(self, agent: AgentRecord, version: VersionRecord) -> bool:
        """Whether another function would answer for this version, which nobody can ask now."""
        active = self._store.version(agent.id, agent.active_version_id)
        return (
            version.code is not None
            and (agent.name, version.code) not in self._by_code
            and active is not None
            and active.code not in (None, version.code)
        )

    def own(self, name: str) -> VersionRecord | None:
        """What can be asked by this name in the first organization, whatever plays in its place."""
        agent = self._store.agent_named(name)
        if agent is None:
            return None
        version_id = agent.active_version_id
        stand_in, before = self._stand_ins.get(name, (None, None))
        if stand_in is not None and version_id == stand_in.id:
            version_id = before or version_id
        version = self._store.version(agent.id, version_id)
        return None if version is None or version.is_of_tape else version

    def stand_in(self, manifest: JsonObject) -> None:
        """Offer the first organization the agent of a tape, in place of one of its name.

        A bundle of that name stays; any other one is there again when the tape leaves.
        """
        name = str(manifest["name"])
        own = self.own(name)
        if own is None or own.snapshot_id is None:
            self._stand_ins[name] = self._store.publish(name, manifest), own.id if own else None

    def stand_back(self) -> None:
        """Give back their places to the agents that a tape took them from."""
        for name in self._stand_ins:
            if own := self.own(name):
                self._store.activate(own.agent_id, own.id)
        self._stand_ins.clear()

    def add(self, manifest: JsonObject, function: AgentFunction | None) -> None:
        """Offer an agent to all organizations, in place of an earlier one of its name.

        Without a function it answers by what its manifest says.
        """
        name = str(manifest["name"])
        self._manifests[name] = manifest
        if function is not None:
            # Before its version is there: nobody else may answer for it.
            self._keep(name, manifest, function)
        for org_id in self._store.organizations():
            self._publish(name, org_id)
        if function is None and name in self._stand_ins:
            self.stand_in(self._stand_ins[name][0].manifest)

    def take_in(
        self, agent_id: str, version_id: str, manifest: JsonObject, function: AgentFunction
    ) -> None:
        """Offer an agent of another Dari to the first organization, by the ids that it has there.

        Its function asks that Dari.
        """
        name = str(manifest["name"])
        self._store.take_in(agent_id, name, version_id, manifest)
        self._keep(name, manifest, function)

    def add_to(self, org_id: str) -> None:
        """Offer all agents to a new organization."""
        for name in self._manifests:
            self._publish(name, org_id)

    def _keep(self, name: str, manifest: JsonObject, function: AgentFunction) -> None:
        self._functions[name] = self._by_code[name, manifest.get("function")] = function

    def _publish(self, name: str, org_id: str) -> None:
        """Publish an agent, unless a bundle of that name is active in the organization."""
        with self._store.transaction():
            agent = self._store.agent_named(name, org_id)
            active = self._store.version(agent.id, agent.active_version_id) if agent else None
            if active is None or active.snapshot_id is None:
                self._store.publish(name, self._manifests[name], org_id)
