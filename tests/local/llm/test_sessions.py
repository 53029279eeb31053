"""Whole sessions with a model behind them: what is asked, written, tried again, and counted."""

import json
import threading

import pytest

from dari_nb.local import LocalDari

PROTOCOLS = ["chat_completions", "anthropic_messages"]


both = pytest.mark.parametrize("llm", PROTOCOLS, indirect=True)


@pytest.fixture
def llm(request, stand_in):
    """Settings of the stand-in: those of chat completions, or of the protocol of a parameter."""
    settings = {"model": "small", "base_url": stand_in.url}
    if getattr(request, "param", "") == "anthropic_messages":
        settings["provider"] = "anthropic"
    return settings


@pytest.fixture
def api(asking, call, llm):
    asking.add_llms({"small": llm})
    with call(asking) as caller:
        yield caller


def texts(message):
    return [part["text"] for part in message["output"]["parts"] if part["type"] == "text"]


def tools(api, session_id):
    return [item for item in api.items(session_id) if item["type"] == "tool_call"]


def sent(request):
    """The roles and texts of a request's messages, in either protocol."""
    said = []
    for message in request.body["messages"]:
        content = message["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
        said += [(message["role"], block.get("text") or block["type"]) for block in blocks]
    return [entry for entry in said if entry[0] != "system"]


@both
def test_tools_run_until_the_model_stops(api, stand_ins, stand_in):
    write = ("write", {"path": "a.txt", "content": "ü"})
    stand_in.script += [
        stand_ins.Answer("I write.", calls=[write]),
        stand_ins.Answer(calls=[("read", {"path": "a.txt"})]),
    ]
    message = api.ask("assistant", "go")
    session_id = message["session_id"]
    kinds = [part["type"] for part in message["output"]["parts"]]
    pair = ["tool_call", "tool_result"]
    assert kinds == ["text", *pair, *pair, "text"]
    assert [tool["arguments"] for tool in tools(api, session_id)] == [write[1], {"path": "a.txt"}]
    assert texts(message)[1].startswith("The tool gave:")
    assert "ü" in texts(message)[1]
    api.finished(api.send(session_id, "more")["message"]["id"])
    roles = [entry["role"] for entry in stand_in.requests[-1].body["messages"]]
    assert roles.count("assistant") == 3


def test_parallel_calls_run_side_by_side(serve, publish, llm, stand_ins, stand_in):
    api = serve(llms={"small": llm})
    schema = json.dumps({"type": "object", "required": ["n"]})
    yml = "name: ask\ndescription: Ask.\ninput_schema: input.json\n"
    files = {"tools/ask/tool.yml": yml, "tools/ask/input.json": schema}
    more = "custom_tools: [{name: ask, path: tools/ask, kind: external}]\nbuilt_in_tools: [ls]\n"
    publish(api, "asker", "{model: small}", files=files, more=more)
    calls = [("ask", {"n": 1}), ("ls", {}), ("ask", {"n": 2}), ("ask", {}), ("nope", {})]
    stand_in.script = [stand_ins.Answer(calls=calls)]
    session_id = api.create("asker")
    message_id = api.send(session_id, "go")["message"]["id"]
    api.reaches(message_id, "waiting_for_tool")
    states = {
        (tool["tool_name"], json.dumps(tool["arguments"])): tool for tool in tools(api, session_id)
    }
    assert states["ls", "{}"]["status"] == "completed"
    assert '"n" is a required property' in states["ask", "{}"]["result"]
    assert "There is no tool 'nope'" in states["nope", "{}"]["result"]
    waiting = [tool for tool in states.values() if tool["status"] == "requested"]
    for tool in waiting:
        answer = {"type": "tool.result_submitted", "message_id": message_id}
        answer |= {"tool_call_id": tool["tool_call_id"], "result": {"got": tool["arguments"]}}
        api.post(f"/sessions/{session_id}/events", answer)
    assert api.finished(message_id)["status"] == "completed"
    assert len(waiting) == 2
    last = json.dumps(stand_in.requests[-1].body)
    assert all(tool["tool_call_id"] in last for tool in states.values())


TROUBLES = {
    "429": {"status": 429, "error": {"error": {"message": "slow down"}}},
    "cut": {"text": "half of it", "fault": "cut"},
    "garbage": {"text": "half of it", "fault": "garbage"},
    "reported": {"text": "x", "error": {"type": "overloaded_error", "message": "busy"}},
}


@both
@pytest.mark.parametrize("trouble", TROUBLES)
def test_passing_trouble_is_a_new_attempt(api, stand_ins, stand_in, trouble):
    stand_in.script = [stand_ins.Answer(**TROUBLES[trouble])]
    message = api.ask("assistant", "hi")
    assert (message["status"], message["attempt"]) == ("completed", 2)
    assert texts(message) == ["You said: hi"]
    again = [
        event["data"]
        for event in api.events(message["session_id"])
        if event["data"].get("attempt") == 2
    ]
    assert [data["status"] for data in again] == ["running"]
    assert again[0]["reason"]


def test_trouble_that_cannot_pass_is_not_tried_again(api, stand_ins, stand_in):
    stand_in.script = [stand_ins.Answer(status=401, error={"error": {"message": "no such key"}})]
    message = api.ask("assistant", "hi")
    assert (message["status"], message["attempt"]) == ("failed", 1)
    assert "no such key" in message["output"]["error"]
    assert len(stand_in.requests) == 1


def test_a_wish_to_wait_is_heeded_up_to_a_minute(api, stand_ins, stand_in):
    soon = {"retry-after-ms": "20"}
    stand_in.script = [
        stand_ins.Answer(status=429, error="a", headers=soon),
        stand_ins.Answer(status=429, error="b", headers={"Retry-After": "0"}),
    ]
    assert api.ask("assistant", "hi")["attempt"] == 3
    stand_in.script = [stand_ins.Answer(status=429, error="full", headers={"Retry-After": "3600"})]
    message = api.ask("assistant", "hi")
    assert (message["status"], message["attempt"]) == ("failed", 1)


def test_a_tool_is_not_run_again_when_a_later_request_fails(api, stand_ins, stand_in):
    stand_in.script = [
        stand_ins.Answer(calls=[("write", {"path": "a.txt", "content": "x"})]),
        stand_ins.Answer(status=503, error="busy"),
    ]
    message = api.ask("assistant", "go")
    assert (message["status"], message["attempt"]) == ("completed", 2)
    assert len(tools(api, message["session_id"])) == 1


def test_silence_counts_as_broken(serve, llm, stand_ins, stand_in):
    api = serve(llms={"small": llm | {"timeout": 0.1}})
    stand_in.script = [stand_ins.Answer("half", fault="silence")]
    message = api.ask("assistant", "hi")
    assert (message["status"], message["attempt"]) == ("completed", 2)


@both
def test_a_refused_answer_is_kept_and_fails(api, stand_ins, stand_in):
    stand_in.script = [stand_ins.Answer("I begin", stop="refusal")]
    message = api.ask("assistant", "hi")
    assert message["status"] == "failed"
    assert texts(message) == ["I begin"]


def test_an_empty_answer_fails_unless_something_was_done(api, stand_ins, stand_in):
    stand_in.script = [stand_ins.Answer()]
    assert api.ask("assistant", "hi")["status"] == "failed"
    stand_in.script = [stand_ins.Answer(calls=[("ls", {})]), stand_ins.Answer()]
    assert api.ask("assistant", "hi")["status"] == "completed"


def test_malformed_arguments_go_back_to_the_model_a_few_times(api, stand_ins, stand_in):
    malformed = stand_ins.Answer(calls=[("ls", '{"path": ')])
    stand_in.script = [malformed, malformed]
    message = api.ask("assistant", "go")
    assert message["status"] == "completed"
    calls = tools(api, message["session_id"])
    assert [(call["arguments"], call["status"]) for call in calls] == [('{"path": ', "failed")] * 2
    stand_in.rule = lambda _request: malformed
    assert api.ask("assistant", "go")["status"] == "failed"


def test_limits_are_reached_visibly(serve, llm, stand_ins, stand_in):
    stand_in.rule = lambda _request: stand_ins.Answer(calls=[("ls", {})], usage=(60, 40, 0))
    settings = {"steps": llm | {"max_steps": 3}, "tokens": llm | {"max_turn_tokens": 150}}
    api = serve(llms=settings)
    assert api.ask("assistant", "go", llm_id="steps")["status"] == "failed"
    assert len(stand_in.requests) == 3
    assert api.ask("assistant", "go", llm_id="tokens")["status"] == "failed"
    assert len(stand_in.requests) == 5


def test_an_answer_with_too_many_calls_runs_none_of_them(api, stand_ins, stand_in):
    stand_in.rule = lambda _request: stand_ins.Answer(calls=[("ls", {})] * 101)
    message = api.ask("assistant", "go")
    assert message["status"] == "failed"
    assert tools(api, message["session_id"]) == []


def test_output_is_limited_where_it_is_set(serve, llm, stand_in):
    serve(llms={"small": llm | {"max_output_tokens": 7}}).ask("assistant", "hi")
    assert stand_in.requests[-1].body["max_tokens"] == 7


@both
def test_answers_need_not_be_streamed(serve, llm, stand_ins, stand_in):
    stand_in.script = [stand_ins.Answer("I look.", calls=[("ls", {})])]
    message = serve(llms={"small": llm | {"stream": False}}).ask("assistant", "hi")
    assert stand_in.requests[-1].body["stream"] is False
    assert texts(message)[0] == "I look."
    assert (message["status"], len(stand_in.requests)) == ("completed", 2)


def test_programs_of_a_published_folder_can_be_run_and_other_files_cannot(
    api, asking, stand_ins, stand_in, tmp_path
):
    manifest = "name: runs\nharness: pi\ninstructions: {system: p.md}\nllm: {model: small}\n"
    files = {"dari.yml": manifest, "p.md": "Hi", "say.sh": "#!/bin/sh\necho said\n", "no.sh": "x"}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "say.sh").chmod(0o700)
    asking.publish(tmp_path)
    command = "/bundle/say.sh; test -x /bundle/no.sh || echo plain"
    stand_in.script = [stand_ins.Answer(calls=[("bash", {"command": command})])]
    message = api.ask("runs", "go")
    (call,) = tools(api, message["session_id"])
    assert call["result"] == "said\nplain\n"


def test_attached_files_are_named_by_their_place(api, stand_in):
    first, second = api.upload("notes.txt", b"one"), api.upload("notes.txt", b"two")
    message = api.ask("assistant", 'use read {"path": "notes-2.txt"}', first, second)
    said = sent(stand_in.requests[0])[-1][1]
    assert said.endswith("Attached files: /workspace/notes.txt, /workspace/notes-2.txt")
    assert "two" in texts(message)[-1]


def test_usage_becomes_costs_exactly_and_an_unknown_price_stays_unknown(
    serve, llm, stand_ins, stand_in
):
    prices = {"small": {"input": "0.15", "output": "0.60", "cached_input": "0.075"}}
    api = serve(llms={"small": llm, "other": llm | {"model": "other"}}, prices=prices)
    stand_in.script = [
        stand_ins.Answer(calls=[("ls", {})], usage=(1000, 10, 400)),
        stand_ins.Answer("done", usage=(1001, 3, 0)),
        stand_ins.Answer("free?", usage=(5, 5, 0)),
        stand_ins.Answer("not counted", usage=None),
    ]
    message = api.ask("assistant", "hi")
    last = api.events(message["session_id"])[-2]["data"]
    used = {"input_tokens": 2001, "output_tokens": 13, "cached_input_tokens": 400}
    assert last["usage"] == used
    cost = api.get(f"/costs/sessions/{message['session_id']}")
    # (600 * 0.15 + 400 * 0.075 + 10 * 0.60 + 1001 * 0.15 + 3 * 0.60) / 1,000,000
    assert float(cost["total_cost_usd"]) == pytest.approx(0.00027795)
    assert cost["total_cost_usd"].rstrip("0") == "0.00027795"
    assert cost["event_count"] == 2
    for name in ("other", "small"):
        session_id = api.ask("assistant", "hi", llm_id=name)["session_id"]
        cost = api.get(f"/costs/sessions/{session_id}")
        assert (cost["event_count"], cost["total_cost_usd"]) == (0, "0")  # as before any came


def test_the_server_answers_while_a_model_is_slow(api, stand_ins, stand_in, wait):
    gate = threading.Event()
    stand_in.script = [stand_ins.Answer("slow", gate=gate)]
    session_id = api.create("assistant")
    message_id = api.send(session_id, "hi")["message"]["id"]
    wait(lambda: len(stand_in.requests), lambda number: number == 1)
    assert api.ask("assistant", "quick")["status"] == "completed"
    assert api.get(f"/messages/{message_id}")["status"] == "running"
    gate.set()
    assert texts(api.finished(message_id)) == ["slow"]


def test_a_connection_serves_many_requests(serve, llm, stand_ins, stand_in):
    stand_in.script = [stand_ins.Answer(calls=[("ls", {})])] * 4
    assert serve(llms={"small": llm}).ask("assistant", "hi")["status"] == "completed"
    assert len(stand_in.requests) == 5
    assert len({request.port for request in stand_in.requests}) == 1


def test_more_requests_than_a_model_takes_wait_their_turn(
    serve, publish, llm, stand_ins, stand_in, wait
):
    gate = threading.Event()
    stand_in.rule = lambda _request: stand_ins.Answer("done", gate=gate)
    api = serve(llms={"small": llm | {"max_parallel": 2}})
    publish(api, "plain", "{model: small}")
    ids = [api.send(api.create("plain"), "hi")["message"]["id"] for _ in range(5)]
    wait(lambda: len(stand_in.requests), lambda number: number == 2)
    now = [api.get(f"/messages/{message_id}") for message_id in ids]
    assert sorted(message["status"] for message in now) == ["queued"] * 3 + ["running"] * 2
    gate.set()
    messages = [api.finished(message_id) for message_id in ids]
    assert [(message["status"], message["attempt"]) for message in messages] == [
        ("completed", 1)
    ] * 5
    assert stand_in.most_at_once == 2


def test_a_stop_ends_what_is_asked(serve, llm, stand_ins, stand_in, wait):
    api = serve(llms={"small": llm})
    stand_in.script = [stand_ins.Answer("half", fault="silence")]
    api.send(api.create("assistant"), "hi")
    wait(lambda: len(stand_in.requests), lambda number: number == 1)
    api.server.stop()
    assert repr(api.server).startswith("LocalDari(stopped")


def test_a_session_loses_the_network_when_the_operator_does_not_allow_it_any_more(
    call, stand_ins, stand_in, publish, tmp_path
):
    path, look = tmp_path / "course.db", {"command": "ls /sys/class/net /etc/resolv.conf 2>&1"}
    llm = f"{{model: m, base_url: '{stand_in.url}'}}"
    more = "built_in_tools: [bash]\nsandbox: {internet_access: true}\n"
    seen = []
    for allowed in (True, False):
        stand_in.script = [stand_ins.Answer(calls=[("bash", look)])]
        with LocalDari(path, internet_access=allowed) as server, call(server) as api:
            if allowed:
                publish(api, "net", llm, more=more)
                session_id = api.create("net")
            api.finished(api.send(session_id, "go")["message"]["id"])
            seen.append(tools(api, session_id)[-1]["result"])
    assert "No such file" not in seen[0].split("/etc/resolv.conf")[-1]
    assert "/etc/resolv.conf': No such file" in seen[1]
