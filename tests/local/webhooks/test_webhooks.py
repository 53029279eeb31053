import hashlib
import hmac

import pytest

from dari_nb.local import LocalDari

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


WRONG = [
    *("example.com/hook", "ftp://example.com", "http://example.com/hook"),
    *("https://user:password@example.com", "https://exa mple.com", "https://example.com:99999"),
    *("https://10.0.0.1/hook", "https://169.254.169.254/", "https://[fe80::1]/"),
    "https://example.com/\r\nX: y",
]


def test_a_url_that_breaks_a_rule_is_refused(own):
    _, api = own
    path = f"/agents/{api.agent_id('echo')}/webhook"
    for url in WRONG:
        answer = api.http.put(path, json={"webhook_url": url})
        assert (answer.status_code, list(answer.json())) == (400, ["detail"]), url
    wrong = {"webhook_url": "https://example.com", "event_types": ["nothing"]}
    assert api.http.put(path, json=wrong).status_code == 400


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
