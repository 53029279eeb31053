"""A model that knows no tools calls them all the same: a schema binds it."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dari_nb.local import LocalDari, reachable_llms
from dari_nb.local.llm.json_mode.stream_parser import StreamParser

PROTOCOLS = {"chat_completions": {}, "anthropic_messages": {"provider": "anthropic"}}
REFUSALS = {
    "Ollama": (400, {"error": {"message": "registry.ollama.ai/library/x does not support tools"}}),
    "vLLM": (
        400,
        {"message": '"auto" tool choice requires --enable-auto-tool-choice to be set'},
    ),
    "strict": (422, {"detail": "body.tools: Extra inputs are not permitted"}),
}
ODD = {
    "no-arguments": {"type": "object"},
    "anything": True,
    "tree": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://example.org/tree",
        "properties": {"top": {"$ref": "#/$defs/node"}, "const": {"$ref": "#"}, "any": True},
        "$defs": {"node": {"properties": {"of": {"type": "array", "items": {"$ref": "#"}}}}},
        "default": {"$ref": "#/meant"},
    },
}


def call(name, **arguments):
    return json.dumps({"tool": name, "arguments": arguments})


def says(text):
    return json.dumps({"answer": text})


@pytest.fixture
def settings(request, stand_in):
    protocol = getattr(request, "param", "chat_completions")
    return {"model": "small", "base_url": stand_in.url, **PROTOCOLS[protocol]}


@pytest.fixture
def asks(serve, settings):
    """Ask the assistant of a local Dari with this LLM: ``asks("go", tools="schema")``."""

    def asking(text, **more):
        api = serve(llms={"small": settings | more})
        return api, api.ask("assistant", text)

    return asking


def schema_in(request):
    """The schema that binds an answer, in either protocol."""
    if "output_config" in request.body:
        return request.body["output_config"]["format"]["schema"]
    return request.body["response_format"]["json_schema"]["schema"]


def parts(message):
    return [part["type"] for part in message["output"]["parts"]]


def texts(message):
    return [part["text"] for part in message["output"]["parts"] if part["type"] == "text"]


@pytest.mark.parametrize("settings", PROTOCOLS, indirect=True)
def test_a_step_is_a_call_or_an_answer(asks, stand_ins, stand_in):
    script = [
        call("write", path="a.txt", content='"ü{'),
        call("read", path="a.txt"),
        says("Don🙂e"),
    ]
    stand_in.script = [stand_ins.Answer(text, drip=3) for text in script]
    api, message = asks("go", tools="schema")
    pair = ["tool_call", "tool_result"]
    assert parts(message) == [*pair, *pair, "text"]
    assert texts(message) == ["Don🙂e"]
    first, _, last = stand_in.requests
    assert "tools" not in first.body
    system = first.body.get("system") or first.body["messages"][0]["content"]
    assert "- read: " in system
    assert '{"tool": "read", "arguments": {"path": "..."}}' in system
    assert [one["properties"].get("tool") for one in schema_in(first)["anyOf"]][-1] is None
    assert schema_in(first)["$defs"]["read"]["required"] == ["path"]
    told = json.dumps(last.body["messages"], ensure_ascii=False)
    assert "tool_call" not in told
    assert "tool_use" not in told
    assert "The tool read gave:" in told
    items = [item for item in api.items(message["session_id"]) if item["type"] == "tool_call"]
    assert [item["arguments"] for item in items] == [
        {"path": "a.txt", "content": '"ü{'},
        {"path": "a.txt"},
    ]


def test_servers_that_take_tools_see_no_difference(asks, stand_in):
    asks("go", tools="native")
    asks("go")
    native, auto = (request.body for request in stand_in.requests)
    assert native == auto
    assert "tools" in auto
    assert not {"response_format", "output_config"} & set(auto)


@pytest.mark.parametrize("words", REFUSALS)
def test_a_server_that_refuses_tools_is_bound_from_then_on(asks, stand_ins, stand_in, words):
    status, error = REFUSALS[words]

    def rule(request):
        if "tools" in request.body:
            return stand_ins.Answer(status=status, error=error)
        return stand_ins.Answer(says("Hi."))

    stand_in.rule = rule
    api, message = asks("go")
    assert (message["status"], message["attempt"], texts(message)) == ("completed", 1, ["Hi."])
    again = api.finished(api.send(message["session_id"], "on")["message"]["id"])
    assert texts(again) == ["Hi."]
    assert ["tools" in request.body for request in stand_in.requests] == [True, False, False]
    [state] = reachable_llms(api.server)
    assert state.options == "tools by schema"


def test_who_wants_tools_natively_is_told_that_they_are_refused(asks, stand_ins, stand_in):
    status, error = REFUSALS["Ollama"]
    stand_in.rule = lambda _: stand_ins.Answer(status=status, error=error)
    _, message = asks("go", tools="native")
    assert message["status"] == "failed"
    assert len(stand_in.requests) == 1


MISFITS = [
    "Hello.",
    '{"answer": 1}',
    '{"answer": "a"} {"answer": "b"}',
    '{"tool": "nope", "arguments": {}}',
    '{"tool": "ls", "arguments": []}',
    "",
]


@pytest.mark.parametrize("text", MISFITS)
def test_what_does_not_fit_is_an_attempt(asks, stand_ins, stand_in, text):
    stand_in.script = [stand_ins.Answer(text), stand_ins.Answer(says("So."))]
    _, message = asks("go", tools="schema")
    assert (message["status"], message["attempt"], texts(message)) == ("completed", 2, ["So."])


def test_what_does_not_fit_is_paid_for_all_the_same(serve, stand_ins, stand_in):
    settings = {"model": "small", "base_url": stand_in.url, "tools": "schema"}
    prices = {"small": {"input": "1000", "output": "1000"}}
    api = serve(llms={"small": settings}, prices=prices, max_cost="0.001")
    stand_in.rule = lambda _: stand_ins.Answer("null")
    failed = api.ask("assistant", "go")
    assert failed["status"] == "failed"
    spent = failed["usage"]["input_tokens"] + failed["usage"]["output_tokens"]
    cost = api.get(f"/costs/sessions/{failed['session_id']}")
    assert float(cost["total_cost_usd"]) == pytest.approx(spent / 1000)
    asked = len(stand_in.requests)
    assert asked > 1
    agent_id = api.agent_id("assistant")
    body = {"type": "user.message", "content": [{"type": "text", "text": "again"}]}
    refused = api.http.post(f"/agents/{agent_id}/messages", json=body)
    assert refused.status_code == 402
    assert len(stand_in.requests) == asked


def test_a_broken_stream_within_a_call_calls_nothing(asks, stand_ins, stand_in):
    broken = stand_ins.Answer(call("write", path="a.txt", content="x" * 99), fault="cut")
    stand_in.script = [broken, stand_ins.Answer(says("So."))]
    _, message = asks("go", tools="schema")
    assert (message["attempt"], parts(message)) == (2, ["text"])


@pytest.mark.parametrize(
    ("step", "draft"),
    [
        (says("An answer that grows, and never ends." * 3), ("text", None, "An answer that grows")),
        (call("write", path="a.txt", content="x" * 99), ("arguments", "write", '{"path": "a.txt"')),
    ],
    ids=["answer", "call"],
)
def test_what_is_drafted_has_no_json_around_it(serve, settings, stand_ins, stand_in, step, draft):
    api = serve(llms={"small": settings | {"tools": "schema"}})
    stand_in.script = [stand_ins.Answer(step, fault="silence")]
    message = api.send(session_id := api.create("assistant"), "go")["message"]
    kind, tool, begin = draft
    written = ""
    with api.http.stream("GET", f"/sessions/{session_id}/stream?drafts=true") as answer:
        for line in answer.iter_lines():
            data = json.loads(line.removeprefix("data: ")) if line.startswith("data: ") else {}
            if data.get("type") == "assistant.message_delta":
                assert (data["kind"], data.get("tool_name")) == (kind, tool)
                written += data["text"]
            if len(written) >= len(begin):
                break
    assert written.startswith(begin)
    cancel = {"type": "message.cancel_requested", "message_id": message["id"]}
    api.post(f"/sessions/{session_id}/events", cancel)
    ended = api.finished(message["id"])
    assert [text.startswith(begin) for text in texts(ended)] == ([True] if tool is None else [])


def test_an_answer_that_is_cut_off_is_its_text(asks, stand_ins, stand_in):
    stand_in.script = [stand_ins.Answer('{"answer": "half of', stop="length")]
    _, message = asks("go", tools="schema")
    assert (message["status"], texts(message)) == ("completed", ["half of"])
    stand_in.script = [stand_ins.Answer('{"tool": "ls", "arguments": {"pa', stop="length")]
    _, message = asks("go", tools="schema")
    assert message["status"] == "failed"


def test_going_in_circles_ends_with_an_answer(asks, stand_ins, stand_in):
    def rule(request):
        can_call = len(schema_in(request)["anyOf"]) > 1
        return stand_ins.Answer(call("ls") if can_call else says("Enough."))

    stand_in.rule = rule
    _, message = asks("go", tools="schema")
    assert parts(message) == [*["tool_call", "tool_result"] * 2, "text"]


def test_odd_tools_are_bound_in_one_schema(serve, publish, stand_ins, stand_in):
    api = serve(llms={"small": {"model": "m", "base_url": stand_in.url, "tools": "schema"}})
    files, named = {}, []
    for name, schema in ODD.items():
        yml = f"name: {name}\ndescription: An odd one.\ninput_schema: input.json\n"
        files |= {f"tools/{name}/tool.yml": yml, f"tools/{name}/input.json": json.dumps(schema)}
        named.append(f"{{name: {name}, path: tools/{name}, kind: external}}")
    more = f"built_in_tools: []\ncustom_tools: [{', '.join(named)}]\n"
    publish(api, "odd", "{model: small}", files=files, more=more)
    stand_in.script = [stand_ins.Answer(call("no-arguments")), stand_ins.Answer(says("So."))]
    session_id = api.create("odd")
    message_id = api.send(session_id, "go")["message"]["id"]
    api.reaches(message_id, "waiting_for_tool")
    [item] = [item for item in api.items(session_id) if item["type"] == "tool_call"]
    answer = {"type": "tool.result_submitted", "message_id": message_id, "result": 1}
    api.post(f"/sessions/{session_id}/events", answer | {"tool_call_id": item["tool_call_id"]})
    assert texts(api.finished(message_id)) == ["So."]
    places = schema_in(stand_in.requests[0])["$defs"]
    nothing = {"type": "object", "properties": {}, "additionalProperties": False}
    tree = places["tree"]
    assert places["no-arguments"] == places["anything"] == nothing
    assert tree["type"] == "object"
    assert tree["properties"] == {
        "top": {"$ref": "#/$defs/tree/$defs/node"},
        "const": {"$ref": "#/$defs/tree"},
        "any": {},
    }
    assert tree["$defs"]["node"]["properties"]["of"]["items"] == {"$ref": "#/$defs/tree"}
    assert tree["default"] == {"$ref": "#/meant"}
    assert not {"$schema", "$id"} & set(tree)


def test_it_is_part_of_what_a_batch_is_found_by(stand_in):
    import dari_nb as dari

    def llm(**more):
        return {"it": {"model": "rule", "base_url": stand_in.url, **more}}

    with LocalDari(llms=llm()) as server, dari.Dari(server.url, server.api_key, server) as d:
        plans = []
        for more in ({}, {"tools": "schema"}, {"tools": "native"}):
            server.add_llms(llm(**more))
            plans.append(d.batches.run("assistant", ["a"], ["it"], dry_run=True).run_id)
    assert len(set(plans)) == 3


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(
    step=st.builds(lambda text: {"answer": text}, TEXT)
    | st.builds(lambda v: {"tool": "a-b", "arguments": v}, st.dictionaries(TEXT, VALUES)),
    is_ascii=st.booleans(),
    indent=st.none() | st.integers(0, 2),
    places=st.lists(st.integers(0, 10_000), max_size=12),
)
def test_the_cuts_between_pieces_change_nothing(step, is_ascii, indent, places):
    text = json.dumps(step, ensure_ascii=is_ascii, indent=indent)
    bounds = [0, *sorted({place % (len(text) + 1) for place in places}), len(text)]
    reader, read = StreamParser(["a-b"]), {"text": "", "call": "", "arguments": ""}
    for start, end in pairwise(bounds):
        for kind, part in reader.read(text[start:end]):
            read[kind] += part
    assert reader.flaw is None
    if "answer" in step:
        said = read["text"].encode("utf-16", "surrogatepass").decode("utf-16")
        assert (said, read["call"]) == (step["answer"], "")
    else:
        assert (read["call"], json.loads(read["arguments"])) == ("a-b", step["arguments"])
