import json

import pytest

from dari_nb.local import ToolCall, ToolResult
from dari_nb.local.json_schema.schemas import flaw_of

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
    for bad, flaw in [({"n": "x"}, "at $.n"), ({}, '"n" is a required property'), (None, "at $")]:
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


DARI_YML = b"""\
name: declares
harness: pi
instructions: {system: system.md}
llm: {model: openai/gpt-5.5}
custom_tools:
  - {name: count, path: tools/count, kind: external}
  - {name: slow, path: tools/slow, kind: external}
  - {name: slower, path: tools/slower, kind: external, timeout_seconds: 1}
  - {name: own, path: tools/own, kind: main, runtime: python, handler: 'run.py:run'}
"""
TOOL_YML = "{name: NAME, description: d, input_schema: in.json, output_schema: out.json"


@pytest.fixture
def declared(server, api):
    """Publishes tools with a schema and times, and a function that names neither."""
    bundle = {"dari.yml": DARI_YML, "system.md": b"Hello", "tools/own/run.py": b"def run(): ..."}
    for name, more in {
        "count": "}",
        "slow": ", timeout_seconds: 1}",
        "slower": ", timeout_seconds: 60}",
        "own": "}",
    }.items():
        folder = f"tools/{name}"
        bundle[f"{folder}/tool.yml"] = TOOL_YML.replace("NAME", name).encode() + more.encode()
        bundle[f"{folder}/in.json"] = b'{"type": "object"}'
        bundle[f"{folder}/out.json"] = json.dumps(SCHEMA).encode()
    api.publish(bundle)

    @server.agent("declares")
    def declares(prompt):
        if prompt == "own":
            yield ToolCall("own")
            yield ToolResult("by itself")
            yield "done"
            return
        if prompt == "several":
            results = yield (ToolCall("count"), ToolCall("count"))
            yield str([result.result for result in results])
            return
        result = yield ToolCall(prompt)
        yield f"{result.is_error}: {result.result}"

    return lambda prompt: api.send(api.create("declares"), prompt)["message"]["id"]


def test_a_declared_tool_has_its_schema_without_the_agents_saying(api, declared):
    message_id = declared("count")
    assert submit(api, message_id, result={"n": "x"}).status_code == 400
    assert submit(api, message_id, result={"n": 1}).status_code == 202
    assert answer_of(api, message_id) == "False: {'n': 1}"


@pytest.mark.parametrize("tool", ["slow", "slower"])
def test_a_declared_time_is_found_in_tool_yml_and_in_dari_yml(api, declared, tool):
    assert answer_of(api, declared(tool)) == "True: The tool gave no result within 1 seconds."


def test_a_declared_tool_that_is_no_callers_business_is_the_agents_own(api, declared):
    message = api.finished(declared("own"))
    assert message["status"] == "completed"
    assert "waiting_for_tool" not in str(api.events(message["session_id"]))


def test_declared_calls_side_by_side_are_answered_one_by_one(api, declared):
    message_id = declared("several")
    message = api.reaches(message_id, "waiting_for_tool")
    calls = [i for i in api.items(message["session_id"]) if i["type"] == "tool_call"]
    for place, call in enumerate(calls):
        body = {"type": "tool.result_submitted", "message_id": message_id}
        body |= {"tool_call_id": call["tool_call_id"], "result": {"n": place}}
        assert api.http.post(f"/sessions/{message['session_id']}/events", json=body).is_success
    assert answer_of(api, message_id) == "[{'n': 0}, {'n': 1}]"


def test_a_result_is_taken_once(api, asked):
    message_id = asked()
    assert submit(api, message_id, result=1).status_code == 202
    message = api.finished(message_id)
    [call] = [i for i in api.items(message["session_id"]) if i["type"] == "tool_call"]
    body = {"type": "tool.result_submitted", "message_id": message_id, "result": 2}
    body |= {"tool_call_id": call["tool_call_id"]}
    assert api.refused(f"/sessions/{message['session_id']}/events", body)[0] == 409
    assert answer_of(api, message_id) == "False: 1"


def test_a_replay_plays_the_recorded_answer_of_a_declared_tool(server, api, declared):
    message_id = declared("count")
    assert submit(api, message_id, result={"n": 7}).status_code == 202
    session_id = api.finished(message_id)["session_id"]
    again = server.replay(session_id, speed=1000)
    [message] = api.messages(again)
    assert answer_of(api, message["id"]) == "False: {'n': 7}"
