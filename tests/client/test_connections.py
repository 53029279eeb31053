"""The connections of the async client."""

import asyncio
import os
import socket
import threading
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from dari_nb.client import AsyncClient
from dari_nb.errors import ConnectionFailedError
from dari_nb.local import LocalDari

from .conftest import KEY, TLS

SESSION = b'{"id": "sess_1"}'


def answer(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def test_a_connection_that_the_server_has_closed_is_not_used_again():
    """Even when the event loop had no chance to notice, and the request must not be repeated."""
    asked: list[bytes] = []
    go, closed = threading.Event(), threading.Event()

    def serve() -> None:
        for _ in range(2):
            connection, _ = server.accept()
            with connection:
                asked.append(connection.recv(1 << 16).split()[0])
                connection.sendall(answer(SESSION))
                assert go.wait(60)
            closed.set()

    async def main() -> None:
        async with AsyncClient(url, KEY) as client:
            await client.sessions.get("sess_1")
            go.set()
            assert closed.wait(60)
            assert (await client.sessions.create("agt_1")).id == "sess_1"

    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        thread = threading.Thread(target=serve)
        thread.start()
        asyncio.run(main())
        thread.join()
    assert asked == [b"GET", b"POST"]


def test_much_is_sent_and_received_whole(dari):
    text = "x" * (5 << 20)
    dari.answer("GET", "/sessions/sess_1", {"id": "sess_1", "name": text})
    dari.answer("POST", "/files", {"id": "file_1"})

    async def main() -> str | None:
        async with AsyncClient(dari.url, KEY) as client:
            await client.files.upload(text.encode())
            return (await client.sessions.get("sess_1")).name

    assert asyncio.run(main()) == text
    assert text.encode() in dari.seen[0].body


def test_a_server_that_hangs_up_during_an_upload_is_told_of():
    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(10)

    async def main(url: str) -> None:
        async with AsyncClient(url, KEY) as client:
            await client.files.upload(bytes(50 << 20))

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(ConnectionFailedError):
            asyncio.run(main(f"http://127.0.0.1:{server.getsockname()[1]}"))
        thread.join()


def test_a_cancelled_request_frees_its_connection(dari):
    async def main() -> None:
        async with AsyncClient(dari.url, KEY) as client:
            stream = client.sessions.stream("sess_1")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(stream), 0.05)
            connections = client._transport._http._transport._pool.connections
            assert [each for each in connections if not each.is_idle()] == []

    asyncio.run(main())


def connected_to(port: int) -> int:
    """How many sockets of this process are connected there."""
    peers = []
    for path in Path("/proc/self/fd").iterdir():
        if path.is_socket():
            with suppress(OSError), socket.socket(fileno=os.dup(int(path.name))) as one:
                peers.append(one.getpeername())
    return sum(peer[:2] == ("127.0.0.1", port) for peer in peers)


@pytest.mark.parametrize("what", ["request", "stream"])
def test_a_cancel_at_any_moment_leaves_no_connection_open(what):
    """Also of those that were to be closed in that moment, since they had waited long enough."""

    async def ask(client: AsyncClient, session_id: str) -> None:
        if what == "request":
            await client.agents.list()
        else:
            async for _ in client.sessions.stream(session_id):
                pass

    async def main(server: LocalDari) -> None:
        options = {"limits": httpx.Limits(keepalive_expiry=0.02), "verify": TLS}
        async with AsyncClient(server.url, server.api_key, **options) as first:
            agent = next(iter(await first.agents.list()))
            session_id = (await first.sessions.create(agent.id)).id
        for steps in range(0, 40, 5):
            async with AsyncClient(server.url, server.api_key, **options) as client:
                await asyncio.gather(*(client.agents.list() for _ in range(4)))
                await asyncio.sleep(0.03)
                asked = asyncio.create_task(ask(client, session_id))
                for _ in range(steps):
                    await asyncio.sleep(0)
                asked.cancel()
                await asyncio.wait({asked})
            await asyncio.sleep(0)
            assert connected_to(port) == 0, steps

    with LocalDari() as server:
        port = urlsplit(server.url).port
        asyncio.run(main(server))
