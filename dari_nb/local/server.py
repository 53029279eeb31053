"""The embedded Dari as one object."""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from starlette.types import ASGIApp

from ..errors import InvalidRequestError
from . import closing
from .backend import Backend
from .contents import Contents
from .deliveries import BACKOFF
from .http.app import KEEP_ALIVE, MAX_UPLOAD, make_app
from .llm import LLM_BACKOFF, Llms
from .organization import Organization, joined
from .posting import tls_of
from .replay import start_replay
from .restart import fail_unfinished
from .serving import Serving, bind
from .workspaces import Workspaces


class LocalDari(Contents):
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
        super().__init__(path, Llms(llms, prices, llm_backoff))
        self._address = (host, port)
        self._api_key = api_key or f"dari_local_{secrets.token_hex(16)}"
        self._pace = pace
        self._cost_delay = cost_delay
        self._webhook_backoff = tuple(webhook_backoff)
        self._webhook_tls = tls_of(webhook_verify)
        self._workspaces = Workspaces(path)
        self._keep_alive = keep_alive
        self._max_upload = max_upload
        closing.stop_at_exit()
        self._url: str | None = None
        self._backend: Backend | None = None
        self._serving: Serving | None = None

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

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
