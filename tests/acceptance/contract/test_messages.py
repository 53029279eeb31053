"""Sending, idempotency keys, queues, failures and transcripts (contract, sections 6, 7 and 9)."""

import threading

import pytest

from .caller import answer_of, content, message

MESSAGE = {
    "id",
    "session_id",
    "sequence_number",
    "parts",
    "metadata",
    "status",
    "attempt",
    "output",
    "created_at",
    "completed_at",
}


def test_sent_message_returns_event_and_session(api):
    session_id = api.session("parrot")["id"]
    body = message("Hi") | {"metadata": {"ticket": 1}}
    sent = api.post(f"/sessions/{session_id}/events", 202, body)
    message_id = sent["message"]["id"]
    assert sent["message"] == {"id": message_id, "status": "queued"}
    assert (sent["session"]["status"], sent["session"]["last_message_id"]) == (
        "running",
        message_id,
    )
    event = sent["event"]
    assert (event["type"], event["source"], event["sequence_number"]) == ("user.message", "user", 1)
    assert event["data"] == {
        "content": content("Hi"),
        "metadata": {"ticket": 1},
        "message_id": message_id,
    }
    assert api.ended(sent)["metadata"] == {"ticket": 1}


def test_message_has_parts_and_output(api):
    asked = api.ask("parrot", "Grüße 😀")
    assert set(asked) >= MESSAGE
    assert asked["parts"] == content("Grüße 😀")
    assert asked["output"]["parts"] == content("Grüße 😀")
    assert (asked["status"], asked["attempt"], asked["sequence_number"]) == ("completed", 1, 1)
    assert asked["created_at"] <= asked["completed_at"]


def test_first_message_makes_a_session(api):
    asked = api.ask("parrot", "Hi", name="first", metadata={"run": "1"}, llm_id="large")
    session = api.get(f"/sessions/{asked['session_id']}")
    assert (session["name"], session["metadata"]) == ("first", {"run": "1"})
    assert session["llm_id"] == "large"


def test_messages_are_listed_in_order(api):
    session_id = api.session("parrot")["id"]
    sent = [api.ended(api.send(session_id, text))["id"] for text in ("one", "two")]
    messages = api.messages(session_id)
    assert [each["id"] for each in messages] == sent
    assert [each["sequence_number"] for each in messages] == [1, 2]
    assert [answer_of(each) for each in messages] == ["one", "two"]


def test_same_key_makes_one_message(api):
    session_id = api.session("parrot")["id"]
    key = {"Idempotency-Key": "k 1"}
    first = api.send(session_id, "Hi", **key)
    api.ended(first)
    again = api.send(session_id, "something else", **key)
    assert again["event"] == first["event"]
    assert again["message"] == {"id": first["message"]["id"], "status": "completed"}
    assert len(api.messages(session_id)) == 1


def test_key_holds_in_its_session_only(api):
    sessions = [api.session("parrot")["id"] for _ in range(2)]
    sent = [api.send(session, "Hi", **{"Idempotency-Key": "k"}) for session in sessions]
    assert sent[0]["message"]["id"] != sent[1]["message"]["id"]


def test_key_holds_for_first_messages(api):
    path = f"/agents/{api.agent_id('parrot')}/messages"
    sent = [api.post(path, 202, message("Hi"), **{"Idempotency-Key": "f"}) for _ in range(2)]
    assert sent[0]["event"] == sent[1]["event"]
    fresh = api.post(path, 202, message("Hi"))
    assert fresh["session"]["id"] != sent[0]["session"]["id"]


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_malformed_key_is_refused(api, key):
    session_id = api.session("parrot")["id"]
    answer = api.http.post(
        f"/sessions/{session_id}/events", json=message("Hi"), headers={"Idempotency-Key": key}
    )
    assert answer.status_code in (400, 422)
    assert api.messages(session_id) == []


def test_messages_sent_during_a_turn_wait(server, api):
    gate = threading.Event()

    @server.agent("gated")
    def gated(prompt):
        assert gate.wait(60)
        return prompt

    session_id = api.session("gated")["id"]
    sent = [api.send(session_id, text) for text in "abc"]
    api.reach(session_id, "message.status_changed", status="running")
    assert [each["status"] for each in api.messages(session_id)] == ["running", "queued", "queued"]
    assert api.messages(session_id)[1]["output"] is None
    gate.set()
    api.ended(sent[2])
    texts = [item["content"][0]["text"] for item in api.items(session_id)]
    assert texts == ["a", "a", "b", "b", "c", "c"]


def test_failed_turn_reports_its_cause(server, api):
    @server.agent("boom")
    def boom(prompt):
        if prompt == "Hi":
            raise ValueError("no idea")
        return prompt

    failed = api.ask("boom", "Hi")
    assert failed["status"] == "failed"
    assert "no idea" in failed["output"]["error"]
    session_id = failed["session_id"]
    assert api.items(session_id)[-1]["error_message"] == failed["output"]["error"]
    event = api.reach(session_id, "message.status_changed", status="failed")
    assert event["data"]["error"] == failed["output"]["error"]
    assert api.get(f"/sessions/{session_id}")["last_message_status"] == "failed"
    assert api.ended(api.send(session_id, "Go on."))["status"] == "completed"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"type": "user.message", "content": []}, 400),
        (message(" \n"), 400),
        (message("x", "file_0"), 400),
        ({"type": "user.message", "content": "Hi"}, 422),
        ({"type": "user.message", "content": [{"type": "video"}]}, 422),
        ({"type": "user.message"}, 422),
        ({"type": "session.closed"}, 422),
    ],
)
def test_broken_message_leaves_nothing(api, body, status):
    session_id = api.session("parrot")["id"]
    before = len(api.get("/sessions")["sessions"])
    api.post(f"/sessions/{session_id}/events", status, body)
    api.post(f"/agents/{api.agent_id('parrot')}/messages", status, body)
    assert api.events(session_id) == []
    assert len(api.get("/sessions")["sessions"]) == before


def test_transcript_has_agent_session_and_items(api):
    asked = api.ask("tour", "Show me what an answer can hold.")
    transcript = api.get(f"/sessions/{asked['session_id']}/transcript")
    assert transcript["agent"] == api.get(f"/agents/{api.agent_id('tour')}")
    assert transcript["session"] == api.get(f"/sessions/{asked['session_id']}")
    items = transcript["timeline"]["items"]
    assert items[0]["type"] == "user_message"
    assert items[0]["content"] == content("Show me what an answer can hold.")
    calls = [item for item in items if item["type"] == "tool_call"]
    assert calls
    assert {call["status"] for call in calls} <= {"completed", "failed"}
    assert items[-1]["type"] == "assistant_message"
    assert items[-1]["content"][-1]["text"] == answer_of(asked)
    assert {item["message_id"] for item in items} == {asked["id"]}


def test_unfinished_answer_is_an_empty_item(server, api):
    gate = threading.Event()
    server.agent("slow")(lambda prompt: gate.wait(60) and "done")
    sent = api.send(api.session("slow")["id"], "Hi")
    api.reach(sent["session"]["id"], "message.status_changed", status="running")
    question, answer = api.items(sent["session"]["id"])
    assert (answer["type"], answer["status"], answer["content"]) == (
        "assistant_message",
        "running",
        [],
    )
    gate.set()
    api.ended(sent)
    assert api.items(sent["session"]["id"])[0] == question
    assert api.items(sent["session"]["id"])[1]["status"] == "completed"
