import httpx


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


def test_every_request_needs_the_key(server):
    for headers in ({}, {"Authorization": "Bearer no"}, {"Authorization": server.api_key}):
        for path in ("/v1/agents", "/v1/sessions/x/stream", "/nowhere"):
            answer = httpx.get(f"{server.url}{path}", headers=headers)
            assert answer.status_code == 401
            assert answer.json() == {"detail": "Missing or invalid API key"}
