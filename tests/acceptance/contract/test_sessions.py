"""Sessions: fields, lists, filters and secrets (contract, section 5)."""

import pytest

SESSION = {
    "id",
    "name",
    "agent_id",
    "version_id",
    "llm_id",
    "storage_binding_id",
    "internet_access",
    "status",
    "last_message_id",
    "last_message_status",
    "created_at",
    "metadata",
}


def test_new_session_has_all_fields(api):
    agent = api.get(f"/agents/{api.agent_id('parrot')}")
    session = api.session("parrot", name="Ticket 1", metadata={"run": "1"}, llm_id="large")
    assert set(session) >= SESSION
    assert session["id"].startswith("sess_")
    assert session["version_id"] == agent["active_version_id"]
    assert (session["name"], session["llm_id"]) == ("Ticket 1", "large")
    assert (session["status"], session["last_message_id"]) == ("idle", None)
    assert (session["metadata"], session["internet_access"]) == ({"run": "1"}, False)
    assert api.get(f"/sessions/{session['id']}") == session


def test_session_without_body_gets_defaults(api):
    session = api.post(f"/agents/{api.agent_id('parrot')}/sessions", 201)
    assert (session["name"], session["metadata"]) == (None, {})
    version = api.get(f"/agents/{session['agent_id']}/versions/{session['version_id']}")["version"]
    assert session["llm_id"] == version["manifest"]["llm"]["default"]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"llm_id": "huge"}, 400),
        ({"secrets": {"lower": "x"}}, 400),
        ({"secrets": {"EMPTY": ""}}, 400),
        ({"storage_binding_id": "stb_0"}, 400),
        ({"internet_access": True}, 403),
        ({"version_id": "ver_0"}, 404),
        ({"name": 1}, 422),
        ({"metadata": {"n": 1}}, 422),
        ({"metadata": []}, 422),
    ],
)
def test_wrong_field_is_refused(api, fields, status):
    before = len(api.get("/sessions")["sessions"])
    api.post(f"/agents/{api.agent_id('parrot')}/sessions", status, fields)
    assert len(api.get("/sessions")["sessions"]) == before


def test_secrets_are_never_returned(api):
    secrets = {"TOKEN": "s3cr3t-1"}
    session = api.session("parrot", secrets=secrets, llm_api_key="s3cr3t-2")
    for path in ("", "/events", "/transcript"):
        assert "s3cr3t" not in str(api.get(f"/sessions/{session['id']}{path}"))
    assert "s3cr3t" not in str(session)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["a", "b", "c"]),
        ({"metadata.lesson": "1"}, ["a", "b"]),
        ({"metadata.lesson": "1", "metadata.level": "low"}, ["a"]),
        ({"metadata.lesson": "12", "metadata.level": "high"}, []),
        ({"metadata.lesson": ["1", "12"]}, []),
        ({"metadata.unknown": "1"}, []),
    ],
)
def test_metadata_filters_are_combined(server, api, query, found):
    if "filtered" not in [agent["name"] for agent in api.get("/agents")["agents"]]:
        server.agent("filtered")(lambda prompt: prompt)
        for name, lesson, level in (("a", "1", "low"), ("b", "1", "high"), ("c", "12", "low")):
            api.session("filtered", name=name, metadata={"lesson": lesson, "level": level})
    path = f"/agents/{api.agent_id('filtered')}/sessions"
    assert [session["name"] for session in api.get(path, **query)["sessions"]] == found
    everywhere = [session["name"] for session in api.get("/sessions", **query)["sessions"]]
    assert [name for name in everywhere if name in ("a", "b", "c")] == found


def test_session_shows_its_last_message(api):
    asked = api.ask("parrot", "Hi")
    session = api.get(f"/sessions/{asked['session_id']}")
    assert (session["status"], session["last_message_status"]) == ("idle", "completed")
    assert session["last_message_id"] == asked["id"]
