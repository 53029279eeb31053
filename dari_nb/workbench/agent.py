"""An agent that messages can be sent to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .. import models
from ..errors import InvalidRequestError
from ..models import as_content
from .session import Attachment, Prompt, Session, as_content_files
from .tools.tool import as_tools, checked_approve
from .turn import Turn
from .versions import Version, versions_of
from .webhook import AgentWebhook

if TYPE_CHECKING:
    from .chat import Chat
    from .dari import Dari
    from .listing import Listing
    from .tools.tool import Approve, Given
    from .version_diff import VersionDiff


class Agent:
    """An agent (contract, section 4).

    >>> agent = d.agents.get("calculator")  # doctest: +SKIP
    >>> agent.llms  # doctest: +SKIP
    ['small', 'large']

    Attributes:
        resource: The agent as the server sent it.
    """

    def __init__(self, dari: Dari, resource: models.Agent) -> None:
        self._dari = dari
        self.resource = resource

    @property
    def id(self) -> str:
        """The agent's id."""
        return self.resource.id

    @property
    def name(self) -> str:
        """Its name, unique in the organization."""
        return self.resource.name

    @property
    def active_version_id(self) -> str | None:
        """The version that new sessions use."""
        return self.resource.active_version_id

    @cached_property
    def llms(self) -> list[str]:
        """The ``llm_id`` options of the active version; empty when the server does not tell."""
        if self.active_version_id is None:
            return []
        return self._dari.client.agents.version(self.id, self.active_version_id).llms

    def versions(self) -> Listing[Version]:
        """Return all versions, in the server's order; the active one is marked (section 4)."""
        return versions_of(self, self._dari)

    def version(self, version_id: str | None = None) -> Version:
        """Return one version, by default the active one.

        Raises:
            NotFoundError: There is no such version.
            InvalidRequestError: The agent has no active one.

        >>> agent.version().manifest["llm"]  # doctest: +SKIP
        {'model': 'openai/gpt-5.5'}
        """
        version_id = version_id or self.active_version_id
        if version_id is None:
            raise InvalidRequestError(f"{self.name} has no active version: publish one.")
        resource = self._dari.client.agents.version(self.id, version_id)
        return Version(self._dari, self.id, self.name, resource)

    def diff(self, first: str | Version, second: str | Version | None = None) -> VersionDiff:
        """Return what becomes of one version in another, by default in the active one.

        >>> agent.diff("ver_1", "ver_2")  # doctest: +SKIP
        """
        before, after = (
            one if isinstance(one, Version) else self.version(one) for one in (first, second)
        )
        return before.diff(after)

    @property
    def webhook(self) -> AgentWebhook:
        """Where its news is delivered to: ``get()``, ``set(url)``, ``rotate()``, ``clear()``."""
        return AgentWebhook(self._dari, self.id)

    def send(
        self,
        prompt: Prompt,
        *,
        llm: str | None = None,
        version: str | Version | None = None,
        files: Iterable[Attachment] = (),
        name: str | None = None,
        metadata: Mapping[str, str] | None = None,
        tools: Given = (),
        approve: Approve | None = None,
    ) -> Turn:
        """Send the first message of a new session and return its turn at once (section 6).

        Args:
            prompt: Text or content blocks.
            llm: One of :attr:`llms`; the agent's default when left out.
            version: The version that the session keeps; the active one when left out.
            files: Paths to upload and attach.
            name: A label for the session.
            metadata: Kept on the session, strings by key; sessions can be found by them.
            tools: Functions of this process that answer the agent's external tool calls; see
                :meth:`Session.answer_tools`.
            approve: Who decides whether a call is run; see :func:`dari_nb.tool`.

        Raises:
            InvalidRequestError: The prompt is empty, a file is missing, there is no such LLM
                option, or a function cannot be a tool; nothing was sent.
            ApiError: The server refused it.
        """
        content = as_content(prompt)
        given = as_tools(tools)
        checked_approve(approve)
        options = self._session_options(llm, version, name, metadata)
        content += as_content_files(self._dari, files)
        sent = self._dari.client.agents.send(self.id, content, session=options or None)
        session = Session(self._dari, sent.session)
        session.tools.give(given.values(), approve)
        return session.turn_of(sent)

    def start(
        self,
        *,
        llm: str | None = None,
        version: str | Version | None = None,
        name: str | None = None,
        metadata: Mapping[str, str] | None = None,
        tools: Given = (),
        approve: Approve | None = None,
    ) -> Session:
        """Make a session without sending anything yet; arguments as in :meth:`send`."""
        options = self._session_options(llm, version, name, metadata)
        given = as_tools(tools)
        checked_approve(approve)
        session = Session(self._dari, self._dari.client.sessions.create(self.id, **options))
        session.tools.give(given.values(), approve)
        return session

    def chat(self, *, tools: Given = (), approve: Approve | None = None) -> Chat:
        """Return a chat with the agent; its first message starts a session.

        Args:
            tools: Functions that answer the agent's external tool calls; asked about in the chat.
            approve: Who decides whether a call is run; see :func:`dari_nb.tool`.

        >>> agent.chat()  # doctest: +SKIP
        """
        from .chat import Chat

        return Chat(self, tools=as_tools(tools).values(), approve=checked_approve(approve))

    def to_dict(self) -> dict[str, Any]:
        """Return the agent resource in the API's own shape."""
        return self.resource.to_dict()

    def __repr__(self) -> str:
        return f"<Agent {self.name} {self.id}>"

    def _session_options(
        self,
        llm: str | None,
        version: str | Version | None,
        name: str | None,
        metadata: Mapping[str, str] | None,
    ) -> dict[str, Any]:
        version_id = version.id if isinstance(version, Version) else version
        if llm is not None:
            self._check_llm(llm, version_id)
        given: dict[str, Any] = {
            "llm_id": llm,
            "version_id": version_id,
            "name": name,
            "metadata": dict(metadata) if metadata else None,
        }
        return {key: value for key, value in given.items() if value is not None}

    def _check_llm(self, llm: str, version_id: str | None) -> None:
        is_active = version_id in (None, self.active_version_id)
        known = self.llms if is_active else self.version(version_id).llms
        if known and llm not in known:
            raise InvalidRequestError(
                f"{self.name} has no LLM option {llm!r}; it has: {', '.join(known)}."
            )
