"""A connection and the things that can be reached through it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from .. import models
from ..client import Client
from ..errors import NotFoundError
from ..ids import is_agent_id, is_session_id
from .agents.agent import Agent, agent_named
from .agents.local_models import why_no_assistant
from .batches import Batches
from .connection import AtHand, Link, host
from .connection.attachments import Attachment
from .display.presentation import watch
from .listing import Listing, Shelf
from .sessions.arguments import metadata_of
from .sessions.costs import Costs
from .sessions.session import Session, session_of, sessions_of
from .sessions.summaries import SessionSummaries
from .tapes.tape import Tape, held, warn_of_slip

if TYPE_CHECKING:
    import pandas as pd

    from ..checks import Check
    from ..local import LocalDari
    from ..models.times import Since
    from ..widgets.view import AnyLayout
    from .agents.llms import KnownLlm
    from .agents.prompts import Llms
    from .agents.publishing import Published
    from .agents.versions import Version
    from .hosted import StandIn
    from .sessions.browser import SessionBrowser
    from .sessions.session_list import SessionList
    from .tools.tool import Given


class Dari:
    """A connection to one Dari; :func:`dari_nb.connect` makes it.

    Attributes:
        agents: Agents: ``list()``, ``get(id or name)``, ``publish(folder)``,
            ``publish_prompt(name, prompt)``; ``d.agents["tour"]``, ``for agent in d.agents``.
        sessions: Sessions: ``list(since=, text=)``, ``get(id)``, ``create(agent)``; as above.
        files: Files: ``upload(path)``.
        costs: What sessions cost: ``session(id)``.
        batches: Tasks with LLMs: ``run(agent, tasks, llms)``, ``recover(run id)``, ``get(id)``.

    >>> d.is_local, d.is_closed
    (True, False)
    """

    def __init__(self, base_url: str, api_key: str, server: LocalDari | None = None) -> None:
        self._given = link = Link(base_url, api_key, server)
        self._stand_ins: list[StandIn] = []
        self.agents = Agents(link)
        self.sessions = Sessions(link)
        self.files = Files(link)
        self.costs = Costs(link)
        self.batches = Batches(link)
        if host.in_kernel():
            watch(host.shell())

    @property
    def _link(self) -> Link:
        return self._given.at_hand

    @property
    def base_url(self) -> str:
        """Where it is."""
        return self._given.base_url

    @property
    def client(self) -> Client:
        """The endpoint level, on ids, returning models."""
        return self._link.client

    @property
    def server(self) -> LocalDari | None:
        """The embedded local Dari, or ``None`` when the server is elsewhere."""
        return self._given.server

    @property
    def is_local(self) -> bool:
        """Whether this is the embedded local Dari."""
        return self._given.is_local

    @property
    def tape(self) -> Tape | None:
        """The tape that is in, if there is one."""
        there = (each.tape for each in self._stand_ins if each.link is self._link)
        tape = self.server.tape if self.server is not None else next(there, None)
        return None if tape is None else held(tape)

    def insert(self, tape: str | Path | Tape) -> None:
        """Play a tape and record on it, in place of another one, whichever Dari this is.

        While it is in, the connection has the sessions that are made with it, and no others. What
        is on the tape plays, and what is not is asked, as its mode says: see
        :meth:`dari_nb.local.LocalDari.insert`. A hosted Dari is asked for new turns only. One of a
        session whose earlier turns played is asked these first; what they cost is printed before.
        Files that its turns leave are here only where the tape keeps ``files``. In the mode
        ``play``, nothing is asked of it, not even for its agents.

        Args:
            tape: The file, which is made when missing, or a :class:`Tape`, which says more; with
                the one that is in already, another recording begins, in which what is missing is
                new.

        Raises:
            InvalidRequestError: The file cannot be used.
            TapeError: It is no tape, or a line is broken.
            DariError: The agents of a hosted Dari cannot be listed.

        >>> d.insert("lesson.tape")
        >>> d.tape.path
        'lesson.tape'
        >>> d.eject()
        """
        tape = held(tape)
        warn_of_slip(tape)
        if self.server is not None:
            self.server.insert(tape)
        else:
            self._stand_in(tape)

    def _stand_in(self, tape: Tape) -> None:
        from .hosted import StandIn

        found = (each for each in self._stand_ins if each.given == tape)
        chosen = next(found, None) or StandIn(self._given, tape)
        try:
            chosen.begin()
        except BaseException:
            if chosen not in self._stand_ins:
                chosen.close()
            raise
        others = [each for each in self._stand_ins if each is not chosen]
        self._stand_ins, self._given.stand_in = [*others, chosen], chosen.link
        for each in others:
            each.end()

    def eject(self) -> None:
        """Play and record no more; what is being recorded is on the tape up to here.

        A tape that could not be written stays in, though nothing plays or is recorded: once there
        is room for it, it is ejected again, and nothing is lost.

        Raises:
            InvalidRequestError: The tape could not be written; the text says where the rest is.

        >>> d.eject()
        >>> d.tape is None
        True
        """
        if self.server is not None:
            self.server.eject()
            return
        with ExitStack() as stack:
            for each in self._stand_ins:
                stack.callback(each.end)
        self._given.stand_in = None

    @property
    def is_closed(self) -> bool:
        """Whether :meth:`close` was called."""
        return self._given.is_closed

    def llms(self, agent: Agent | None = None, *, probe: bool = False) -> Listing[KnownLlm]:
        """Return the LLMs at hand: those of an agent, and those that the local Dari brings.

        Args:
            agent: Whose options to tell, too.
            probe: Look at the usual ports of this machine as well: Ollama, LM Studio, llama.cpp,
                vLLM.

        Raises:
            DariError: The agent cannot be read.

        >>> [llm.name for llm in d.llms(agent)]
        ['small', 'large']
        """
        from .agents.llms import known_llms

        return known_llms(self._link, agent, probe=probe)

    def check(self, tape: str | Path | Tape, **options: Any) -> Check:
        """Ask again what is on a tape, and name what no longer holds; nothing is written to it.

        Named are an agent or an LLM option that is gone; an ``outcome`` that is another: an error
        that no longer occurs, or a new one; ``tools`` that are others; an ``answer`` without what
        the turn's metadata ``expects``; and a ``score`` that fell. It takes as many turns as are
        on the tape, and costs what they cost.

        Args:
            tape: The file, or a :class:`Tape`, whose ``volatile`` texts do not count in errors.
            **options: ``score``, a function of an answer (``asked``, ``text``, ``tools``,
                ``status``, ``error``, ``metadata``) that gives a number, or yes or no; ``timeout``
                (600), seconds that a turn may take; ``report`` (``print``) or ``None``, called
                first with how many turns are asked and what they have cost.

        Returns:
            What no longer holds, as a list: ``to_frame()``, ``to_markdown()``.

        Raises:
            InvalidRequestError: The file cannot be read, or the scorer gives no number.
            TapeError: It is no tape, or a line is broken.
            DariError: The server cannot be reached, or refuses.

        >>> d.check("lesson.tape", report=None).holds
        True
        """
        from ..checks import check_live

        tape, inside = held(tape), self.tape
        if inside is None:
            return check_live(tape, self.client, **options)
        # What plays cannot tell whether it still holds.
        self.eject()
        try:
            return check_live(tape, self.client, **options)
        finally:
            self.insert(inside)

    def close(self) -> None:
        """Close the connections; what was read stays usable. The embedded server goes on.

        >>> with dari.Dari(server.url, server.api_key) as other:
        ...     len(other.agents) > 3
        True
        >>> other.is_closed
        True
        """
        for each in self._stand_ins:
            each.close()
        self._given.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Dari {'local' if self.is_local else self.base_url}>"


class Agents(AtHand, Shelf[Agent, Agent]):
    """Agents of the organization.

    >>> "tour" in d.agents, d.agents["tour"].name, len(d.agents) > 3
    (True, 'tour', True)
    """

    def list(self) -> Listing[Agent]:
        """Return all agents, oldest first (contract, section 4).

        Raises:
            ApiError: The server refused it.

        >>> [agent.name for agent in d.agents.list()][:3]
        ['echo', 'calculator', 'librarian']
        """
        resources = self._link.client.agents.list()
        agents = (Agent(self._link, resource) for resource in resources)
        return Listing(agents, _AGENT_COLUMNS, names=_agent_names, frame=_agents_frame)

    def get(self, agent: str) -> Agent:
        """Return an agent by id or by name.

        Args:
            agent: Its id, which begins with ``agt_``, or its exact name.

        Raises:
            NotFoundError: There is none; the text names close ones.

        >>> d.agents.get("tour").name
        'tour'
        """
        return agent_named(self._link, agent)

    def named(self, name: str) -> Agent:
        """Return the agent with this name or id, as ``d.agents[name]`` does.

        Args:
            name: A name or an id.

        Raises:
            KeyError: There is none; the text names close ones.
            ApiError: The server refused it.

        >>> d.agents["tour"].name
        'tour'
        """
        try:
            return self.list()[name]
        except KeyError as error:
            waits = why_no_assistant(self._link.server, name)
            raise KeyError(waits) if waits else error from None

    def publish(self, folder: str | Path, *, dry_run: bool = False) -> Published:
        """Publish a folder with a ``dari.yml``; its name says of which agent (section 4).

        A folder that is active as it is makes no new version. What takes longer than a second
        shows how far it is.

        Args:
            folder: The folder.
            dry_run: Only tell what would change.

        Raises:
            InvalidRequestError: There is no such folder, or no ``dari.yml`` in it.
            ApiError: The server refused it; the text says what is wrong.

        >>> d.agents.publish("agents/support").version.id
        'ver_...'
        >>> d.agents.publish("agents/support").is_new
        False
        """
        from .agents.publishing import publish

        with self._given.publishing() as link:
            return publish(link, folder, dry_run=dry_run)

    def publish_prompt(
        self,
        agent: str,
        prompt: str,
        *,
        llm: Llms | None = None,
        tools: Given = (),
        manifest: Mapping[str, Any] | None = None,
        dry_run: bool = False,
    ) -> Published:
        """Publish a system prompt as an agent; the same again makes no new version.

        Args:
            agent: Its name, or the id of one that is there.
            prompt: The system prompt.
            llm: A model such as ``openai/gpt-5.5``, or one of the local Dari's LLMs by its name;
                several make options, the first of which is the default. Or what stands in a
                manifest as ``llm``. By default all LLMs of the local Dari.
            tools: Functions that the agent can call, and that whoever sends messages answers with
                (``agent.send(…, tools=…)``); see :func:`dari_nb.tool`.
            manifest: Further keys of ``dari.yml``, such as ``built_in_tools``, ``skills`` (names
                of folders below ``skills/`` will do), ``sandbox``. Files that they name are taken
                from the working folder.
            dry_run: Only tell what would change.

        Raises:
            InvalidRequestError: Something cannot be right, or a file is missing; the text names
                the key. Nothing was sent.
            ApiError: The server refused it; the text says what is wrong.

        >>> d.agents.publish_prompt("porter", "Carry on.", llm="openai/gpt-5.5").outcome
        'new agent, published'
        """
        from .agents.prompts import answering_note, prompt_bundle
        from .agents.publishing import publish

        found = self.get(agent) if is_agent_id(agent) else None
        bundle = prompt_bundle(
            found.name if found else agent,
            prompt,
            llm=llm,
            tools=tools,
            manifest=manifest,
            server=self._given.server,
        )
        agent_id = found.id if found else None
        with self._given.publishing() as link:
            published = publish(link, bundle, agent_id=agent_id, dry_run=dry_run)
        published.notes += answering_note(tools) if published.is_new else []
        return published


class Sessions(AtHand, Shelf[Session, Session]):
    """Sessions of the organization.

    >>> session in d.sessions, d.sessions[session.id].id == session.id
    (True, True)
    """

    def __init__(self, link: Link) -> None:
        super().__init__(link)
        self._summaries = SessionSummaries(link)

    def list(
        self,
        *,
        agent: str | None = None,
        metadata: Mapping[str, str] | None = None,
        since: Since = None,
        text: str | None = None,
    ) -> SessionList:
        """Return sessions, the newest first (contract, section 5).

        Args:
            agent: Only those of this agent, by id or name.
            metadata: Only those with exactly these values.
            since: Only those made at this time or later: a time, a day, ``"yesterday"``,
                ``"monday"``, or how long ago, such as ``"3 hours"`` or ``"2d"``. Naive times and
                days are in UTC.
            text: Only those in which all these words stand: in the first message, the name, the
                id or the metadata. The newest 1,000 are looked through; ``notes`` says how far.

        Raises:
            InvalidRequestError: ``since`` is no time.
            NotFoundError: There is no such agent.

        >>> len(d.sessions.list(agent="calculator", since="yesterday", text="6 * 7").to_frame()) > 0
        True
        """
        from .sessions.session_list import (
            IN_MEMORY,
            SessionList,
            made_since,
            newest_first,
            with_words,
        )

        agent_id = agent_named(self._link, agent).id if agent else None
        resources = self._link.client.sessions.list(
            agent_id=agent_id, metadata=metadata_of(metadata)
        )
        found, notes = made_since(newest_first(resources), since), []
        if text and text.strip():
            found, note = with_words(found, text, self._summaries)
            notes = [note]
        if not found and self._link.server is not None and self._link.server.path is None:
            notes.append(IN_MEMORY)
        return SessionList(sessions_of(self._link, found), self._summaries, notes)

    def view(
        self,
        *,
        agent: str | None = None,
        metadata: Mapping[str, str] | None = None,
        since: Since = None,
        text: str | None = None,
        preview: bool = True,
        layout: AnyLayout = None,
    ) -> SessionBrowser:
        """Return a table to sort, filter and open sessions in; other arguments as in :meth:`list`.

        It is an ipywidget. Its traits are ``active`` (the :class:`Session` that is open, or
        ``None``) and ``selection`` (those whose boxes are ticked); both may be set, by ids too.

        Args:
            agent: Only those with this agent, by id or name.
            metadata: Only those that have all of this.
            since: Only those made then or later.
            text: Only those in which all these words stand.
            preview: Whether the session that is open is shown beside the table. ``False`` leaves
                that to another view, such as one that is linked.
            layout: Its place and size, an ``ipywidgets.Layout`` or a dict of CSS.

        Raises:
            InvalidRequestError: ``since`` is no time.

        >>> from traitlets import link
        >>> table, reader = d.sessions.view(preview=False), session.view()
        >>> linked = link((reader, "session"), (table, "active"))
        >>> table.active == session
        True
        """
        from .sessions.browser import SessionBrowser

        def listed() -> SessionList:
            return self.list(agent=agent, metadata=metadata, since=since, text=text)

        return SessionBrowser(self._link, listed, self._summaries, preview=preview, layout=layout)

    def get(self, session_id: str) -> Session:
        """Return a session by id.

        Args:
            session_id: The session's id, ``sess_…``.

        Raises:
            NotFoundError: There is no such session.

        >>> d.sessions.get(session.id).llm_id
        'small'
        """
        return session_of(self._link, session_id)

    def named(self, name: str) -> Session:
        """Return the session with this id or name, as ``d.sessions[name]`` does.

        Args:
            name: An id, or a name that only one has.

        Raises:
            KeyError: There is none, or there are several.
            ApiError: The server refused it.

        >>> d.sessions[session.id].agent_name
        'calculator'
        """
        if not is_session_id(name):
            return self.list()[name]
        try:
            return self.get(name)
        except NotFoundError:
            raise KeyError(f"there is no session {name!r}: list(text=…) looks for words") from None

    def __contains__(self, key: object) -> bool:
        session_id = key.id if isinstance(key, Session) else key
        try:
            return isinstance(session_id, str) and self.named(session_id) is not None
        except KeyError:
            return False

    def create(
        self,
        agent: str,
        *,
        llm: str | None = None,
        version: str | Version | None = None,
        name: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Session:
        """Make a session with an agent and return it (contract, section 5).

        Args:
            agent: The agent's id or name.
            llm: One of the agent's LLM options.
            version: The version that the session keeps; the active one when left out.
            name: A label for the session.
            metadata: Kept on the session, strings by key; it can be found by them.

        Raises:
            NotFoundError: There is no such agent.
            InvalidRequestError: There is no such LLM option or version.

        >>> d.sessions.create("echo", metadata={"lesson": "1"}).metadata
        {'lesson': '1'}
        """
        return agent_named(self._link, agent).start(
            llm=llm, version=version, name=name, metadata=metadata
        )


class Files(AtHand):
    """Uploaded files (contract, section 2).

    >>> d.files.upload("ticket.txt").filename
    'ticket.txt'
    """

    def upload(self, file: Attachment) -> models.File:
        """Upload a file and return what the server tells of it (contract, section 2).

        Args:
            file: A path.

        Raises:
            InvalidRequestError: There is no such file.
            PayloadTooLargeError: It is larger than the server takes.

        >>> d.files.upload("ticket.txt").size_bytes
        21
        """
        return self._link.client.files.upload(file)


def _agent_names(agent: Agent) -> tuple[str, str]:
    return agent.name, agent.id


def _agents_frame(agents: Sequence[Agent]) -> pd.DataFrame:
    from ..frames import AGENTS

    return AGENTS.frame(agent.resource for agent in agents)


_AGENT_COLUMNS = {
    "name": lambda agent: agent.name,
    "llms": lambda agent: ", ".join(agent.llms),
    "id": lambda agent: agent.id,
}
