"""External tools: calls that the caller of the API answers (contract, section 6)."""

import pytest

from dari_nb.local import ToolCall, ToolResult

from .caller import answer_of, types

SCHEMA = {"type": "object", "required": ["priority"]}


@pytest.fixture(scope="module", autouse=True)
def _agents(server):
    @server.agent("asks")
    def asks(prompt):
        result = yield ToolCall("lookup", {"ticket": prompt}, external=True, output_schema=SCHEMA)
        yield f"{result.is_error} {result.result}"

    @server.agent("hurries")
    def hurries(prompt):
        result = yield ToolCall("lookup", {}, external=True, timeout_seconds=0.02)
        yield f"late: {result.is_error}"

    @server.agent("runs")
    def runs(prompt):
        yield ToolCall("own", {})
        yield ToolResult(1)
        yield "done"


class Waiting:
    """A turn that waits for the result of its call."""

    def __init__(self, api):
        self.api = api
        self.sent = api.send(api.session("asks")["id"], "T-1")
        self.session_id = self.sent["session"]["id"]
        self.call = api.reach(self.session_id, "tool.call_requested")["data"]
        api.reach(self.session_id, "message.status_changed", status="waiting_for_tool")

    def submit(self, status, **fields):
        body = {"type": "tool.result_submitted", "message_id": self.sent["message"]["id"]}
        body |= {"tool_call_id": self.call["tool_call_id"], **fields}
        return self.api.post(f"/sessions/{self.session_id}/events", status, body)


@pytest.fixture
def waiting(api):
    return Waiting(api)


def test_result_continues_the_turn(api, waiting):
    assert waiting.call["tool_name"] == "lookup"
    assert waiting.call["arguments"] == {"ticket": "T-1"}
    [item] = [i for i in api.items(waiting.session_id) if i["type"] == "tool_call"]
    assert (item["status"], item["completed_at"]) == ("requested", None)
    submitted = waiting.submit(202, result={"priority": "high"})
    assert submitted["event"]["type"] == "tool.result_submitted"
    assert answer_of(api.ended(waiting.sent)) == "False {'priority': 'high'}"
    assert types(api.events(waiting.session_id))[3:9] == [
        "tool.call_requested",
        "message.status_changed",
        "tool.result_submitted",
        "tool.call_completed",
        "message.status_changed",
        "assistant.message_completed",
    ]
    [item] = [i for i in api.items(waiting.session_id) if i["type"] == "tool_call"]
    assert (item["status"], item["result"]) == ("completed", {"priority": "high"})
    assert item["tool_call_id"] == waiting.call["tool_call_id"]


def test_error_result_reaches_the_agent(api, waiting):
    waiting.submit(202, is_error=True, result="down")
    assert answer_of(api.ended(waiting.sent)) == "True down"
    [item] = [i for i in api.items(waiting.session_id) if i["type"] == "tool_call"]
    assert (item["status"], item["is_error"]) == ("failed", True)


def test_result_breaking_schema_leaves_call_open(api, waiting):
    waiting.submit(400, result={"rank": 1})
    assert api.get(f"/messages/{waiting.sent['message']['id']}")["status"] == "waiting_for_tool"
    waiting.submit(202, result={"priority": "low"})
    assert api.ended(waiting.sent)["status"] == "completed"


def test_second_result_is_409(api, waiting):
    waiting.submit(202, result={"priority": "low"})
    waiting.submit(409, result={"priority": "high"})
    assert answer_of(api.ended(waiting.sent)) == "False {'priority': 'low'}"


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"tool_call_id": "call_0", "result": {}}, 404),
        ({"message_id": "msg_0", "result": {}}, 404),
        ({}, 422),
    ],
)
def test_result_for_no_call_is_refused(waiting, fields, status):
    waiting.submit(status, **fields)
    waiting.submit(202, is_error=True)


def test_call_without_result_times_out(api):
    sent = api.send(api.session("hurries")["id"], "x")
    assert answer_of(api.ended(sent)) == "late: True"
    session_id = sent["session"]["id"]
    failed = api.reach(session_id, "tool.call_failed")["data"]
    body = {"type": "tool.result_submitted", "result": 1, "message_id": sent["message"]["id"]}
    body["tool_call_id"] = failed["tool_call_id"]
    api.post(f"/sessions/{session_id}/events", 409, body)


def test_platform_call_takes_no_result(api):
    asked = api.ask("runs", "x")
    call = next(part for part in asked["output"]["parts"] if part["type"] == "tool_call")
    body = {"type": "tool.result_submitted", "result": 1, "message_id": asked["id"]}
    body["tool_call_id"] = call["id"]
    api.post(f"/sessions/{asked['session_id']}/events", 409, body)


def test_output_has_calls_and_results(api):
    parts = api.ask("runs", "x")["output"]["parts"]
    assert [part["type"] for part in parts] == ["tool_call", "tool_result", "text"]
    assert parts[0]["id"] == parts[1]["tool_call_id"]
    assert (parts[0]["name"], parts[1]["is_error"]) == ("own", False)
