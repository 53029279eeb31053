"""Recorded runs come back message by message as they were, and have no times that nobody took."""

from __future__ import annotations

import json

import pytest

import dari_nb
from dari_nb.resources import Transcript

from ...recorded import FILES, runs_of

FRAMES = ("sessions", "messages", "events", "tool_calls")


def call(call_id, arguments="{}", name="look"):
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def tool(call_id, content, **more):
    return {"role": "tool", "tool_call_id": call_id, "name": "look", "content": content, **more}


def assistant(content, *calls, **more):
    called = {"tool_calls": list(calls)} if calls else {}
    return {"role": "assistant", "content": content, **called, **more}


USER = {"role": "user", "content": "What is there?"}
CASES = {
    "a text and calls in one message": [USER, assistant("I look.", call("a")), tool("a", "3")],
    "a text and calls in two": [USER, assistant("I look."), assistant(None, call("a"))],
    "no text and an empty one": [
        USER,
        *(assistant(None, call("a")), tool("a", ""), assistant("", call("b")), tool("b", "")),
        assistant(""),
    ],
    "two calls at once, answered in another order": [
        USER,
        *(assistant("Two.", call("a"), call("b")), tool("b", "2"), tool("a", "1")),
        assistant("Done."),
    ],
    "spellings of JSON": [
        USER,
        *(assistant(None, call("a", '{"x":1,\n "y": "\\u00e9"}')), tool("a", '{"z" :[1, 2]}')),
        *(assistant(None, call("b", "")), tool("b", '{"a":1}'), assistant(None, call("c", "no"))),
    ],
    "no calls but a list of them": [USER, assistant("Hi", tool_calls=[]), assistant("Hi")],
    "errors": [USER, assistant(None, call("a")), tool("a", "Error: no seat"), assistant("No.")],
    "system messages of all kinds": [
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": [{"type": "text", "text": "Be kind."}]},
        *(USER, {"role": "system", "content": "Now be long."}, assistant("Long.")),
        {"role": "system", "content": "Stop."},
    ],
    "only a system prompt before": [{"role": "system", "content": "Be brief."}, USER],
    "the agent begins": [assistant("Welcome"), USER, assistant("Hi")],
    "the agent begins with a call": [assistant(None, call("a")), tool("a", "1"), USER],
    "empty and missing contents": [
        {"role": "user", "content": ""},
        *({"role": "assistant"}, USER, {"role": "assistant", "content": []}),
    ],
    "blocks": [
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        assistant([{"type": "text", "text": "c"}]),
        *(assistant(None, call("a")), tool("a", [{"type": "text", "text": "d"}])),
    ],
    "fields of others": [
        {**USER, "name": "Ada"},
        *(assistant("Hi", refusal=None, annotations=[]), {**USER, "content": " a \n"}),
        {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "f"}}]},
        {"role": "tool", "content": None},
    ],
}


def written(tmp_path, runs):
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(json.dumps({"messages": run}) + "\n" for run in runs), "utf-8")
    return path


@pytest.mark.parametrize("messages", CASES.values(), ids=CASES)
def test_messages_come_back_as_they_were(messages, tmp_path, server, d):
    assert Transcript.from_messages(messages).to_messages() == messages
    path = written(tmp_path, [messages])
    assert Transcript.from_file(path)[0].to_messages() == messages
    [session_id] = server.load_runs(path)
    assert d.sessions.get(session_id).transcript().to_messages() == messages


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_all_runs_of_a_file_come_back_as_they_were(path, server, d):
    runs = [run["messages"] for run in runs_of(path)]
    assert [run.to_messages() for run in Transcript.from_file(path)] == runs
    loaded = [d.sessions.get(session_id) for session_id in server.load_runs(path)]
    assert [session.transcript().to_messages() for session in loaded] == runs


def test_what_an_agent_did_here_has_its_text_and_the_call_after_it_in_one_message(server, d):
    sent = d.agents.get("calculator").send("What is 6 * 7?").wait()
    chat = sent.session.transcript().to_messages()
    again = Transcript.from_messages(chat)
    assert [item.type for item in again.items] == [i.type for i in sent.session.transcript().items]
    assert again.to_messages() == chat


@pytest.mark.parametrize("kind", FRAMES)
def test_recorded_runs_have_no_times_in_frames_and_the_same_dtypes(kind, server, d):
    load = getattr(dari_nb, f"{kind}_frame")
    loaded = [d.sessions.get(i) for i in server.load_runs(FILES[0])]
    real = load(d.agents.get("calculator").send("What is 6 * 7?").wait().session)
    times = [c for c in real if c.endswith("_at") or c == "latency_s"]
    assert times
    for source in (loaded, Transcript.from_file(FILES[0])):
        frame = load(source)
        assert len(frame) > 0
        assert frame[times].isna().all().all()
        assert frame[times].dtypes.equals(real[times].dtypes)
    assert real[times].notna().all().all()
