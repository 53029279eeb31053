import pytest

from dari_nb.local import ToolCall
from dari_nb.local.schemas import flaw_of

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


@pytest.fixture
def asked(server, api):
    def ask(**options):
        @server.agent("asks")
        def asks(prompt):
            result = yield ToolCall("count", {"of": prompt}, external=True, **options)
            yield f"{result.is_error}: {result.result}"

        return api.send(api.create("asks"), "x")["message"]["id"]

    return ask


def submit(api, message_id, **fields):
    message = api.reaches(message_id, "waiting_for_tool")
    [call] = [i for i in api.items(message["session_id"]) if i["type"] == "tool_call"]
    body = {"type": "tool.result_submitted", "message_id": message_id}
    body |= {"tool_call_id": call["tool_call_id"], **fields}
    return api.http.post(f"/sessions/{message['session_id']}/events", json=body)


def answer_of(api, message_id):
    return api.finished(message_id)["output"]["parts"][-1]["text"]


def test_a_result_that_does_not_fit_is_refused_and_the_call_stays_open(api, asked):
    message_id = asked(output_schema=SCHEMA)
    for bad, flaw in [({"n": "x"}, "at $.n"), ({}, "'n' is a required property"), (None, "at $")]:
        refused = submit(api, message_id, result=bad)
        assert (refused.status_code, flaw in refused.json()["detail"]) == (400, True)
    assert submit(api, message_id, result={"n": 1}).status_code == 202
    assert answer_of(api, message_id) == "False: {'n': 1}"


def test_an_error_result_skips_the_schema(api, asked):
    message_id = asked(output_schema=SCHEMA)
    assert submit(api, message_id, result="broken", is_error=True).status_code == 202
    assert answer_of(api, message_id) == "True: broken"


def test_a_call_without_an_answer_times_out_and_the_turn_goes_on(api, asked):
    message_id = asked(timeout_seconds=0.05)
    assert answer_of(api, message_id) == "True: The tool gave no result within 0.05 seconds."
    session_id = api.get(f"/messages/{message_id}")["session_id"]
    [failed] = [e for e in api.events(session_id) if e["type"] == "tool.call_failed"]
    late = {"type": "tool.result_submitted", "message_id": message_id, "result": 1}
    late["tool_call_id"] = failed["data"]["tool_call_id"]
    assert api.refused(f"/sessions/{session_id}/events", late)[0] == 409


def test_a_schema_that_is_none_fails_the_turn_before_anybody_is_asked(api, asked):
    message = api.finished(asked(output_schema={"type": "number?"}))
    assert "ValueError: no JSON Schema" in message["output"]["error"]
    assert not [e for e in api.events(message["session_id"]) if e["type"].startswith("tool.")]


def test_a_schema_fetches_nothing():
    flaw = flaw_of(1, {"$ref": "http://127.0.0.1:9/schema.json"})
    assert flaw == "the schema refers to 'http://127.0.0.1:9/schema.json', which it does not hold"
    assert flaw_of(1, {"$ref": "#/$defs/n", "$defs": {"n": {"type": "integer"}}}) is None
