"""What tests of several parts share: a TCP proxy whose connections can be cut on demand."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Self
from urllib.parse import urlsplit

import pytest


class TcpProxy:
    """Passes bytes between its clients and one server, until it is told to cut them off.

    Attributes:
        accepted: How many connections there were.
        refusing: While set, new connections are cut at once.
    """

    def __init__(self, target: str) -> None:
        address = urlsplit(target)
        self._target = (address.hostname, address.port)
        self._writers: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.accepted = 0
        self.refusing = False

    @property
    def url(self) -> str:
        host, port = self._server.sockets[0].getsockname()
        return f"http://{host}:{port}"

    def kill(self) -> int:
        """Reset all connections; returns how many there were."""
        return self._call(self._kill())

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._call(asyncio.start_server(self._serve, "127.0.0.1", 0))
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    async def _kill(self) -> int:
        for writer in self._writers:
            # Lingering for no time makes the close a reset, as when a machine goes down.
            raw = writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        killed = len(self._writers) // 2
        self._writers.clear()
        return killed

    async def _stop(self) -> None:
        self._server.close()
        await self._kill()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        if self.refusing:
            writer.transport.abort()
            return
        there_reader, there_writer = await asyncio.open_connection(*self._target)
        pair = {writer, there_writer}
        self._writers |= pair
        pumps = {
            asyncio.create_task(self._pump(reader, there_writer, pair)),
            asyncio.create_task(self._pump(there_reader, writer, pair)),
        }
        self._pumps |= pumps
        for pump in pumps:
            pump.add_done_callback(self._pumps.discard)

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        pair: set[asyncio.StreamWriter],
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
        for each in pair:
            each.close()
        self._writers -= pair


@pytest.fixture
def tcp_proxy() -> Iterator[Callable[[str], TcpProxy]]:
    """Start proxies: ``tcp_proxy(url)`` is one in front of the server at ``url``."""
    with ExitStack() as stack:
        yield lambda target: stack.enter_context(TcpProxy(target))
