"""Agents, their versions and source snapshots (contract, sections 3 and 4)."""

import httpx
import pytest

from dari_nb.local import LocalDari

from .caller import MANIFEST, answer_of, bundle

AGENT = {"id", "name", "active_version_id", "created_at", "deleted_at"}
DEMO = {"echo", "calculator", "librarian", "tour"}


@pytest.fixture(scope="module")
def published(api):
    return api.publish("support")


def test_demo_agents_are_listed_oldest_first(api):
    agents = api.get("/agents")["agents"]
    assert {agent["name"] for agent in agents} >= DEMO
    times = [agent["created_at"] for agent in agents]
    assert times == sorted(times)
    for agent in agents:
        assert set(agent) >= AGENT
        assert agent["id"].startswith("agt_")
        assert api.get(f"/agents/{agent['id']}") == agent


def test_server_without_demo_agents_lists_none():
    with LocalDari(demo_agents=False) as server:
        headers = {"Authorization": f"Bearer {server.api_key}"}
        assert httpx.get(f"{server.url}/v1/agents", headers=headers).json() == {"agents": []}


def test_function_becomes_agent_with_llms(server, api):
    @server.agent("shout", llms=["small", "large"])
    def shout(prompt):
        return prompt.upper()

    agent = api.get(f"/agents/{api.agent_id('shout')}")
    path = f"/agents/{agent['id']}/versions/{agent['active_version_id']}"
    assert set(api.get(path)["version"]["manifest"]["llm"]["options"]) == {"small", "large"}
    assert answer_of(api.ask("shout", "Hi")) == "HI"


def test_session_uses_function_of_its_version(server, api):
    server.agent("who")(lambda prompt: "the first")
    session_id = api.session("who")["id"]
    server.agent("who")(lambda prompt: "the second")
    assert answer_of(api.ended(api.send(session_id, "Who?"))) == "the first"
    assert answer_of(api.ask("who", "Who?")) == "the second"


def test_snapshot_is_uploaded_and_finalized(api):
    archive = bundle("support")
    reserved = api.reserve(archive)
    assert reserved["status"] == "pending_upload"
    url, headers = reserved["upload_url"], reserved["upload_headers"]
    assert httpx.put(url, content=archive).status_code == 403
    assert httpx.put(url, content=archive, headers=headers).status_code == 200
    path = f"/source-snapshots/{reserved['source_snapshot_id']}"
    done = api.post(f"{path}/finalize", 200)
    assert (done["status"], done["failure_reason"]) == ("ready", None)
    assert httpx.put(url, content=archive, headers=headers).status_code == 409


@pytest.mark.parametrize("sent", [None, b"short", b"x" * len(bundle("support"))])
def test_snapshot_that_differs_is_failed(api, sent):
    reserved = api.reserve(bundle("support"))
    if sent is not None:
        httpx.put(reserved["upload_url"], content=sent, headers=reserved["upload_headers"])
    snapshot = {"source_snapshot_id": reserved["source_snapshot_id"]}
    done = api.post(f"/source-snapshots/{snapshot['source_snapshot_id']}/finalize", 200)
    assert done["status"] == "failed"
    assert done["failure_reason"]
    api.post("/agents", 400, snapshot)


@pytest.mark.parametrize(
    "wrong", [{"format": "zip"}, {"sha256": "A" * 64}, {"size_bytes": 0}, {"size_bytes": "x"}]
)
def test_malformed_reservation_is_422(api, wrong):
    body = {"format": "tar.gz", "sha256": "0" * 64, "size_bytes": 1} | wrong
    api.post("/source-snapshots", 422, body)


def test_manifest_is_read_with_system_prompt(api):
    snapshot = api.snapshot(bundle("support", "Be kind: ü."))
    answer = api.get(f"/source-snapshots/{snapshot}/manifest")
    assert answer["manifest"]["name"] == "support"
    assert answer["manifest"]["llm"]["default"] == "small"
    assert answer["system_prompt"] == "Be kind: ü."


@pytest.mark.parametrize(
    "flaw",
    [
        ("harness: pi", "harness: pi\nsurprise: 1"),
        ("prompts/system.md", "missing.md"),
        ("default: small", "default: huge"),
        ("harness: pi", "harness: ["),
    ],
)
def test_flawed_manifest_is_400(api, flaw):
    snapshot = api.snapshot(bundle("flawed", manifest=MANIFEST.replace(*flaw)))
    api.get(f"/source-snapshots/{snapshot}/manifest", 400)
    api.post("/agents", 400, {"source_snapshot_id": snapshot})


def test_snapshot_is_deleted_unless_published(api):
    unused, used = api.snapshot(bundle("unused")), api.snapshot(bundle("used"))
    api.delete(f"/source-snapshots/{unused}")
    api.delete(f"/source-snapshots/{unused}", 404)
    api.post("/agents", 201, {"source_snapshot_id": used})
    api.delete(f"/source-snapshots/{used}", 409)


def test_published_name_gets_new_version(api):
    first = api.publish("twice")
    session = api.session("twice")
    second = api.publish("twice", "Be kind.")
    third = api.publish("another name", agent_id=first["agent_id"])
    listed = api.get(f"/agents/{first['agent_id']}/versions")
    assert listed["agent"]["name"] == "twice"
    order = [made["version_id"] for made in (third, second, first)]
    assert [version["id"] for version in listed["versions"]] == order
    assert [version["is_active"] for version in listed["versions"]] == [True, False, False]
    # A session continues with its version, and a new one may ask for an older version.
    assert api.get(f"/sessions/{session['id']}")["version_id"] == first["version_id"]
    assert api.session("twice")["version_id"] == third["version_id"]
    pinned = api.session("twice", version_id=second["version_id"])
    assert pinned["version_id"] == second["version_id"]


def test_version_has_digest_and_size(api, published):
    path = f"/agents/{published['agent_id']}/versions/{published['version_id']}"
    answer = api.get(path)
    assert answer["agent"]["id"] == published["agent_id"]
    assert len(answer["version"]["archive_sha256"]) == 64
    assert answer["version"]["size_bytes"] > 0
    api.get(f"/agents/{published['agent_id']}/versions/ver_0", 404)


def test_bundle_is_listed_and_read(api, published):
    path = f"/agents/{published['agent_id']}/versions/{published['version_id']}/bundle"
    files = {file["path"]: file["size_bytes"] for file in api.get(path)["files"]}
    assert set(files) == {"dari.yml", "prompts/system.md"}
    file = api.get(f"{path}/file", path="prompts/system.md")
    assert file["content"] == "Be brief."
    assert files["prompts/system.md"] == len("Be brief.")
    api.get(f"{path}/file", 404, path="missing.md")
    api.get(f"{path}/file", 422)


def test_model_backend_makes_an_active_version(api):
    made = api.publish("routed")
    path = f"/agents/{made['agent_id']}"
    agent = api.put(f"{path}/model-backend", {"kind": "router", "router_id": "rtr_1"})
    assert agent["active_version_id"] != made["version_id"]
    assert api.get(path)["active_version_id"] == agent["active_version_id"]
    api.put(f"{path}/model-backend", {"kind": "other"}, 422)


def test_deleted_agent_starts_nothing_new(server, api):
    server.agent("leaving")(lambda prompt: prompt)
    agent_id = api.agent_id("leaving")
    session_id = api.ask("leaving", "Hi")["session_id"]
    deleted = api.delete(f"/agents/{agent_id}")
    assert deleted["deleted_at"] is not None
    assert api.delete(f"/agents/{agent_id}") == deleted
    assert agent_id not in [agent["id"] for agent in api.get("/agents")["agents"]]
    api.post(f"/agents/{agent_id}/sessions", 404)
    api.post(f"/agents/{agent_id}/versions", 404, {"source_snapshot_id": api.snapshot(bundle("x"))})
    assert len(api.messages(session_id)) == 1
