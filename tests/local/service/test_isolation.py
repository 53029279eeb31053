"""What one organization has is closed to another's key, on every route there is."""

import httpx
import pytest

from dari_nb.local import LocalDari
from dari_nb.local.http.app import OPERATIONS

DARI_YML = b"""\
name: mine
harness: pi
instructions: {system: system.md}
llm: {model: openai/gpt-5.5}
"""
BINDING = {
    "provider": "gcs",
    "name": "team",
    "bucket": "b",
    "base_prefix": "p",
    "service_account_key_credential_name": "GCS_KEY",
}
MESSAGE = {"content": [{"type": "text", "text": "x"}]}
EVENT = {"type": "user.message", **MESSAGE}
ROUTER = {"kind": "router", "router_id": "rtr_1"}
HOOK = {"webhook_url": "https://example.com/hook"}
ITEMS = {"items": [{"agent_id": "{agent_id}", "message": MESSAGE}]}
SNAPSHOT = {"source_snapshot_id": "{source_snapshot_id}"}
ORGANIZATION = "/organizations/current"

# Each operation with the body to send and what another organization's key gets: a status, or
# OWN where it works on what is the caller's own and must show nothing of anybody else.
OWN = "own"
TABLE = {
    "upload_file": (None, OWN),
    "create_snapshot": (None, OWN),
    "finalize_snapshot": (None, 403),
    "get_snapshot_manifest": (None, 403),
    "delete_snapshot": (None, 403),
    "list_agents": (None, OWN),
    "publish": (SNAPSHOT, 403),
    "get_agent": (None, 403),
    "delete_agent": (None, 403),
    "list_versions": (None, 403),
    "publish_version": (SNAPSHOT, 403),
    "get_version": (None, 403),
    "list_bundle": (None, 403),
    "get_bundle_file": (None, 403),
    "set_model_backend": (ROUTER, 403),
    "create_session": ({}, 403),
    "list_sessions_of_agent": (None, 403),
    "list_sessions": (None, OWN),
    "get_session": (None, 403),
    "send_first_message": (EVENT, 403),
    "send_event": (EVENT, 403),
    "list_events": (None, 403),
    "stream": (None, 403),
    "list_messages": (None, 403),
    "get_message": (None, 403),
    "get_transcript": (None, 403),
    "get_workspace": (None, 403),
    "create_batch": (ITEMS, 403),
    "get_batch": (None, 403),
    "get_webhook": (None, 403),
    "set_webhook": (HOOK, 403),
    "clear_webhook": (None, 403),
    "rotate_webhook_secret": (None, 403),
    "get_session_cost": (None, 403),
    "list_credentials": (None, OWN),
    "put_credential": ({"value": "theirs"}, OWN),
    "delete_credential": (None, OWN),
    "list_storage_bindings": (None, OWN),
    "create_storage_binding": (BINDING, OWN),
    "list_api_keys": (None, OWN),
    "create_api_key": ({"label": "theirs"}, OWN),
    "delete_api_key": (None, 403),
    "list_members": (None, OWN),
    "invite": ({"email": "a@b.de", "role": "member"}, OWN),
}
CLOSED = [o for o in OPERATIONS if TABLE.get(o.name, (None, OWN))[1] != OWN]


@pytest.fixture(scope="module")
def world():
    """A server where the first organization has one of each thing; and a key of another one."""
    with LocalDari() as server:
        yield server, server.organization("neighbours")


@pytest.fixture
def mine(world, call):
    with call(world[0]) as api:
        yield api


@pytest.fixture
def theirs(world):
    server, neighbours = world
    headers = {"Authorization": f"Bearer {neighbours.api_key}"}
    with httpx.Client(base_url=f"{server.url}/v1", headers=headers) as http:
        yield http


@pytest.fixture
def known(mine):
    """Ids of what the first organization has."""
    bundle = {"dari.yml": DARI_YML, "system.md": b"Hello"}
    published = mine.publish(bundle)
    echo = mine.agent_id("echo")
    message = mine.ask("echo", "mine")
    batch = mine.post("/session-batches", {"items": [{"agent_id": echo, "message": MESSAGE}]})
    session_id = batch["sessions"][0]["session_id"]
    mine.finished(mine.messages(session_id)[0]["id"])
    mine.rests(session_id)
    mine.rests(message["session_id"])
    mine.http.put(f"/agents/{published['agent_id']}/webhook", json=HOOK)
    return {
        "source_snapshot_id": mine.snapshot(mine.packed(bundle)),
        "agent_id": published["agent_id"],
        "version_id": published["version_id"],
        "session_id": message["session_id"],
        "message_id": message["id"],
        "batch_id": batch["batch_id"],
        "key_id": mine.post(f"{ORGANIZATION}/api-keys", {"label": "mine"})["id"],
    }


def filled(value, known):
    if isinstance(value, dict):
        return {name: filled(one, known) for name, one in value.items()}
    if isinstance(value, list):
        return [filled(one, known) for one in value]
    return value.format(**known) if isinstance(value, str) else value


def seen(api, known):
    """What the first organization sees of everything that somebody else could have changed."""
    agent, session = known["agent_id"], known["session_id"]
    paths = [f"/agents/{agent}", f"/agents/{agent}/versions", f"/agents/{agent}/webhook"]
    paths += [f"/agents/{agent}/sessions", f"/sessions/{session}/events", "/sessions"]
    paths += [f"/source-snapshots/{known['source_snapshot_id']}/manifest", "/agents"]
    paths += [f"{ORGANIZATION}/api-keys", f"/session-batches/{known['batch_id']}"]
    return {path: api.get(path) for path in paths}


def test_the_table_has_each_operation_once():
    assert set(TABLE) == {operation.name for operation in OPERATIONS}


def test_another_organizations_things_are_closed_on_every_route(mine, theirs, known):
    before = seen(mine, known)
    answers = {}
    for operation in CLOSED:
        body, _ = TABLE[operation.name]
        path = operation.path.format(**known)
        answer = theirs.request(
            operation.method,
            path,
            json=filled(body, known) if body is not None else None,
            params={"path": "dari.yml"} if operation.required_query else None,
        )
        answers[operation.name] = (answer.status_code, list(answer.json()))
        assert "another organization" in answer.json()["detail"]
    assert answers == {o.name: (TABLE[o.name][1], ["detail"]) for o in CLOSED}
    assert seen(mine, known) == before


def test_files_snapshots_and_bindings_in_a_body_are_another_organizations_too(mine, theirs, known):
    echo = next(a["id"] for a in theirs.get("/agents").json()["agents"] if a["name"] == "echo")
    file_id = mine.upload("mine.txt", b"mine")
    content = [{"type": "file", "file_id": file_id}]
    event = {"type": "user.message", "content": content}
    assert theirs.post(f"/agents/{echo}/messages", json=event).status_code == 400
    item = {"agent_id": echo, "message": {"content": content}}
    [child] = theirs.post("/session-batches", json={"items": [item]}).json()["sessions"]
    assert (child["status"], child["session_id"]) == ("failed", None)
    assert "Unknown file_id" in child["error"]
    snapshot = {"source_snapshot_id": known["source_snapshot_id"]}
    assert theirs.post(f"/agents/{echo}/versions", json=snapshot).status_code == 403
    version = {"version_id": known["version_id"]}
    assert theirs.post(f"/agents/{echo}/sessions", json=version).status_code == 404
