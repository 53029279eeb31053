"""The tokens that files tell are in the frames: those of turns, and the totals of runs."""

from __future__ import annotations

import json

import pytest

import dari_nb as dari
from dari_nb.resources import Transcript

HI = {"role": "user", "content": "Hi"}
HELLO = {"role": "assistant", "content": "Hello"}
ROW = {"messages": [HI, HELLO], "task_id": "a"}
OWN = [{**m, "agent": "main"} for m in (HI, HELLO)]
STATS = {"model_stats": {"tokens_sent": 9, "tokens_received": 4}}
CHAT_USAGE = {"prompt_tokens": 9, "completion_tokens": 4}
ANSWERED = {**HELLO, "extra": {"response": {"usage": CHAT_USAGE}}}
MINI = {"trajectory_format": "mini-swe-agent-1", "messages": [HI, ANSWERED], "info": {}}
OURS = {"input_tokens": 9, "output_tokens": 4}
ITEMS = [{"type": "message", **HI}, {"type": "message", **HELLO}]
CACHED = {"input_tokens": 4, "cache_read_input_tokens": 5, "output_tokens": 4}
TOLD = {
    "beside messages": {**ROW, "usage": CHAT_USAGE},
    "beside messages, as Anthropic": {**ROW, "usage": CACHED},
    "in the message": {"messages": [HI, {**HELLO, "usage": CHAT_USAGE}]},
    "entries": {**ROW, **OURS},
    "Anthropic": {**ROW, "system": "Be brief.", "usage": CACHED},
    "Responses": {"items": ITEMS, "usage": OURS},
    "SWE-agent": {"history": OWN, "info": STATS},
    "mini-swe-agent": MINI,
    "ATIF": {
        "schema_version": "ATIF-v1.6",
        "agent": {"name": "x"},
        "steps": [{"source": "user", "message": "Hi"}, {"source": "agent", "message": "Hello"}],
        "final_metrics": {"total_prompt_tokens": 9, "total_completion_tokens": 4},
    },
}


@pytest.mark.parametrize("name", TOLD)
def test_tokens_are_in_frames_wherever_the_file_tells_them(name, tmp_path, server, d):
    path = tmp_path / "a.json"
    path.write_text(json.dumps({**TOLD[name], "task_id": "a"}))
    sessions = [d.sessions[session_id] for session_id in server.load_runs(path)]
    for runs in (Transcript.from_file(path), sessions):
        frame = dari.messages_frame(runs)
        assert frame[[*OURS]].to_numpy().tolist() == [[9, 4]]
        cells = d.batches.from_runs(runs, task="task_id" if name != "SWE-agent" else "instance_id")
        assert cells.to_frame()[[*OURS]].to_numpy().tolist() == [[9, 4]]
    if name not in ("mini-swe-agent", "in the message"):
        assert sessions[0].metadata["output_tokens"] == "4"


def test_the_total_of_a_run_is_that_of_its_cell_and_its_turns_keep_theirs(tmp_path, d):
    steps = [
        {"source": "user", "message": "Hi"},
        {"source": "agent", "message": "Hello", "metrics": {"prompt_tokens": 7}},
        {"source": "user", "message": "And?"},
        {"source": "agent", "message": "Bye", "metrics": {"prompt_tokens": 8}},
    ]
    totals = {"total_prompt_tokens": 40, "total_completion_tokens": 5}
    trajectory = {**TOLD["ATIF"], "steps": steps, "final_metrics": totals}
    path = tmp_path / "a.json"
    path.write_text(json.dumps(trajectory))
    [run] = Transcript.from_file(path)
    assert run.run.usage == {"input_tokens": 40, "output_tokens": 5}
    assert dari.messages_frame([run])["input_tokens"].to_list() == [7, 8]
    cell = d.batches.from_runs(path, task="schema_version").to_frame().iloc[0]
    assert (cell["input_tokens"], cell["output_tokens"]) == (40, 5)


def test_the_tokens_of_an_answer_are_not_those_of_all_that_was_before(tmp_path):
    before = [HI, HELLO, {"role": "user", "content": "And?"}]
    choices = [{"message": {"role": "assistant", "content": "Bye"}}]
    document = {"messages": before, "choices": choices, "usage": CHAT_USAGE}
    run = Transcript.from_messages(document)
    assert run.run.usage == {}
    assert dari.messages_frame([run])["input_tokens"].to_list()[1] == 9
