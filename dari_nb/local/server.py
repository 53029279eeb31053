"""The embedded Dari as one object."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import Any, Self

from starlette.types import ASGIApp

from .._secret import remembered
from ..errors import InvalidRequestError
from ..tapes.tape import Tape, opened
from . import atexit_hooks
from .bundles.allowances import Allowances, Amount, changed
from .gguf import ModelFile
from .http.app import HEARTBEAT, MAX_UPLOAD, make_app
from .http.serving import Serving, bind
from .llm import LLM_BACKOFF, Llm, Llms
from .llm.reach import LlmState, llm_states
from .service import Service
from .service.organizations import Organization, joined, usable_key
from .service.recovery import fail_unfinished
from .service.replay import start_replay
from .tape_deck import TapeDeck
from .webhooks.dispatcher import BACKOFF
from .webhooks.posting import tls_of


class LocalDari(TapeDeck):
    """A complete Dari in this process: a real HTTP server with its own ledger and agents.

    It starts with the demo agents (``echo``, ``calculator``, ``librarian``, ``tour``), takes
    Python functions as agents, and plays recorded runs. Use it as a context manager, or with
    :meth:`start` and :meth:`stop`.

    Args:
        path: Keep the ledger in this SQLite file, which is made when missing; sessions, files
            and idempotency keys are there again next time, and so are workspaces, in a folder
            beside it. In memory by default. The file is for its owner only, and for one local Dari
            at a time; other programs may read it, and a plain copy of it is complete as soon as
            turns have come to rest. Nothing acknowledged is lost when the process is killed, the
            last moment at most when the power fails. See :meth:`backup`.
        host: Where to listen; this machine only by default.
        port: Port to listen on; 0 takes a free one.
        api_key: The key that clients must bring; a random one by default.
        step_delay: Seconds to wait before each step of an agent, so that one can watch it work.
        cost_delay: Seconds after which a cost that an agent reports can be seen, as on the hosted
            service, where costs arrive late.
        webhook_backoff: Seconds before the second and each later try of a webhook.
        webhook_verify: Whose certificates HTTPS webhooks must have: a file of certificates, or an
            ``ssl.SSLContext``; those that this machine trusts by default.
        heartbeat: Seconds of silence after which a stream sends a comment.
        max_upload: Largest file in bytes.
        llms: LLMs of the server by name, see :meth:`add_llms`.
        prices: What their tokens cost, see :meth:`add_llms`.
        llm_backoff: Seconds before the second and each later try of a request to a model.
        internet_access: Whether sessions may have what their manifest or their maker asks for,
            the network in the sandbox. It is this machine's own network: what runs there reaches
            whatever listens on the loopback address, this server included.
        max_cost: US dollars that the sessions of the first organization may cost together. When
            the known costs have reached it, messages are refused; turns that run go on.
        secrets: Environment variables that bundles of the first organization may name as
            ``api_key_secret``. A provider's own variable, such as ``OPENAI_API_KEY``, goes to that
            provider without being named here, and nowhere else.
        tape: A tape to play and to record on, see :meth:`insert`.
        demo_agents: Whether it starts with the demo agents.

    Raises:
        InvalidRequestError: The file, the address, the key, the step delay, the tape, or a setting
            of an LLM cannot be used.
        TapeError: The tape is broken.

    >>> with dari.local.LocalDari() as server:
    ...     @server.agent("shout")
    ...     def shout(prompt):
    ...         return prompt.upper()
    ...     with dari.connect(server.url, api_key=server.api_key) as d:
    ...         d.agents["shout"].send("Hi").text
    'HI'
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        api_key: str | None = None,
        step_delay: float = 0.0,
        cost_delay: float = 0.05,
        webhook_backoff: Sequence[float] = BACKOFF,
        webhook_verify: str | Path | ssl.SSLContext | None = None,
        heartbeat: float = HEARTBEAT,
        max_upload: int = MAX_UPLOAD,
        llms: Mapping[str, Mapping[str, Any]] | None = None,
        prices: Mapping[str, Mapping[str, Any]] | None = None,
        llm_backoff: Sequence[float] = LLM_BACKOFF,
        internet_access: bool = False,
        max_cost: Amount | None = None,
        secrets: Iterable[str] = (),
        tape: str | Path | Tape | None = None,
        demo_agents: bool = True,
    ) -> None:
        key = f"dari_local_{token_hex(16)}" if api_key is None else usable_key(api_key)
        self._api_key = remembered(key)
        self._step_delay = _checked_step_delay(step_delay)
        super().__init__(path, Llms(llms, prices, llm_backoff), demo_agents=demo_agents)
        self._allowances = Allowances(self._store)
        self.set_limits(internet_access=internet_access, max_cost=max_cost, secrets=secrets)
        self._address = (host, port)
        self._cost_delay = cost_delay
        self._webhook_backoff = tuple(webhook_backoff)
        self._webhook_tls = tls_of(webhook_verify)
        self._heartbeat = heartbeat
        self._max_upload = max_upload
        atexit_hooks.stop_at_exit()
        self._url: str | None = None
        if tape is not None:
            self.insert(tape)

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
            raise InvalidRequestError(
                "The local Dari is not running: call start() first.", code="server_not_running"
            )
        return self._url

    def set_limits(
        self,
        *,
        internet_access: bool | None = None,
        max_cost: Amount | None = None,
        secrets: Iterable[str] = (),
    ) -> None:
        """Change what the first organization may do; what is left out stays.

        Args:
            internet_access: Whether its sandboxes may reach the network.
            max_cost: US dollars that its sessions may cost together; ``"inf"`` for any.
            secrets: More variables of the environment that its bundles may name.

        Raises:
            InvalidRequestError: The amount is none.

        >>> server.set_limits(max_cost="2.50")
        """
        self._allowances.first = changed(
            self._allowances.first,
            internet_access=internet_access,
            max_cost=max_cost,
            secrets=secrets,
        )

    def organization(
        self,
        name: str,
        *,
        api_key: str | None = None,
        internet_access: bool | None = None,
        max_cost: Amount | None = None,
    ) -> Organization:
        """Make or find another organization of this server, and make a key for it.

        It has the server's function agents, too, and sees nothing of other organizations. Its
        bundles have no variable of the environment, and its webhooks and the LLMs of its bundles
        must be at public addresses.

        Args:
            name: The organization's name.
            api_key: The key to make, which no other must have; a random one by default.
            internet_access: Whether its sandboxes may reach the network, which is this machine's;
                as before, and not at first.
            max_cost: US dollars that its sessions may cost together, ``"inf"`` for any; as
                before, and any at first.

        Raises:
            InvalidRequestError: The key is taken or no client could bring it, or the amount is
                none.

        >>> server.organization("second row").api_key != server.api_key
        True
        """
        store = self._open_store()
        if api_key is not None and api_key == self._api_key:
            raise InvalidRequestError(
                "That key lets into the first organization.", code="name_taken"
            )
        with store.transaction():
            organization = joined(store, self._registry, name, api_key)
            self._allowances.change(
                organization.id, internet_access=internet_access, max_cost=max_cost
            )
        return organization

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

        >>> again = d.sessions.get(server.replay(session.id, speed=100))
        >>> again.metadata["replay_of"] == session.id
        True
        """
        if not speed > 0:
            raise InvalidRequestError(
                f"speed must be more than 0, not {speed!r}", code="invalid_speed"
            )
        if self._serving is None or self._service is None:
            raise InvalidRequestError(
                "The local Dari is not running: call start() first.", code="server_not_running"
            )
        if self._open_store().session(session_id) is None:
            raise InvalidRequestError(
                f"No session {session_id!r} on this server.", code="session_not_found"
            )
        return self._serving.call(partial(start_replay, self._service, session_id, speed))

    def start(self) -> Self:
        """Start serving, and return the server; does nothing when it serves already.

        Raises:
            InvalidRequestError: The address is taken or none, or the file is let go of, or the tape
                cannot be used.
            TapeError: The tape is broken.

        >>> server = dari.local.LocalDari().start()
        >>> server.stop()
        """
        if self._serving is not None:
            return self
        store = self._open_store()
        fail_unfinished(store)
        service = Service(
            store,
            self._registry,
            self._step_delay,
            self._cost_delay,
            self._workspaces,
            self._webhook_backoff,
            self._webhook_tls,
            self._llms,
            self._allowances,
        )
        if self._tape is not None:
            service.deck.insert(self._tape, opened(self._tape))
        sock = bind(*self._address)
        host, port = sock.getsockname()[:2]

        def app() -> ASGIApp:
            service.dispatcher.resume()
            return make_app(
                service, self._api_key, heartbeat=self._heartbeat, max_upload=self._max_upload
            )

        serving = Serving(app, sock, service.stop)
        serving.start()
        self._service, self._serving = service, serving
        self._url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        atexit_hooks.runs(self)
        return self

    def stop(self) -> None:
        """Stop serving: streams end, running turns are cut off; safe to call again.

        A server in memory can be started again and still has its ledger. One with a path lets
        go of its file, and is finished.

        Raises:
            DariError: It still runs, because something holds it up; it can be stopped again. Or it
                is stopped, and its tape could not be written.

        >>> server = dari.local.LocalDari().start()
        >>> server.stop()
        >>> server
        LocalDari(stopped, in memory)
        """
        if self._serving is not None:
            self._serving.stop()
        trouble = self._service.tape_trouble if self._service else None
        self._serving = self._url = self._service = None
        atexit_hooks.rests(self)
        if self.path is not None:
            self._close_store()
        if trouble is not None:
            raise trouble

    def leave(self) -> None:
        """In a forked process: the server stays with the one that made it, at the same address."""
        if self._serving is not None:
            self._serving.leave()
        self._serving = self._service = None

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            # As at the end of the block: else whoever keeps the error keeps the file.
            self.stop()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _checked_step_delay(step_delay: float) -> float:
    if not 0 <= step_delay < float("inf"):
        raise InvalidRequestError(
            f"step_delay must be 0 or more seconds, not {step_delay!r}.", code="invalid_step_delay"
        )
    return step_delay


def reachable_llms(server: LocalDari | None = None, *, probe: bool = False) -> list[LlmState]:
    """Tell which models can be asked.

    Args:
        server: Whose LLMs to look at; those of all local Daris that run here by default.
        probe: Look at the usual ports of this machine, too: Ollama, LM Studio, llama.cpp, vLLM.

    Returns:
        The server's LLMs in their order, then what was found.

    >>> dari.local.reachable_llms(d.server)
    []
    """
    servers = (
        [server]
        if server
        else [each for each in atexit_hooks.running() if isinstance(each, LocalDari)]
    )
    llms = {name: llm for each in servers for name, llm in each.llms.items()}

    def runs(file: ModelFile) -> bool:
        return any(each._llms.sender.runs(file) for each in servers)  # noqa: SLF001

    def needs_json_mode(llm: Llm) -> bool:
        return any(each._llms.sender.tool_support.needs_json_mode(llm) for each in servers)  # noqa: SLF001

    return llm_states(llms, probe=probe, runs=runs, needs_json_mode=needs_json_mode)
