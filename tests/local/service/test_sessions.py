import threading

import pytest

from dari_nb.local import ToolCall, ToolResult

TYPES_OF_A_PLAIN_TURN = [
    "user.message",
    "session.status_changed",
    "message.status_changed",
    "assistant.message_completed",
    "message.status_changed",
    "session.status_changed",
]


def test_a_sent_message_is_accepted_with_event_message_and_session(api, blocks):
    session_id = api.create("echo")
    body = {"type": "user.message", "content": blocks("Hi"), "metadata": {"ticket": 1}}
    answer = api.http.post(f"/sessions/{session_id}/events", json=body)
    assert answer.status_code == 202
    sent = answer.json()
    message_id = sent["message"]["id"]
    assert sent["message"] == {"id": message_id, "status": "queued"}
    assert sent["session"]["status"] == "running"
    assert sent["session"]["last_message_id"] == message_id
    event = sent["event"]
    assert event["id"] == f"{session_id}:evt_1"
    assert event["actor"]["type"] == event["source"] == "user"
    assert event["data"] == {
        "content": blocks("Hi"),
        "metadata": {"ticket": 1},
        "message_id": message_id,
    }
    message = api.finished(message_id)
    assert (message["metadata"], message["parts"]) == ({"ticket": 1}, blocks("Hi"))


def test_a_plain_turn_has_the_events_of_the_contract_in_order(api):
    message = api.ask("echo", "Hi", llm_id="small")
    api.rests(message["session_id"])
    events = api.events(message["session_id"])
    assert [e["type"] for e in events] == TYPES_OF_A_PLAIN_TURN
    assert [e["sequence_number"] for e in events] == [1, 2, 3, 4, 5, 6]
    assert [e["data"].get("status") for e in events] == [
        *(None, "running", "running", None, "completed", "idle")
    ]
    assert [e["message_id"] for e in events] == [
        *(message["id"], None, message["id"], message["id"], message["id"], None)
    ]
    assert api.get(f"/sessions/{message['session_id']}")["last_message_status"] == "completed"


def test_a_failed_turn_tells_its_cause_everywhere(server, api):
    @server.agent("boom")
    async def boom(prompt):
        raise ValueError("no idea")

    message = api.ask("boom", "Hi")
    assert message["output"]["error"] == "ValueError: no idea"
    session = api.rests(message["session_id"])
    assert session["last_message_status"] == "failed"
    assert api.items(session["id"])[-1]["error_message"] == "ValueError: no idea"
    ended = [e for e in api.events(session["id"]) if e["data"].get("status") == "failed"]
    assert ended[0]["data"]["error"] == "ValueError: no idea"


def test_queued_messages_run_one_after_another(server, api):
    gate = threading.Event()

    @server.agent("gated")
    def gated(prompt):
        assert gate.wait(60)
        return prompt

    session_id = api.create("gated")
    sent = [api.send(session_id, text)["message"]["id"] for text in "abc"]
    api.reaches(sent[0], "running")
    assert [m["status"] for m in api.messages(session_id)] == ["running", "queued", "queued"]
    assert api.get(f"/sessions/{session_id}")["last_message_status"] == "queued"
    gate.set()
    api.rests(session_id)
    texts = [i["content"][0]["text"] for i in api.items(session_id)]
    assert texts == ["a", "a", "b", "b", "c", "c"]
    changes = [e for e in api.events(session_id) if e["type"] == "session.status_changed"]
    assert [e["data"]["status"] for e in changes] == ["running", "idle"]


def test_an_idempotency_key_makes_one_message_only(api, blocks):
    session_id = api.create("echo")
    key = {"Idempotency-Key": "k 1"}
    first = api.send(session_id, "Hi", headers=key)
    api.finished(first["message"]["id"])
    again = api.send(session_id, "something else", headers=key)
    assert again["event"] == first["event"]
    assert again["message"] == {"id": first["message"]["id"], "status": "completed"}
    other = api.send(api.create("echo"), "Hi", headers=key)
    assert other["message"]["id"] != first["message"]["id"]
    assert len(api.messages(session_id)) == 1


def test_an_idempotency_key_holds_for_first_messages_too(api, blocks):
    path = f"/agents/{api.agent_id('echo')}/messages"
    body = {"type": "user.message", "content": blocks("Hi"), "session": {"name": "first"}}
    sent = [api.post(path, body, headers={"Idempotency-Key": "first"}) for _ in range(2)]
    assert sent[0]["event"] == sent[1]["event"]
    assert sent[0]["session"]["name"] == "first"
    fresh = api.post(path, body)
    assert fresh["session"]["id"] != sent[0]["session"]["id"]


def test_a_refused_first_message_leaves_no_session_behind(api, blocks):
    path = f"/agents/{api.agent_id('echo')}/messages"
    before = len(api.get("/sessions")["sessions"])
    body = {"type": "user.message", "content": blocks("Hi", "file_none")}
    assert api.refused(path, body) == (400, "Unknown file_id 'file_none'")
    assert len(api.get("/sessions")["sessions"]) == before


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"type": "user.message", "content": []}, 400),
        ({"type": "user.message", "content": [{"type": "text", "text": " \n"}]}, 400),
        ({"type": "user.message", "content": [{"type": "file", "file_id": "file_0"}]}, 400),
        ({"type": "user.message", "content": "Hi"}, 422),
        ({"type": "user.message", "content": [{"type": "video"}]}, 422),
        ({"type": "user.message"}, 422),
        ({"type": "session.closed"}, 422),
        ({"events": []}, 422),
        ({"type": "tool.result_submitted", "message_id": "m", "tool_call_id": "c"}, 422),
        (
            {"type": "tool.result_submitted", "message_id": "m", "tool_call_id": "c", "result": 1},
            404,
        ),
    ],
)
def test_a_broken_event_is_refused(api, body, status):
    got, detail = api.refused(f"/sessions/{api.create('echo')}/events", body)
    assert got == status
    assert isinstance(detail, list if status == 422 else str)


def test_a_malformed_body_names_the_place(api):
    body = {"type": "user.message", "content": [{"type": "text", "text": 5}]}
    _, detail = api.refused(f"/sessions/{api.create('echo')}/events", body)
    assert detail == [
        {
            "loc": ["body", "content", 0, "text"],
            "msg": "Expected `str`, got `int`",
            "type": "value_error",
        }
    ]


def test_limit_cuts_the_list_of_events(api):
    session_id = api.ask("echo", "Hi")["session_id"]
    events = api.get(f"/sessions/{session_id}/events", params={"limit": 2})["events"]
    assert [e["sequence_number"] for e in events] == [1, 2]
    for wrong in ("0", "-1", "x", "", "\u0661"):
        answer = api.http.get(f"/sessions/{session_id}/events", params={"limit": wrong})
        assert answer.status_code == 422
    assert len(api.get(f"/sessions/{session_id}/events?limit={'9' * 400}")["events"]) >= 2


@pytest.fixture
def asking(server):
    @server.agent("asking")
    def agent(prompt):
        result = yield ToolCall("lookup", {"q": prompt}, external=True)
        yield f"{result.is_error} {result.result}"

    return "asking"


def submit(api, sent, call_id, **fields):
    body = {"type": "tool.result_submitted", "message_id": sent["message"]["id"]}
    body |= {"tool_call_id": call_id, **fields}
    return api.http.post(f"/sessions/{sent['session']['id']}/events", json=body)


def waiting_call(api, sent):
    api.reaches(sent["message"]["id"], "waiting_for_tool")
    [call] = [i for i in api.items(sent["session"]["id"]) if i["type"] == "tool_call"]
    assert call["status"] == "requested"
    return call["tool_call_id"]


def test_an_external_call_waits_for_the_caller_and_the_turn_goes_on(api, asking):
    sent = api.send(api.create(asking), "x")
    answer = submit(api, sent, waiting_call(api, sent), result={"priority": "high"})
    assert answer.status_code == 202
    assert answer.json()["event"]["type"] == "tool.result_submitted"
    message = api.finished(sent["message"]["id"])
    assert message["output"]["parts"][-1]["text"] == "False {'priority': 'high'}"
    api.rests(sent["session"]["id"])
    types = [e["type"] for e in api.events(sent["session"]["id"])][3:9]
    assert types == [
        "tool.call_requested",
        "message.status_changed",
        "tool.result_submitted",
        "tool.call_completed",
        "message.status_changed",
        "assistant.message_completed",
    ]


def test_an_external_call_can_be_answered_with_an_error_but_only_once(api, asking):
    sent = api.send(api.create(asking), "x")
    call_id = waiting_call(api, sent)
    assert submit(api, sent, "call_other", result=1).status_code == 404
    assert submit(api, sent, call_id, is_error=True).status_code == 202
    assert submit(api, sent, call_id, result=1).status_code == 409
    message = api.finished(sent["message"]["id"])
    assert message["output"]["parts"][-1]["text"] == "True None"


def test_calls_that_the_platform_runs_take_no_result_from_the_caller(server, api):
    @server.agent("own tools")
    def agent(prompt):
        yield ToolCall("mine")
        yield ToolResult(1)

    message = api.ask("own tools", "x")
    call_id = message["output"]["parts"][0]["id"]
    sent = {"message": message, "session": {"id": message["session_id"]}}
    assert submit(api, sent, call_id, result=2).status_code == 409


def test_a_message_is_found_in_its_session_by_number(api):
    session_id = api.create("echo", llm_id="small")
    for text in ("one", "two"):
        api.finished(api.send(session_id, text)["message"]["id"])
    messages = api.messages(session_id)
    assert [m["sequence_number"] for m in messages] == [1, 2]
    assert messages[1] == api.get(f"/messages/{messages[1]['id']}")
    assert messages[1]["output"]["parts"] == [{"type": "text", "text": "two"}]


def test_an_optional_field_that_is_null_is_as_left_out(api, blocks):
    nothing = dict.fromkeys(("name", "metadata", "secrets", "llm_id", "internet_access"))
    nothing |= dict.fromkeys(("llm_api_key", "version_id", "storage_binding_id"))
    agent_id = api.agent_id("echo")
    body = {"type": "user.message", "content": blocks("x"), "metadata": None}
    for session in (None, nothing):
        sent = api.post(f"/agents/{agent_id}/messages", body | {"session": session})
        assert (sent["session"]["name"], sent["session"]["metadata"]) == (None, {})
    assert api.post(f"/agents/{agent_id}/sessions", nothing)["status"] == "idle"
    item = {"agent_id": agent_id, "message": {"content": blocks("x"), "metadata": None}}
    item |= dict.fromkeys(("version_id", "llm_id", "metadata", "secrets"))
    batch = api.post("/session-batches", {"items": [item], "idempotency_key": None})
    assert batch["sessions"][0]["error"] is None
    reserved = api.reserve(b"x", metadata=None)
    assert reserved["status"] == "pending_upload"
    hook = {"webhook_url": "https://example.com/x", "event_types": None}
    assert api.http.put(f"/agents/{agent_id}/webhook", json=hook).is_success
    assert api.http.delete(f"/agents/{agent_id}/webhook").is_success
