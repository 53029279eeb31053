"""Keys, organizations, and requests that can't be right (contract, section 1)."""

import re

import httpx
import pytest

from .caller import bundle, content, message

EVENT = message("Hi")
ORGANIZATION = "/organizations/current"
OPERATIONS = [
    ("POST", "/files"),
    ("POST", "/source-snapshots"),
    ("DELETE", "/source-snapshots/{snapshot}"),
    ("POST", "/source-snapshots/{snapshot}/finalize"),
    ("GET", "/source-snapshots/{snapshot}/manifest"),
    ("GET", "/agents"),
    ("POST", "/agents"),
    ("GET", "/agents/{agent}"),
    ("DELETE", "/agents/{agent}"),
    ("GET", "/agents/{agent}/versions"),
    ("POST", "/agents/{agent}/versions"),
    ("GET", "/agents/{agent}/versions/{version}"),
    ("GET", "/agents/{agent}/versions/{version}/bundle"),
    ("GET", "/agents/{agent}/versions/{version}/bundle/file"),
    ("PUT", "/agents/{agent}/model-backend"),
    ("GET", "/agents/{agent}/sessions"),
    ("POST", "/agents/{agent}/sessions"),
    ("POST", "/agents/{agent}/messages"),
    ("GET", "/agents/{agent}/webhook"),
    ("PUT", "/agents/{agent}/webhook"),
    ("DELETE", "/agents/{agent}/webhook"),
    ("POST", "/agents/{agent}/webhook/rotate-secret"),
    ("GET", "/sessions"),
    ("GET", "/sessions/{session}"),
    ("GET", "/sessions/{session}/events"),
    ("POST", "/sessions/{session}/events"),
    ("GET", "/sessions/{session}/stream"),
    ("GET", "/sessions/{session}/messages"),
    ("GET", "/sessions/{session}/transcript"),
    ("GET", "/sessions/{session}/workspace.zip"),
    ("GET", "/messages/{message}"),
    ("POST", "/session-batches"),
    ("GET", "/session-batches/{batch}"),
    ("GET", "/costs/sessions/{session}"),
    ("GET", f"{ORGANIZATION}/credentials"),
    ("PUT", f"{ORGANIZATION}/credentials/TOKEN"),
    ("DELETE", f"{ORGANIZATION}/credentials/TOKEN"),
    ("GET", f"{ORGANIZATION}/storage-bindings"),
    ("POST", f"{ORGANIZATION}/storage-bindings"),
    ("GET", f"{ORGANIZATION}/api-keys"),
    ("POST", f"{ORGANIZATION}/api-keys"),
    ("DELETE", f"{ORGANIZATION}/api-keys/{{key}}"),
    ("GET", f"{ORGANIZATION}/members"),
    ("POST", f"{ORGANIZATION}/invitations"),
]
BODIES = {
    "/agents": {"source_snapshot_id": "{snapshot}"},
    "/agents/{agent}/versions": {"source_snapshot_id": "{snapshot}"},
    "/agents/{agent}/model-backend": {"kind": "router", "router_id": "rtr_1"},
    "/agents/{agent}/messages": EVENT,
    "/agents/{agent}/webhook": {"webhook_url": "https://example.com/hook"},
    "/sessions/{session}/events": EVENT,
    "/session-batches": {"items": [{"agent_id": "{agent}", "message": {"content": content("x")}}]},
}


def filled(value, ids):
    """Put ids into a path or a body."""
    if isinstance(value, dict):
        return {key: filled(each, ids) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, ids) for each in value]
    return value.format(**ids) if isinstance(value, str) else value


@pytest.fixture(scope="module")
def ids(api):
    """Return ids of one organization's resources, one of each kind."""
    published = api.publish("closed")
    asked = api.ask("parrot", "mine")
    item = {"agent_id": api.agent_id("parrot"), "message": {"content": content("x")}}
    return {
        "agent": published["agent_id"],
        "version": published["version_id"],
        "snapshot": api.snapshot(bundle("closed")),
        "session": asked["session_id"],
        "message": asked["id"],
        "batch": api.post("/session-batches", 201, {"items": [item]})["batch_id"],
        "key": api.post(f"{ORGANIZATION}/api-keys", 201, {"label": "mine"})["id"],
    }


def unnamed(path):
    return re.sub(r"\{.*?\}|TOKEN", "{}", path)


def test_description_has_every_operation(description):
    described = {(method, unnamed(path)) for method, path in description.operations}
    assert described == {(method, unnamed(path)) for method, path in OPERATIONS}


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
@pytest.mark.parametrize("key", [None, "dari_unknown"])
def test_request_without_valid_key_is_401(server, ids, method, path, key):
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    answer = httpx.request(method, f"{server.url}/v1{filled(path, ids)}", headers=headers)
    assert (answer.status_code, list(answer.json())) == (401, ["detail"])


CLOSED = [(m, path) for m, path in OPERATIONS if "{" in path or (m == "POST" and path in BODIES)]


@pytest.mark.parametrize(("method", "path"), CLOSED)
def test_resource_of_other_organization_is_403(api, other, ids, method, path):
    body = filled(BODIES.get(path, {}), ids)
    options = {"json": body} if method in ("POST", "PUT") else {}
    query = {"path": "dari.yml"} if path.endswith("/file") else {}
    other.call(method, filled(path, ids), 403, params=query, **options)
    assert api.get(f"/agents/{ids['agent']}")["active_version_id"] == ids["version"]
    assert api.get(f"/agents/{ids['agent']}")["deleted_at"] is None


def test_lists_show_own_organization_only(api, other, ids):
    api.put(f"{ORGANIZATION}/credentials/MINE", {"value": "x"})
    for path, name in (("/agents", "agents"), ("/sessions", "sessions")):
        mine = {one["id"] for one in api.get(path)[name]}
        assert mine
        assert mine.isdisjoint(one["id"] for one in other.get(path)[name])
    assert other.get(f"{ORGANIZATION}/credentials") == {"credentials": []}
    assert "mine" not in [k["label"] for k in other.get(f"{ORGANIZATION}/api-keys")["api_keys"]]


def test_foreign_ids_in_body_are_unknown(api, other, ids):
    agent = other.agent_id("parrot")
    file_id = api.upload("mine.txt", b"mine")["id"]
    other.post(f"/agents/{agent}/messages", 400, message("Read it.", file_id))
    other.post(f"/agents/{agent}/sessions", 404, {"version_id": ids["version"]})


def test_routing_key_opens_nothing(api):
    made = api.post(f"{ORGANIZATION}/api-keys", 201, {"label": "r", "key_type": "routing"})
    headers = {"Authorization": f"Bearer {made['api_key']}"}
    api.call("GET", "/agents", 401, headers=headers)


@pytest.mark.parametrize(
    "path",
    [
        "/agents/agt_0",
        "/agents/agt_0/versions",
        "/agents/agt_0/sessions",
        "/agents/agt_0/webhook",
        "/sessions/sess_0",
        "/sessions/sess_0/events",
        "/sessions/sess_0/messages",
        "/sessions/sess_0/transcript",
        "/sessions/sess_0/stream",
        "/sessions/sess_0/workspace.zip",
        "/messages/msg_0",
        "/session-batches/batch_0",
        "/costs/sessions/sess_0",
        "/source-snapshots/src_0/manifest",
        "/nothing",
    ],
)
def test_unknown_id_or_path_is_404(api, path):
    assert isinstance(api.get(path, 404), str)


def test_wrong_method_is_405(api):
    api.call("PATCH", "/agents", 405)


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"type": NaN}', b"\xff", b'"\\ud800"'])
def test_malformed_body_is_422(api, ids, body):
    headers = {"Content-Type": "application/json"}
    detail = api.call(
        "POST", f"/sessions/{ids['session']}/events", 422, content=body, headers=headers
    )
    assert all({"loc", "msg", "type"} <= set(entry) for entry in detail)


def test_wrong_field_is_422_with_place(api, ids):
    body = {"type": "user.message", "content": [{"type": "text", "text": 5}]}
    [entry] = api.post(f"/sessions/{ids['session']}/events", 422, body)
    assert entry["loc"] == ["body", "content", 0, "text"]


def test_null_field_is_as_left_out(api):
    names = ("name", "metadata", "secrets", "llm_id", "internet_access", "version_id")
    session = api.session("parrot", **dict.fromkeys(names))
    assert (session["name"], session["metadata"]) == (None, {})


def test_answers_name_extensions(server):
    answer = httpx.get(f"{server.url}/v1/agents")
    offered = answer.headers["Dari-Extensions"].split(", ")
    assert {"drafts", "reasoning", "cancel", "fork"} <= set(offered)
