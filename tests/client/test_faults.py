"""Faults between the client and a real server: nothing is lost, doubled, or wrongly explained."""

from __future__ import annotations

import asyncio
import itertools
import re
import threading
import time
from contextlib import nullcontext
from typing import Self
from urllib.parse import urlsplit

import httpx
import pytest

from dari_nb.client import Client, Reconnect
from dari_nb.errors import (
    ConnectionFailedError,
    RateLimitError,
    ServerError,
    TimedOutError,
    UnexpectedAnswerError,
)
from dari_nb.local import LocalDari

TEXT = "Grüße, 世界 😀"
PATIENCE = {"too late": 0.1}
TLS = httpx.create_ssl_context()  # made once, since each takes some milliseconds
LATER = b"HTTP/1.1 %s\r\nContent-Length: 2\r\nRetry-After: 0\r\n\r\n{}"


class FaultProxy:
    """Stands before a server and spoils the first answer that comes, or each one.

    Attributes:
        fault: The name of what to do, of :data:`FAULTS`; ``None`` passes all on.
        left: How many answers are still to be spoilt.
    """

    def __init__(self, target: str) -> None:
        address = urlsplit(target)
        self._target = (address.hostname, address.port)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.fault: str | None = None
        self.left = 0
        self._serving: set[asyncio.Task[None] | None] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._call(asyncio.start_server(self._serve, "127.0.0.1", 0))
        host, port = self._server.sockets[0].getsockname()
        self.url = f"http://{host}:{port}"
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def spoil(self, fault: str, times: int = 1) -> None:
        self.fault, self.left = fault, times

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    async def _stop(self) -> None:
        self._server.close()
        mine = asyncio.current_task()
        tasks = [task for task in asyncio.all_tasks() if task is not mine]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader, writer) -> None:
        mine = asyncio.current_task()
        self._serving.add(mine)  # the event loop itself holds its tasks only weakly
        try:
            request = await _message(reader)
            fault = self.fault if self.left > 0 else None
            self.left -= 1
            if fault is None or FAULTS[fault]:
                await self._exchange(request, writer, fault)
            elif fault in ("429", "503"):
                status = b"429 Too Many Requests" if fault == "429" else b"503 Unavailable"
                writer.write(LATER % status)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            self._serving.discard(mine)

    async def _exchange(self, request: bytes, writer, fault: str | None) -> None:
        there_reader, there_writer = await asyncio.open_connection(*self._target)
        try:
            there_writer.write(request)
            await there_writer.drain()
            if fault in (None, "duplicates", "stream cut"):
                await _pass(there_reader, writer, fault)
            else:
                await _spoilt(await there_reader.read(), writer, fault)
        finally:
            there_writer.close()


# By name: whether the server gets the request at all.
FAULTS: dict[str, bool] = {
    "dropped before": False,
    "429": False,
    "503": False,
    "dropped after": True,
    "cut in a character": True,
    "garbage": True,
    "delayed": True,
    "too late": True,
    "slow drip": True,
    "duplicates": True,
    "stream cut": True,
}


async def _message(reader) -> bytes:
    """Read one request, and ask the server to close after it."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    body = await reader.readexactly(int(length[1])) if length else b""
    head = re.sub(rb"(?i)connection: [^\r]*\r\n", b"", head)
    return head[:-2] + b"Connection: close\r\n\r\n" + body


async def _pass(reader, writer, fault: str | None) -> None:
    while data := await reader.read(1 << 16):
        if fault == "stream cut" and b"\xc3" in data:
            writer.write(data[: data.index(b"\xc3") + 1])
            await writer.drain()
            return
        if fault == "duplicates":
            data = _with_frames_twice(data)
        writer.write(data)
        await writer.drain()


def _with_frames_twice(data: bytes) -> bytes:
    """Send each chunk that holds whole events of a chunked answer a second time."""
    whole = data.startswith(b"HTTP/") is False and data.endswith(b"\n\n\r\n")
    return data + data if whole else data


async def _spoilt(answer: bytes, writer, fault: str) -> None:
    head, _, body = answer.partition(b"\r\n\r\n")
    if fault == "dropped after":
        return
    if fault == "cut in a character":
        at = body.find(b"\xc3") + 1 or len(body) // 2
        answer = head + b"\r\n\r\n" + body[:at]
    elif fault == "garbage":
        answer = head + b"\r\n\r\n" + b"{" * len(body)
    elif fault in ("delayed", "too late"):
        await asyncio.sleep(0.02 if fault == "delayed" else 0.5)
    step = max(1, len(answer) // 20) if fault == "slow drip" else len(answer)
    for start in range(0, len(answer), step):
        writer.write(answer[start : start + step])
        await writer.drain()
        await asyncio.sleep(0.002 if fault == "slow drip" else 0)


@pytest.fixture(scope="module")
def server():
    with LocalDari() as server:
        yield server


@pytest.fixture(scope="module")
def proxy(server):
    with FaultProxy(server.url) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def direct(server):
    """A client that no fault stands before."""
    with Client(server.url, server.api_key, verify=TLS) as client:
        yield client


@pytest.fixture
def session(direct):
    """A session after one turn."""
    session = direct.sessions.create(direct.agents.get("echo").id, name=TEXT)
    sent = direct.sessions.send(session.id, TEXT)
    with direct.sessions.stream(session.id, until=sent.message.id) as events:
        list(events)
    while direct.sessions.get(session.id).status != "idle":
        time.sleep(0.001)
    return session


def sessions(client: Client, agent_id: str) -> int:
    return len(client.sessions.list(agent_id=agent_id))


def messages(client: Client, session_id: str) -> int:
    return len(client.sessions.messages(session_id))


# Verb, what it is asked of, more arguments, whether a repeat is safe, what it adds to.
OPERATIONS = [
    ("agents.list", None, (), True, None),
    ("agents.get", "agent", (), True, None),
    ("agents.versions", "agent", (), True, None),
    ("sessions.get", "session", (), True, None),
    ("sessions.list", None, (), True, None),
    ("sessions.events", "session", (), True, None),
    ("sessions.messages", "session", (), True, None),
    ("sessions.transcript", "session", (), True, None),
    ("messages.get", "message", (), True, None),
    ("sessions.send", "session", (TEXT,), True, messages),
    ("sessions.create", "agent", (), False, sessions),
    ("agents.send", "agent", (TEXT,), False, sessions),
    ("costs.session", "session", (), True, None),
    ("files.upload", None, (b"x",), False, None),
]
RAISED = {
    "dropped before": ConnectionFailedError,
    "dropped after": ConnectionFailedError,
    "cut in a character": ConnectionFailedError,
    "429": RateLimitError,
    "503": ServerError,
    "garbage": UnexpectedAnswerError,
    "too late": TimedOutError,
}
# An answer that cannot be read, or comes too late, would most likely do so again.
FINAL = ("garbage", "too late")
ON_STREAMS = ["dropped before", "429", "503", "duplicates", "stream cut"]


@pytest.mark.parametrize("fault", [name for name in FAULTS if name not in ON_STREAMS[3:]])
@pytest.mark.parametrize(
    ("verb", "of", "more", "repeatable", "effect"), OPERATIONS, ids=[row[0] for row in OPERATIONS]
)
def test_each_operation_succeeds_once_or_raises_the_right_error(
    server, proxy, direct, session, side, verb, of, more, repeatable, effect, fault
):
    message = direct.sessions.messages(session.id)[0].id
    ids = {"agent": session.agent_id, "session": session.id, "message": message}
    args = ((ids[of],) if of else ()) + more
    where = session.id if effect is messages else session.agent_id
    before = effect(direct, where) if effect else 0
    fails = fault in FINAL or (fault in RAISED and not repeatable)
    proxy.spoil(fault)
    options = {"timeout": PATIENCE.get(fault, 10)}
    with pytest.raises(RAISED[fault]) if fails else nullcontext():
        side.ask(proxy.url, verb, *args, options=options, key=server.api_key)
    proxy.spoil(fault, times=0)
    if effect:
        expected = before + (FAULTS[fault] or not fails)
        soon = time.monotonic() + 5
        while effect(direct, where) < expected and time.monotonic() < soon:
            time.sleep(0.005)
        assert effect(direct, where) == expected


@pytest.mark.parametrize("fault", ON_STREAMS)
@pytest.mark.parametrize("last", [0, 2])
def test_a_stream_loses_and_doubles_nothing(server, proxy, direct, session, fault, last):
    policy = Reconnect(first_pause=0.005, longest_pause=0.02)
    ledger = [event.to_dict() for event in direct.sessions.events(session.id)]
    known = ledger[last - 1]["id"] if last else None
    proxy.spoil(fault, times=3)
    with (
        Client(proxy.url, server.api_key, reconnect=policy, verify=TLS) as client,
        client.sessions.stream(session.id, last_event_id=known) as events,
    ):
        found = [event.to_dict() for event in itertools.islice(events, len(ledger) - last)]
    proxy.spoil(fault, times=0)
    assert found == ledger[last:]
