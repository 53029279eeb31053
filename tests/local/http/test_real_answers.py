"""What the local Dari really answers, read by somebody else's validator and the descriptions."""

import json
import re
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import httpx
import jsonschema_rs
import pytest
import yaml

from dari_nb.local import LocalDari, ToolCall, Usage

from ..conftest import Caller, content

SHARED = Path(__file__).parents[4] / "shared/api/openapi.yaml"
CURRENT = "/organizations/current"
BUNDLE = {
    "dari.yml": b"name: real\nharness: pi\ninstructions: {system: system.md}\n"
    b"llm: {default: small, options: {small: {model: openai/gpt-5.5}}}\n",
    "system.md": b"Hello",
}
BINDING = {
    "provider": "gcs",
    "name": "real",
    "bucket": "b",
    "base_prefix": "p",
    "service_account_key_credential_name": "GCS_KEY",
}


class Heard:
    """Answers by operation: the code, the media type and the text of each."""

    def __init__(self, document):
        self.places = {
            (method.upper(), path): re.compile("/v1" + re.sub("{.*?}", "[^/]+", path) + "$")
            for path, item in document["paths"].items()
            for method in item
        }
        self.answers = {key: [] for key in self.places}

    def keep(self, answer):
        answer.read()
        method, path = answer.request.method, answer.request.url.path
        for key, pattern in self.places.items():
            if key[0] == method and pattern.match(path):
                media = answer.headers["content-type"].partition(";")[0]
                self.answers[key].append((answer.status_code, media, answer.text))


def agent_of_everything(server):
    @server.agent("asks")
    def asks(prompt):
        yield Usage(cost_usd=Decimal("0.01"))
        result = yield ToolCall("count", {"of": prompt}, external=True)
        yield f"{result.result}"


@contextmanager
def heard_on(server, document):
    heard = Heard(document)
    api = Caller(server)
    with api.http:
        api.http.event_hooks["response"].append(heard.keep)
        yield api, heard


def publishing(api):
    """Everything that there is about an agent and its versions."""
    published = api.publish(BUNDLE)
    agent, version = published["agent_id"], published["version_id"]
    api.get(f"/source-snapshots/{api.snapshot(api.packed(BUNDLE))}/manifest")
    unused = api.reserve(b"never uploaded")["source_snapshot_id"]
    assert api.post(f"/source-snapshots/{unused}/finalize")["status"] == "failed"
    assert api.http.get(f"/source-snapshots/{unused}/manifest").status_code == 400
    assert api.http.delete(f"/source-snapshots/{unused}").status_code == 200
    api.publish(BUNDLE, agent)
    api.http.put(f"/agents/{agent}/model-backend", json={"kind": "router", "router_id": "r"})
    api.get(f"/agents/{agent}/versions/{version}/bundle")
    api.get(f"/agents/{agent}/versions/{version}/bundle/file", params={"path": "system.md"})
    for name in ("real", "echo", "asks"):
        one = api.get(f"/agents/{api.agent_id(name)}")
        api.get(f"/agents/{one['id']}/versions")
        api.get(f"/agents/{one['id']}/versions/{one['active_version_id']}")
    assert api.http.get(f"/agents/{agent}/versions/none").status_code == 404
    api.http.delete(f"/agents/{agent}")
    api.http.delete(f"/agents/{agent}")


def read(api, session_id, message_id):
    """All readings of a session in the state that it is in."""
    api.get(f"/messages/{message_id}")
    for reading in ("", "/messages", "/events", "/transcript"):
        api.get(f"/sessions/{session_id}{reading}")
    api.get(f"/agents/{api.get(f'/sessions/{session_id}')['agent_id']}/sessions")


def talking(api):
    """Sessions that wait, work and fail, read at each stage."""
    waiting = api.create("asks", name="n", metadata={"a": "b"}, llm_id=None)
    sent = api.send(waiting, "x")["message"]["id"]
    later = api.send(waiting, "y")["message"]["id"]
    api.reaches(sent, "waiting_for_tool")
    read(api, waiting, sent)
    read(api, waiting, later)
    for message_id in (sent, later):
        api.reaches(message_id, "waiting_for_tool")
        [call] = [
            item
            for item in api.items(waiting)
            if item["type"] == "tool_call" and item["message_id"] == message_id
        ]
        answer = {"type": "tool.result_submitted", "message_id": message_id, "result": [1, None]}
        answer["tool_call_id"] = call["tool_call_id"]
        api.post(f"/sessions/{waiting}/events", answer)
        assert api.refused(f"/sessions/{waiting}/events", answer | {"tool_call_id": "no"})[0] == 404
        api.finished(message_id)
    api.get(f"/costs/sessions/{waiting}")
    for text in ("all", "an error"):
        message = api.ask("tour", text, api.upload("a.txt", b"a"), llm_id="small")
        api.rests(message["session_id"])
        read(api, message["session_id"], message["id"])
        api.http.get(f"/sessions/{message['session_id']}/workspace.zip")
    assert api.http.get(f"/sessions/{api.create('echo')}/workspace.zip").status_code == 409
    api.get("/sessions", params={"metadata.a": "b"})
    return waiting


def batching(api):
    item = {"agent_id": api.agent_id("echo"), "message": {"content": content("x")}}
    broken = item | {"llm_id": "none"}
    batch = api.post("/session-batches", {"items": [item, broken]})
    batch_id = batch["batch_id"]
    api.finished(api.messages(batch["sessions"][0]["session_id"])[0]["id"])
    assert api.get(f"/session-batches/{batch_id}")["status"] == "partial_failed"


def organizing(api):
    agent = api.agent_id("tour")
    webhook = f"/agents/{agent}/webhook"
    assert api.http.post(f"{webhook}/rotate-secret").status_code == 409
    for _ in range(2):
        api.http.put(webhook, json={"webhook_url": "https://example.com/hook"})
        api.post(f"{webhook}/rotate-secret")
        api.get(webhook)
    api.http.delete(webhook)
    api.get(webhook)
    api.http.put(f"{CURRENT}/credentials/KEY", json={"value": "x"})
    api.get(f"{CURRENT}/credentials")
    api.http.delete(f"{CURRENT}/credentials/KEY")
    api.post(f"{CURRENT}/storage-bindings", BINDING)
    assert api.refused(f"{CURRENT}/storage-bindings", BINDING)[0] == 400
    api.get(f"{CURRENT}/storage-bindings")
    key = api.post(f"{CURRENT}/api-keys", {"label": "x", "key_type": "routing"})["id"]
    api.get(f"{CURRENT}/api-keys")
    api.http.delete(f"{CURRENT}/api-keys/{key}")
    api.post(f"{CURRENT}/invitations", {"email": "a@b.de", "role": "member"})
    api.get(f"{CURRENT}/members")


def streamed(api, session_id):
    """The events of a stream, up to the last that there is."""
    last = api.events(session_id)[-1]["id"]
    events = []
    with httpx.stream(
        "GET", f"{api.http.base_url}sessions/{session_id}/stream", headers=api.http.headers
    ) as answer:
        media = answer.headers["content-type"].partition(";")[0]
        for line in answer.iter_lines():
            if line.startswith("data: "):
                events.append(line.removeprefix("data: "))
                if json.loads(events[-1])["id"] == last:
                    return media, events
    raise AssertionError(events)


@pytest.fixture(scope="module")
def described():
    with LocalDari() as server:
        return httpx.get(f"{server.url}/openapi.json").json()


@pytest.fixture(scope="module")
def heard(described):
    """Everything that a server answers in the course of its life."""
    with LocalDari(webhook_backoff=()) as server:
        agent_of_everything(server)
        with heard_on(server, described) as (api, heard):
            api.get("/agents")
            publishing(api)
            session_id = talking(api)
            batching(api)
            organizing(api)
            api.get("/agents")
            media, events = streamed(api, session_id)
            ledger = heard.answers["GET", "/sessions/{session_id}/events"]
            ledger.append((200, "application/json", f'{{"events": [{",".join(events)}]}}'))
            heard.answers["GET", "/sessions/{session_id}/stream"].append((200, media, ""))
            return heard.answers


def flaws(document, heard):
    """What of the answers a description does not allow."""
    found = set()
    for (method, path), answers in heard.items():
        operation = document["paths"].get(path, {}).get(method.lower())
        for status, media, text in answers if operation else ():
            place = f"{method} {path} {status}"
            content = content_of(document, operation["responses"], status)
            if content is None:
                found.add(f"{place}: not described")
            elif content and media not in content:
                found.add(f"{place}: {media}")
            elif content and media == "application/json":
                schema = {**content[media]["schema"], "components": document["components"]}
                validator = jsonschema_rs.validator_for(schema, validate_formats=True)
                found |= {
                    f"{place}: {'/'.join(map(str, flaw.instance_path))}: {flaw.message[:200]}"
                    for flaw in validator.iter_errors(json.loads(text))
                }
    return sorted(found)


def content_of(document, responses, status):
    """The described media of an answer; none said is an empty mapping, nothing said ``None``."""
    for key in (str(status), f"{status // 100}XX", "default"):
        if key in responses:
            response = responses[key]
            if "$ref" in response:
                response = document["components"]["responses"][response["$ref"].rsplit("/")[-1]]
            return response.get("content", {})
    return None


def test_each_operation_answers_as_the_server_describes_it(heard, described):
    assert [key for key, answers in heard.items() if not answers] == []
    assert flaws(described, heard) == []


def test_each_operation_answers_as_the_contract_has_it(heard):
    # The contract lies beside the project where it is developed; elsewhere there is nothing to ask.
    contract = yaml.safe_load(SHARED.read_text()) if SHARED.exists() else {"paths": {}}
    assert [flaw for flaw in flaws(contract, heard) if "not described" not in flaw] == []
