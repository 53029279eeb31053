"""``client.request`` reaches what no verb knows, on this server and no other."""

import asyncio
import socket
import threading

import pytest
from starlette.responses import Response

from dari_nb.client import AsyncClient, Client, Retry
from dari_nb.errors import InvalidRequestError, NotFoundError, RateLimitError, UnexpectedAnswerError

from .conftest import KEY, TLS


def ask(side, url, *args, **kwargs):
    options = {"retry": Retry(initial_backoff=0.001), "verify": TLS}
    if side.name == "sync":
        with Client(url, KEY, **options) as client:
            return client.request(*args, **kwargs)

    async def main():
        async with AsyncClient(url, KEY, **options) as client:
            return await client.request(*args, **kwargs)

    return asyncio.run(main())


@pytest.mark.parametrize("method", ["post", "PATCH"])
def test_any_method_is_sent_with_the_key_the_query_and_the_body(dari, side, method):
    dari.answer(method.upper(), "/agents/agt_1/name", {"name": "é", "n": [1.5, None]})
    answer = ask(
        side,
        dari.url,
        method,
        "/agents/agt_1/name",
        json={"name": "é"},
        params={"a": 1, "b": ["x", "y z"], "c": None, "metadata.k": "v"},
    )
    assert answer == {"name": "é", "n": [1.5, None]}
    [seen] = dari.seen
    assert seen.headers["authorization"] == f"Bearer {KEY}"
    assert seen.query == [("a", "1"), ("b", "x"), ("b", "y z"), ("metadata.k", "v")]
    assert seen.json == {"name": "é"}


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/v1/sessions/sess_1", "/sessions/sess_1"),
        ("/sessions/a b?c#d%2F", "/sessions/a%20b%3Fc%23d%252F"),
        ("/sessions/é\\..\n", "/sessions/%C3%A9%5C..%0A"),
        ("sessions/../agents/", "/sessions/%2E%2E/agents"),
        ("@other.example", "/%40other.example"),
    ],
)
def test_a_path_is_quoted_and_stays_below_the_api(dari, side, path, asked):
    dari.answer("GET", asked, [1])
    assert ask(side, dari.url, "GET", path) == [1]
    assert dari.seen[0].path == "/v1" + asked


def test_a_url_of_this_server_is_its_path(dari, side):
    dari.answer("GET", "/sessions/a%20b", {})
    assert (
        ask(side, dari.url, "GET", f"{dari.url}/v1/sessions/a%20b?x=1&x=2", params={"y": 3}) == {}
    )
    assert dari.seen[0].query == [("x", "1"), ("x", "2"), ("y", "3")]


@pytest.mark.parametrize(
    "path",
    [
        "HTTP://127.0.0.1:{other}/v1/sessions",
        " http://127.0.0.1:{other}/v1/sessions",
        "https://127.0.0.1:{port}/v1/sessions",
        "http://127.0.0.1:{port}@127.0.0.1:{other}/v1/sessions",
        "http://user@127.0.0.1:{port}/v1/sessions",
        "http://127.0.0.1:{port}/v1/../other",
        "http://127.0.0.1:{port}/v10/sessions",
        "http://[::1",
        "/v1",
        None,
    ],
)
def test_what_is_no_path_of_this_server_is_refused_and_the_key_stays(dari, side, path):
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as other:
        listening = threading.Thread(target=_count, args=(other, asked), daemon=True)
        listening.start()
        ports = {"other": other.getsockname()[1], "port": dari.url.rpartition(":")[2]}
        path = path.format(**ports) if isinstance(path, str) else path
        with pytest.raises(InvalidRequestError) as raised:
            ask(side, dari.url, "GET", path)
        other.shutdown(socket.SHUT_RDWR)
        listening.join()
    assert asked == dari.seen == []
    assert KEY not in str(raised.value)


def _count(server, asked):
    try:
        while True:
            asked.append(server.accept())
    except OSError:
        return


@pytest.mark.parametrize("method", ["CONNECT", "GET\r\nX: y", None])
def test_a_method_that_is_none_is_refused(dari, side, method):
    with pytest.raises(InvalidRequestError):
        ask(side, dari.url, method, "/sessions")
    assert dari.seen == []


@pytest.mark.parametrize("answer", [Response(status_code=204), Response(b" \n")])
def test_an_empty_answer_is_none(dari, side, answer):
    dari.answer("DELETE", "/sessions/sess_1", answer)
    assert ask(side, dari.url, "DELETE", "/sessions/sess_1") is None


def test_an_answer_that_is_no_json_is_unexpected(dari, side):
    dari.answer("GET", "/sessions", Response(b"<html>"))
    with pytest.raises(UnexpectedAnswerError):
        ask(side, dari.url, "GET", "/sessions")


def test_what_json_cannot_hold_is_refused(dari, side):
    with pytest.raises(InvalidRequestError):
        ask(side, dari.url, "POST", "/sessions", json={"a": {1, 2}})


def test_it_retries_as_verbs_do(dari, side):
    dari.answer("GET", "/sessions", Response(status_code=503), [1])
    assert ask(side, dari.url, "GET", "/sessions") == [1]
    dari.answer("POST", "/sessions", Response(status_code=429), [2])
    assert ask(side, dari.url, "POST", "/sessions") == [2]
    dari.answer("PATCH", "/sessions", Response(status_code=429, headers={"Retry-After": "999"}))
    with pytest.raises(RateLimitError) as raised:
        ask(side, dari.url, "PATCH", "/sessions")
    assert raised.value.retry_after == 999
    with pytest.raises(NotFoundError):
        ask(side, dari.url, "GET", "/nothing")
