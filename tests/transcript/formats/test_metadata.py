"""What stands beside messages is read by the same names, whichever format these are of."""

from __future__ import annotations

import json

import pytest

import dari_nb as dari
from dari_nb.resources import Transcript

HI = {"role": "user", "content": "Hi"}
HELLO = {"role": "assistant", "content": "Hello"}
RUNS = {
    "chat completions": {"messages": [HI, HELLO]},
    "Anthropic messages": {"system": "Be brief.", "messages": [HI, HELLO]},
    "OpenAI Responses": {"items": [{"type": "message", **HI}, {"type": "message", **HELLO}]},
}
TIMES = {"started_at": "2026-01-02T10:00:00Z", "ended_at": "2026-01-02T10:00:02.5Z"}


@pytest.fixture(params=RUNS)
def run(request):
    return RUNS[request.param]


def written(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_task_trial_and_score_make_a_matrix(run, tmp_path, server, d):
    rows = [
        {**run, "task_id": task, "trial": trial, "score": trial / 2, "cost_usd": 0.25}
        for task in ("a", "b")
        for trial in (0, 1)
    ]
    path = written(tmp_path / "a.jsonl", rows)
    for source in (path, server.load_runs(path)):
        wish = (
            {}
            if source is path
            else {"task": "task_id", "repeat": "trial", "score_columns": ["score"]}
        )
        frame = d.batches.from_runs(source, **wish).to_frame()
        assert frame["score.score"].to_list() == [0.0, 0.5, 0.0, 0.5]
        assert frame["repeat"].to_list() == [0, 1, 0, 1]
        assert frame["cost_usd"].sum() == 1


@pytest.mark.parametrize(
    ("beside", "task"),
    [
        ({"id": "x1", "task": "tea"}, "id"),
        ({"id": "x1", "question_id": 7}, "question_id"),
        ({"id": ["x"], "task": "tea"}, "task"),
        ({"task": "Make tea.\nThen sugar."}, None),
        ({"task": "x" * 101, "id": True}, None),
    ],
)
def test_what_tells_the_task_is_the_best_there_is(run, beside, task):
    assert Transcript.from_messages({**run, **beside}).run.task == task


def test_numbers_yes_and_no_are_scores(run):
    for name in ("correct", "passed", "resolved", "success", "accuracy"):
        for value, is_score in ((True, True), (0.5, True), ("B", False)):
            told = Transcript.from_messages({**run, name: value}).run
            assert told.scores == ((name,) if is_score else ())


def test_the_id_of_an_answer_is_that_of_no_task():
    choices = [{"message": HELLO}]
    answers = [
        {"id": "chatcmpl-1", "choices": choices},
        {
            "id": "msg_1",
            "type": "message",
            "stop_reason": "end_turn",
            "role": "assistant",
            "content": [{"type": "text", "text": "Hello"}],
        },
        {"id": "resp_1", "object": "response", "output": [{"type": "message", **HELLO}]},
    ]
    assert [Transcript.from_messages(a).run.task for a in answers] == [None] * 3


def test_times_of_the_run_are_those_of_its_turn(run, tmp_path, server, d):
    path = written(tmp_path / "a.jsonl", [{**run, **TIMES, "latency": 2500}])
    [session_id] = server.load_runs(path)
    [read] = Transcript.from_file(path)
    for source in ([read], [d.sessions[session_id]]):
        assert dari.messages_frame(source)["latency_s"].to_list() == [2.5]
        assert dari.sessions_frame(source)["created_at"][0].isoformat().startswith("2026-01-02T10")
    assert any("latency" in sentence for sentence in read.run.lost)
    assert read.metadata["latency"] == "2500"


def test_a_response_tells_when_it_was_asked_for_and_done():
    items = {"input": "Hi", "output": [{"type": "message", **HELLO}]}
    response = {"object": "response", **items, "created_at": 1760000000, "completed_at": 1760000003}
    read = Transcript.from_messages(response)
    assert dari.messages_frame([read])["latency_s"].to_list() == [3.0]
    assert dari.messages_frame([read])["created_at"][0].year == 2025
