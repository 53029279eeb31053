"""What the client makes of answers: models, pages, errors, and no key in any of them."""

import json
import pickle
import traceback
from contextlib import suppress
from pathlib import Path

import pytest

import dari_nb as dari
from dari_nb import errors, models

from .proxy import cut_before, says, silent

SESSION = {"id": "sess_1", "status": "idle", "color": "blue", "parts": [1, None, {"a": []}]}


@pytest.mark.parametrize("status", [200, 201, 202, 207])
def test_any_2xx_is_a_success(side, proxy, status):
    proxy.expect(says(status, SESSION))
    assert side.call("sessions.get", "sess_1").id == "sess_1"


def test_unknown_fields_are_kept(side, proxy):
    proxy.expect(says(200, SESSION))
    session = side.call("sessions.get", "sess_1")
    assert (session.status, session.extra["color"]) == ("idle", "blue")
    assert session.to_dict() == SESSION
    assert json.loads(session.to_json()) == SESSION


def test_unknown_events_are_kept(side, proxy):
    event = {"id": "sess_1:evt_1", "sequence_number": 1, "type": "planet.aligned", "data": {"n": 1}}
    proxy.expect(says(200, {"events": [event]}))
    [found] = side.call("sessions.events", "sess_1")
    assert (found.type, found.to_dict()) == ("planet.aligned", event)


def test_missing_fields_have_defaults(side, proxy):
    proxy.expect(says(200, {"id": "sess_1"}))
    session = side.call("sessions.get", "sess_1")
    assert (session.name, session.llm_id, session.metadata) == (None, None, None)


@pytest.mark.parametrize("pages", [[5], [2, 3], [2, 2, 1], [0, 5]])
def test_list_has_items_of_all_pages(side, proxy, pages):
    agents = [{"id": f"agt_{n}", "name": f"{n}"} for n in range(5)]
    answers, start = [], 0
    for number, size in enumerate(pages, 1):
        page = {"agents": agents[start : start + size]}
        page |= {"next_cursor": f"c{number}"} if number < len(pages) else {}
        answers.append(says(200, page))
        start += size
    proxy.expect(*answers)
    assert [agent.id for agent in side.call("agents.list")] == [agent["id"] for agent in agents]
    cursors = ["", *(f"?cursor=c{number}" for number in range(1, len(pages)))]
    assert [exchange.line for exchange in proxy.seen] == [
        f"GET /v1/agents{cursor} HTTP/1.1" for cursor in cursors
    ]


def test_pages_that_repeat_end(side, proxy):
    again = says(200, {"agents": [{"id": "agt_1"}], "next_cursor": "same"})
    proxy.expect(*[again] * 5)
    assert {agent.id for agent in side.call("agents.list")} == {"agt_1"}
    assert len(proxy.seen) < 5


def test_limit_is_one_page(side, proxy):
    proxy.expect(says(200, {"events": [{"id": "e1"}, {"id": "e2"}], "next_cursor": "c"}))
    assert [event.id for event in side.call("sessions.events", "sess_1", limit=2)] == ["e1", "e2"]
    assert [exchange.line for exchange in proxy.seen] == [
        "GET /v1/sessions/sess_1/events?limit=2 HTTP/1.1"
    ]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"id": "sess_1", "na', b"[]", b"null", b"\xff", b'{"id": 5}', b"<html>"],
)
def test_unreadable_answer_is_an_error(side, proxy, body):
    proxy.expect(says(200, body))
    with pytest.raises(errors.UnexpectedAnswerError) as raised:
        side.call("sessions.get", "sess_1")
    assert raised.value.code == "unexpected_answer"
    assert len(proxy.seen) == 1


LIST = [{"loc": ["body", "content"], "msg": "Field required", "type": "missing"}]


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"detail": "text"}, "text"),
        ({"detail": LIST}, LIST),
        ({"detail": {"message": "m"}}, {"message": "m"}),
        ({"error": "other"}, {"error": "other"}),
        (b"plain text\n", "plain text"),
    ],
)
def test_error_has_detail_of_answer(side, proxy, body, detail):
    proxy.expect(says(422, body, X_Request_Id="req_7", ETag="a"))
    with pytest.raises(errors.UnprocessableEntityError) as raised:
        side.call("sessions.get", "sess_1")
    error = pickle.loads(pickle.dumps(raised.value))
    for each in (error, raised.value):
        assert (each.status, each.detail, each.request_id) == (422, detail, "req_7")
        assert each.headers["etag"] == "a"


def test_redirect_is_not_followed(side, proxy):
    proxy.expect(says(307, Location="http://127.0.0.1:9/"))
    with pytest.raises(errors.ApiError) as raised:
        side.call("sessions.get", "sess_1")
    assert raised.value.status == 307
    assert len(proxy.seen) == 1


def echoes(exchange):
    """Answer with the key that was sent."""
    key = exchange.header("Authorization")
    says(401, {"detail": f"wrong: {key}"}, X_Debug=key, Set_Cookie=key)(exchange)


def shown(error):
    """Return all texts that show an error, with the variables of the package's own frames."""
    report = traceback.TracebackException.from_exception(error, capture_locals=True)
    package = str(Path(dari.__file__).parent)
    frames = [str(frame.locals) for frame in report.stack if frame.filename.startswith(package)]
    assert frames
    headers = str(dict(getattr(error, "headers", {})))
    return [str(error), repr(error), repr(vars(error)), headers, *frames]


FAILURES = {
    "401": echoes,
    "cut": cut_before,
    "late": silent,
    "unreadable": says(200, b"{"),
}


@pytest.mark.parametrize("way", FAILURES)
def test_key_is_in_no_error(server, side, proxy, way):
    proxy.expect(*[FAILURES[way]] * 9)
    with pytest.raises(dari.DariError) as raised:
        side.call("agents.send", "agt_1", "Hi", timeout=0.1)
    assert not [text for text in shown(raised.value) if server.api_key in text]


def test_key_is_in_no_repr(server, side, direct):
    with dari.Dari(server.url, server.api_key) as d:
        things = (side.client, side.client.sessions, direct, d, d.agents, server)
        assert not [thing for thing in things if server.api_key in repr(thing) + str(thing)]


def test_secrets_are_in_no_error(side, proxy):
    proxy.expect(says(400, {"detail": "TOKEN must not be hush-123, and hush-456 is wrong"}))
    with pytest.raises(errors.BadRequestError) as raised:
        side.call("sessions.create", "agt_1", secrets={"TOKEN": "hush-123"}, llm_api_key="hush-456")
    assert not [text for text in shown(raised.value) if "hush" in text]


@pytest.mark.parametrize("model", [models.Session, models.Message, models.Event, models.Agent])
def test_model_survives_copies(model):
    made = model.from_dict({"id": "x_1", "type": "t", "color": "blue"})
    again = pickle.loads(pickle.dumps(made))
    assert again == made
    assert again.to_dict() == made.to_dict() == model.from_json(made.to_json()).to_dict()
    with pytest.raises(AttributeError):
        made.id = "x_2"


def test_closed_client_sends_nothing(server, proxy):
    client = dari.Client(proxy.url, server.api_key)
    client.close()
    with pytest.raises(errors.InvalidRequestError) as raised:
        client.agents.list()
    assert raised.value.code == "connection_closed"
    assert proxy.seen == []


def test_missing_server_raises_connection_failed(server):
    with dari.local.LocalDari() as gone:
        url = gone.url
    with dari.Client(url, "dari_key") as client:
        with pytest.raises(errors.ConnectionFailedError) as raised:
            client.agents.list()
        assert raised.value.code == "connection_failed"


@pytest.mark.parametrize(
    ("url", "key", "code"),
    [
        ("", "dari_k", "invalid_url"),
        ("api.dari.dev", "dari_k", "invalid_url"),
        ("ftp://x", "dari_k", "invalid_url"),
        ("http://user:dari_pass@x", "dari_k", "invalid_url"),
        ("http://x", "", "api_key_missing"),
        ("http://x", "dari_hush\nx", "invalid_api_key"),
    ],
)
@pytest.mark.parametrize("kind", [dari.Client, dari.AsyncClient])
def test_wrong_url_or_key_is_refused(kind, url, key, code):
    with pytest.raises(errors.InvalidRequestError) as raised:
        kind(url, key)
    assert raised.value.code == code
    assert "hush" not in str(raised.value)
    assert "dari_pass" not in str(raised.value)


@pytest.mark.parametrize(
    ("verb", "args", "options", "code"),
    [
        ("sessions.get", ("",), {}, "invalid_id"),
        ("sessions.get", (None,), {}, "invalid_id"),
        ("sessions.send", ("sess_1", ""), {}, "missing_message"),
        ("sessions.send", ("sess_1", "Hi"), {"idempotency_key": ""}, "invalid_idempotency_key"),
        ("sessions.send", ("sess_1", "Hi"), {"idempotency_key": "é"}, "invalid_idempotency_key"),
        ("batches.create", ([],), {}, "invalid_items"),
        ("webhooks.set", ("agt_1", "x"), {}, "invalid_url"),
        ("files.upload", ("missing.txt",), {}, "file_not_found"),
        ("sessions.get", ("sess_1",), {"timeout": 0}, "invalid_timeout"),
        ("sessions.get", ("sess_1",), {"timeout": "5"}, "invalid_timeout"),
        ("sessions.get", ("sess_1",), {"timeout": float("nan")}, "invalid_timeout"),
    ],
)
def test_wrong_argument_is_refused_before_sending(side, proxy, verb, args, options, code):
    with pytest.raises(errors.InvalidRequestError) as raised:
        side.call(verb, *args, **options)
    assert isinstance(raised.value, ValueError)
    assert raised.value.code == code
    assert proxy.seen == []


def test_id_is_quoted_in_the_path(side, proxy):
    with suppress(dari.DariError):
        side.call("sessions.get", "../agents?x#y")
    [exchange] = proxy.seen
    assert exchange.line == "GET /v1/sessions/..%2Fagents%3Fx%23y HTTP/1.1"
