import json
import sqlite3

import httpx
import pytest

from dari_nb.errors import InvalidRequestError
from dari_nb.local import LocalDari


class Neighbour:
    """Plain calls with the key of another organization."""

    def __init__(self, server, organization):
        headers = {"Authorization": f"Bearer {organization.api_key}"}
        self.http = httpx.Client(base_url=f"{server.url}/v1", headers=headers)


@pytest.fixture(scope="module")
def other(server):
    neighbour = Neighbour(server, server.organization("neighbours"))
    yield neighbour
    neighbour.http.close()


def test_another_organization_has_the_function_agents_and_its_own_sessions(
    api, other, blocks, wait
):
    agents = other.http.get("/agents").json()["agents"]
    echo = next(a for a in agents if a["name"] == "echo")
    assert echo["id"] != api.agent_id("echo")
    body = {"type": "user.message", "content": blocks("hello")}
    sent = other.http.post(f"/agents/{echo['id']}/messages", json=body).json()
    assert sent["event"]["actor"] == {"type": "user", "id": sent["event"]["actor"]["id"]}
    assert sent["event"]["actor"]["id"].startswith("org_")
    path = f"/messages/{sent['message']['id']}"
    assert wait(lambda: other.http.get(path).json(), lambda m: m["status"] == "completed")
    listed = [s["id"] for s in other.http.get("/sessions").json()["sessions"]]
    assert listed == [sent["session"]["id"]]
    assert sent["session"]["id"] not in [s["id"] for s in api.get("/sessions")["sessions"]]


def test_another_organizations_file_is_as_unknown(api, other, blocks):
    file_id = other.http.post("/files", files={"file": ("a.txt", b"theirs")}).json()["id"]
    body = {"type": "user.message", "content": blocks("read", file_id)}
    path = f"/agents/{api.agent_id('echo')}/messages"
    assert api.refused(path, body) == (400, f"Unknown file_id {file_id!r}")


def test_organizations_and_their_keys_outlive_the_server_and_keys_are_not_in_the_file(tmp_path):
    path = tmp_path / "course.db"
    with LocalDari(path) as server:
        first = server.organization("row one", api_key="dari_row_one")
        with pytest.raises(InvalidRequestError, match="first organization"):
            server.organization("row two", api_key=server.api_key)
        with pytest.raises(InvalidRequestError, match="another organization"):
            server.organization("row two", api_key="dari_row_one")
        assert "dari_row_one" not in repr(first)
    assert b"dari_row_one" not in path.read_bytes()
    with LocalDari(path) as server:
        headers = {"Authorization": "Bearer dari_row_one"}
        assert httpx.get(f"{server.url}/v1/agents", headers=headers).status_code == 200
        assert server.organization("row one", api_key="dari_row_one") == first


def test_a_database_without_organizations_is_the_first_ones(tmp_path, call):
    path = tmp_path / "old.db"
    db = sqlite3.connect(path)
    db.executescript("""
        CREATE TABLE agents (
            ordinal INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, name TEXT UNIQUE NOT NULL,
            active_version_id TEXT NOT NULL, created_at TEXT NOT NULL);
        CREATE TABLE versions (
            ordinal INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, agent_id TEXT NOT NULL,
            manifest TEXT NOT NULL, created_at TEXT NOT NULL);
        CREATE TABLE files (
            id TEXT PRIMARY KEY, filename TEXT NOT NULL, content BLOB NOT NULL);
        INSERT INTO agents VALUES (1, 'agt_old', 'old', 'ver_old', '2026-01-01T00:00:00Z');
        INSERT INTO versions VALUES (1, 'ver_old', 'agt_old', '{}', '2026-01-01T00:00:00Z');
    """)
    db.close()
    for _ in range(2):
        with LocalDari(path) as server, call(server) as api:
            server.organization("new")
            assert api.agent_id("old") == "agt_old"
            assert api.get("/agents/agt_old/versions")["versions"][0]["id"] == "ver_old"


def test_recorded_runs_become_sessions_of_the_organization_they_are_loaded_for(tmp_path, call):
    messages = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]
    path = tmp_path / "lesson.jsonl"
    path.write_text(json.dumps({"messages": messages}))
    with LocalDari() as server, call(server) as api:
        organization = server.organization("row two")
        [session_id] = server.load_runs(path, organization=organization)
        theirs = Neighbour(server, organization)
        [listed] = theirs.http.get("/sessions").json()["sessions"]
        first = theirs.http.get(f"/sessions/{session_id}/events").json()["events"][0]
        agents = [a["name"] for a in theirs.http.get("/agents").json()["agents"]]
        theirs.http.close()
        assert listed["id"] == session_id
        assert first["actor"] == {"type": "user", "id": organization.id}
        assert agents[-1] == "lesson"
        assert api.get("/sessions")["sessions"] == []
        assert "lesson" not in server.agents


def test_a_refusal_names_nothing_of_another_organization(api, other):
    message = api.ask("echo", "x")
    answer = other.http.get(f"/messages/{message['id']}")
    assert answer.status_code == 403
    assert message["session_id"] not in answer.text
