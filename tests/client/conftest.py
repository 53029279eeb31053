"""A real loopback server that answers as each test scripts it."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from functools import cached_property
from typing import Any, NamedTuple

import httpx
import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from dari_nb.client import AsyncClient, Client, Reconnect, Retry

KEY = "dari_Zm9vYmFy-secret"
SESSION = "sess_1"
TLS = httpx.create_ssl_context()  # made once, since each takes some milliseconds
QUICK = Reconnect(initial_backoff=0.005, max_backoff=0.02)


class Seen(NamedTuple):
    """One request as the server saw it; ``path`` is still quoted."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class ScriptedDari:
    """The server's side of one test.

    Attributes:
        answers: By method and path, what to answer; the last of several stays.
        ledger: The session's events; appending one sends it to the streams.
        replays: Whether a stream without ``Last-Event-ID`` begins with the first event.
        resumes: Whether ``Last-Event-ID`` is understood.
        lists: Whether the events list shows the ledger, or is empty.
        most: How many events it shows without ``limit``; all by default.
        limits: Whether ``limit`` is honoured.
        streams: For each connection in turn, a function that makes its chunks; then the ledger's.
        seen: All requests.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers: dict[tuple[str, str], list[Response]] = {}
        self.ledger: list[dict[str, Any]] = []
        self.replays = self.resumes = self.lists = self.limits = True
        self.most: int | None = None
        self.streams: list[Callable[[], AsyncIterator[bytes]] | Response] = []
        self.seen: list[Seen] = []
        self.over = False

    def answer(self, method: str, path: str, *answers: Response | Any) -> None:
        self.answers[method, "/v1" + path] = [
            given if isinstance(given, Response) else JSONResponse(given) for given in answers
        ]

    def add(self, kind: str = "assistant.message_completed", **fields: Any) -> dict[str, Any]:
        self.ledger.append(event(len(self.ledger) + 1, kind, **fields))
        return self.ledger[-1]

    def asked(self, path: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.path == "/v1" + path]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        path = scope["raw_path"].decode()
        body = await request.body()
        query = request.query_params.multi_items()
        self.seen.append(Seen(request.method, path, query, request.headers, body))
        await self._response(request, path)(scope, receive, send)

    def _response(self, request: Request, path: str) -> Response:
        scripted = self.answers.get((request.method, path))
        if scripted:
            return scripted.pop(0) if len(scripted) > 1 else scripted[0]
        if path == f"/v1/sessions/{SESSION}/events":
            limit = request.query_params.get("limit") if self.limits else None
            most = int(limit) if limit else self.most
            return JSONResponse({"events": self.ledger[:most] if self.lists else []})
        if path == f"/v1/sessions/{SESSION}/stream":
            return self._stream(request)
        return JSONResponse({"detail": f"nothing at {path}"}, 404)

    def _stream(self, request: Request) -> Response:
        scripted = self.streams.pop(0) if self.streams else None
        if isinstance(scripted, Response):
            return scripted
        last = request.headers.get("last-event-id")
        body = scripted() if scripted else self._live(self._start(last))
        return StreamingResponse(body, media_type="text/event-stream")

    def _start(self, last: str | None) -> int:
        if last and self.resumes:
            return [event["id"] for event in self.ledger].index(last) + 1
        return 0 if self.replays else len(self.ledger)

    async def _live(self, start: int) -> AsyncIterator[bytes]:
        yield b": connected\n\n"
        while not self.over:
            for entry in self.ledger[start:]:
                start += 1
                yield frame(entry)
            await asyncio.sleep(0.001)


def event(number: int, kind: str = "assistant.message_completed", **fields: Any) -> dict[str, Any]:
    return {
        "id": f"{SESSION}:evt_{number}",
        "session_id": SESSION,
        "sequence_number": number,
        "message_id": "msg_1",
        "type": kind,
        "data": {},
        "created_at": "2026-03-31T18:40:00Z",
        **fields,
    }


def frame(entry: dict[str, Any]) -> bytes:
    body = json.dumps(entry, ensure_ascii=False)
    return f"id: {entry['id']}\nevent: {entry['type']}\ndata: {body}\n\n".encode()


class _Host:
    """Lets one server serve each test's script in turn."""

    url = ""
    script: ScriptedDari

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.script(scope, receive, send)


@pytest.fixture(scope="session")
def _host() -> Iterator[_Host]:
    host = _Host()
    config = uvicorn.Config(
        host, port=0, lifespan="off", log_level="critical", ws="none", timeout_keep_alive=600
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    host.url = f"http://127.0.0.1:{port}"
    yield host
    server.should_exit = server.force_exit = True
    thread.join(60)


@pytest.fixture
def dari(_host: _Host) -> Iterator[ScriptedDari]:
    """The scripted server, new for each test."""
    _host.script = ScriptedDari(_host.url)
    yield _host.script
    _host.script.over = True


class Side:
    """The sync or the async client, behind one sync interface."""

    def __init__(self, name: str, closing: ExitStack) -> None:
        self.name = name
        self._closing = closing
        self._clients: dict[tuple[str, str], Any] = {}

    def ask(
        self,
        url: str,
        verb: str,
        *args: Any,
        options: Any = None,
        key: str = KEY,
        **kwargs: Any,
    ) -> Any:
        """Call a verb such as ``sessions.get``, with options on a client of its own."""
        noun, _, name = verb.partition(".")
        with ExitStack() as closing:
            client = self._made(url, key, options, closing) if options else self._cached(url, key)
            found = getattr(getattr(client, noun), name)(*args, **kwargs)
            return found if self.name == "sync" else self._runner.run(found)

    def _cached(self, url: str, key: str) -> Any:
        if (url, key) not in self._clients:
            self._clients[url, key] = self._made(url, key, {}, self._closing)
        return self._clients[url, key]

    def _made(self, url: str, key: str, options: dict[str, Any], closing: ExitStack) -> Any:
        options = {"retry": Retry(initial_backoff=0.001), "verify": TLS, **options}
        if self.name == "sync":
            return closing.enter_context(Client(url, key, **options))
        client = AsyncClient(url, key, **options)
        runner = self._runner
        closing.callback(lambda: runner.run(client.close()))
        return client

    @cached_property
    def _runner(self) -> asyncio.Runner:
        return self._closing.enter_context(asyncio.Runner())

    def follow(
        self,
        url: str,
        *,
        count: int | None = None,
        each: Callable[[Any], object] = lambda event: None,
        reconnect: Reconnect = QUICK,
        key: str = KEY,
        **options: Any,
    ) -> list[Any]:
        """Follow the session until its stream ends or ``count`` events have come."""
        given = {"reconnect": reconnect, "key": key}
        [found] = self.follow_each(url, [options], count=count, each=each, **given)
        return found

    def follow_each(
        self,
        url: str,
        streams: list[dict[str, Any]],
        *,
        count: int | None = None,
        each: Callable[[Any], object] = lambda event: None,
        reconnect: Reconnect = QUICK,
        key: str = KEY,
    ) -> list[list[Any]]:
        """Follow the session with one client, by one stream of these options after another."""
        found: list[list[Any]] = []

        def take(event: Any) -> bool:
            found[-1].append(event)
            each(event)
            return len(found[-1]) == count

        if self.name == "sync":
            with Client(url, key, reconnect=reconnect, verify=TLS) as client:
                for options in streams:
                    found.append([])
                    with client.sessions.stream(**{"session_id": SESSION, **options}) as stream:
                        any(take(event) for event in stream)
            return found

        async def main() -> None:
            async with AsyncClient(url, key, reconnect=reconnect, verify=TLS) as client:
                for options in streams:
                    found.append([])
                    wanted = {"session_id": SESSION, **options}
                    async with client.sessions.stream(**wanted) as stream:
                        async for event in stream:
                            if take(event):
                                break

        asyncio.run(main())
        return found


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds for which this thread, which is the client's, means to sleep: it does not."""
    asked: list[float] = []
    sleep = asyncio.sleep

    async def asleep(seconds: float, result: Any = None) -> Any:
        if threading.current_thread() is not threading.main_thread():
            return await sleep(seconds, result)
        if seconds:
            asked.append(seconds)
        return await sleep(0, result)

    monkeypatch.setattr(time, "sleep", asked.append)
    monkeypatch.setattr(asyncio, "sleep", asleep)
    return asked


@pytest.fixture
def sync_side() -> Iterator[Side]:
    """The sync client alone, for what both clients do with the same functions."""
    with ExitStack() as closing:
        yield Side("sync", closing)


@pytest.fixture(params=["sync", "async"])
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    """Runs the test once with each client."""
    with ExitStack() as closing:
        yield Side(request.param, closing)
