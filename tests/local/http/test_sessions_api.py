import httpx
import pytest


def test_a_new_session_is_idle_and_has_all_fields(api):
    agent_id = api.agent_id("echo")
    answer = api.http.post(f"/agents/{agent_id}/sessions")
    assert answer.status_code == 201
    session = answer.json()
    assert session.pop("id").startswith("sess_")
    assert session.pop("version_id").startswith("ver_")
    assert session.pop("created_at").endswith("Z")
    assert session == {
        "name": None,
        "agent_id": agent_id,
        "llm_id": "large",
        "storage_binding_id": None,
        "internet_access": False,
        "status": "idle",
        "last_message_id": None,
        "last_message_status": None,
        "metadata": {},
    }


def test_secrets_and_keys_are_taken_and_never_shown(api):
    session_id = api.create(
        "echo", name="mine", secrets={"TOKEN": "s3cret"}, llm_api_key="sk-s3cret", llm_id="small"
    )
    text = api.http.get(f"/sessions/{session_id}").text
    assert "s3cret" not in text
    assert '"llm_id":"small"' in text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"secrets": {"lower": "x"}}, 400),
        ({"secrets": {"UPPER": ""}}, 400),
        ({"llm_id": "huge"}, 400),
        ({"storage_binding_id": "stb_1"}, 400),
        ({"version_id": "ver_1"}, 404),
        ({"metadata": {"n": 1}}, 422),
        ({"name": 5}, 422),
        ([], 422),
    ],
)
def test_a_session_with_a_broken_rule_or_shape_is_refused(api, body, status):
    got, detail = api.refused(f"/agents/{api.agent_id('echo')}/sessions", body)
    assert got == status
    assert isinstance(detail, list if status == 422 else str)


def test_a_message_that_asks_for_a_fork_is_refused_and_makes_no_session(api):
    fork = {"fork_of": {"session_id": "sess_1", "before_message_id": "msg_1"}}
    message = {"type": "user.message", "content": [{"type": "text", "text": "x"}]}
    path = f"/agents/{api.agent_id('echo')}"
    before = api.http.get("/sessions").json()
    answer = api.http.post(f"{path}/messages", json={**message, "session": fork})
    assert answer.status_code == 422
    assert "/agents/{agent_id}/sessions takes `fork_of`" in answer.json()["detail"][0]["msg"]
    assert answer.json()["detail"][0]["loc"] == ["body", "session"]
    assert api.http.get("/sessions").json() == before


def test_an_unknown_llm_is_refused_with_the_known_ones(api):
    _, detail = api.refused(f"/agents/{api.agent_id('echo')}/sessions", {"llm_id": "huge"})
    assert detail == "Unknown llm_id 'huge': this version has small, large"


def test_metadata_filters_are_combined_with_and(api):
    both = api.create("echo", metadata={"run": "r1", "kind": "a'\"%", "": "empty"})
    one = api.create("tour", metadata={"run": "r1"})

    def found(**params):
        return [s["id"] for s in api.get("/sessions", params=params)["sessions"]]

    assert found(**{"metadata.run": "r1"}) == [both, one]
    assert found(**{"metadata.run": "r1", "metadata.kind": "a'\"%"}) == [both]
    assert found(**{"metadata.run": "r1", "metadata.kind": "b"}) == []
    assert found(**{"metadata.": "empty"}) == [both]
    assert {both, one} <= set(found())
    agent_id = api.agent_id("tour")
    params = {"metadata.run": "r1"}
    of_agent = api.get(f"/agents/{agent_id}/sessions", params=params)["sessions"]
    assert [s["id"] for s in of_agent] == [one]


def test_the_same_filter_twice_with_two_values_finds_nothing(api):
    api.create("echo", metadata={"twice": "1"})
    found = api.get("/sessions", params=[("metadata.twice", "1"), ("metadata.twice", "2")])
    assert found == {"sessions": []}


def test_unknown_ids_are_404_everywhere(api):
    paths = ["/agents/x", "/agents/x/versions", "/agents/x/sessions", "/messages/x"]
    paths += [f"/sessions/x{rest}" for rest in ("", "/events", "/stream", "/messages")]
    for path in [*paths, "/sessions/x/transcript", "/agents/x/versions/y"]:
        answer = api.http.get(path)
        assert answer.status_code == 404, path
        assert answer.json()["detail"].startswith("No "), path


def test_every_request_needs_the_key(server):
    for headers in ({}, {"Authorization": "Bearer no"}, {"Authorization": server.api_key}):
        for path in ("/v1/agents", "/v1/sessions/x/stream", "/nowhere"):
            answer = httpx.get(f"{server.url}{path}", headers=headers)
            assert answer.status_code == 401
            assert answer.json() == {"detail": "Missing or invalid API key"}
