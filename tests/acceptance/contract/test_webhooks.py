"""Webhooks: configuration, signed deliveries and retries (contract, section 12)."""

import json
import queue
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

import dari_nb as dari
from dari_nb.local import ToolCall

from .caller import content

EMPTY = {"webhook_url": None, "signing_enabled": False, "event_types": [], "signing_secret": None}


class Receiver(ThreadingHTTPServer):
    """A webhook on this machine that answers with the given statuses, and with 204 after them."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/hook?a=b"
        self.statuses = []
        self.deliveries = queue.Queue()

    def next(self):
        """Return the headers and the body of the next delivery."""
        return self.deliveries.get(timeout=60)


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.deliveries.put((dict(self.headers), body))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 204)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def receiver():
    with Receiver() as receiver:
        thread = Thread(target=receiver.serve_forever, args=(0.01,))
        thread.start()
        yield receiver
        receiver.shutdown()
        thread.join()


@pytest.fixture
def hook(server, api, receiver):
    """Have an agent's turns reported: ``hook(function, types)`` returns the signing secret."""

    def set_hook(function, *event_types):
        server.agent("hooked")(function)
        path = f"/agents/{api.agent_id('hooked')}/webhook"
        body = {"webhook_url": receiver.url, "event_types": event_types}
        api.put(path, body)
        return api.post(f"{path}/rotate-secret", 200)["signing_secret"]

    return set_hook


def asks(prompt):
    yield ToolCall("own")
    result = yield ToolCall("lookup", {"q": prompt}, external=True)
    yield f"{result.result}"


def test_webhook_configuration_is_managed(api):
    path = f"/agents/{api.agent_id('echo')}/webhook"
    assert api.get(path) == EMPTY
    api.post(f"{path}/rotate-secret", 409)
    first = api.put(path, {"webhook_url": "https://example.com/a"})
    assert first["event_types"] == ["tool.call_requested"]
    assert first["signing_secret"].startswith("whsec_")
    body = {"webhook_url": "https://example.com/b", "event_types": ["session.failed"]}
    changed = api.put(path, body)
    assert (changed["signing_secret"], changed["signing_enabled"]) == (None, True)
    assert api.get(path) == changed
    rotated = api.post(f"{path}/rotate-secret", 200)["signing_secret"]
    assert rotated not in (None, first["signing_secret"])
    assert api.get(path)["signing_secret"] is None
    assert api.delete(path) == api.delete(path) == EMPTY


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
    ],
)
def test_webhook_url_breaking_rule_is_400(api, url):
    path = f"/agents/{api.agent_id('echo')}/webhook"
    api.put(path, {"webhook_url": url}, 400)
    assert api.get(path)["webhook_url"] is None


def test_foreign_loopback_webhook_is_400(other, receiver):
    path = f"/agents/{other.agent_id('echo')}/webhook"
    other.put(path, {"webhook_url": receiver.url}, 400)


def test_external_call_is_delivered_and_signed(api, receiver, hook):
    secret = hook(asks, "tool.call_requested")
    session = api.session("hooked", metadata={"run": "1"})
    sent = api.send(session["id"], "x")
    headers, body = receiver.next()
    delivery = dari.verify_webhook(body, headers, secret)
    assert (delivery.type, delivery.id) == ("tool.call_requested", json.loads(body)["id"])
    data = delivery.data
    assert (data["session_id"], data["metadata"]) == (session["id"], {"run": "1"})
    assert (data["tool_name"], data["arguments"]) == ("lookup", {"q": "x"})
    result = {"type": "tool.result_submitted", "message_id": data["message_id"], "result": 1}
    result["tool_call_id"] = data["tool_call_id"]
    api.post(f"/sessions/{session['id']}/events", 202, result)
    assert api.ended(sent)["status"] == "completed"
    assert receiver.deliveries.empty()


@pytest.mark.parametrize("change", ["secret", "body", "header"])
def test_changed_delivery_is_not_verified(api, receiver, hook, change):
    secret = hook(lambda prompt: prompt, "session.completed")
    api.ask("hooked", "x")
    headers, body = receiver.next()
    if change == "secret":
        secret = "whsec_other"
    elif change == "body":
        body = body.replace(b"session", b"sessiom")
    else:
        headers = {}
    with pytest.raises(dari.errors.WebhookVerificationError) as raised:
        dari.verify_webhook(body, headers, secret)
    assert raised.value.code == "invalid_signature"


def test_ended_turns_and_batches_are_delivered(api, receiver, hook):
    def mixed(prompt):
        if prompt == "bad":
            raise ValueError(prompt)
        return prompt

    types = ["session.completed", "session.failed", "batch.partial_failed"]
    hook(mixed, *types)
    agent_id = api.agent_id("hooked")
    items = [{"agent_id": agent_id, "message": {"content": content(t)}} for t in ("good", "bad")]
    batch = api.post("/session-batches", 201, {"items": items})
    deliveries = [json.loads(receiver.next()[1]) for _ in types]
    data = {delivery["type"]: delivery["data"] for delivery in deliveries}
    assert set(data) == set(types)
    assert data["batch.partial_failed"]["batch_id"] == batch["batch_id"]
    assert data["session.failed"]["session_id"] == batch["sessions"][1]["session_id"]


def test_empty_batch_is_delivered_as_failed(api, receiver, hook):
    hook(lambda prompt: prompt, "batch.failed")
    item = {"agent_id": api.agent_id("hooked"), "message": {"content": content(" ")}}
    batch = api.post("/session-batches", 201, {"items": [item]})
    delivery = json.loads(receiver.next()[1])
    assert (delivery["type"], delivery["data"]["batch_id"]) == ("batch.failed", batch["batch_id"])


def test_failed_delivery_keeps_id_on_retry(api, receiver, hook):
    receiver.statuses = [500, 302]
    secret = hook(lambda prompt: prompt, "session.completed")
    api.ask("hooked", "x")
    seen = [receiver.next() for _ in range(3)]
    ids = {dari.verify_webhook(body, headers, secret).id for headers, body in seen}
    assert len(ids) == 1


def test_undeliverable_event_is_in_ledger(api, receiver, hook):
    receiver.statuses = [500] * 10
    hook(lambda prompt: prompt, "session.completed")
    session_id = api.ask("hooked", "x")["session_id"]
    failed = api.reach(session_id, "webhook.delivery_failed")
    assert failed["data"]["status_code"] == 500
    assert receiver.deliveries.qsize() == failed["data"]["attempt"]
