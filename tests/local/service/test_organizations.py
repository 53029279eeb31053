import json

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
