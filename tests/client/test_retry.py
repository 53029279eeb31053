"""Requests are tried again where a repeat is safe, and only there."""

import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from starlette.responses import JSONResponse, Response

from dari_nb.client import Client, Retry
from dari_nb.client._request import Request
from dari_nb.client._retry import jittered, retry_after
from dari_nb.errors import (
    ApiError,
    ConnectionFailedError,
    NotFoundError,
    RateLimitError,
    TimedOutError,
)

SESSION = {"id": "sess_1"}
SENT = {"event": {"id": "e"}, "message": {"id": "msg_1"}, "session": SESSION}
READ = Request(method="GET", path="/x", parse=bytes)


@pytest.mark.parametrize("status", [408, 429, 502, 503, 504])
def test_a_read_is_tried_again_until_it_succeeds(dari, side, status):
    busy = JSONResponse({"detail": "later"}, status)
    dari.answer("GET", "/sessions/sess_1", busy, busy, busy, SESSION)
    assert side.ask(dari.url, "sessions.get", "sess_1").id == "sess_1"
    assert len(dari.seen) == 4


def test_the_last_error_is_raised_when_the_tries_are_used_up(dari, side):
    dari.answer("GET", "/sessions/sess_1", JSONResponse({"detail": "later"}, 503))
    with pytest.raises(ApiError, match="503: later"):
        side.ask(dari.url, "sessions.get", "sess_1")
    assert len(dari.seen) == 4


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 409, 413, 422, 500, 501])
def test_other_statuses_are_final(dari, side, status):
    dari.answer("GET", "/sessions/sess_1", JSONResponse({"detail": "no"}, status))
    with pytest.raises(ApiError):
        side.ask(dari.url, "sessions.get", "sess_1")
    assert len(dari.seen) == 1


def test_a_send_is_tried_again_with_the_same_key_and_body(dari, side):
    busy = JSONResponse({"detail": "later"}, 503)
    dari.answer("POST", "/sessions/sess_1/events", busy, busy, SENT)
    side.ask(dari.url, "sessions.send", "sess_1", "Hi")
    assert len(dari.seen) == 3
    assert len({seen.headers["idempotency-key"] for seen in dari.seen}) == 1
    assert len({seen.body for seen in dari.seen}) == 1


@pytest.mark.parametrize(
    ("verb", "path", "args"),
    [
        ("agents.send", "/agents/agt_1/messages", ("agt_1", "Hi")),
        ("sessions.create", "/agents/agt_1/sessions", ("agt_1",)),
        ("sessions.submit_tool_result", "/sessions/sess_1/events", ("sess_1", "msg_1", "call_1")),
        ("files.upload", "/files", (b"x",)),
    ],
)
def test_what_would_be_done_twice_is_sent_once(dari, side, verb, path, args):
    dari.answer("POST", path, JSONResponse({"detail": "later"}, 503))
    with pytest.raises(ApiError):
        side.ask(dari.url, verb, *args)
    assert len(dari.seen) == 1


DELETIONS = [
    ("credentials.delete", "A", "/organizations/current/credentials/A"),
    ("api_keys.delete", "key_1", "/organizations/current/api-keys/key_1"),
    ("snapshots.delete", "src_1", "/source-snapshots/src_1"),
]


@pytest.mark.parametrize(("verb", "of", "path"), DELETIONS)
def test_what_a_lost_try_has_deleted_is_deleted(dari, side, verb, of, path):
    missing = JSONResponse({"detail": "no such thing"}, 404)
    dari.answer("DELETE", path, Response(status_code=502), missing)
    side.ask(dari.url, verb, of)
    assert len(dari.seen) == 2
    with pytest.raises(NotFoundError):
        side.ask(dari.url, verb, of)


@pytest.fixture
def hanging_up():
    """A server that hangs up on each request; counts them."""
    accepted = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    accepted.append(connection.recv(1 << 16))

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", accepted
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_broken_connection_is_tried_again_only_where_safe(hanging_up, side):
    url, accepted = hanging_up
    with pytest.raises(ConnectionFailedError, match=f"The connection to {url} broke"):
        side.ask(url, "sessions.get", "sess_1")
    assert len(accepted) == 4
    with pytest.raises(ConnectionFailedError):
        side.ask(url, "sessions.create", "agt_1")
    assert len(accepted) == 5


def test_a_timeout_is_not_tried_again(side):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(TimedOutError):
            side.ask(url, "sessions.get", "sess_1", options={"timeout": 0.05})
        silent.settimeout(0.05)
        silent.accept()[0].close()
        with pytest.raises(TimeoutError):
            silent.accept()


def test_a_sync_client_waits_as_long_as_the_server_asks(dari):
    busy = Response(status_code=429, headers={"Retry-After": "1"})
    dari.answer("GET", "/sessions/sess_1", busy, SESSION)
    start = time.monotonic()
    with Client(dari.url, "dari_k") as client:
        client.sessions.get("sess_1")
    assert time.monotonic() - start >= 1


def test_a_server_that_asks_for_too_long_a_wait_gets_none(dari, side):
    busy = Response(status_code=429, headers={"Retry-After": "3600"})
    dari.answer("GET", "/sessions/sess_1", busy)
    with pytest.raises(RateLimitError):
        side.ask(dari.url, "sessions.get", "sess_1")
    assert len(dari.seen) == 1


def in_seconds(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


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
    ],
)
def test_retry_after_is_read_in_both_forms(value, low, high):
    text = in_seconds(value) if isinstance(value, int) else value
    response = httpx.Response(503, headers={} if text is None else {"Retry-After": text})
    seconds = retry_after(response)
    assert seconds is None if low is None else low <= seconds <= high


def test_pauses_grow_to_their_bound_and_are_spread():
    assert all(0 <= jittered(n, 0.25, 8) <= 0.25 * 2 ** (n - 1) for n in range(1, 7))
    assert all(0 <= jittered(n, 0.25, 8) <= 8 for n in range(7, 3000))
    assert len({jittered(9, 0.25, 8) for _ in range(50)}) == 50


def test_the_servers_wait_is_the_least_pause():
    response = httpx.Response(503, headers={"Retry-After": "30"})
    assert Retry().pause(READ, response, 1) == 30
    assert Retry(longest_wait=10).pause(READ, response, 1) is None
    assert Retry(tries=1).pause(READ, response, 1) is None
