"""Who answers in a session that is asked live, and why nobody can."""

from __future__ import annotations

from ...models import events as ev
from ..agents import AgentFunction, TurnFailure
from ..llm import ASSISTANT, NO_ASSISTANT, LlmAgent, PublishedAgents
from ..store import Store
from ..store.records import AgentRecord, SessionRecord, VersionRecord
from .registry import Registry

_NO_CODE = (
    f'{ev.NO_CODE} "{{name}}". A recorded agent can be replayed but not '
    'asked; any other has to be registered first: @server.agent("{name}") before its function, or '
    '@d.server.agent("{name}") with d = dari_nb.connect("local", …).'
)
_OTHER = (
    f'{ev.NO_CODE} "{{name}}" as a tape had it, of which this session is: a new session asks the '
    "one of its name that is here."
)
_OF_TAPE = "only a tape knows this agent, and nothing here has its code."


class AgentResolver:
    """Finds who answers: a function that is registered, or a model that a manifest names.

    Args:
        store: Where the sessions are.
        registry: The functions there are.
        published: Makes a function of a version whose manifest says enough.
    """

    def __init__(self, store: Store, registry: Registry, published: PublishedAgents) -> None:
        self._store = store
        self._registry = registry
        self._published = published

    def function(self, session: SessionRecord) -> AgentFunction:
        """The function that answers in a session.

        Raises:
            TurnFailure: There is none.
        """
        agent, version = self._of(session)
        function = self._registry.function_of(agent.name, version)
        function = function or self._published.agent(session, version, agent.org_id)
        if function is None:
            is_here = self._registry.own(agent.name) not in (None, version)
            raise TurnFailure((_OTHER if is_here else _NO_CODE).format(name=agent.name))
        return function

    def why_nobody(self, session: SessionRecord) -> str | None:
        """Why nobody here can be asked what a tape would record, if nobody can.

        What a tape tells of an agent is nobody, also where another one has its name.
        """
        agent, version = self._of(session)
        if version.is_of_tape:
            return NO_ASSISTANT if agent.name == ASSISTANT else _OF_TAPE
        try:
            if isinstance(self.function(session), LlmAgent):
                self._published.check(session, version, agent.org_id)
        except TurnFailure as failure:
            return str(failure)
        return None

    def _of(self, session: SessionRecord) -> tuple[AgentRecord, VersionRecord]:
        agent = self._store.agent(session.agent_id)
        version = self._store.version(session.agent_id, session.version_id)
        assert agent is not None
        assert version is not None
        return agent, version
