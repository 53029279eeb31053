"""``Client`` and ``AsyncClient``: the same nouns and verbs, sent and awaited."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from types import TracebackType
from typing import Any, Self

import httpx

from .._secret import hidden
from . import _nouns as nouns
from ._address import OWN_TRANSPORT, Address, tls_of
from ._retry import Reconnect, Retry
from ._timeouts import USUAL, Timeout, Usual
from ._transport import AsyncTransport, Transport
from .endpoints import plain


class Client:
    """The Dari API, endpoint by endpoint.

    Safe to share between threads. Every method raises :class:`~dari_nb.errors.ApiError` for an
    error status, :class:`~dari_nb.errors.ConnectionFailedError`,
    :class:`~dari_nb.errors.TimedOutError`, and :class:`~dari_nb.errors.UnexpectedAnswerError`.
    Every method takes a ``timeout`` of its own.

    Args:
        base_url: The server, with or without ``/v1``.
        api_key: An organization's key; it is shown nowhere.
        timeout: Seconds for each read and write of plain requests, an ``httpx.Timeout``, or
            ``None`` for no bound; connecting may take 5 s at most. Streams have their own, see
            :class:`Reconnect`.
        retry: When a request is tried again.
        reconnect: How streams deal with breaks.
        extensions: What the server offers beyond the contract, where that is known already.
        httpx_options: Passed on to ``httpx.Client``: ``proxy``, ``verify``, ``limits``, …

    Attributes:
        agents: Verbs on agents and their versions.
        snapshots: Verbs on source snapshots, which ``agents.publish`` is made of.
        sessions: Verbs on sessions.
        messages: Verbs on messages.
        batches: Verbs on session batches.
        files: Verbs on files.
        webhooks: Verbs on agents' webhooks.
        costs: What sessions cost.
        credentials: Verbs on stored credentials.
        storage_bindings: Verbs on storage bindings.
        api_keys: Verbs on API keys.
        members: Verbs on the people of the organization.

    Raises:
        InvalidRequestError: The URL or the key cannot be right.

    >>> with dari.Client(server.url, server.api_key) as client:
    ...     sent = client.agents.send(client.agents.get("tour").id, "What is a closure?")
    ...     len(client.sessions.transcript(sent.session.id).items) > 0
    True
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        timeout: Timeout = 60.0,
        retry: Retry | None = None,
        reconnect: Reconnect | None = None,
        extensions: Iterable[str] | None = None,
        **httpx_options: Any,
    ) -> None:
        api_key = hidden(api_key)
        address = Address(base_url, api_key, extensions)
        options = address.httpx_options(timeout, httpx_options)
        transport = self._transport = Transport(
            httpx.Client(**options), address, retry or Retry(), reconnect or Reconnect()
        )

        def again() -> Client:
            shared = {**httpx_options, **tls_of(options)}
            return Client(
                base_url, api_key, timeout=timeout, retry=retry, reconnect=reconnect, **shared
            )

        self._again = None if OWN_TRANSPORT & set(httpx_options) else again
        self.agents = nouns.Agents(transport)
        self.snapshots = nouns.Snapshots(transport)
        self.sessions = nouns.Sessions(transport)
        self.messages = nouns.Messages(transport)
        self.batches = nouns.Batches(transport)
        self.files = nouns.Files(transport)
        self.webhooks = nouns.Webhooks(transport)
        self.costs = nouns.Costs(transport)
        self.credentials = nouns.Credentials(transport)
        self.storage_bindings = nouns.StorageBindings(transport)
        self.api_keys = nouns.ApiKeys(transport)
        self.members = nouns.Members(transport)

    @property
    def base_url(self) -> str:
        """The server's URL, without ``/v1``."""
        return self._transport.address.url

    @property
    def extensions(self) -> frozenset[str]:
        """What the server's last answer said that it offers beyond the contract (section 18).

        Such as ``drafts`` and ``cancel``; empty before the first answer.
        """
        return self._transport.address.offers.names or frozenset()

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
        timeout: Timeout | Usual = USUAL,
    ) -> Any:
        """Ask for what no verb knows, with the same key, retries and errors; not for streams.

        Args:
            method: Such as ``GET``. ``POST`` and ``PATCH`` are sent again only when the server has
                done nothing.
            path: Below ``/v1`` and not quoted, such as ``/sessions/sess_1``: each part between
                slashes is quoted whole. A URL is taken when it is this server's.
            json: What to send as a JSON body, if anything.
            params: The query; lists are given several times, what is ``None`` is left out.
            timeout: Seconds for each read and write of each try, an ``httpx.Timeout``, or ``None``
                for no bound; by default the client's.

        Returns:
            The answer's JSON, or ``None`` when it is empty.

        Raises:
            InvalidRequestError: The method or the path cannot be right, or the URL is another
                server's.

        >>> client.request("GET", "/sessions", params={"limit": 2})["sessions"][0]["id"]
        'sess_...'
        """
        steps = plain.request(self.base_url, method, path, json, params)
        del json, params  # there may be secrets in them, and a traceback may show variables
        return self._transport.timed(timeout).run(steps)

    @contextmanager
    def copy(self) -> Iterator[Client]:
        """Lend a client that is made alike, with connections of its own, for one worker of many.

        It is this client itself when a ``transport`` of one's own was given.

        >>> with client.copy() as worker:
        ...     worker.sessions.get(session.id).llm_id
        'small'
        """
        if self._again is None:
            yield self
            return
        with self._again() as client:
            yield client

    def close(self) -> None:
        """Close all connections.

        >>> client = dari.Client(server.url, server.api_key)
        >>> client.close()
        """
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self.base_url!r})"


class AsyncClient:
    """The Dari API, endpoint by endpoint, to be awaited; for one event loop.

    Names, arguments and errors are those of :class:`Client`, whose examples go with ``await``.
    ``sessions.stream`` is not awaited: iterate over it with ``async for``.

    Args:
        base_url: The server, with or without ``/v1``.
        api_key: An organization's key; it is shown nowhere.
        timeout: Seconds for each read and write of plain requests; ``None`` for no bound.
        retry: When a request is tried again.
        reconnect: How streams deal with breaks.
        extensions: What the server offers beyond the contract, where that is known already.
        httpx_options: Passed on to ``httpx.AsyncClient``.

    Raises:
        InvalidRequestError: The URL or the key cannot be right.

    >>> async with dari.AsyncClient(server.url, server.api_key) as client:
    ...     async with client.sessions.stream(session.id) as events:
    ...         async for event in events:
    ...             print(event.type)
    ...             break
    user.message
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        timeout: Timeout = 60.0,
        retry: Retry | None = None,
        reconnect: Reconnect | None = None,
        extensions: Iterable[str] | None = None,
        **httpx_options: Any,
    ) -> None:
        api_key = hidden(api_key)
        address = Address(base_url, api_key, extensions)
        options = address.httpx_options(timeout, httpx_options)
        transport = self._transport = AsyncTransport(
            httpx.AsyncClient(**options), address, retry or Retry(), reconnect or Reconnect()
        )

        def again() -> AsyncClient:
            shared = {**httpx_options, **tls_of(options)}
            return AsyncClient(
                base_url, api_key, timeout=timeout, retry=retry, reconnect=reconnect, **shared
            )

        self._again = None if OWN_TRANSPORT & set(httpx_options) else again
        self.agents = nouns.AsyncAgents(transport)
        self.snapshots = nouns.AsyncSnapshots(transport)
        self.sessions = nouns.AsyncSessions(transport)
        self.messages = nouns.AsyncMessages(transport)
        self.batches = nouns.AsyncBatches(transport)
        self.files = nouns.AsyncFiles(transport)
        self.webhooks = nouns.AsyncWebhooks(transport)
        self.costs = nouns.AsyncCosts(transport)
        self.credentials = nouns.AsyncCredentials(transport)
        self.storage_bindings = nouns.AsyncStorageBindings(transport)
        self.api_keys = nouns.AsyncApiKeys(transport)
        self.members = nouns.AsyncMembers(transport)

    @property
    def base_url(self) -> str:
        """The server's URL, without ``/v1``."""
        return self._transport.address.url

    @property
    def extensions(self) -> frozenset[str]:
        """What the server offers beyond the contract; see :attr:`Client.extensions`."""
        return self._transport.address.offers.names or frozenset()

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
        timeout: Timeout | Usual = USUAL,
    ) -> Any:
        """Ask for what no verb knows, and return the answer's JSON; see :meth:`Client.request`.

        >>> async with dari.AsyncClient(server.url, server.api_key) as client:
        ...     (await client.request("GET", "/sessions", params={"limit": 2}))["sessions"][0]["id"]
        'sess_...'
        """
        steps = plain.request(self.base_url, method, path, json, params)
        del json, params  # there may be secrets in them, and a traceback may show variables
        return await self._transport.timed(timeout).run(steps)

    @asynccontextmanager
    async def copy(self) -> AsyncIterator[AsyncClient]:
        """Lend a client that is made alike, with connections of its own, for one worker of many.

        It is this client itself when a ``transport`` of one's own was given.

        >>> async with dari.AsyncClient(server.url, server.api_key) as client:
        ...     async with client.copy() as worker:
        ...         (await worker.sessions.get(session.id)).llm_id
        'small'
        """
        if self._again is None:
            yield self
            return
        async with self._again() as client:
            yield client

    async def close(self) -> None:
        """Close all connections.

        >>> client = dari.AsyncClient(server.url, server.api_key)
        >>> await client.close()
        """
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"AsyncClient({self.base_url!r})"
