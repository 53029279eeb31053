"""Runs that a local Dari keeps as sessions are written as those that were read from the file."""

from __future__ import annotations

import json

import pytest

from dari_nb.resources import Transcript

SYSTEM = {"role": "system", "content": "Be brief."}
HI = {"role": "user", "content": "Hi"}
HELLO = {"role": "assistant", "content": "Hello"}
ASKED = {"role": "user", "content": [{"type": "input_text", "text": "Hi"}]}
STEPS = [
    {"source": "system", "message": "Be brief."},
    {"source": "user", "message": "Hi"},
    {"source": "agent", "message": "Hello"},
]
ATIF = {"schema_version": "ATIF-v1.6", "agent": {"name": "x", "version": "1"}, "steps": STEPS}
INSPECT = {
    "version": 2,
    "status": "success",
    "eval": {"task": "t"},
    "samples": [{"id": 1, "epoch": 1, "messages": [SYSTEM, HI, HELLO]}],
}
DOCUMENTS = {
    "chat completions": {"messages": [SYSTEM, HI, HELLO]},
    "Anthropic messages": {"system": "Be brief.", "messages": [HI, HELLO]},
    "OpenAI Responses": {"instructions": "Be brief.", "input": [ASKED, HELLO]},
    "ATIF trajectory": ATIF,
    "Inspect log": INSPECT,
    "SWE-agent trajectory": {"history": [{**m, "agent": "main"} for m in (SYSTEM, HI, HELLO)]},
}


def loaded_both_ways(path, document, server, d):
    """The run as it is read, and as the session that a local Dari made of it."""
    path.write_text(json.dumps(document))
    [run] = Transcript.from_file(path)
    [session_id] = server.load_runs(path)
    return run, d.sessions[session_id].transcript()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_system_prompt_is_in_every_format(name, tmp_path, server, d):
    for transcript in loaded_both_ways(tmp_path / "run.json", DOCUMENTS[name], server, d):
        assert transcript.format in (name, None)
        assert transcript.to_anthropic()["system"] == "Be brief."
        first = transcript.to_atif()["steps"][0]
        assert (first["source"], first["message"]) == ("system", "Be brief.")
        messages = transcript.to_messages()
        assert messages[0]["content"] == "Be brief."
        assert [message["role"] for message in messages] == ["system", "user", "assistant"]


def test_what_the_system_says_in_a_message_stands_beside_its_prompt(tmp_path, server, d):
    blocks = [{"type": "text", "text": "Be brief."}]
    later = {"role": "system", "content": "Be kind."}
    document = {"system": blocks, "messages": [later, HI, HELLO]}
    for transcript in loaded_both_ways(tmp_path / "run.json", document, server, d):
        assert transcript.to_anthropic() == document
        assert transcript.to_atif()["steps"][0]["message"] == "Be brief.\n\nBe kind."
        assert [m["content"] for m in transcript.to_messages()][:2] == ["Be brief.", "Be kind."]


def test_who_asked_nothing_is_in_no_export(d, server, tmp_path):
    path = tmp_path / "answer.json"
    choice = {"index": 0, "message": {"role": "assistant", "content": "Hello."}}
    path.write_text(json.dumps({"object": "chat.completion", "choices": [choice]}))
    there = d.sessions.get(server.load_runs(path)[0]).transcript()
    for transcript in (there, Transcript.from_file(path)[0]):
        assert [step["source"] for step in transcript.to_atif()["steps"]] == ["agent"]
        assert [m["role"] for m in transcript.to_messages()] == ["assistant"]
        assert [m["role"] for m in transcript.to_anthropic()["messages"]] == ["assistant"]
