"""A connection and the things that can be reached through it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from concurrent.futures import Future
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from .. import models
from ..client import AsyncClient, Client
from ..ids import is_agent_id
from ._background import background
from .agent import Agent
from .batches import Batches
from .costs import Costs
from .listing import Listing
from .session import Attachment, Session

if TYPE_CHECKING:
    from ..local import LocalDari
    from .browser import SessionBrowser
    from .llms import KnownLlm
    from .prompts import Llms
    from .publishing import Published
    from .tools.tool import Given
    from .versions import Version

T = TypeVar("T")


class Dari:
    """A connection to one Dari; :func:`dari_nb.connect` makes it.

    Attributes:
        base_url: Where it is.
        client: The endpoint level, on ids, returning models.
        server: The embedded local Dari, or ``None`` when the server is elsewhere.
        is_closed: Whether :meth:`close` was called.
        agents: Agents: ``list()``, ``get(id or name)``, ``publish(folder)``,
            ``publish_prompt(name, prompt)``.
        sessions: Sessions: ``list()``, ``get(id)``, ``create(agent)``.
        files: Files: ``upload(path)``.
        costs: What sessions cost: ``session(id)``.
        batches: Tasks with LLMs: ``run(agent, tasks, llms)``, ``recover(run id)``, ``get(id)``.
    """

    def __init__(self, base_url: str, api_key: str, server: LocalDari | None = None) -> None:
        self.base_url = base_url
        self.server = server
        self.is_closed = False
        self._api_key = api_key
        self._agent_names: dict[str, str] = {}
        self._tasks: set[asyncio.Task[Any] | None] = set()
        self.client = Client(base_url, api_key)
        self.agents = Agents(self)
        self.sessions = Sessions(self)
        self.files = Files(self)
        self.costs = Costs(self)
        self.batches = Batches(self)

    @cached_property
    def stream_client(self) -> AsyncClient:
        """The client that the background loop uses; nothing else may."""
        return AsyncClient(self.base_url, self._api_key)

    @property
    def is_local(self) -> bool:
        """Whether this is the embedded local Dari."""
        return self.server is not None

    def agent_name(self, agent_id: str) -> str:
        """Return the name of an agent, asked for once."""
        if agent_id not in self._agent_names:
            self._agent_names[agent_id] = self.client.agents.get(agent_id).name
        return self._agent_names[agent_id]

    def llms(self, agent: Agent | None = None, *, probe: bool = False) -> Listing[KnownLlm]:
        """Return the LLMs at hand: those of an agent, and those that the local Dari brings.

        Args:
            agent: Whose options to tell, too.
            probe: Look at the usual ports of this machine as well: Ollama, LM Studio, llama.cpp,
                vLLM.

        >>> d.llms(probe=True)  # doctest: +SKIP
        """
        from .llms import known_llms

        return known_llms(self, agent, probe=probe)

    def close(self) -> None:
        """Close the connections; what was read stays usable. The embedded server goes on."""
        self.is_closed = True
        self.client.close()
        if "stream_client" in vars(self):
            background().run(self._close_streams()).result()

    def run(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine on the background loop until it ends or the connection is closed."""
        return background().run(self._tracked(work))

    async def _tracked(self, work: Coroutine[Any, Any, T]) -> T:
        task = asyncio.current_task()
        self._tasks.add(task)
        try:
            return await work
        finally:
            self._tasks.discard(task)

    async def _close_streams(self) -> None:
        running = [task for task in self._tasks if task is not None]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self.stream_client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Dari {'local' if self.is_local else self.base_url}>"


class Agents:
    """Agents of the organization."""

    def __init__(self, dari: Dari) -> None:
        self._dari = dari

    def list(self) -> Listing[Agent]:
        """Return all agents, oldest first (contract, section 4)."""
        resources = self._dari.client.agents.list()
        return Listing((Agent(self._dari, resource) for resource in resources), _AGENT_COLUMNS)

    def get(self, agent: str) -> Agent:
        """Return an agent by id or by name.

        Raises:
            DariError: There is none; the text names close ones.
        """
        return Agent(self._dari, self._dari.client.agents.get(agent))

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

        >>> d.agents.publish("agents/support").version.id  # doctest: +SKIP
        'ver_2'
        """
        from .publishing import publish

        return publish(self._dari, folder, dry_run=dry_run)

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

        >>> d.agents.publish_prompt("greeter", "Greet.", llm="openai/gpt-5.5")  # doctest: +SKIP
        """
        from .prompts import answering_note, prompt_bundle
        from .publishing import publish

        found = self.get(agent) if is_agent_id(agent) else None
        bundle = prompt_bundle(
            found.name if found else agent,
            prompt,
            llm=llm,
            tools=tools,
            manifest=manifest,
            server=self._dari.server,
        )
        agent_id = found.id if found else None
        published = publish(self._dari, bundle, agent_id=agent_id, dry_run=dry_run)
        published.notes += answering_note(tools) if published.is_new else []
        return published


class Sessions:
    """Sessions of the organization."""

    def __init__(self, dari: Dari) -> None:
        self._dari = dari

    def list(
        self, *, agent: str | None = None, metadata: Mapping[str, str] | None = None
    ) -> Listing[Session]:
        """Return sessions (contract, section 5).

        Args:
            agent: Only those of this agent, by id or name.
            metadata: Only those with exactly these values.
        """
        agent_id = self._dari.agents.get(agent).id if agent else None
        resources = self._dari.client.sessions.list(
            agent_id=agent_id, metadata=dict(metadata) if metadata else None
        )
        return Listing((Session(self._dari, r) for r in resources), _SESSION_COLUMNS)

    def view(
        self, *, agent: str | None = None, metadata: Mapping[str, str] | None = None
    ) -> SessionBrowser:
        """Return a table to sort, filter and open sessions in; arguments as in :meth:`list`.

        What is selected in the page is ``browser.selected``.
        """
        from .browser import SessionBrowser

        return SessionBrowser(self._dari, lambda: self.list(agent=agent, metadata=metadata))

    def get(self, session_id: str) -> Session:
        """Return a session by id."""
        return Session(self._dari, self._dari.client.sessions.get(session_id))

    def create(
        self,
        agent: str,
        *,
        llm: str | None = None,
        version: str | Version | None = None,
        name: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Session:
        """Make a session with an agent, by id or name; arguments as in :meth:`Agent.send`."""
        return self._dari.agents.get(agent).start(
            llm=llm, version=version, name=name, metadata=metadata
        )


class Files:
    """Uploaded files."""

    def __init__(self, dari: Dari) -> None:
        self._dari = dari

    def upload(self, file: Attachment) -> models.File:
        """Upload a file (contract, section 2).

        Raises:
            InvalidRequestError: There is no such file.
            PayloadTooLargeError: It is larger than the server takes.
        """
        return self._dari.client.files.upload(file)


_AGENT_COLUMNS = {
    "name": lambda agent: agent.name,
    "llms": lambda agent: ", ".join(agent.llms),
    "id": lambda agent: agent.id,
}
_SESSION_COLUMNS = {
    "id": lambda session: session.id,
    "agent": lambda session: session.agent_name,
    "llm": lambda session: session.llm_id or "",
    "name": lambda session: session.name or "",
    "status": lambda session: session.resource.last_message_status or "",
    "created": lambda session: (session.resource.created_at or "")[:19],
    "metadata": lambda session: ", ".join(f"{k}={v}" for k, v in session.metadata.items()),
}
