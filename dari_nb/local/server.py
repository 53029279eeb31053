"""The embedded Dari as one object."""

from __future__ import annotations

import inspect
import secrets
import ssl
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self, TypeVar

from starlette.types import ASGIApp

from ..errors import InvalidRequestError
from . import closing
from .agents import BUILT_IN, AgentFunction
from .backend import Backend
from .deliveries import BACKOFF
from .http.app import KEEP_ALIVE, MAX_UPLOAD, make_app
from .llm import ASSISTANT, LLM_BACKOFF, Llm, Llms
from .offered import Offered
from .organization import Organization, joined
from .posting import tls_of
from .recordings import load_runs
from .records import FIRST_ORG, manifest_of
from .replay import start_replay
from .restart import fail_unfinished
from .serving import Serving, bind
from .store import Store
from .workspaces import Workspaces

_F = TypeVar("_F", bound=AgentFunction)


class LocalDari:
    """A complete Dari in this process: a real HTTP server with its own ledger and agents.

    It starts with the scripted agents (``echo``, ``calculator``, ``librarian``, ``tour``), takes
    Python functions as agents, and plays recorded runs. Use it as a context manager, or with
    :meth:`start` and :meth:`stop`.

    Args:
        path: Keep the ledger in this SQLite file, which is made when missing; sessions, files
            and idempotency keys are there again next time, and so are workspaces, in a folder
            beside it. In memory by default.
        host: Where to listen; this machine only by default.
        port: Port to listen on; 0 takes a free one.
        api_key: The key that clients must bring; a random one by default.
        pace: Seconds to wait before each step of an agent, so that one can watch it work.
        cost_delay: Seconds after which a cost that an agent reports can be seen, as on the hosted
            service, where costs arrive late.
        webhook_backoff: Seconds before the second and each later try of a webhook.
        webhook_verify: Whose certificates HTTPS webhooks must have: a file of certificates, or an
            ``ssl.SSLContext``; those that this machine trusts by default.
        keep_alive: Seconds of silence after which a stream sends a comment.
        max_upload: Largest file in bytes.
        llms: LLMs of the server by name, see :meth:`add_llms`.
        prices: What their tokens cost, see :meth:`add_llms`.
        llm_backoff: Seconds before the second and each later try of a request to a model.

    Raises:
        InvalidRequestError: The file, the address or a setting of an LLM cannot be used.

    >>> with LocalDari() as server:
    ...     @server.agent("shout")
    ...     def shout(prompt):
    ...         return prompt.upper()
    ...     server.url.startswith("http://127.0.0.1:")
    True
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        api_key: str | None = None,
        pace: float = 0.0,
        cost_delay: float = 0.05,
        webhook_backoff: Sequence[float] = BACKOFF,
        webhook_verify: str | Path | ssl.SSLContext | None = None,
        keep_alive: float = KEEP_ALIVE,
        max_upload: int = MAX_UPLOAD,
        llms: Mapping[str, Mapping[str, Any]] | None = None,
        prices: Mapping[str, Mapping[str, Any]] | None = None,
        llm_backoff: Sequence[float] = LLM_BACKOFF,
    ) -> None:
        self._llms = Llms(backoff=llm_backoff)
        self.path = path
        self._address = (host, port)
        self._api_key = api_key or f"dari_local_{secrets.token_hex(16)}"
        self._pace = pace
        self._cost_delay = cost_delay
        self._webhook_backoff = tuple(webhook_backoff)
        self._webhook_tls = tls_of(webhook_verify)
        self._workspaces = Workspaces(path)
        self._keep_alive = keep_alive
        self._max_upload = max_upload
        self._store = Store(path)
        self._close_store = weakref.finalize(self, self._store.close)
        closing.stop_at_exit()
        self._offered = Offered(self._store)
        self._url: str | None = None
        self._backend: Backend | None = None
        self._serving: Serving | None = None
        for name, function in BUILT_IN.items():
            self.agent(name, llms=("small", "large"), default_llm="large")(function)
        self.add_llms(llms or {}, prices)

    def __repr__(self) -> str:
        where = self._url or "stopped"
        return f"LocalDari({where}, {str(self.path) if self.path else 'in memory'})"

    @property
    def api_key(self) -> str:
        """The key that clients must bring as bearer token."""
        return self._api_key

    @property
    def url(self) -> str:
        """The server's address without ``/v1``, such as ``http://127.0.0.1:40123``.

        Raises:
            InvalidRequestError: The server is not running.
        """
        if self._url is None:
            raise InvalidRequestError("The local Dari is not running: call start() first.")
        return self._url

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
        yields texts, :class:`ToolCall` and :class:`ToolResult`; it may be async. What it raises
        ends the turn as failed. Registering a name again replaces the function at once, and
        publishes a new version when the options differ.

        Args:
            name: The agent's name.
            llms: Options that a session can choose from; the function finds its own in
                ``turn.llm_id``.
            default_llm: The option of sessions that choose none; the first by default.
            description: For the manifest; the function's docstring by default.
        """
        if not name.strip():
            raise InvalidRequestError("An agent needs a name.")

        def register(function: _F) -> _F:
            about = description or inspect.getdoc(function) or ""
            manifest = manifest_of(name, description=about, llms=llms, default=default_llm)
            self._open_store()
            self._offered.add(manifest, function)
            return function

        return register

    def add_llms(
        self,
        llms: Mapping[str, Mapping[str, Any]],
        prices: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """Give the server LLMs of its own, or other ones in place of those of the same names.

        Sessions of any published agent can name one as ``llm_id``. One of the manifest's own
        options is asked first, where it has an address or a key; else the LLM of that name here.
        The agent ``assistant``, a plain chat with file tools, comes with the first LLM.

        Args:
            llms: For each name at least ``model``; ``base_url`` for a server that speaks chat
                completions, such as ``http://127.0.0.1:11434/v1``, else ``provider`` (``openai``,
                ``openrouter``, ``anthropic``) or a model with that prefix. A key is ``api_key``,
                or ``api_key_env``, a variable's name, or ``api_key_secret``, a credential's.
                Limits: ``max_output_tokens``, ``max_turn_tokens``, ``max_steps``, ``timeout``.
            prices: For each model ``{"input": "0.15", "output": "0.60"}``, US dollars for a million
                tokens as text; ``cached_input``, too, where it is not the price of other input.
                What a model costs that is not in it stays unknown.

        Raises:
            InvalidRequestError: A setting or a price is wrong; the text names it.

        >>> server = LocalDari()
        >>> server.add_llms({"small": {"model": "llama3.2", "base_url": "http://127.0.0.1:11434/v1"}})
        >>> server.agents[-1]
        'assistant'
        """
        self._llms.add(llms, prices)
        if self._llms.named and self._offered.named(ASSISTANT) is None:
            self._offered.add(self._llms.assistant(), None)

    @property
    def llms(self) -> Mapping[str, Llm]:
        """The server's own LLMs by name."""
        return MappingProxyType(self._llms.named)

    def organization(self, name: str, *, api_key: str | None = None) -> Organization:
        """Make or find another organization of this server, and make a key for it.

        It has the server's function agents, too, and sees nothing of other organizations.

        Args:
            name: The organization's name.
            api_key: The key to make, which no other must have; a random one by default.

        Raises:
            InvalidRequestError: The key is taken.

        >>> with LocalDari() as server:
        ...     server.organization("second row").api_key != server.api_key
        True
        """
        store = self._open_store()
        if api_key is not None and api_key == self._api_key:
            raise InvalidRequestError("That key lets into the first organization.")
        return joined(store, self._offered, name, api_key)

    def load_runs(
        self,
        path: str | Path,
        agent: str | None = None,
        organization: Organization | None = None,
    ) -> list[str]:
        """Make each recorded run of a file a finished session.

        Args:
            path: JSON lines, plain or gzipped; each an object with chat-completions ``messages``
                and any other fields, which become the session's metadata (as text).
            agent: Name of the agent that the sessions get; the file's name by default.
            organization: Whose sessions they become; the first organization's by default.

        Returns:
            Ids of the new sessions, in the order of the file.

        Raises:
            InvalidRequestError: The file cannot be read; the text names the line.
        """
        org_id = organization.id if organization else FIRST_ORG
        return load_runs(self._open_store(), path, agent, org_id)

    def replay(self, session_id: str, speed: float = 1.0) -> str:
        """Play a session again in a new one, live, as if its agent did it now.

        The new session has the same agent and metadata, and ``replay_of`` besides.

        Args:
            session_id: The session to play.
            speed: 2.0 plays twice as fast. A recording without times gets 0.4 seconds before
                each event, divided by the speed; ``math.inf`` plays without waiting.

        Returns:
            Id of the new session, in which the first message is being played.

        Raises:
            InvalidRequestError: There is no such session, or the speed is not positive.
        """
        if not speed > 0:
            raise InvalidRequestError(f"speed must be more than 0, not {speed!r}")
        if self._serving is None or self._backend is None:
            raise InvalidRequestError("The local Dari is not running: call start() first.")
        if self._open_store().session(session_id) is None:
            raise InvalidRequestError(f"No session {session_id!r} on this server.")
        return self._serving.call(partial(start_replay, self._backend, session_id, speed))

    def start(self) -> Self:
        """Start serving; does nothing when it serves already."""
        if self._serving is not None:
            return self
        store = self._open_store()
        fail_unfinished(store)
        backend = Backend(
            store,
            self._offered.named,
            self._pace,
            self._cost_delay,
            self._workspaces,
            self._webhook_backoff,
            self._webhook_tls,
            self._llms,
        )
        sock = bind(*self._address)
        host, port = sock.getsockname()[:2]

        def app() -> ASGIApp:
            backend.deliveries.resume()
            return make_app(
                backend, self._api_key, keep_alive=self._keep_alive, max_upload=self._max_upload
            )

        serving = Serving(app, sock, backend.stop)
        serving.start()
        self._backend, self._serving = backend, serving
        self._url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        closing.runs(self)
        return self

    def stop(self) -> None:
        """Stop serving: streams end, running turns are cut off; safe to call again.

        A server in memory can be started again and still has its ledger. One with a path lets
        go of its file, and is finished.
        """
        serving, self._serving = self._serving, None
        self._url = self._backend = None
        closing.rests(self)
        if serving is not None:
            serving.stop()
        if self.path is not None:
            self._close_store()

    def _open_store(self) -> Store:
        if not self._close_store.alive:
            raise InvalidRequestError("This local Dari has let go of its file: make a new one.")
        return self._store

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
