"""A uvicorn server in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from threading import Event, Thread
from typing import TypeVar

import uvicorn
from starlette.types import ASGIApp

from ..errors import DariError, InvalidRequestError

_T = TypeVar("_T")

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
        if self._failure is not None:
            raise DariError(f"The local Dari did not start: {self._failure}") from self._failure

    def call(self, work: Callable[[], _T]) -> _T:
        """Run something short on the server's loop from another thread."""
        assert self.loop is not None

        async def run() -> _T:
            return work()

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result()

    def stop(self, timeout: float = 2.0) -> None:
        """End streams and turns, and wait for the thread."""
        if self.loop is not None and self._stopping is not None and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(timeout)

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
        self._stopping = asyncio.Event()
        server = uvicorn.Server(_config(self._make_app()))
        serving = self.loop.create_task(server.serve(sockets=[self._socket]))
        while not server.started and not serving.done():
            await asyncio.sleep(0.001)
        if server.started:
            self._ready.set()
        stopping = self.loop.create_task(self._stopping.wait())
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        await self._on_stop()
        server.should_exit = True
        await serving


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=1,
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
        raise InvalidRequestError(f"Cannot listen on {host}:{port}: {error}") from error
    return sock
