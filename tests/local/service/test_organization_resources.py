import httpx
import pytest

from dari_nb.local import LocalDari

BASE = "/organizations/current"
BINDING = {
    "provider": "gcs",
    "name": "team",
    "bucket": "b",
    "base_prefix": "p",
    "service_account_key_credential_name": "GCS_KEY",
}


@pytest.fixture
def own(call):
    with LocalDari() as server, call(server) as api:
        yield api, server


def test_credentials_are_listed_by_name_and_never_shown(own):
    api, _ = own
    path = f"{BASE}/credentials/OPENAI_API_KEY"
    first = api.http.put(path, json={"value": "sk-secret"}).json()
    assert first["id"].startswith("cred_")
    assert (first["name"], first["created"]) == ("OPENAI_API_KEY", True)
    assert api.http.put(path, json={"value": "sk-other"}).json() == first | {"created": False}
    assert api.get(f"{BASE}/credentials") == {"credentials": [{"name": "OPENAI_API_KEY"}]}
    assert api.http.put(f"{BASE}/credentials/lower", json={"value": "x"}).status_code == 400
    assert api.http.put(path, json={"value": ""}).status_code == 422
    assert set(api.http.delete(path).json()) == {"name", "deleted_at"}
    assert api.http.delete(path).status_code == 404


def test_storage_bindings_are_kept_by_organization(own):
    api, server = own
    made = api.post(f"{BASE}/storage-bindings", BINDING)
    assert made["id"].startswith("stb_")
    assert api.get(f"{BASE}/storage-bindings") == {"storage_bindings": [made]}
    assert api.refused(f"{BASE}/storage-bindings", BINDING)[0] == 400
    assert api.refused(f"{BASE}/storage-bindings", BINDING | {"provider": "s3"})[0] == 422
    headers = {"Authorization": f"Bearer {server.organization('others').api_key}"}
    answer = httpx.get(f"{server.url}/v1{BASE}/storage-bindings", headers=headers)
    assert answer.json() == {"storage_bindings": []}


def test_an_api_key_is_shown_once_and_lets_in_until_it_is_deleted(own):
    api, server = own
    made = api.post(f"{BASE}/api-keys", {"label": "ci"})
    text = made.pop("api_key")
    assert made["key_type"] == "management"
    assert api.get(f"{BASE}/api-keys") == {"api_keys": [made]}
    headers = {"Authorization": f"Bearer {text}"}
    assert httpx.get(f"{server.url}/v1/agents", headers=headers).status_code == 200
    assert api.http.delete(f"{BASE}/api-keys/{made['id']}").status_code == 200
    assert httpx.get(f"{server.url}/v1/agents", headers=headers).status_code == 401
    assert api.http.delete(f"{BASE}/api-keys/{made['id']}").status_code == 404


@pytest.mark.parametrize("said", [{"key_type": "routing"}, {"scopes": ["routing"]}])
def test_a_routing_key_is_not_for_this_api(own, said):
    api, server = own
    key = api.post(f"{BASE}/api-keys", {"label": "r", **said})["api_key"]
    headers = {"Authorization": f"Bearer {key}"}
    assert httpx.get(f"{server.url}/v1/agents", headers=headers).status_code == 401


def test_the_holder_of_the_key_and_who_is_invited_are_members(own):
    api, server = own
    [owner] = api.get(f"{BASE}/members")["members"]
    assert (owner["role"], owner["status"]) == ("owner", "active")
    made = api.post(f"{BASE}/invitations", {"email": "a@example.com", "role": "admin"})
    assert made["id"].startswith("inv_")
    again = api.post(f"{BASE}/invitations", {"email": "a@example.com", "role": "member"})
    assert again == made | {"role": "member"}
    invited = {"id": made["id"], "email": "a@example.com", "role": "member", "status": "invited"}
    assert api.get(f"{BASE}/members") == {"members": [owner, invited]}
    assert api.refused(f"{BASE}/invitations", {"email": "a", "role": "admin"})[0] == 422
    assert api.refused(f"{BASE}/invitations", {"email": "b@c.de", "role": "guest"})[0] == 422
    headers = {"Authorization": f"Bearer {server.organization('others').api_key}"}
    theirs = httpx.get(f"{server.url}/v1{BASE}/members", headers=headers).json()
    assert theirs == {"members": [owner]}
