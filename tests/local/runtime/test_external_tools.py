import json

import pytest

from dari_nb.local import ToolCall
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


def test_a_schema_that_is_none_fails_the_turn_before_anybody_is_asked(api, asked):
    message = api.finished(asked(output_schema={"type": "number?"}))
    assert message["status"] == "failed"
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
"""
TOOL_YML = "{name: NAME, description: d, input_schema: in.json, output_schema: out.json"


@pytest.fixture
def declared(server, api):
    """Publishes tools with a schema and times, and a function that names neither."""
    bundle = {"dari.yml": DARI_YML, "system.md": b"Hello"}
    for name, more in {
        "count": "}",
        "slow": ", timeout_seconds: 1}",
        "slower": ", timeout_seconds: 60}",
    }.items():
        folder = f"tools/{name}"
        bundle[f"{folder}/tool.yml"] = TOOL_YML.replace("NAME", name).encode() + more.encode()
        bundle[f"{folder}/in.json"] = b'{"type": "object"}'
        bundle[f"{folder}/out.json"] = json.dumps(SCHEMA).encode()
    api.publish(bundle)

    @server.agent("declares")
    def declares(prompt):
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


def test_a_result_is_taken_once(api, asked):
    message_id = asked()
    assert submit(api, message_id, result=1).status_code == 202
    message = api.finished(message_id)
    [call] = [i for i in api.items(message["session_id"]) if i["type"] == "tool_call"]
    body = {"type": "tool.result_submitted", "message_id": message_id, "result": 2}
    body |= {"tool_call_id": call["tool_call_id"]}
    assert api.refused(f"/sessions/{message['session_id']}/events", body)[0] == 409
    assert answer_of(api, message_id) == "False: 1"
