import hashlib
import hmac
import json
import time

import pytest

from dari_nb.local import LocalDari, ToolCall

ALL = ["tool.call_requested", "session.completed", "session.failed"]
ALL += ["batch.completed", "batch.failed", "batch.partial_failed"]


@pytest.fixture
def own(call):
    with LocalDari(webhook_backoff=(0.01, 0.01)) as server, call(server) as api:
        yield server, api


def content(text):
    return [{"type": "text", "text": text}]


def put(api, agent, url, **fields):
    answer = api.http.put(
        f"/agents/{api.agent_id(agent)}/webhook", json={"webhook_url": url, **fields}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_webhook_is_set_changed_rotated_and_deleted(own):
    _, api = own
    path = f"/agents/{api.agent_id('echo')}/webhook"
    empty = {
        "webhook_url": None,
        "signing_enabled": False,
        "event_types": [],
        "signing_secret": None,
    }
    assert api.get(path) == empty
    assert api.refused(f"{path}/rotate-secret")[0] == 409
    first = put(api, "echo", "https://example.com/hook")
    assert first["event_types"] == ["tool.call_requested"]
    assert first["signing_secret"].startswith("whsec_")
    second = put(api, "echo", "https://example.com/new", event_types=["session.failed"])
    assert (second["signing_secret"], second["signing_enabled"]) == (None, True)
    third = put(api, "echo", "https://example.com/hook")
    assert third["event_types"] == ["session.failed"]
    assert api.get(path) == third
    rotated = api.post(f"{path}/rotate-secret")["signing_secret"]
    assert rotated.startswith("whsec_")
    assert rotated != first["signing_secret"]
    assert api.http.delete(path).json() == api.http.delete(path).json() == empty
    assert api.http.get("/agents/agt_0/webhook").status_code == 404


@pytest.mark.parametrize(
    "url",
    [
        "example.com/hook",
        "ftp://example.com",
        "http://example.com/hook",
        "https://user:password@example.com",
        "https://10.0.0.1/hook",
        "https://169.254.169.254/",
        "https://[fe80::1]/",
        "https://exa mple.com",
        "https://example.com/\r\nX: y",
        "https://example.com:99999",
    ],
)
def test_a_url_that_breaks_a_rule_is_refused(own, url):
    _, api = own
    path = f"/agents/{api.agent_id('echo')}/webhook"
    answer = api.http.put(path, json={"webhook_url": url})
    assert (answer.status_code, list(answer.json())) == (400, ["detail"])
    wrong = {"webhook_url": "https://example.com", "event_types": ["nothing"]}
    assert api.http.put(path, json=wrong).status_code == 400


def test_an_external_call_is_pushed_signed_and_nothing_else_by_default(own, receiver, wait):
    server, api = own

    @server.agent("asks")
    def asks(prompt):
        yield ToolCall("own")
        yield ToolCall("lookup", {"q": prompt}, external=True)

    secret = put(api, "asks", receiver.url)["signing_secret"]
    session_id = api.create("asks", metadata={"run": "1"})
    message_id = api.send(session_id, "x")["message"]["id"]
    [(header, body)] = wait(lambda: list(receiver.seen), bool)
    moment, _, digest = header.removeprefix("t=").partition(",v1=")
    signed = f"{moment}.".encode() + body
    assert digest == hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    assert abs(int(moment) - time.time()) < 60
    told = json.loads(body)
    assert (told["type"], told["id"].startswith("whd_")) == ("tool.call_requested", True)
    data = told["data"]
    assert (data["session_id"], data["metadata"]) == (session_id, {"run": "1"})
    assert (data["tool_name"], data["arguments"]) == ("lookup", {"q": "x"})
    result = {"type": "tool.result_submitted", "message_id": message_id, "result": 1}
    result["tool_call_id"] = data["tool_call_id"]
    api.post(f"/sessions/{session_id}/events", result)
    api.finished(message_id)
    assert len(receiver.seen) == 1


def test_turns_and_batches_are_pushed_when_they_end(own, receiver, wait):
    server, api = own

    @server.agent("mixed")
    def mixed(prompt):
        if prompt == "bad":
            raise ValueError(prompt)
        return prompt

    put(api, "mixed", receiver.url, event_types=ALL)
    items = [
        {
            "agent_id": api.agent_id("mixed"),
            "message": {"content": [{"type": "text", "text": text}]},
        }
        for text in ("good", "bad")
    ]
    batch_id = api.post("/session-batches", {"items": items})["batch_id"]
    told = wait(receiver.received, lambda seen: len(seen) == 3)
    by_type = {one["type"]: one["data"] for one in told}
    assert set(by_type) == {"session.completed", "session.failed", "batch.partial_failed"}
    assert by_type["batch.partial_failed"]["batch_id"] == batch_id


def test_a_failed_push_is_tried_again_with_the_same_id(own, receiver, wait):
    _, api = own
    receiver.statuses = [500, 302, 200]
    put(api, "echo", receiver.url, event_types=["session.completed"])
    session_id = api.ask("echo", "x")["session_id"]
    told = wait(receiver.received, lambda seen: len(seen) == 3)
    assert len({one["id"] for one in told}) == 1
    api.rests(session_id)
    assert "webhook.delivery_failed" not in {e["type"] for e in api.events(session_id)}


def test_a_push_that_fails_for_good_is_in_the_ledger(own, receiver, wait):
    _, api = own
    receiver.statuses = [503]
    put(api, "echo", receiver.url, event_types=["session.completed"])
    session_id = api.ask("echo", "x")["session_id"]
    events = wait(lambda: api.events(session_id), lambda e: e[-1]["type"].startswith("webhook."))
    data = events[-1]["data"]
    assert data["webhook_id"] == receiver.received()[0]["id"]
    assert data["event_id"] in {e["id"] for e in events}
    assert (data["attempt"], data["status_code"]) == (3, 503)
    assert api.get(f"/sessions/{session_id}")["last_message_status"] == "completed"


def test_a_batch_of_which_nothing_could_begin_is_pushed_as_failed(own, receiver, wait):
    _, api = own
    put(api, "echo", receiver.url, event_types=ALL)
    agent_id = api.agent_id("echo")
    bad = {"agent_id": agent_id, "llm_id": "none", "message": {"content": content("x")}}
    body = {"items": [bad, bad], "idempotency_key": "all-bad"}
    batch_id = api.post("/session-batches", body)["batch_id"]
    [told] = wait(receiver.received, bool)
    assert (told["type"], told["data"]["batch_id"]) == ("batch.failed", batch_id)
    assert api.post("/session-batches", body)["batch_id"] == batch_id
    good = {"agent_id": agent_id, "message": {"content": content("x")}}
    api.post("/session-batches", {"items": [bad, good]})
    told = wait(receiver.received, lambda seen: len(seen) == 3)
    # Deliveries may come out of order (contract, section 12).
    types = sorted(one["type"] for one in told[1:])
    assert types == ["batch.partial_failed", "session.completed"]


def test_a_push_that_nobody_takes_after_a_batch_without_sessions_is_given_up(own, receiver, wait):
    _, api = own
    receiver.statuses = [503]
    put(api, "echo", receiver.url, event_types=ALL)
    bad = {"agent_id": api.agent_id("echo"), "llm_id": "none", "message": {"content": content("x")}}
    api.post("/session-batches", {"items": [bad]})
    told = wait(receiver.received, lambda seen: len(seen) == 3)
    assert {one["type"] for one in told} == {"batch.failed"}


def test_a_rotated_secret_signs_the_next_try(own, receiver, wait):
    _, api = own
    receiver.statuses = [503, 204]
    path = f"/agents/{api.agent_id('echo')}/webhook/rotate-secret"
    secrets = []
    receiver.meanwhile = lambda: secrets.append(api.post(path)["signing_secret"])
    put(api, "echo", receiver.url, event_types=["session.completed"])
    api.ask("echo", "x")
    header, body = wait(lambda: list(receiver.seen), lambda seen: len(seen) == 2)[1]
    moment, _, digest = header.removeprefix("t=").partition(",v1=")
    signed = f"{moment}.".encode() + body
    assert digest == hmac.new(secrets[0].encode(), signed, hashlib.sha256).hexdigest()
