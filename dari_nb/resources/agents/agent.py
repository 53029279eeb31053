"""An agent that messages can be sent to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ... import models
from ...errors import InvalidRequestError, UnknownNameError
from ...models import as_content
from ...printable import printable
from ...suggestions import no_llm_option
from ..connection import AtHand
from ..connection.attachments import Attachment, as_content_files
from ..sessions.arguments import metadata_of, unknown_argument
from ..sessions.session import Prompt, Session
from ..sessions.turn import Turn
from ..tools.offered import check_offered
from ..tools.tool import as_tools, checked_approve
from .local_models import why_no_assistant
from .versions import Version, version_id_of, versions_of
from .webhook import AgentWebhook

if TYPE_CHECKING:
    from ...local import LocalDari
    from ...widgets.view import AnyLayout
    from ..connection import Link
    from ..display.reading.chat import Chat
    from ..listing import Listing
    from ..tools.tool import Approve, Given
    from .version_diff import VersionDiff


class Agent(AtHand):
    """An agent (contract, section 4).

    >>> agent = d.agents["calculator"]
    >>> agent.llms
    ['small', 'large']

    """

    def __init__(self, link: Link, resource: models.Agent) -> None:
        super().__init__(link)
        self._resources: dict[Link, models.Agent] = {link: resource}
        link.know([resource])

    @property
    def resource(self) -> models.Agent:
        """The agent as the server sent it; while a tape is in, as that has it.

        Raises:
            NotFoundError: The tape that is in has no such agent.
        """
        return self._resource_at(self._link)

    def _resource_at(self, link: Link) -> models.Agent:
        if link not in self._resources:
            name = next(iter(self._resources.values())).name
            self._resources[link] = link.client.agents.get(name)
            link.know([self._resources[link]])
        return self._resources[link]

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
        return self._link.client.agents.version(self.id, self.active_version_id).llms

    def versions(self) -> Listing[Version]:
        """Return all versions, in the server's order; the active one is marked (section 4).

        Raises:
            ApiError: The server refused it.

        >>> [version.number for version in agent.versions()]
        [1]
        """
        link = self._given.asked
        return versions_of(link, self._resource_at(link))

    def version(self, version: str | int | Version | None = None) -> Version:
        """Return one version, by its id or number, ``2``, ``"2"`` or ``"v2"``; or the active one.

        Args:
            version: Its id or number; the active one when left out.

        Raises:
            NotFoundError: There is no such version.
            InvalidRequestError: The agent has no active one, or none of this number.

        >>> agent.version(1).manifest["llm"]["default"]
        'large'
        """
        link = self._given.asked
        agent = self._resource_at(link)
        version_id = version_id_of(link, agent, version) or agent.active_version_id
        if version_id is None:
            raise InvalidRequestError(
                f"{agent.name} has no active version: publish one.", code="version_not_found"
            )
        resource = link.client.agents.version(agent.id, version_id)
        link.learn_versions(agent.id, resource.id)
        return Version(link, agent.id, agent.name, resource)

    def diff(
        self, first: str | int | Version, second: str | int | Version | None = None
    ) -> VersionDiff:
        """Return what becomes of one version in another, by default in the active one.

        Args:
            first: What is compared with: an id, a number or a version.
            second: What is compared; the active version when left out.

        Raises:
            NotFoundError: There is no such version.
            InvalidRequestError: No version has this number.

        >>> agent.diff(1)
        <VersionDiff: 0 added, 0 removed, 0 changed>
        """
        before, after = (
            one if isinstance(one, Version) else self.version(one) for one in (first, second)
        )
        return before.diff(after)

    @property
    def webhook(self) -> AgentWebhook:
        """Where its news is delivered to: ``get()``, ``set(url)``, ``rotate()``, ``clear()``."""
        return AgentWebhook(self._given, self.id)

    def send(
        self,
        prompt: Prompt,
        *,
        llm: str | None = None,
        version: str | int | Version | None = None,
        files: Iterable[Attachment] = (),
        name: str | None = None,
        metadata: Mapping[str, str] | None = None,
        tools: Given = (),
        approve: Approve | None = None,
        idempotency_key: str | None = None,
        **unknown: Any,
    ) -> Turn:
        """Send the first message of a new session and return its turn at once (section 6).

        Args:
            prompt: Text or content blocks.
            llm: One of :attr:`llms`; the agent's default when left out.
            version: The version that the session keeps, by id or number; the active one when left
                out.
            files: Paths to upload and attach.
            name: A label for the session.
            metadata: Kept on the session, strings by key; sessions can be found by them.
            tools: Functions of this process that answer the agent's external tool calls; see
                :meth:`Session.use_tools`.
            approve: Who decides whether a call is run; see :func:`dari_nb.tool`.
            idempotency_key: Of a send that failed, as the error's ``idempotency_key`` tells it.
                The local Dari does not do it twice then; whether others do is not known (U12).
            **unknown: Nothing: a slip such as ``model`` is told what it may mean.

        Raises:
            TypeError: Something else was given.
            InvalidRequestError: The prompt is empty, a file is missing, there is no such LLM
                option, or a function cannot be a tool or is not offered; nothing was sent.
            ApiError: The server refused it.

        >>> agent.send("What is 3 + 4?", llm="small", metadata={"lesson": "1"}).text
        '$$3 + 4 = 7$$'
        """
        if unknown:
            raise TypeError(_no_option(min(unknown)))
        content = as_content(prompt)
        given = as_tools(tools)
        checked_approve(approve)
        options = self._session_options(llm, version, name, metadata)
        self._check_offered(given, [options.get("version_id")])
        content += as_content_files(self._link, files)
        sent = self._link.client.agents.send(
            self.id, content, session=options or None, idempotency_key=idempotency_key
        )
        session = self._made(sent.session)
        session._tools.give(given.values(), approve)
        return session._turn_of(sent)

    def start(
        self,
        *,
        llm: str | None = None,
        version: str | int | Version | None = None,
        name: str | None = None,
        metadata: Mapping[str, str] | None = None,
        tools: Given = (),
        approve: Approve | None = None,
        **unknown: Any,
    ) -> Session:
        """Make a session and return it, with nothing sent yet (contract, section 5).

        Args:
            llm: As in :meth:`send`, like the others.
            version: The version that the session keeps.
            name: A label for the session.
            metadata: Kept on the session, strings by key.
            tools: Functions that answer the agent's external tool calls.
            approve: Who decides whether a call is run.
            **unknown: Nothing, as in :meth:`send`.

        Raises:
            TypeError: Something else was given.
            InvalidRequestError: There is no such LLM option or version, or a function cannot be
                a tool.
            ApiError: The server refused it.

        >>> agent.start(name="arithmetic").send("6 * 7").wait().status
        'completed'
        """
        if unknown:
            raise TypeError(_no_option(min(unknown), "agent.start()"))
        options = self._session_options(llm, version, name, metadata)
        given = as_tools(tools)
        checked_approve(approve)
        self._check_offered(given, [options.get("version_id")])
        made = self._link.client.sessions.create(self.id, **options)
        session = self._made(made)
        session._tools.give(given.values(), approve)
        return session

    def chat(
        self, *, tools: Given = (), approve: Approve | None = None, layout: AnyLayout = None
    ) -> Chat:
        """Return a chat with the agent; its first message starts a session.

        It is an ipywidget. Its traits are ``session`` (``None`` until it has begun; read-only),
        ``active`` (the item that the reader is at, or ``None``) and ``status`` (the status word
        of the last message; read-only).

        Args:
            tools: Functions that answer the agent's external tool calls; asked about in the chat.
            approve: Who decides whether a call is run; see :func:`dari_nb.tool`.
            layout: Its place and size, an ``ipywidgets.Layout`` or a dict of CSS.

        Raises:
            InvalidRequestError: A function cannot be a tool, or the model is not offered it.

        >>> agent.chat()  # at the end of a cell it is a place to write in
        <Chat with calculator, not begun yet>
        """
        from ..display.reading.chat import Chat

        given = as_tools(tools).values()
        checked_approve(approve)
        self._check_offered(tool.name for tool in given)

        def begin(llm: str | None) -> Session:
            return self.start(llm=llm, tools=given, approve=approve)

        return Chat(begin, self.name, self.llms, layout)

    def to_dict(self) -> dict[str, Any]:
        """Return the agent resource in the API's own shape.

        >>> agent.to_dict()["name"]
        'calculator'
        """
        return self.resource.to_dict()

    def __repr__(self) -> str:
        return printable(f"<Agent {self.name} {self.id}>")

    def _made(self, resource: models.Session) -> Session:
        self._link.learn_versions(self.id, resource.version_id)
        return Session(self._link, resource, self.name)

    def _session_options(
        self,
        llm: str | None,
        version: str | int | Version | None,
        name: str | None,
        metadata: Mapping[str, str] | None,
    ) -> dict[str, Any]:
        version_id = version_id_of(self._link, self.resource, version)
        if llm is not None:
            self._check_llm(llm, version_id)
        given: dict[str, Any] = {
            "llm_id": llm,
            "version_id": version_id,
            "name": name,
            "metadata": metadata_of(metadata),
        }
        return {key: value for key, value in given.items() if value is not None}

    def _check_offered(
        self, names: Iterable[str], version_ids: Iterable[str | None] = (None,)
    ) -> None:
        names = list(names)
        for one in version_ids:
            check_offered(self._link, self.name, self.id, one or self.active_version_id, names)

    def _check_llm(self, llm: str, version_id: str | None) -> None:
        is_active = version_id in (None, self.active_version_id)
        known = self.llms if is_active else self.version(version_id).llms
        if known and llm not in known:
            raise InvalidRequestError(no_llm_option(self.name, llm, known), code="llm_not_found")


def _no_option(name: str, call: str = "agent.send()") -> str:
    if name in ("model", "llms", "llm_id"):
        return f'{call} takes no {name!r}: it takes llm, one of agent.llms: llm="small".'
    return unknown_argument(call, name)


def agent_named(link: Link, agent: str | Agent) -> Agent:
    """Return an agent as it is now, by id or name, or as it was told before.

    Raises:
        NotFoundError: There is none; the text names close ones, or says what this one waits for.
    """
    agent = agent.id if isinstance(agent, Agent) else agent
    try:
        return Agent(link, link.client.agents.get(agent))
    except UnknownNameError as error:
        waits = why_no_assistant(link.server, agent)
        told = " ".join(filter(None, (waits or str(error), _not_on_tape(link.deck))))
        raise UnknownNameError(404, told, "GET", "/v1/agents", code=error.code) from None


def _not_on_tape(deck: LocalDari | None) -> str:
    """Say that the tape that is in does not know an agent; empty without one."""
    from ...tapes.summary import tape_text

    if deck is None or deck.tape is None:
        return ""
    tape = deck.tape
    return f"Nor is it on the tape that is in, {tape.path}: {tape_text(tape.file)}."
