"""Recorded runs of any format as sessions: costs, times, and nothing twice."""

from __future__ import annotations

import json

from dari_nb.local import LocalDari

STEPS = [
    {"source": "user", "message": "Hi", "timestamp": "2026-01-02T10:00:00Z"},
    {"source": "agent", "message": "Hello", "timestamp": "2026-01-02T10:00:02.5Z"},
]
TRAJECTORY = {
    "schema_version": "ATIF-v1.6",
    "agent": {"name": "harbor-agent", "version": "1", "model_name": "model-a"},
    "steps": STEPS,
    "final_metrics": {"total_cost_usd": 0.1875, "total_prompt_tokens": 31},
}


def written(path, *documents):
    path.write_text("".join(json.dumps(document) + "\n" for document in documents))
    return path


def test_costs_and_times_of_the_source_are_those_of_the_session(tmp_path, call):
    path = written(tmp_path / "a.jsonl", TRAJECTORY)
    with LocalDari() as server, call(server) as api:
        [session_id] = server.load_runs(path)
        session = api.get(f"/sessions/{session_id}")
        [message] = api.messages(session_id)
        cost = api.get(f"/costs/sessions/{session_id}")
    assert (cost["total_cost_usd"], cost["event_count"]) == ("0.1875", 1)
    assert session["created_at"] == "2026-01-02T10:00:00.000Z"
    assert message["created_at"] == "2026-01-02T10:00:00.000Z"
    assert message["completed_at"] == "2026-01-02T10:00:02.500Z"
    assert session["metadata"]["input_tokens"] == "31"


def test_the_same_file_twice_is_the_same_sessions_also_after_a_restart(tmp_path, call):
    equal = {**TRAJECTORY, "steps": STEPS[:1]}
    path = written(tmp_path / "a.jsonl", TRAJECTORY, equal, equal)
    with LocalDari(path=tmp_path / "kept.db") as server:
        first = server.load_runs(path)
        assert server.load_runs(path) == first
        other = server.load_runs(path, agent="other")
    assert len({*first, *other}) == 6
    with LocalDari(path=tmp_path / "kept.db") as server, call(server) as api:
        again = server.load_runs(path)
        assert (again, again.again) == (first, 3)
        assert len(api.get("/sessions")["sessions"]) == 6


def test_a_run_that_is_new_in_the_file_is_added_alone(tmp_path, server, api):
    path = written(tmp_path / "a.jsonl", TRAJECTORY)
    first = server.load_runs(path)
    written(path, TRAJECTORY, {**TRAJECTORY, "steps": STEPS[:1]})
    both = server.load_runs(path)
    assert (both[:1], both.again, len(both)) == (first, 1, 2)


def test_what_recordings_cost_counts_for_no_limit(tmp_path, call):
    path = written(tmp_path / "a.jsonl", TRAJECTORY)
    with LocalDari(max_cost="0.10") as server, call(server) as api:
        server.load_runs(path)
        sent = api.ask("echo", "still here")
    assert sent["status"] == "completed"
