import threading

import pytest


def item(api, text, agent="echo", **fields):
    message = {"content": [{"type": "text", "text": text}], "metadata": {"n": text}}
    return {"agent_id": api.agent_id(agent), "message": message, **fields}


@pytest.fixture
def ended(api, wait):
    def look(batch_id):
        return wait(
            lambda: api.get(f"/session-batches/{batch_id}"),
            lambda batch: batch["status"] not in ("queued", "running"),
        )

    return look


def test_a_batch_makes_a_session_an_item_in_order(api, ended):
    items = [item(api, t, llm_id="small", metadata={"task": t}) for t in ("a", "b", "c")]
    made = api.http.post("/session-batches", json={"items": items})
    batch = made.json()
    assert (made.status_code, batch["status"]) == (201, "queued")
    assert list(batch) == ["batch_id", "status", "sessions"]
    child = batch["sessions"][1]
    session = api.get(f"/sessions/{child['session_id']}")
    assert child == {
        "index": 1,
        "session_id": session["id"],
        "status": "queued",
        "last_message_status": "queued",
        "agent_id": session["agent_id"],
        "version_id": session["version_id"],
        "llm_id": "small",
        "metadata": {"task": "b"},
        "transcript_url": f"/v1/sessions/{session['id']}/transcript",
        "error": None,
    }
    batch = ended(batch["batch_id"])
    assert batch["status"] == "completed"
    assert batch["counts"] == {"queued": 0, "running": 0, "completed": 3, "failed": 0}
    answers = [api.items(c["session_id"])[-1]["content"][0]["text"] for c in batch["sessions"]]
    assert answers == ["a", "b", "c"]
    assert api.messages(session["id"])[0]["metadata"] == {"n": "b"}


def test_a_running_batch_says_so_and_an_item_follows_its_first_message(server, api, wait):
    gate = threading.Event()

    @server.agent("gated")
    def gated(prompt):
        gate.wait(60)
        if prompt == "bad":
            raise ValueError(prompt)
        return prompt

    items = [item(api, text, "gated") for text in ("good", "bad")]
    batch_id = api.post("/session-batches", {"items": items})["batch_id"]
    look = lambda: api.get(f"/session-batches/{batch_id}")  # noqa: E731
    assert wait(look, lambda b: b["counts"]["running"] == 2)["status"] == "running"
    gate.set()
    batch = wait(look, lambda b: b["status"] == "partial_failed")
    session_id = batch["sessions"][1]["session_id"]
    api.finished(api.send(session_id, "good")["message"]["id"])
    child = look()["sessions"][1]
    assert (child["status"], child["last_message_status"]) == ("failed", "completed")


def test_a_broken_batch_is_refused_as_a_whole(api):
    one = item(api, "x")
    other = item(api, "x", "tour")
    for items in ([], [one] * 101, [one, other]):
        assert api.refused("/session-batches", {"items": items})[0] == 400
    assert api.refused("/session-batches", {"items": [one], "idempotency_key": ""})[0] == 400
    assert api.refused("/session-batches", {"items": [{"agent_id": "agt_0"}]})[0] == 422
    assert api.refused("/session-batches", {"items": [{**one, "agent_id": "agt_0"}]})[0] == 404
    assert api.http.get("/session-batches/batch_0").status_code == 404
