"""Requests are tried again where a repeat is safe, and only there."""

import io
import json
import re
import socket
import threading
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Self

import httpx
import pytest
from starlette.responses import JSONResponse, Response

from dari_nb.client import Retry
from dari_nb.client._request import Request
from dari_nb.client._retry import jittered, retry_after
from dari_nb.errors import (
    ApiError,
    NotFoundError,
    RateLimitError,
    TimedOutError,
)

SESSION = {"id": "sess_1"}
SENT = {"event": {"id": "e"}, "message": {"id": "msg_1"}, "session": SESSION}
READ = Request(method="GET", path="/x", parse=bytes)


def in_seconds(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize("status", [408, 502])
def test_a_read_is_tried_again_until_it_succeeds(dari, sync_side, status):
    busy = JSONResponse({"detail": "later"}, status)
    dari.answer("GET", "/sessions/sess_1", busy, busy, busy, SESSION)
    assert sync_side.ask(dari.url, "sessions.get", "sess_1").id == "sess_1"
    assert len(dari.seen) == 4


def test_tool_result_is_sent_once(dari, side):
    dari.answer("POST", "/sessions/sess_1/events", JSONResponse({"detail": "later"}, 503))
    with pytest.raises(ApiError):
        side.ask(dari.url, "sessions.submit_tool_result", "sess_1", "msg_1", "call_1")
    assert len(dari.seen) == 1


@pytest.mark.parametrize(
    ("verb", "path", "args", "answer"),
    [
        ("agents.send", "/agents/agt_1/messages", ("agt_1", "Hi"), SENT),
        ("sessions.create", "/agents/agt_1/sessions", ("agt_1",), SESSION),
        ("sessions.submit_tool_result", "/sessions/sess_1/events", ("sess_1", "m", "c"), SENT),
        ("files.upload", "/files", (b"x",), {"id": "file_1"}),
        ("files.upload", "/files", (io.BytesIO(b"x"),), {"id": "file_1"}),
    ],
)
def test_what_the_server_had_no_time_for_is_sent_again(dari, sync_side, verb, path, args, answer):
    dari.answer("POST", path, Response(status_code=429), answer)
    sync_side.ask(dari.url, verb, *args)
    first, second = dari.seen
    assert _content(first) == _content(second) != b""


def _content(seen) -> bytes:
    """A body, without the boundary of its parts."""
    return re.sub(rb"[0-9a-f]{32}", b"", seen.body)


class Pipe(io.RawIOBase):
    """A source that can be read once."""

    def __init__(self, content: bytes) -> None:
        self._left = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        return self._left.readinto(buffer)


def test_an_upload_that_cannot_be_read_again_is_not_sent_again(dari, sync_side):
    dari.answer("POST", "/files", Response(status_code=429), {"id": "file_1"})
    with pytest.raises(RateLimitError):
        sync_side.ask(dari.url, "files.upload", Pipe(b"once"))
    assert [b"once" in seen.body for seen in dari.seen] == [True]


DELETIONS = [
    ("api_keys.delete", "key_1", "/organizations/current/api-keys/key_1"),
    ("snapshots.delete", "src_1", "/source-snapshots/src_1"),
]


@pytest.mark.parametrize(("verb", "of", "path"), DELETIONS)
def test_what_a_lost_try_has_deleted_is_deleted(dari, sync_side, verb, of, path):
    missing = JSONResponse({"detail": "no such thing"}, 404)
    dari.answer("DELETE", path, Response(status_code=502), missing)
    sync_side.ask(dari.url, verb, of)
    assert len(dari.seen) == 2
    with pytest.raises(NotFoundError):
        sync_side.ask(dari.url, verb, of)


@pytest.fixture
def late():
    """A server that leaves its first requests without an answer; ``late(3)`` the first three."""
    with ExitStack() as stack:
        yield lambda silent: stack.enter_context(LateServer(silent))


class LateServer:
    """Answers a request for each connection, but for the first ones.

    Attributes:
        asked: The requests, as they came.
    """

    def __init__(self, silent: int) -> None:
        self.asked: list[bytes] = []
        self._silent = silent
        self._open: list[socket.socket] = []
        self._listening = socket.socket()
        self._listening.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._listening.listen()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        for connection in (*self._open, self._listening):
            connection.close()

    def _serve(self) -> None:
        body = json.dumps({**SENT, "batch_id": "batch_1", "sessions": []}).encode()
        answer = b"HTTP/1.1 202 Accepted\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(
            body
        )
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self._open.append(connection)
            if not (request := self._request(connection)):
                continue  # it was closed before it sent anything
            self.asked.append(request)
            if len(self.asked) > self._silent:
                connection.sendall(answer + body)

    def _request(self, connection: socket.socket) -> bytes:
        data = b""
        while not data.endswith(b"}") and (piece := connection.recv(1 << 16)):
            data += piece
        return data

    def keys(self) -> list[str]:
        """The idempotency keys that came, in a header or a body."""
        pattern = rb'(?i)idempotency.key(?:"?: "?)([\w-]+)'
        return [re.search(pattern, request)[1].decode() for request in self.asked]


KEYED = [
    ("sessions.send", ("sess_1", "Hi")),
    ("batches.create", ([{"agent_id": "agt_1", "message": {"content": "Hi"}}],)),
]


@pytest.mark.parametrize(
    ("verb", "args", "key"), [(*KEYED[0], None), (*KEYED[0], "mine-1"), (*KEYED[1], None)]
)
def test_a_keyed_send_whose_answer_is_late_is_sent_again_with_its_key(late, side, verb, args, key):
    server = late(1)
    side.ask(server.url, verb, *args, idempotency_key=key, options={"timeout": 0.4})
    assert len(server.asked) == 2
    assert len(set(server.keys())) == 1
    assert key in (None, server.keys()[0])


@pytest.mark.parametrize(("verb", "args"), KEYED[1:])
def test_a_send_that_failed_tells_its_key_and_can_be_repeated_with_it(late, sync_side, verb, args):
    server = late(1)
    with pytest.raises(TimedOutError) as raised:
        sync_side.ask(server.url, verb, *args, options={"timeout": 0.4, "retry": Retry(attempts=1)})
    sync_side.ask(server.url, verb, *args, idempotency_key=raised.value.idempotency_key)
    assert server.keys() == [raised.value.idempotency_key] * 2


@pytest.mark.parametrize(("verb", "args"), [("agents.send", ("agt_1", "Hi"))])
def test_what_found_no_server_is_sent_when_there_is_one(side, verb, args):
    often = Retry(attempts=10_000, initial_backoff=0.01, max_backoff=0.01)
    server = LateServer(0)
    opening = threading.Timer(0.1, server.__enter__)
    opening.start()
    try:
        side.ask(server.url, verb, *args, options={"retry": often})
        assert len(server.asked) == 1
    finally:
        opening.join()
        server.__exit__()


def test_a_client_waits_as_long_as_the_server_asks(dari, side, pauses):
    busy = Response(status_code=429, headers={"Retry-After": "7"})
    dari.answer("GET", "/sessions/sess_1", busy, SESSION)
    assert side.ask(dari.url, "sessions.get", "sess_1").id == "sess_1"
    assert pauses == [7]


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        ("7", 7, 7),
        (100, 60, 101),
        (-100, 0, 0),
        (None, None, None),
        ("", None, None),
        ("soon", None, None),
        ("-3", None, None),
        ("1.5", None, None),
        ("9" * 400, float("inf"), float("inf")),
        ("Wed, 21 Oct 99999999999999 07:28:00 GMT", None, None),
        ("Wed, 21 Oct 2015 07:28:00 +99999", None, None),
        ("٣", None, None),
    ],
)
def test_retry_after_is_read_in_both_forms(value, low, high):
    text = in_seconds(value) if isinstance(value, int) else value
    headers = [] if text is None else [(b"Retry-After", text.encode())]
    response = httpx.Response(503, headers=headers)
    seconds = retry_after(response)
    assert seconds is None if low is None else low <= seconds <= high


def test_pauses_grow_to_their_bound_and_are_spread():
    assert all(0 <= jittered(n, 0.25, 8) <= 0.25 * 2 ** (n - 1) for n in range(1, 7))
    assert all(0 <= jittered(n, 0.25, 8) <= 8 for n in range(7, 3000))
    assert len({jittered(9, 0.25, 8) for _ in range(50)}) == 50


def test_the_servers_wait_is_the_least_pause():
    response = httpx.Response(503, headers={"Retry-After": "30"})
    assert Retry().pause(READ, response, 1) == 30
    assert Retry(max_retry_after=10).pause(READ, response, 1) is None
    assert Retry(attempts=1).pause(READ, response, 1) is None
