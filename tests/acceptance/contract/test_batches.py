"""Session batches: items, keys, progress and cancelled items (contract, section 11)."""

import threading

import pytest

from .caller import answer_of, content

ENDED = {"completed", "failed", "partial_failed"}


def item(api, text, agent="parrot", **fields):
    message = {"content": content(text), "metadata": {"n": text}}
    return {"agent_id": api.agent_id(agent), "message": message, **fields}


def ended(api, batch):
    """Return a batch when the turns of all its sessions have ended."""
    for child in batch["sessions"]:
        if child["session_id"]:
            session = api.get(f"/sessions/{child['session_id']}")
            api.ended({"message": {"id": session["last_message_id"]}, "session": session})
    return api.get(f"/session-batches/{batch['batch_id']}")


def test_batch_matrix_has_session_per_cell(api):
    matrix = [(task, llm) for task in "ab" for llm in ("small", "large")]
    items = [item(api, task, llm_id=llm, metadata={"task": task}) for task, llm in matrix]
    made = api.post("/session-batches", 201, {"items": items})
    assert made["status"] == "queued"
    assert [child["index"] for child in made["sessions"]] == [0, 1, 2, 3]
    batch = ended(api, made)
    assert batch["status"] == "completed"
    assert batch["counts"] == {"queued": 0, "running": 0, "completed": 4, "failed": 0}
    for child, (task, llm) in zip(batch["sessions"], matrix, strict=True):
        session = api.get(f"/sessions/{child['session_id']}")
        assert (child["llm_id"], child["metadata"]) == (llm, {"task": task})
        assert (session["llm_id"], session["metadata"]) == (llm, {"task": task})
        assert child["version_id"] == session["version_id"]
        assert child["transcript_url"] == f"/v1/sessions/{session['id']}/transcript"
        assert (child["status"], child["error"]) == ("completed", None)
        [message] = api.messages(session["id"])
        assert (answer_of(message), message["metadata"]) == (task, {"n": task})


def test_progress_follows_first_messages(server, api):
    gate = threading.Event()

    @server.agent("mixed")
    def mixed(prompt):
        assert gate.wait(60)
        if prompt == "bad":
            raise ValueError(prompt)
        return prompt

    items = [item(api, text, "mixed") for text in ("good", "bad")]
    made = api.post("/session-batches", 201, {"items": items})
    for child in made["sessions"]:
        api.reach(child["session_id"], "message.status_changed", status="running")
    running = api.get(f"/session-batches/{made['batch_id']}")
    assert (running["status"], running["counts"]["running"]) == ("running", 2)
    gate.set()
    batch = ended(api, made)
    assert batch["status"] == "partial_failed"
    assert [child["status"] for child in batch["sessions"]] == ["completed", "failed"]
    # A later message in the session doesn't change the item.
    api.ended(api.send(batch["sessions"][1]["session_id"], "good"))
    child = api.get(f"/session-batches/{made['batch_id']}")["sessions"][1]
    assert (child["status"], child["last_message_status"]) == ("failed", "completed")


def test_cancelled_item_is_failed(server, api):
    gate = threading.Event()
    server.agent("stuck")(lambda prompt: gate.wait(60) and prompt)
    made = api.post("/session-batches", 201, {"items": [item(api, "x", "stuck")]})
    session_id = made["sessions"][0]["session_id"]
    started = api.reach(session_id, "message.status_changed", status="running")
    body = {"type": "message.cancel_requested", "message_id": started["message_id"]}
    api.post(f"/sessions/{session_id}/events", 202, body)
    batch = ended(api, made)
    gate.set()
    assert (batch["status"], batch["counts"]["failed"]) == ("failed", 1)


@pytest.mark.parametrize(
    "flaw",
    [
        {"llm_id": "huge"},
        {"version_id": "ver_0"},
        {"secrets": {"lower": "x"}},
        {"message": {"content": content(" ")}},
        {"message": {"content": content("x", "file_0")}},
    ],
)
def test_flawed_item_fails_alone(api, flaw):
    mark = {"metadata": {"flaw": str(flaw)}}
    items = [item(api, "x", **mark) | flaw, item(api, "good", **mark)]
    made = api.post("/session-batches", 201, {"items": items})
    bad, good = made["sessions"]
    assert (bad["status"], bad["session_id"]) == ("failed", None)
    assert bad["error"]
    assert good["session_id"]
    found = api.get("/sessions", **{"metadata.flaw": str(flaw)})["sessions"]
    assert [session["id"] for session in found] == [good["session_id"]]
    assert ended(api, made)["status"] == "partial_failed"


def test_same_key_gives_the_first_batch(api, other):
    body = {"idempotency_key": "nightly", "items": [item(api, "a"), item(api, "b")]}
    first = api.post("/session-batches", 201, body)
    again = api.post("/session-batches", 201, body | {"items": [item(api, "c")]})
    assert again["batch_id"] == first["batch_id"]
    ids = [[child["session_id"] for child in batch["sessions"]] for batch in (first, again)]
    assert ids[0] == ids[1]
    elsewhere = other.post("/session-batches", 201, body | {"items": [item(other, "a")]})
    assert elsewhere["batch_id"] != first["batch_id"]


def test_batch_over_limit_is_refused(api):
    one = item(api, "x")
    before = len(api.get("/sessions")["sessions"])
    api.post("/session-batches", 400, {"items": []})
    api.post("/session-batches", 400, {"items": [one] * 101})
    api.post("/session-batches", 400, {"items": [one, item(api, "x", "echo")]})
    api.post("/session-batches", 400, {"items": [one], "idempotency_key": "k" * 129})
    api.post("/session-batches", 404, {"items": [one | {"agent_id": "agt_0"}]})
    api.post("/session-batches", 422, {"items": [{"agent_id": one["agent_id"]}]})
    assert len(api.get("/sessions")["sessions"]) == before
