"""Schemas that somebody hostile wrote, given by an agent, a bundle and a model's caller."""

import json
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from dari_nb.local import ToolCall

LETTERS = "a" * 60 + "!"


@pytest.fixture
def asked(server, api):
    """Asks the caller with a schema for the answer; gives what answers."""

    def ask(schema):
        @server.agent("asks")
        def asks(prompt):
            result = yield ToolCall("count", {}, external=True, output_schema=schema)
            yield str(result.result)

        message = api.send(api.create("asks"), "x")["message"]["id"]
        session = api.reaches(message, "waiting_for_tool")["session_id"]
        [call] = [i for i in api.items(session) if i["type"] == "tool_call"]
        body = {"type": "tool.result_submitted", "message_id": message}
        body["tool_call_id"] = call["tool_call_id"]
        path = f"/sessions/{session}/events"
        return lambda result: api.http.post(path, json=body | {"result": result}, timeout=180)

    return ask


def test_a_pattern_that_could_double_with_each_letter_is_answered(asked):
    answer = asked({"type": "string", "pattern": "^(a|aa)+$"})
    refused = answer(LETTERS)
    assert refused.status_code == 400


def test_of_two_answers_at_once_the_second_finds_the_call_closed(asked):
    answer = asked({"type": "array", "items": {"type": "integer"}})
    with ThreadPoolExecutor(2) as beside:
        statuses = sorted(each.status_code for each in beside.map(answer, [[1], [2]]))
    assert statuses == [202, 409]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"$ref": "#"}, {"a": [1]}),
        ({"uniqueItems": True}, [{"n": n} for n in range(20_000)]),
        ({"contains": {"pattern": "^(a+)+$"}}, [*["a" * 50 + "!"] * 200, "aaa"]),
        ({"$schema": "https://example.com/mine", "type": "integer"}, 1),
    ],
)
def test_what_is_large_or_turns_in_circles_is_taken(asked, schema, value):
    answered = asked(schema)(value)
    assert answered.status_code == 202, answered.text


@pytest.mark.parametrize("place", ["$ref", "$schema", "$dynamicRef", "$id"])
def test_no_schema_makes_the_server_fetch_anything(asked, place):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/s"
        inner = {place: url, **({"$ref": "other"} if place == "$id" else {})}
        asked({"properties": {"a": inner}, **inner})({"a": 1})
        listening.settimeout(0)
        with pytest.raises(BlockingIOError):
            listening.accept()


DARI_YML = b"""\
name: hostile
harness: pi
instructions: {system: system.md}
llm: {model: openai/gpt-5.5}
custom_tools: [{name: t, path: tools/t, kind: external}]
"""


@pytest.mark.parametrize(
    "schema",
    [
        {"pattern": "(a{1,1000}){1,1000}"},
        {"properties": {"n": {"type": "bogus"}}},
        {"allOf": [{"pattern": f"(a{{1,900}}){{1,9}}{n}"} for n in range(5_000)]},
        {"enum": ["x" * 1000] * 1000},
    ],
    ids=["pattern", "type", "long", "large"],
)
def test_a_bundle_with_such_a_schema_is_refused(api, schema):
    bundle = {"dari.yml": DARI_YML, "system.md": b"Hello"}
    bundle["tools/t/tool.yml"] = b"{name: t, description: d, input_schema: in.json}"
    bundle["tools/t/in.json"] = json.dumps(schema).encode()
    snapshot = api.snapshot(api.packed(bundle))
    answer = api.http.post("/agents", json={"source_snapshot_id": snapshot}, timeout=180)
    assert answer.status_code == 400
