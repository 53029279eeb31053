"""A uvicorn server in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event, Thread, current_thread
from typing import TypeVar

import uvicorn
from starlette.types import ASGIApp

from ...errors import DariError, InvalidRequestError

_T = TypeVar("_T")

_GRACE = 1.0
"""Seconds that answers under way have left at the end."""

# Where nobody listens to these loggers, their warnings must not end up in somebody's notebook.
for _name in ("uvicorn", "python_multipart"):
    logging.getLogger(_name).addHandler(logging.NullHandler())


class Serving:
    """Serves an application on a bound socket until :meth:`stop`.

    Args:
        make_app: Makes the application, on the server's loop.
        sock: A bound socket; it is closed at the end.
        on_stop: Awaited on the server's loop first thing at the end, so that streams can close.
    """

    def __init__(
        self,
        make_app: Callable[[], ASGIApp],
        sock: socket.socket,
        on_stop: Callable[[], Awaitable[None]],
    ) -> None:
        self._make_app = make_app
        self._socket = sock
        self._on_stop = on_stop
        self._ready = Event()
        self._failure: BaseException | None = None
        self._stopping: asyncio.Event | None = None
        self.loop: asyncio.AbstractEventLoop | None = None
        self._thread = Thread(target=self._run, name="dari-local", daemon=True)

    def start(self) -> None:
        """Start the thread and return when the server answers."""
        self._thread.start()
        self._ready.wait()
        if isinstance(self._failure, DariError):
            raise self._failure
        if self._failure is not None:
            raise DariError(
                f"The local Dari did not start: {self._failure}", code="server_start_failed"
            ) from self._failure

    def call(self, work: Callable[[], _T]) -> _T:
        """Run something short on the server's loop from another thread.

        Raises:
            InvalidRequestError: This is the loop's own thread, which cannot wait for itself.
        """
        assert self.loop is not None
        if current_thread() is self._thread:
            raise InvalidRequestError(
                "This cannot be asked from the server's own loop.", code="wrong_thread"
            )

        async def run() -> _T:
            return work()

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result()

    def stop(self, timeout: float = 2.0) -> None:
        """End streams and turns, and wait for the thread.

        Raises:
            DariError: Something still holds up the server's loop; it can be tried again.
        """
        if self.loop is not None and self._stopping is not None and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(timeout)
        if self._thread.is_alive():
            raise DariError(
                f"The local Dari still runs after {timeout:g} s: call stop() again.",
                code="server_stop_failed",
            )

    def leave(self) -> None:
        """In a forked process: close this end of the socket, so that it ends with the server."""
        self._socket.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001
            self._failure = error
        finally:
            self._socket.close()
            self._ready.set()

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.loop.set_default_executor(_Unawaited(thread_name_prefix="dari-work"))
        self._stopping = asyncio.Event()
        server = _Server(_config(self._make_app()), self._ready.set, self._stopping, self._on_stop)
        await server.serve(sockets=[self._socket])


class _Server(uvicorn.Server):
    """Is told when to end and waits for what is left, where uvicorn looks ten times a second."""

    def __init__(
        self,
        config: uvicorn.Config,
        on_start: Callable[[], None],
        stopping: asyncio.Event,
        on_stop: Callable[[], Awaitable[None]],
    ) -> None:
        super().__init__(config)
        self._on_start = on_start
        self._stopping = stopping
        self._on_stop = on_stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_start()

    async def main_loop(self) -> None:
        while not self._stopping.is_set():
            await self.on_tick(0)  # the date that answers bear
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), 1)
        await self._on_stop()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        left = self.server_state
        for connection in list(left.connections):
            connection.shutdown()
        with suppress(TimeoutError):
            async with asyncio.timeout(_GRACE):
                while left.connections or left.tasks:
                    await asyncio.sleep(0.002)
        for connection in list(left.connections):
            if connection.transport is not None:
                connection.transport.abort()
        for task in left.tasks:
            task.cancel()
        await asyncio.sleep(0)  # in which what was aborted is closed


class _Unawaited(ThreadPoolExecutor):
    """Threads that nobody waits for at the end: one may look up a name for as long as it likes."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        super().shutdown(wait=False, cancel_futures=True)


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
    )


def bind(host: str, port: int) -> socket.socket:
    """Bind a listening socket in the caller's thread, where a failure can be told.

    Raises:
        InvalidRequestError: The address cannot be bound.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's delay off only where the protocol is named: 40 ms for each answer.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
    except (OSError, OverflowError) as error:
        sock.close()
        raise InvalidRequestError(
            f"Cannot listen on {host}:{port}: {error}", code="address_unavailable"
        ) from error
    return sock
