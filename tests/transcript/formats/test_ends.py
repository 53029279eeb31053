"""Runs that end with a call, as agents do that finish by one: completed, and without a result."""

from __future__ import annotations

import json

import dari_nb as dari
from dari_nb.resources import Transcript

HI = {"role": "user", "content": "Hi"}
USE = {"type": "tool_use", "id": "c1", "name": "finish", "input": {"message": "Done."}}
FUNCTION = {"name": "finish", "arguments": '{"message": "Done."}'}
CALLED = {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "function": FUNCTION}]}
CALL = {"type": "function_call", "call_id": "c1", **FUNCTION}
MADE = {"tool_call_id": "c1", "function_name": "finish", "arguments": {"message": "Done."}}
STEPS = [
    {"source": "user", "message": "Hi"},
    {"source": "agent", "message": "So.", "tool_calls": [MADE]},
]
DOCUMENTS = [
    {"messages": [HI, CALLED]},
    {"messages": [HI, {"role": "assistant", "content": [USE]}]},
    {"items": [{"type": "message", **HI}, CALL]},
    {"schema_version": "ATIF-v1.6", "agent": {"name": "x"}, "steps": STEPS},
]


def test_a_run_that_ends_with_a_call_has_completed_and_shows_it_without_a_result(
    tmp_path, server, d
):
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps({**doc, "task": "t"}) + "\n" for doc in DOCUMENTS))
    sessions = [d.sessions[session_id] for session_id in server.load_runs(path)]
    read = Transcript.from_file(path)
    for runs in (read, sessions):
        assert d.batches.from_runs(runs, task="task").counts == {"completed": 4}
        calls = dari.tool_calls_frame(runs)
        assert calls["status"].to_list() == ["unanswered"] * 4
        assert calls[["ok", "result", "completed_at"]].isna().all(axis=None)
    for run in (*read, *(session.transcript() for session in sessions)):
        assert "no result recorded" in str(run)
        assert "no result recorded" in run.to_mimebundle()["text/html"]
        assert "running" not in str(run)
        assert run.to_anthropic()["messages"][-1]["content"][-1] == USE
        assert run.to_messages()[-1]["tool_calls"][0]["id"] == "c1"


def test_a_call_that_is_passed_over_within_a_run_has_failed():
    run = Transcript.from_messages([HI, CALLED, {"role": "user", "content": "And?"}, CALLED])
    assert dari.messages_frame([run])["status"].to_list() == ["failed", "completed"]
    assert dari.tool_calls_frame([run])["status"].to_list() == ["failed", "unanswered"]
