"""Sessions with a storage binding: given with the session, or named by the version."""

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


def test_a_version_that_names_a_binding_gives_it_to_its_sessions(own):
    _, api = own
    bundle = {"dari.yml": DARI_YML, "system.md": b"Hello"}
    snapshot_id = api.snapshot(api.packed(bundle))
    status, detail = api.refused("/agents", {"source_snapshot_id": snapshot_id})
    assert (status, "sandbox.storage_binding" in detail) == (400, True)
    binding, other = bind(api), bind(api, "other")
    api.publish(bundle)
    session_id = api.create("stored")
    assert api.get(f"/sessions/{session_id}")["storage_binding_id"] == binding
    session_id = api.create("stored", storage_binding_id=other)
    assert api.get(f"/sessions/{session_id}")["storage_binding_id"] == other
