"""Every way to fail becomes one of our errors, short, and without the key."""

import contextlib
import re
import socket

import pytest
from starlette.responses import JSONResponse, Response

from dari_nb import errors
from dari_nb.client import Client, Retry

from .conftest import KEY

ONCE = {"retry": Retry(attempts=1)}


@pytest.mark.parametrize("name", ["request-id", "X-Correlation-ID"])
def test_a_request_id_is_kept_and_shown(dari, sync_side, name):
    answer = JSONResponse({"detail": "d"}, 404, headers={name: "req_7"})
    dari.answer("GET", "/sessions/sess_1", answer)
    with pytest.raises(errors.NotFoundError, match=r"\[request req_7\]") as raised:
        sync_side.ask(dari.url, "sessions.get", "sess_1")
    assert raised.value.request_id == "req_7"


def test_json_of_any_depth_is_read_or_refused(dari, sync_side):
    for status, kind in ((200, errors.UnexpectedAnswerError), (422, errors.ApiError)):
        dari.answer("GET", "/sessions/sess_1", Response(b"[" * 100_000, status))
        with pytest.raises(kind):
            sync_side.ask(dari.url, "sessions.get", "sess_1")


@pytest.mark.parametrize(
    ("verb", "path", "body"),
    [
        ("sessions.transcript", "/sessions/sess_1/transcript", {"agent": {"id": "a"}}),
        ("sessions.events", "/sessions/sess_1/events", {"events": {}}),
    ],
)
def test_an_answer_with_missing_parts_cannot_be_read_either(dari, sync_side, verb, path, body):
    dari.answer("GET", path, body)
    with pytest.raises(errors.UnexpectedAnswerError):
        sync_side.ask(dari.url, verb, "sess_1")


def test_garbled_compression_is_an_unexpected_answer(dari, sync_side):
    answer = Response(b"not gzip", headers={"Content-Encoding": "gzip"})
    dari.answer("GET", "/sessions/sess_1", answer)
    with pytest.raises(errors.UnexpectedAnswerError):
        sync_side.ask(dari.url, "sessions.get", "sess_1")


def test_a_server_that_is_not_there_is_one_line_with_its_url(sync_side):
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(errors.ConnectionFailedError) as raised:
        sync_side.ask(url, "sessions.get", "sess_1", options=ONCE)
    assert re.fullmatch(rf"Cannot reach {url}: .+; is the server running\?", str(raised.value))


def test_secrets_of_a_session_that_the_server_quotes_are_hidden(dari, sync_side):
    quoted = {"detail": [{"loc": ["body"], "msg": "bad", "input": {"A": 'hush"é', "k": "sk-1"}}]}
    dari.answer("POST", "/agents/agt_1/sessions", JSONResponse(quoted, 422))
    with pytest.raises(errors.UnprocessableEntityError) as raised:
        sync_side.ask(
            dari.url, "sessions.create", "agt_1", secrets={"A": 'hush"é'}, llm_api_key="sk-1"
        )
    assert raised.value.detail[0]["input"] == {"A": "[hidden]", "k": "[hidden]"}


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ("https://api.dari.dev/v1/", "https://api.dari.dev"),
        (" http://x:1/prefix/v1?q#f ", "http://x:1/prefix"),
    ],
)
def test_the_base_url_may_end_in_v1_or_not(given, base):
    assert Client(given, "dari_k").base_url == base


def test_requests_go_below_the_prefix_of_the_base_url(dari, sync_side):
    dari.answers["GET", "/prefix/v1/sessions/sess_1"] = [JSONResponse({"id": "sess_1"})]
    assert sync_side.ask(f"{dari.url}/prefix/v1", "sessions.get", "sess_1").id == "sess_1"


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(dari, sync_side, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    dari.answer("GET", "/sessions/sess_1", {"id": "sess_1"})
    assert sync_side.ask(dari.url, "sessions.get", "sess_1").id == "sess_1"


def test_options_of_httpx_are_passed_on_but_never_replace_the_key(dari, sync_side):
    dari.answer("GET", "/sessions/sess_1", {"id": "sess_1"})
    options = {"headers": {"X-Team": "blue", "Authorization": "Bearer other"}}
    sync_side.ask(dari.url, "sessions.get", "sess_1", options=options)
    assert dari.seen[0].headers["x-team"] == "blue"
    assert dari.seen[0].headers["authorization"] == "Bearer dari_Zm9vYmFy-secret"


def test_a_proxy_that_is_given_is_asked(dari, sync_side):
    path = "http://192.0.2.1/v1/sessions/sess_1"
    dari.answers["GET", path] = [JSONResponse({"id": "sess_1"})]
    options = {"proxy": dari.url}
    assert (
        sync_side.ask("http://192.0.2.1", "sessions.get", "sess_1", options=options).id == "sess_1"
    )


def refused(dari, sync_side, status, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    dari.answer("GET", "/sessions/sess_1", JSONResponse({"detail": "d"}, status, headers=headers))
    with pytest.raises(errors.ApiError) as raised:
        sync_side.ask(dari.url, "sessions.get", "sess_1", options=ONCE)
    return raised.value


def test_no_secret_is_in_the_headers_of_an_error(dari, sync_side):
    echoed = {
        "Authorization": f"Bearer {KEY}",
        "Set-Cookie": "sid=hush",
        "X-Api-Key": "hush",
        "Proxy-Authorization": "hush",
        "Cookie": "hush",
        "X-Debug": f"key {KEY} refused",
    }
    error = refused(dari, sync_side, 401, **echoed)
    assert error.headers["x-debug"] == "key [hidden] refused"
    for text in (repr(error.headers), str(dict(error.headers)), str(error), repr(vars(error))):
        assert KEY not in text
        assert "hush" not in text


def test_errors_made_by_hand_have_neither_headers_nor_a_wait():
    error = errors.ApiError.from_status(429, "d", "GET", "/v1/x")
    assert (dict(error.headers), error.retry_after, error.idempotency_key) == ({}, None, None)
