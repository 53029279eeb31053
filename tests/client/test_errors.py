"""Every way to fail becomes one of our errors, short, and without the key."""

import asyncio
import contextlib
import json
import pickle
import re
import socket
import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from starlette.responses import JSONResponse, Response

from dari_nb import errors
from dari_nb.client import AsyncClient, Client, Retry
from dari_nb.client._request import Request

from .conftest import KEY

ONCE = {"retry": Retry(attempts=1)}
STATUSES = {
    302: errors.ApiError,
    400: errors.BadRequestError,
    401: errors.AuthenticationError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    409: errors.ConflictError,
    413: errors.PayloadTooLargeError,
    418: errors.ApiError,
    422: errors.UnprocessableEntityError,
    429: errors.RateLimitError,
    500: errors.ServerError,
    503: errors.ServerError,
    599: errors.ServerError,
}


@pytest.mark.parametrize(("status", "kind"), STATUSES.items())
def test_each_status_has_its_class(dari, side, status, kind):
    dari.answer("GET", "/sessions/sess_1", JSONResponse({"detail": "because"}, status))
    with pytest.raises(errors.ApiError) as raised:
        side.ask(dari.url, "sessions.get", "sess_1", options=ONCE)
    error = raised.value
    assert type(error) is kind
    assert (error.status, error.detail) == (status, "because")
    assert str(error) == f"GET /v1/sessions/sess_1 → {status}: because"


@pytest.mark.parametrize("status", [200, 201, 202, 207])
def test_any_2xx_is_a_success(dari, side, status):
    dari.answer("GET", "/sessions/sess_1", JSONResponse({"id": "sess_1"}, status))
    assert side.ask(dari.url, "sessions.get", "sess_1").id == "sess_1"


LIST = [{"loc": ["body", "content"], "msg": "Field required", "type": "missing"}]


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (json.dumps({"detail": "text"}), "text"),
        (json.dumps({"detail": LIST}), LIST),
        (json.dumps({"detail": {"message": "m"}}), {"message": "m"}),
        (json.dumps({"error": "other shape"}), {"error": "other shape"}),
        (json.dumps(["a"]), ["a"]),
        ("plain text\n", "plain text"),
        ("<html>" + "x" * 600, "Unprocessable"),
        ("[" * 100_000, "Unprocessable"),
        ("", "Unprocessable"),
        ("{}", "Unprocessable"),
    ],
)
def test_the_detail_is_found_in_every_shape(dari, side, body, detail):
    dari.answer("GET", "/sessions/sess_1", Response(body, 422))
    with pytest.raises(errors.UnprocessableEntityError) as raised:
        side.ask(dari.url, "sessions.get", "sess_1")
    if detail == "Unprocessable":
        assert raised.value.detail.startswith(detail)
    else:
        assert raised.value.detail == detail


@pytest.mark.parametrize("name", ["X-Request-Id", "request-id", "X-Correlation-ID"])
def test_a_request_id_is_kept_and_shown(dari, side, name):
    answer = JSONResponse({"detail": "d"}, 404, headers={name: "req_7"})
    dari.answer("GET", "/sessions/sess_1", answer)
    with pytest.raises(errors.NotFoundError, match=r"\[request req_7\]") as raised:
        side.ask(dari.url, "sessions.get", "sess_1")
    assert raised.value.request_id == "req_7"


def test_a_redirect_is_not_followed_and_says_so(dari, side):
    answer = Response(status_code=307, headers={"Location": f"{dari.url}/elsewhere"})
    dari.answer("GET", "/sessions/sess_1", answer)
    with pytest.raises(errors.ApiError, match="307: the server redirects elsewhere"):
        side.ask(dari.url, "sessions.get", "sess_1")
    assert len(dari.seen) == 1


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"\xff", b'{"id": 5}', b"null", b"[" * 100_000, b"<html>"]
)
def test_an_answer_that_cannot_be_read_says_which(dari, side, body):
    dari.answer("GET", "/sessions/sess_1", Response(body))
    with pytest.raises(errors.UnexpectedAnswerError, match=r"^GET /v1/sessions/sess_1: the answer"):
        side.ask(dari.url, "sessions.get", "sess_1")


@pytest.mark.parametrize(
    ("verb", "path", "body"),
    [
        ("sessions.transcript", "/sessions/sess_1/transcript", {"agent": {"id": "a"}}),
        (
            "sessions.transcript",
            "/sessions/sess_1/transcript",
            {"agent": {"id": "a"}, "session": {"id": "s"}, "timeline": None},
        ),
        (
            "sessions.transcript",
            "/sessions/sess_1/transcript",
            {"agent": {"id": "a"}, "session": {"id": "s"}, "timeline": {"items": ["x"]}},
        ),
        ("sessions.events", "/sessions/sess_1/events", {"other": []}),
        ("sessions.events", "/sessions/sess_1/events", {"events": {}}),
    ],
)
def test_an_answer_with_missing_parts_cannot_be_read_either(dari, side, verb, path, body):
    dari.answer("GET", path, body)
    with pytest.raises(errors.UnexpectedAnswerError):
        side.ask(dari.url, verb, "sess_1")


def test_garbled_compression_is_an_unexpected_answer(dari, side):
    answer = Response(b"not gzip", headers={"Content-Encoding": "gzip"})
    dari.answer("GET", "/sessions/sess_1", answer)
    with pytest.raises(errors.UnexpectedAnswerError):
        side.ask(dari.url, "sessions.get", "sess_1")


def test_a_server_that_is_not_there_is_one_line_with_its_url(side):
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(errors.ConnectionFailedError) as raised:
        side.ask(url, "sessions.get", "sess_1", options=ONCE)
    assert re.fullmatch(rf"Cannot reach {url}: .+; is the server running\?", str(raised.value))


def test_a_server_that_does_not_answer_times_out(side):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(errors.TimedOutError, match=f"No answer from {url} in time"):
            side.ask(url, "sessions.get", "sess_1", options={"timeout": 0.05})


def shown(error: BaseException) -> str:
    return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


def test_the_key_is_in_no_error_even_with_all_variables_shown(dari, side):
    key = "dari_Zm9vYmFy-secret"
    dari.answer("GET", "/sessions/sess_1", JSONResponse({"detail": f"bad key {key}"}, 401))
    dari.answer("GET", "/messages/msg_1", Response(f'{{"id": {{"{key}": 1}}}}'))
    calls = [
        (dari.url, "sessions.get", "sess_1"),
        (dari.url, "messages.get", "msg_1"),
        ("http://127.0.0.1:1", "sessions.get", "sess_1"),
    ]
    for url, *call in calls:
        with pytest.raises(errors.DariError) as raised:
            side.ask(url, *call, options=ONCE)
        assert key not in repr(raised.value) + str(raised.value)
        assert raised.value.__cause__ is None
        ours = shown(raised.value.with_traceback(_below_the_test(raised.tb)))
        assert key not in ours


def _below_the_test(tb):
    """The part of a traceback that is in the package."""
    while tb is not None and "dari_nb" not in tb.tb_frame.f_code.co_filename:
        tb = tb.tb_next
    return tb


def test_secrets_of_a_session_that_the_server_quotes_are_hidden(dari, side):
    quoted = {"detail": [{"loc": ["body"], "msg": "bad", "input": {"A": 'hush"é', "k": "sk-1"}}]}
    dari.answer("POST", "/agents/agt_1/sessions", JSONResponse(quoted, 422))
    with pytest.raises(errors.UnprocessableEntityError) as raised:
        side.ask(dari.url, "sessions.create", "agt_1", secrets={"A": 'hush"é'}, llm_api_key="sk-1")
    assert raised.value.detail[0]["input"] == {"A": "[hidden]", "k": "[hidden]"}


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_the_key_is_in_no_repr(kind):
    client = kind("http://127.0.0.1:9/v1/", "dari_hidden")
    assert repr(client) == f"{kind.__name__}('http://127.0.0.1:9')"
    assert "hidden" not in repr(client.sessions) + repr(vars(client)) + repr(vars(client.sessions))


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize(
    ("base_url", "key", "text"),
    [
        ("", "dari_k", "must begin with http"),
        ("api.dari.dev", "dari_k", "must begin with http"),
        ("ftp://x", "dari_k", "must begin with http"),
        ("http://", "dari_k", "must begin with http"),
        ("http://x:port", "dari_k", "not a URL"),
        (None, "dari_k", "not a URL"),
        ("http://user:dari_pass@x", "dari_k", "user name or password"),
        ("http://x", "", "no API key"),
        ("http://x", None, "no API key"),
        ("http://x", "dari_hush\nx", "copy it again"),
        ("http://x", "dari_hush é", "copy it again"),
    ],
)
def test_a_url_or_key_that_cannot_be_right_is_refused_without_showing_it(kind, base_url, key, text):
    with pytest.raises(errors.InvalidRequestError, match=text) as raised:
        kind(base_url, key)
    assert "hush" not in str(raised.value)
    assert "dari_pass" not in str(raised.value)


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ("https://api.dari.dev", "https://api.dari.dev"),
        ("https://api.dari.dev/v1", "https://api.dari.dev"),
        ("https://api.dari.dev/v1/", "https://api.dari.dev"),
        (" http://x:1/prefix/v1?q#f ", "http://x:1/prefix"),
    ],
)
def test_the_base_url_may_end_in_v1_or_not(given, base):
    assert Client(given, "dari_k").base_url == base


def test_requests_go_below_the_prefix_of_the_base_url(dari, side):
    dari.answers["GET", "/prefix/v1/sessions/sess_1"] = [JSONResponse({"id": "sess_1"})]
    assert side.ask(f"{dari.url}/prefix/v1", "sessions.get", "sess_1").id == "sess_1"


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(dari, side, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    dari.answer("GET", "/sessions/sess_1", {"id": "sess_1"})
    assert side.ask(dari.url, "sessions.get", "sess_1").id == "sess_1"


def test_options_of_httpx_are_passed_on_but_never_replace_the_key(dari, side):
    dari.answer("GET", "/sessions/sess_1", {"id": "sess_1"})
    options = {"headers": {"X-Team": "blue", "Authorization": "Bearer other"}}
    side.ask(dari.url, "sessions.get", "sess_1", options=options)
    assert dari.seen[0].headers["x-team"] == "blue"
    assert dari.seen[0].headers["authorization"] == "Bearer dari_Zm9vYmFy-secret"


def test_a_proxy_that_is_given_is_asked(dari, side):
    path = "http://192.0.2.1/v1/sessions/sess_1"
    dari.answers["GET", path] = [JSONResponse({"id": "sess_1"})]
    options = {"proxy": dari.url}
    assert side.ask("http://192.0.2.1", "sessions.get", "sess_1", options=options).id == "sess_1"


def test_limits_and_timeouts_that_are_given_are_kept(dari):
    """With one connection, a request inside of a stream finds none."""
    dari.answer("GET", "/sessions/sess_1", {"id": "x" * 9_000_000})
    options = {
        **ONCE,
        "limits": httpx.Limits(max_connections=1),
        "timeout": httpx.Timeout(5, pool=0.05),
    }
    asked = {"method": "GET", "path": "/sessions/sess_1", "parse": bytes}

    async def main() -> None:
        async with AsyncClient(dari.url, "dari_k", **options) as client:
            transport = client._transport
            async with transport.stream(Request(**asked), httpx.Timeout(5)):
                await client.sessions.get("sess_1")

    with (
        pytest.raises(errors.TimedOutError),
        Client(dari.url, "dari_k", **options) as client,
        client._transport.stream(Request(**asked), httpx.Timeout(5)),
    ):
        client.sessions.get("sess_1")
    with pytest.raises(errors.TimedOutError):
        asyncio.run(main())


def refused(dari, side, status, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    dari.answer("GET", "/sessions/sess_1", JSONResponse({"detail": "d"}, status, headers=headers))
    with pytest.raises(errors.ApiError) as raised:
        side.ask(dari.url, "sessions.get", "sess_1", options=ONCE)
    return raised.value


@pytest.mark.parametrize("status", [404, 429, 503])
def test_an_error_has_the_answers_headers_in_any_case(dari, side, status):
    error = refused(dari, side, status, X_RateLimit_Remaining="0", ETag="a")
    assert error.headers["x-ratelimit-remaining"] == error.headers["X-RATELIMIT-Remaining"] == "0"
    assert error.headers.get("nothing") is None
    assert "etag" in error.headers
    assert pickle.loads(pickle.dumps(error)).headers == error.headers


def test_no_secret_is_in_the_headers_of_an_error(dari, side):
    echoed = {
        "Authorization": f"Bearer {KEY}",
        "Set-Cookie": "sid=hush",
        "X-Api-Key": "hush",
        "Proxy-Authorization": "hush",
        "Cookie": "hush",
        "X-Debug": f"key {KEY} refused",
    }
    error = refused(dari, side, 401, **echoed)
    assert error.headers["x-debug"] == "key [hidden] refused"
    for text in (repr(error.headers), str(dict(error.headers)), str(error), repr(vars(error))):
        assert KEY not in text
        assert "hush" not in text


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("after", "low", "high"),
    [("7", 7, 7), ("soon", None, None), (None, None, None), ("hence", 60, 121)],
)
def test_an_error_says_for_how_many_seconds_the_server_asked(dari, side, status, after, low, high):
    if after == "hence":
        after = format_datetime(datetime.now(UTC) + timedelta(seconds=120), usegmt=True)
    error = refused(dari, side, status, **({} if after is None else {"Retry-After": after}))
    assert error.retry_after is None if low is None else low <= error.retry_after <= high


def test_errors_made_by_hand_have_neither_headers_nor_a_wait():
    error = errors.ApiError.from_status(429, "d", "GET", "/v1/x")
    assert (dict(error.headers), error.retry_after, error.idempotency_key) == ({}, None, None)
