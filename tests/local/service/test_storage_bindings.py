"""Sessions with a storage binding: given with the session, or named by the version."""

import sqlite3

import pytest

from dari_nb.local import LocalDari

BINDING = {
    "provider": "gcs",
    "name": "team",
    "bucket": "b",
    "base_prefix": "p",
    "service_account_key_credential_name": "GCS_KEY",
}
DARI_YML = b"""\
name: stored
harness: pi
instructions: {system: system.md}
llm: {model: openai/gpt-5.5}
sandbox: {storage_binding: team}
"""


@pytest.fixture
def own(call):
    with LocalDari() as server, call(server) as api:
        yield server, api


def bind(api, name="team"):
    return api.post("/organizations/current/storage-bindings", BINDING | {"name": name})["id"]


def test_a_session_keeps_the_binding_it_is_given(own, blocks):
    _, api = own
    binding = bind(api)
    session_id = api.create("echo", storage_binding_id=binding)
    assert api.get(f"/sessions/{session_id}")["storage_binding_id"] == binding
    session = {"storage_binding_id": binding}
    body = {"type": "user.message", "content": blocks("x"), "session": session}
    sent = api.post(f"/agents/{api.agent_id('echo')}/messages", body)
    assert sent["session"]["storage_binding_id"] == binding
    transcript = api.get(f"/sessions/{session_id}/transcript")
    assert transcript["session"]["storage_binding_id"] == binding


def test_an_unknown_binding_or_another_organizations_is_refused(own, call):
    server, api = own
    binding = bind(api)
    path = f"/agents/{api.agent_id('echo')}/sessions"
    unknown = api.refused(path, {"storage_binding_id": "stb_0"})
    assert unknown == (400, "Unknown storage_binding_id 'stb_0'")
    headers = {"Authorization": f"Bearer {server.organization('others').api_key}"}
    theirs = api.http.get("/agents", headers=headers).json()["agents"][0]["id"]
    answer = api.http.post(
        f"/agents/{theirs}/sessions", json={"storage_binding_id": binding}, headers=headers
    )
    assert answer.status_code == 400


def test_a_version_that_names_a_binding_gives_it_to_its_sessions(own):
    _, api = own
    bundle = {"dari.yml": DARI_YML, "system.md": b"Hello"}
    snapshot_id = api.snapshot(api.packed(bundle))
    refused = api.refused("/agents", {"source_snapshot_id": snapshot_id})
    assert refused == (
        400,
        "dari.yml, sandbox.storage_binding: the organization has no binding 'team'",
    )
    binding, other = bind(api), bind(api, "other")
    api.publish(bundle)
    session_id = api.create("stored")
    assert api.get(f"/sessions/{session_id}")["storage_binding_id"] == binding
    session_id = api.create("stored", storage_binding_id=other)
    assert api.get(f"/sessions/{session_id}")["storage_binding_id"] == other


def test_a_manifest_with_an_empty_sandbox_and_no_llm_makes_sessions(own):
    _, api = own
    yml = b"""\
name: bare
harness:
  kind: customRuntimeServer
  protocol: dari-runtime-v1
  customRuntimeServer: {command: serve, port: 8080}
instructions: {system: system.md}
sandbox:
llm:
"""
    api.publish({"dari.yml": yml, "system.md": b"Hello"})
    session = api.get(f"/sessions/{api.create('bare')}")
    assert (session["storage_binding_id"], session["llm_id"]) == (None, None)


def test_a_database_from_before_bindings_has_sessions_without_one(tmp_path, call):
    path = tmp_path / "old.db"
    with LocalDari(path) as server, call(server) as api:
        session_id = api.create("echo")
        session = api.get(f"/sessions/{session_id}")
    with sqlite3.connect(path) as db:
        db.execute("ALTER TABLE sessions DROP COLUMN storage_binding_id")
    db.close()
    with LocalDari(path) as server, call(server) as api:
        assert api.get(f"/sessions/{session_id}") == session
