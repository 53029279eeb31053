"""What a local Dari holds, whether it serves or not: agents, LLMs and recorded runs."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from .. import models
from ..errors import InvalidRequestError
from .agents import AgentFunction
from .agents.fingerprint import fingerprint_of
from .backups import back_up
from .demo_agents import BUILT_IN
from .llm import ASSISTANT, Llm, Llms
from .playback.known import manifest_elsewhere
from .runtime.registry import Registry
from .service.organizations import Organization
from .service.publishing import publish_folder
from .service.recordings import LoadedRuns, load_runs
from .store import Store
from .store.records import FIRST_ORG, manifest_of
from .workspaces.workspaces import Workspaces

_F = TypeVar("_F", bound=AgentFunction)
_LLMS = ("small", "large")
"""The options of the demo agents."""


class Contents:
    """The agents, LLMs and ledgers of a server.

    Args:
        path: The server's file; in memory without one.
        llms: The server's LLMs.
        demo_agents: Whether it begins with the demo agents.

    Raises:
        InvalidRequestError: The file cannot be used.
    """

    def __init__(self, path: str | Path | None, llms: Llms, *, demo_agents: bool = True) -> None:
        self._store = Store(path)
        self.path = None if self._store.path is None else path
        self.is_new = self._store.is_new
        self._workspaces = Workspaces(self._store.path)
        self._workspaces.tidy(lambda session_id: self._store.session(session_id) is not None)
        self._close_store = weakref.finalize(self, self._store.close)
        self._registry = Registry(self._store)
        self._llms = llms
        try:
            for name, function in BUILT_IN.items() if demo_agents else ():
                about = inspect.getdoc(function) or ""
                manifest = manifest_of(name, description=about, llms=_LLMS, default=_LLMS[1])
                self._registry.add(manifest, function)
            self.add_llms({})
        except BaseException:
            # Nobody else can: a file that is damaged has to be free for its backup.
            self._close_store()
            raise

    @property
    def agents(self) -> list[str]:
        """Names of the agents, oldest first."""
        return [agent.name for agent in self._open_store().agents(FIRST_ORG)]

    def agent(
        self,
        name: str,
        *,
        llms: Sequence[str] = (),
        default_llm: str | None = None,
        description: str | None = None,
    ) -> Callable[[_F], _F]:
        """Make a Python function an agent of this server.

        The function takes the prompt, or the prompt and the :class:`Turn`. It returns a text, or
        yields texts, :class:`Draft` (a piece of a text, seen at once), :class:`ToolCall`,
        :class:`ToolResult` and :class:`Usage` (tokens and costs); it may be async. What it raises
        ends the turn as failed. Registering a name again gives new sessions the new function, and
        publishes a new version when the options or its code differ: that of the function itself,
        with its defaults and plain values around it, but not of what it calls. Sessions of a
        version of other code are answered by that as long as this process lives; another process
        has only what is registered there, and refuses them when they are new.

        Args:
            name: The agent's name.
            llms: Options that a session can choose from; the function finds its own in
                ``turn.llm_id``.
            default_llm: The option of sessions that choose none; the first by default.
            description: For the manifest; the function's docstring by default.

        Returns:
            The decorator, which gives the function back as it is.

        Raises:
            InvalidRequestError: The name is empty, or an option cannot be right.

        >>> @server.agent("reverser", llms=["loud", "quiet"])
        ... def reverser(prompt, turn):
        ...     text = prompt[::-1]
        ...     return text.upper() if turn.llm_id == "loud" else text
        >>> d.agents["reverser"].send("desserts", llm="quiet").text
        'stressed'
        >>> @server.agent("streaming")
        ... def streaming(prompt):
        ...     for word in prompt.split():
        ...         yield dari.local.Draft(f"{word} ")
        ...     yield dari.local.Usage(input_tokens=3, output_tokens=3)
        >>> d.agents["streaming"].send("as it goes").usage["output_tokens"]
        3
        """
        if not name.strip():
            raise InvalidRequestError("An agent needs a name.", code="missing_name")

        def register(function: _F) -> _F:
            about = description or inspect.getdoc(function) or ""
            code = fingerprint_of(function)
            manifest = manifest_of(
                name, description=about, llms=llms, default=default_llm, function=code
            )
            self._open_store()
            self._registry.add(manifest, function)
            return function

        return register

    def take_in(
        self, agent: models.Agent, version: models.AgentVersion, function: AgentFunction
    ) -> None:
        """Offer an agent of another Dari, by the ids that it has there.

        Args:
            agent: The agent, as the other Dari told it.
            version: Its version that new sessions get.
            function: What asks that Dari; see :meth:`agent`.

        >>> from dari_nb.models import Agent, AgentVersion
        >>> agent = Agent(id="agt_far", name="far")
        >>> server.take_in(agent, AgentVersion(id="ver_far"), lambda prompt: f"From afar: {prompt}")
        >>> d.agents["far"].id, d.agents["far"].send("Hi").text
        ('agt_far', 'From afar: Hi')
        """
        self._open_store()
        manifest = manifest_elsewhere(agent.name, version)
        self._registry.take_in(agent.id, version.id, manifest, function)

    def add_llms(
        self,
        llms: Mapping[str, Mapping[str, Any]],
        prices: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """Give the server LLMs of its own, or other ones in place of those of the same names.

        Sessions of any published agent can name one as ``llm_id``. One of the manifest's own
        options is asked first, where it has an address or a key; else the LLM of that name here.
        The agent ``assistant``, a plain chat with file tools, comes with the first LLM, which
        stays its default when more are added.

        Args:
            llms: For each name at least ``model``; ``base_url`` for a server that speaks chat
                completions, such as ``http://127.0.0.1:11434/v1``, else ``provider`` (``openai``,
                ``openrouter``, ``anthropic``) or a model with that prefix. A key is ``api_key``,
                or ``api_key_env``, a variable's name, or ``api_key_secret``, a credential's.
                In place of all that, ``gguf`` is a model that runs on this machine, in a process
                of its own: the path of a GGUF file, or the name of a model that was pulled, and
                ``context`` (8192) the tokens that its conversations share.
                ``options`` say how it answers: ``temperature``, ``top_p``, ``seed``,
                ``max_tokens``, and ``system``, the prompt of ``assistant``. ``tools`` are ``auto``,
                ``native``, or by a ``schema`` for models that know none, ``images=True`` is for
                models that see: ``%dari help options``.
                Limits: ``max_output_tokens`` of an answer, ``max_turn_tokens`` (2,000,000) and
                ``max_steps`` (50) of a turn, ``max_parallel`` (8) requests at once, and
                ``timeout`` (300), seconds of silence. ``stream=False`` asks for whole answers,
                for servers that count no tokens while they stream.
            prices: For each model ``{"input": "0.15", "output": "0.60"}``, US dollars for a million
                tokens as text; ``cached_input``, too, where it is not the price of other input.
                What a model costs that is not in it stays unknown.

        Raises:
            InvalidRequestError: A setting or a price is wrong; the text names it.

        >>> server = dari.local.LocalDari()
        >>> server.add_llms({"small": {"model": "x", "base_url": "http://127.0.0.1:11434/v1"}})
        >>> server.agents[-1]
        'assistant'
        """
        self._llms.add(llms, prices)
        if self._llms.named and self._registry.named(ASSISTANT) is None:
            self._registry.add(self._llms.assistant(), None)

    @property
    def llms(self) -> Mapping[str, Llm]:
        """The server's own LLMs by name."""
        return MappingProxyType(self._llms.named)

    def unpriced(self, agent: str, llm: str | None) -> str | None:
        """Return the LLM of the server's own that an agent asks and that has no price, if any.

        Args:
            agent: The agent's name; one that is a function tells itself what it costs.
            llm: The LLM option; ``None`` is known for ``assistant`` only.

        >>> server = dari.local.LocalDari()
        >>> server.add_llms({"small": {"model": "x", "base_url": "http://127.0.0.1:11434/v1"}})
        >>> server.unpriced("assistant", "small")
        'small'
        """
        if llm is None and agent == ASSISTANT:
            llm = next(iter(self._llms.named), None)
        is_function = self._registry.named(agent) is not None
        return None if llm is None or is_function else self._llms.unpriced(llm)

    def load_runs(
        self,
        path: str | Path,
        agent: str | None = None,
        organization: Organization | None = None,
    ) -> LoadedRuns:
        """Make each recorded run of a file a finished session; the format is recognised.

        The formats are those of ``dari_nb.Transcript.from_file``. What the source says besides
        becomes the session's metadata (as text). A run that was loaded before is not added again.

        Args:
            path: The file.
            agent: Name of the agent that the sessions get; by default what the source says, or the
                file's name.
            organization: Whose sessions they become; the first organization's by default.

        Returns:
            Ids of the sessions, in the order of the file; its ``formats`` says which they were.

        Raises:
            InvalidRequestError: The file cannot be read; the text names the line or the place, and
                nothing was added.
            StorageError: The disk is full or does not work; the text says how many runs were kept.
                Loading again adds the rest.

        >>> ids = server.load_runs("runs.jsonl", agent="shopkeeper")
        >>> d.sessions.get(ids[0]).metadata["task_id"], ids.formats
        ('tea', ['chat completions'])
        """
        org_id = organization.id if organization else FIRST_ORG
        return load_runs(self._open_store(), path, agent, org_id)

    def publish(self, folder: str | Path) -> str:
        """Publish the bundle in a folder for the first organization, unless it is active already.

        Args:
            folder: A folder with ``dari.yml``.

        Returns:
            The id of the active version.

        Raises:
            InvalidRequestError: It is no bundle, or breaks a rule; the text says which.

        >>> server.publish("agents/support")
        'ver_...'
        """
        return publish_folder(self._open_store(), Path(folder))

    def backup(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Copy everything to another file, at any time: sessions, files, keys, and workspaces.

        The copy is the state of one moment, while turns go on. It gets its name when it is whole,
        and is for its owner only. The workspaces, copied as they are found, are in a folder beside
        it, ``PATH.workspaces``, so that ``LocalDari(path)`` serves the copy.

        Args:
            path: The file to make.
            overwrite: Replace a backup that is there; else it is refused.

        Raises:
            InvalidRequestError: There is such a file, a local Dari serves it, or it cannot be
                written.

        >>> server.backup("monday.db", overwrite=True)
        """
        store = self._open_store()
        back_up(store.backup, store.path, self._workspaces, Path(path), overwrite=overwrite)

    def _open_store(self) -> Store:
        if not self._close_store.alive:
            raise InvalidRequestError(
                "This local Dari has let go of its file: make a new one.", code="server_not_running"
            )
        return self._store
