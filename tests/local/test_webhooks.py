import hashlib
import hmac
import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from dari_nb.local import LocalDari, ToolCall

ALL = ["tool.call_requested", "session.completed", "session.failed"]
ALL += ["batch.completed", "batch.failed", "batch.partial_failed"]


class Receiver:
    """A webhook that answers with the given statuses, the last one for ever."""

    def __init__(self):
        self.seen = []
        self.statuses = [204]
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.seen.append((self.headers["Dari-Webhook-Signature"], body))
                statuses = receiver.statuses
                self.send_response(statuses.pop(0) if len(statuses) > 1 else statuses[0])
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?a=b"
        Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def told(self):
        return [json.loads(body) for _, body in list(self.seen)]


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


@pytest.fixture
def own(call):
    with LocalDari(webhook_backoff=(0.01, 0.01)) as server, call(server) as api:
        yield server, api


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
    told = wait(receiver.told, lambda seen: len(seen) == 3)
    by_type = {one["type"]: one["data"] for one in told}
    assert set(by_type) == {"session.completed", "session.failed", "batch.partial_failed"}
    assert by_type["batch.partial_failed"]["batch_id"] == batch_id


def test_a_failed_push_is_tried_again_with_the_same_id(own, receiver, wait):
    _, api = own
    receiver.statuses = [500, 302, 200]
    put(api, "echo", receiver.url, event_types=["session.completed"])
    session_id = api.ask("echo", "x")["session_id"]
    told = wait(receiver.told, lambda seen: len(seen) == 3)
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
    assert data["webhook_id"] == receiver.told()[0]["id"]
    assert data["event_id"] in {e["id"] for e in events}
    assert (data["attempt"], data["status_code"]) == (3, 503)
    assert api.get(f"/sessions/{session_id}")["last_message_status"] == "completed"
