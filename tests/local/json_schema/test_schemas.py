"""Schemas that somebody hostile wrote, given by an agent, a bundle and a model's caller."""

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from threading import Thread

import pytest

from dari_nb.local import ToolCall

LETTERS = "a" * 60 + "!"


def exploding(levels=60):
    """Each level looks twice at the next: what JSON writes in a few lines takes for ever."""
    defs = {
        f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}, {"$ref": f"#/$defs/d{n + 1}"}]}
        for n in range(levels)
    }
    return {"$ref": "#/$defs/d0", "$defs": {**defs, f"d{levels}": {"type": "integer"}}}


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


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|aa)+$", "^(a*)*b$", "(?=a)^(a|a?)+$"])
def test_a_pattern_that_could_double_with_each_letter_is_answered(asked, pattern):
    answer = asked({"type": "string", "pattern": pattern})
    refused = answer(LETTERS)
    assert refused.status_code == 400
    assert "does not fit the tool's output_schema" in refused.json()["detail"]
    assert refused.json()["detail"].endswith("at $")


def test_a_check_without_end_is_refused_and_says_so_while_others_are_served(api, asked):
    answer = asked(exploding())
    with ThreadPoolExecutor(1) as beside:
        refused = beside.submit(answer, 1)
        served = 0
        while not refused.done():
            api.get("/agents")
            served += 1
    assert served > 20
    assert refused.result().status_code == 400
    assert "the check took longer than" in refused.result().json()["detail"]
    assert answer("x").status_code == 400


def test_of_two_answers_at_once_the_second_finds_the_call_closed(asked):
    answer = asked({"type": "array", "items": {"type": "integer"}})
    with ThreadPoolExecutor(2) as beside:
        statuses = sorted(each.status_code for each in beside.map(answer, [[1], [2]]))
    assert statuses == [202, 409]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"$ref": "#"}, {"a": [1]}),
        ({"properties": {"a": {"$ref": "#"}}, "type": "object"}, {"a": {"a": {"a": {}}}}),
        ({"uniqueItems": True}, [{"n": n} for n in range(20_000)]),
        ({"enum": [list(range(n)) for n in range(300)]}, list(range(299))),
        ({"contains": {"pattern": "^(a+)+$"}}, [*["a" * 50 + "!"] * 200, "aaa"]),
        ({"patternProperties": {"^(a+)+$": {"type": "string"}}}, {LETTERS: 1}),
        ({"$schema": "https://example.com/mine", "type": "integer"}, 1),
        ({"format": "email"}, "no address"),
    ],
)
def test_what_is_large_or_turns_in_circles_is_taken(asked, schema, value):
    answered = asked(schema)(value)
    assert answered.status_code == 202, answered.text


def test_a_text_of_sixteen_megabytes_is_held_against_its_pattern(asked):
    answer = asked({"type": "string", "pattern": "^(a+)+$"})
    refused = answer("a" * 16_000_000 + "!")
    assert refused.status_code == 400
    assert len(refused.json()["detail"]) < 1000


@pytest.mark.parametrize("place", ["$ref", "$schema", "$dynamicRef", "$id"])
def test_no_schema_makes_the_server_fetch_anything(asked, place):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/s"
        inner = {place: url, **({"$ref": "other"} if place == "$id" else {})}
        asked({"properties": {"a": inner}, **inner})({"a": 1})
        listening.settimeout(0)
        with pytest.raises(BlockingIOError):
            listening.accept()


def test_a_reference_to_a_file_is_none_that_the_schema_holds(asked, tmp_path):
    (tmp_path / "s.json").write_text("{}")
    refused = asked({"$ref": (tmp_path / "s.json").as_uri()})(1)
    assert refused.status_code == 400
    assert "which it does not hold" in refused.json()["detail"]


DARI_YML = b"""\
name: hostile
harness: pi
instructions: {system: system.md}
llm: {model: openai/gpt-5.5}
custom_tools: [{name: t, path: tools/t, kind: external}]
"""


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"pattern": "("}, "is no JSON Schema"),
        ({"pattern": "(a{1,1000}){1,1000}"}, "is no JSON Schema"),
        ({"properties": {"n": {"type": "bogus"}}}, "at $.properties.n.type"),
        ({"allOf": [{"pattern": f"(a{{1,900}}){{1,9}}{n}"} for n in range(5_000)]}, "longer than"),
        ({"enum": ["x" * 1000] * 1000}, "is larger than 262144 bytes"),
    ],
)
def test_a_bundle_with_such_a_schema_is_refused(api, schema, said):
    bundle = {"dari.yml": DARI_YML, "system.md": b"Hello"}
    bundle["tools/t/tool.yml"] = b"{name: t, description: d, input_schema: in.json}"
    bundle["tools/t/in.json"] = json.dumps(schema).encode()
    snapshot = api.snapshot(api.packed(bundle))
    answer = api.http.post("/agents", json={"source_snapshot_id": snapshot}, timeout=180)
    assert answer.status_code == 400
    assert said in answer.json()["detail"]


def test_checks_that_wait_for_each_other_all_come_to_an_end(asked):
    answer = asked({"type": "array", "minItems": 1})
    statuses = []
    threads = [Thread(target=lambda: statuses.append(answer([]).status_code)) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [400] * 30
