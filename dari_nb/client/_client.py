"""``Client`` and ``AsyncClient``: the same nouns and verbs, sent and awaited."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import httpx

from ._address import Address
from ._call import acall, astream_call, call, stream_call
from ._retry import Reconnect, Retry
from ._transport import AsyncTransport, Transport
from .endpoints import agents, files, messages, sessions


class _Noun:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport


class _AsyncNoun:
    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport


class Agents(_Noun):
    """Agents and their versions (contract, section 4)."""

    list = call(agents.list_)
    get = call(agents.get)
    version = call(agents.version)
    send = call(agents.send)


class AsyncAgents(_AsyncNoun):
    """Agents and their versions (contract, section 4)."""

    list = acall(agents.list_)
    get = acall(agents.get)
    version = acall(agents.version)
    send = acall(agents.send)


class Sessions(_Noun):
    """Sessions, their events, messages and transcripts (contract, sections 5 to 9)."""

    create = call(sessions.create)
    get = call(sessions.get)
    list = call(sessions.list_)
    send = call(sessions.send)
    submit_tool_result = call(sessions.submit_tool_result)
    events = call(sessions.events)
    stream = stream_call(sessions.stream)
    messages = call(sessions.messages)
    transcript = call(sessions.transcript)


class AsyncSessions(_AsyncNoun):
    """Sessions, their events, messages and transcripts (contract, sections 5 to 9)."""

    create = acall(sessions.create)
    get = acall(sessions.get)
    list = acall(sessions.list_)
    send = acall(sessions.send)
    submit_tool_result = acall(sessions.submit_tool_result)
    events = acall(sessions.events)
    stream = astream_call(sessions.stream)
    messages = acall(sessions.messages)
    transcript = acall(sessions.transcript)


class Messages(_Noun):
    """Messages: one user turn with its answer each (contract, section 7)."""

    get = call(messages.get)


class AsyncMessages(_AsyncNoun):
    """Messages: one user turn with its answer each (contract, section 7)."""

    get = acall(messages.get)


class Files(_Noun):
    """Uploaded files (contract, section 2)."""

    upload = call(files.upload)


class AsyncFiles(_AsyncNoun):
    """Uploaded files (contract, section 2)."""

    upload = acall(files.upload)


class Client:
    """The Dari API, endpoint by endpoint.

    Safe to share between threads. Every method raises :class:`~dari_nb.errors.ApiError` for an
    error status, :class:`~dari_nb.errors.ConnectionFailedError`,
    :class:`~dari_nb.errors.TimedOutError`, and :class:`~dari_nb.errors.UnexpectedAnswerError`.

    Args:
        base_url: The server, with or without ``/v1``.
        api_key: An organization's key; it is shown nowhere.
        timeout: Seconds for each read and write of plain requests, or an ``httpx.Timeout``;
            connecting may take 5 s. Streams have their own, see :class:`Reconnect`.
        retry: When a request is tried again.
        reconnect: How streams deal with breaks.
        httpx_options: Passed on to ``httpx.Client``: ``proxy``, ``verify``, ``limits``, …

    Attributes:
        agents: Verbs on agents.
        sessions: Verbs on sessions.
        messages: Verbs on messages.
        files: Verbs on files.

    Raises:
        InvalidRequestError: The URL or the key cannot be right.

    Example::

        with Client("http://127.0.0.1:8000", "dari_key") as client:
            sent = client.agents.send(client.agents.get("tour").id, "What is a closure?")
            client.sessions.transcript(sent.session.id).items
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        timeout: float | httpx.Timeout | None = 60.0,
        retry: Retry | None = None,
        reconnect: Reconnect | None = None,
        **httpx_options: Any,
    ) -> None:
        address = Address(base_url, api_key)
        http = httpx.Client(**address.httpx_options(timeout, httpx_options))
        transport = self._transport = Transport(
            http, address, retry or Retry(), reconnect or Reconnect()
        )
        self.agents = Agents(transport)
        self.sessions = Sessions(transport)
        self.messages = Messages(transport)
        self.files = Files(transport)

    @property
    def base_url(self) -> str:
        """The server's URL, without ``/v1``."""
        return self._transport.address.url

    def close(self) -> None:
        """Close all connections."""
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

    Names, arguments and errors are those of :class:`Client`. ``sessions.stream`` is not awaited:
    iterate over it with ``async for``.

    Example::

        async with AsyncClient("http://127.0.0.1:8000", "dari_key") as client:
            session = await client.sessions.get("sess_1")
            async with client.sessions.stream(session.id) as events:
                async for event in events:
                    print(event.type)
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        timeout: float | httpx.Timeout | None = 60.0,
        retry: Retry | None = None,
        reconnect: Reconnect | None = None,
        **httpx_options: Any,
    ) -> None:
        address = Address(base_url, api_key)
        http = httpx.AsyncClient(**address.httpx_options(timeout, httpx_options))
        transport = self._transport = AsyncTransport(
            http, address, retry or Retry(), reconnect or Reconnect()
        )
        self.agents = AsyncAgents(transport)
        self.sessions = AsyncSessions(transport)
        self.messages = AsyncMessages(transport)
        self.files = AsyncFiles(transport)

    @property
    def base_url(self) -> str:
        """The server's URL, without ``/v1``."""
        return self._transport.address.url

    async def close(self) -> None:
        """Close all connections."""
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
