"""Credentials, storage bindings, API keys, members and costs (contract, sections 13 and 14)."""

import pytest

from dari_nb.local import LocalDari, Usage

from .caller import Api, message

BASE = "/organizations/current"
BINDING = {
    "provider": "gcs",
    "name": "team",
    "bucket": "b",
    "base_prefix": "p",
    "service_account_key_credential_name": "GCS_KEY",
}


@pytest.fixture
def own(description):
    """Yield a server of its own, and calls to it."""
    with LocalDari(cost_delay=0) as server, Api.of(server, description) as api:
        yield server, api


def test_credentials_are_listed_by_name_only(own):
    _, api = own
    path = f"{BASE}/credentials/OPENAI_API_KEY"
    first = api.put(path, {"value": "sk-secret"})
    assert (first["name"], first["created"]) == ("OPENAI_API_KEY", True)
    assert api.put(path, {"value": "sk-other"}) == first | {"created": False}
    assert api.get(f"{BASE}/credentials") == {"credentials": [{"name": "OPENAI_API_KEY"}]}
    assert set(api.delete(path)) == {"name", "deleted_at"}
    api.delete(path, 404)


@pytest.mark.parametrize(("name", "value", "status"), [("lower", "x", 400), ("EMPTY", "", 422)])
def test_malformed_credential_is_refused(own, name, value, status):
    own[1].put(f"{BASE}/credentials/{name}", {"value": value}, status)


def test_storage_binding_belongs_to_sessions(own):
    _, api = own
    made = api.post(f"{BASE}/storage-bindings", 201, BINDING)
    assert made["id"].startswith("stb_")
    assert api.get(f"{BASE}/storage-bindings") == {"storage_bindings": [made]}
    assert api.session("echo", storage_binding_id=made["id"])["storage_binding_id"] == made["id"]
    api.post(f"{BASE}/storage-bindings", 400, BINDING)
    api.post(f"{BASE}/storage-bindings", 422, BINDING | {"provider": "s3"})


def test_api_key_works_until_deleted(own):
    _, api = own
    made = api.post(f"{BASE}/api-keys", 201, {"label": "ci"})
    headers = {"Authorization": f"Bearer {made.pop('api_key')}"}
    assert api.get(f"{BASE}/api-keys") == {"api_keys": [made]}
    api.call("GET", "/agents", 200, headers=headers)
    api.delete(f"{BASE}/api-keys/{made['id']}")
    api.call("GET", "/agents", 401, headers=headers)


def test_members_are_owner_and_invited(own):
    _, api = own
    [owner] = api.get(f"{BASE}/members")["members"]
    assert owner["role"] == "owner"
    made = api.post(f"{BASE}/invitations", 201, {"email": "a@example.com", "role": "admin"})
    assert made["id"].startswith("inv_")
    invited = api.get(f"{BASE}/members")["members"][1]
    assert (invited["email"], invited["role"]) == ("a@example.com", "admin")
    api.post(f"{BASE}/invitations", 422, {"email": "a@example.com", "role": "guest"})


def test_costs_are_exact_sums(own):
    server, api = own

    @server.agent("costly")
    def costly(prompt):
        yield Usage("0.1", input_tokens=20, output_tokens=5)
        yield Usage("0.2", input_tokens=1)
        yield "Done."

    session_id = api.ask("costly", "x")["session_id"]
    assert api.get(f"/costs/sessions/{session_id}") == {
        "scope_kind": "session",
        "scope_id": session_id,
        "event_count": 2,
        "total_cost_usd": "0.3",
    }
    [asked] = api.messages(session_id)
    assert asked["usage"] == {"input_tokens": 21, "output_tokens": 5}


def test_session_without_llm_costs_nothing(own):
    _, api = own
    cost = api.get(f"/costs/sessions/{api.ask('echo', 'x')['session_id']}")
    assert (cost["event_count"], cost["total_cost_usd"]) == (0, "0")


def test_message_over_max_cost_is_402(own):
    server, api = own
    server.set_limits(max_cost="0.05")

    @server.agent("costly")
    def costly(prompt):
        yield Usage("0.05")
        yield "Done."

    session_id = api.ask("costly", "x")["session_id"]
    api.post(f"/sessions/{session_id}/events", 402, message("more"))
    assert len(api.messages(session_id)) == 1
    item = {"agent_id": api.agent_id("costly"), "message": {"content": message("x")["content"]}}
    [child] = api.post("/session-batches", 201, {"items": [item]})["sessions"]
    assert (child["status"], child["session_id"]) == ("failed", None)
