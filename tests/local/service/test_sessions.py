import pytest

from dari_nb.local import ToolCall

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


def test_an_idempotency_key_holds_for_first_messages_too(api, blocks):
    path = f"/agents/{api.agent_id('echo')}/messages"
    body = {"type": "user.message", "content": blocks("Hi"), "session": {"name": "first"}}
    sent = [api.post(path, body, headers={"Idempotency-Key": "first"}) for _ in range(2)]
    assert sent[0]["event"] == sent[1]["event"]
    assert sent[0]["session"]["name"] == "first"
    fresh = api.post(path, body)
    assert fresh["session"]["id"] != sent[0]["session"]["id"]


def test_a_malformed_body_names_the_place(api):
    body = {"type": "user.message", "content": [{"type": "text", "text": 5}]}
    _, detail = api.refused(f"/sessions/{api.create('echo')}/events", body)
    assert [flaw["loc"] for flaw in detail] == [["body", "content", 0, "text"]]


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


def test_a_message_is_found_in_its_session_by_number(api):
    session_id = api.create("echo", llm_id="small")
    for text in ("one", "two"):
        api.finished(api.send(session_id, text)["message"]["id"])
    messages = api.messages(session_id)
    assert [m["sequence_number"] for m in messages] == [1, 2]
    assert messages[1] == api.get(f"/messages/{messages[1]['id']}")
    assert messages[1]["output"]["parts"] == [{"type": "text", "text": "two"}]
