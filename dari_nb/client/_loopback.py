"""A quick way to a server on this machine for the async client.

Waiting for the network hides what httpx's own async connections cost; on loopback nothing does, and
then they take half as long again as sync ones. These do without the layers in between: plain
asyncio below httpcore's pool, for one origin and without TLS.
"""

from __future__ import annotations

import asyncio
import select
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

from ._address import is_loopback

_MOST_WAITING = 1 << 18
_OWN_WAYS = frozenset({"transport", "mounts", "proxy", "http1"})


def with_shortcut(options: dict[str, Any]) -> dict[str, Any]:
    """Add these connections to the options of an ``httpx.AsyncClient``, if they suit its server."""
    url: httpx.URL = options["base_url"]
    direct = url.scheme == "http" and is_loopback(url.host) and not options["trust_env"]
    if not direct or _OWN_WAYS & set(options):
        return options
    origin = f"http://{url.netloc.decode('ascii')}"
    return {**options, "mounts": {origin: LoopbackTransport(options["limits"])}}


class LoopbackTransport(httpx.AsyncBaseTransport):
    """Connections to a server on this machine."""

    def __init__(self, limits: httpx.Limits) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_Network(),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; the answer's body is read as it is asked for."""
        url = request.url
        target = httpcore.URL(
            scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
        )
        with _as_errors_of_httpx():
            answer = await self._pool.handle_async_request(
                httpcore.Request(
                    method=request.method,
                    url=target,
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        return httpx.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_Body(answer.stream),
            extensions=answer.extensions,
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_errors_of_httpx():
            async for chunk in self._stream:
                yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


class _Network(httpcore.AsyncNetworkBackend):
    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> _Connection:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                _, connection = await loop.create_connection(_Connection, host, port)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(str(error)) from None
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from None
        return connection

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _Connection(asyncio.Protocol, httpcore.AsyncNetworkStream):
    _transport: asyncio.Transport

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._received: deque[bytes] = deque()
        self._waiting = 0
        self._ended = False
        self._error: Exception | None = None
        self._may_write = True
        self._news: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received.append(data)
        self._waiting += len(data)
        if self._waiting > _MOST_WAITING:
            self._transport.pause_reading()
        self._tell()

    def eof_received(self) -> None:
        self._ended = True
        self._tell()

    def connection_lost(self, error: Exception | None) -> None:
        self._ended, self._error, self._may_write = True, error, True
        self._tell()

    def pause_writing(self) -> None:
        self._may_write = False

    def resume_writing(self) -> None:
        self._may_write = True
        self._tell()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        while not (self._received or self._ended):
            await self._wait(timeout, httpcore.ReadTimeout("The server is silent."))
        if not self._received:
            if self._error is not None:
                raise httpcore.ReadError(str(self._error))
            return b""
        chunk = self._received.popleft()
        if len(chunk) > max_bytes:
            self._received.appendleft(chunk[max_bytes:])
            chunk = chunk[:max_bytes]
        self._waiting -= len(chunk)
        if not self._received:
            self._transport.resume_reading()
        return chunk

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._check_open()
        self._transport.write(buffer)
        while not self._may_write:
            await self._wait(timeout, httpcore.WriteTimeout("The server takes no more."))
            self._check_open()

    async def aclose(self) -> None:
        self._transport.abort()

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":
            return self._ended or bool(self._received) or self._is_readable()
        return self._transport.get_extra_info(info)

    def _is_readable(self) -> bool:
        """Whether there is something to read that the event loop did not come to yet."""
        place = self._transport.get_extra_info("socket").fileno()
        if place < 0:
            return True
        if not hasattr(select, "poll"):
            return bool(select.select([place], [], [], 0)[0])
        poll = select.poll()
        poll.register(place, select.POLLIN)
        return bool(poll.poll(0))

    def _check_open(self) -> None:
        if self._transport.is_closing():
            raise httpcore.WriteError(str(self._error or "The server has closed the connection."))

    async def _wait(self, timeout: float | None, error: Exception) -> None:
        news = self._news = self._loop.create_future()
        timer = None if timeout is None else self._loop.call_later(timeout, _fail, news, error)
        try:
            await news
        finally:
            self._news = None
            if timer is not None:
                timer.cancel()

    def _tell(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)


def _fail(news: asyncio.Future[None], error: Exception) -> None:
    if not news.done():
        news.set_exception(error)


@contextmanager
def _as_errors_of_httpx() -> Iterator[None]:
    try:
        yield
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
        kind: type[httpx.TransportError] = getattr(httpx, type(error).__name__)
        raise kind(str(error)) from None
