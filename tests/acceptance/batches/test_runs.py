"""Recorded runs as a matrix: `from_runs` with files and with sessions."""

import json

import pytest

RUNS = [
    {"task_id": task, "trial": trial, "reward": float((task, trial) != ("refund", 1)), "model": llm}
    for task in ("order", "refund")
    for llm in ("small", "large")
    for trial in range(2)
]


def recorded(run):
    """Return a run as a line of a file: chat messages with metadata."""
    answer = f"{run['model']} {run['trial']}: done"
    messages = [
        {"role": "user", "content": f"Please do {run['task_id']}"},
        {"role": "assistant", "content": answer},
    ]
    return json.dumps(run | {"messages": messages})


@pytest.fixture
def path(folder):
    file = folder / "runs.jsonl"
    file.write_text("\n".join(map(recorded, RUNS)))
    return file


def check(matrix):
    frame = matrix.to_frame()
    assert len(frame) == len(RUNS)
    means = frame.groupby("task")["score.reward"].mean()
    assert means.tolist() == [1, 0.5]
    assert {text.split(":")[1] for text in frame["text"]} == {" done"}
    assert matrix.summary("reward")["mean"].tolist() == [0.75, 0.75]


def test_file_becomes_matrix(d, path):
    check(d.batches.from_runs(str(path)))
    assert not d.sessions.list()


def test_sessions_become_matrix(d, server, path):
    sessions = server.load_runs(path)
    matrix = d.batches.from_runs(
        sessions, task="task_id", repeat="trial", group="model", score_columns=["reward"]
    )
    check(matrix)
    assert {cell.session_id for cell in matrix.cells} == {s.id for s in d.sessions.list()}


def test_files_become_columns(d, folder):
    for llm in ("small", "large"):
        runs = [recorded(run) for run in RUNS if run["model"] == llm]
        (folder / f"{llm}.jsonl").write_text("\n".join(runs))
    matrix = d.batches.from_runs(["small.jsonl", "large.jsonl"], group="file")
    check(matrix)
    assert len(matrix.columns) == 2


def test_ratings_are_found_when_loaded_again(d, path):
    matrix = d.batches.from_runs(str(path))
    matrix.rate(matrix.cells[3], "rating", 2)
    again = d.batches.from_runs(str(path))
    assert [cell.scores.get("rating") for cell in again.cells] == [None] * 3 + [2] + [None] * 4
