from dari_nb.local import LocalDari


def test_the_demo_agents_are_listed_oldest_first(api):
    agents = api.get("/agents")["agents"]
    assert [a["name"] for a in agents[:4]] == ["echo", "calculator", "librarian", "tour"]
    assert set(agents[0]) == {"id", "name", "active_version_id", "created_at", "deleted_at"}
    assert agents[0]["id"].startswith("agt_")
    assert agents[0]["deleted_at"] is None


def test_an_agent_is_got_by_id(api):
    agent_id = api.agent_id("tour")
    assert api.get(f"/agents/{agent_id}")["name"] == "tour"
    assert api.http.get("/agents/agt_none").json() == {"detail": "No agent 'agt_none'"}


def test_a_version_shows_its_manifest_with_the_llm_options(api):
    agent_id = api.agent_id("tour")
    listed = api.get(f"/agents/{agent_id}/versions")
    assert listed["agent"]["id"] == agent_id
    assert [v["is_active"] for v in listed["versions"]] == [True]
    got = api.get(f"/agents/{agent_id}/versions/{listed['versions'][0]['id']}")
    assert got["version"]["agent_id"] == agent_id
    manifest = got["version"]["manifest"]
    assert list(manifest["llm"]["options"]) == ["small", "large"]
    assert "small" in manifest["description"]


def test_registering_a_name_again_publishes_a_version_only_when_something_differs(server, api):
    server.agent("again")(lambda prompt: "one")
    server.agent("again")(lambda prompt: "one")
    agent_id = api.agent_id("again")
    first = api.get(f"/agents/{agent_id}/versions")["versions"]
    server.agent("again")(lambda prompt: "two")
    assert api.ask("again", "?")["output"]["parts"][0]["text"] == "two"
    server.agent("again", llms=("a", "b"))(lambda prompt: "two")
    versions = api.get(f"/agents/{agent_id}/versions")["versions"]
    assert [len(first), *(v["is_active"] for v in versions)] == [1, True, False, False]


def said(message):
    return message["output"]["parts"][0]["text"]


def test_a_session_is_answered_by_the_function_of_its_version(server, api):
    server.agent("kept")(lambda prompt: f"{prompt} one")
    session_id = api.ask("kept", "a")["session_id"]
    server.agent("kept")(lambda prompt: f"{prompt} two")
    assert said(api.finished(api.send(session_id, "b")["message"]["id"])) == "b one"
    old = api.get(f"/agents/{api.agent_id('kept')}/versions")["versions"][1]["id"]
    assert said(api.ask("kept", "c", version_id=old)) == "c one"
    assert said(api.ask("kept", "d")) == "d two"


def test_a_version_whose_function_is_gone_says_so_and_takes_no_new_session(tmp_path, call):
    path = tmp_path / "kept.db"
    for answer in ("one", "two"):
        with LocalDari(path, demo_agents=False) as server:
            server.agent("kept")(lambda prompt, *, answer=answer: answer)
    with LocalDari(path, demo_agents=False) as server, call(server) as api:
        agent_id = api.agent_id("kept")

        def versions():
            listed = api.get(f"/agents/{agent_id}/versions")["versions"]
            return [api.get(f"/agents/{agent_id}/versions/{v['id']}")["version"] for v in listed]

        new, old = versions()
        why = "its function is gone, and other code was registered under its name"
        assert (new.get("refused"), old["refused"]) == (None, why)
        refused = (
            f"This version of 'kept' takes no new session: {why}. Leave the version out to ask "
            "that, or register the old code again"
        )
        sessions = f"/agents/{agent_id}/sessions"
        assert api.refused(sessions, {"version_id": old["id"]}) == (400, refused)
        server.agent("kept")(lambda prompt, *, answer="one": answer)
        server.agent("kept")(lambda prompt, *, answer="two": answer)
        assert [version.get("refused") for version in versions()] == [None, None]
        assert said(api.ask("kept", "?", version_id=old["id"])) == "one"
