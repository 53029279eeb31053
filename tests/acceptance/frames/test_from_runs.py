"""A matrix of recorded runs: tasks, columns, repeats and scores."""

import json

import pytest

import dari_nb as dari
from dari_nb.errors import InvalidRequestError

from .runs import INSPECT, SAMPLE

REWARDS = {("t1", "small"): (1, 0), ("t1", "large"): (1, 1), ("t2", "small"): (0, 0)}
REWARDS["t2", "large"] = (1, 0)


def run(task, model, trial, reward):
    messages = [{"role": "user", "content": task}, {"role": "assistant", "content": f"{reward}"}]
    return {"messages": messages, "model": model, "task_id": task, "trial": trial, "reward": reward}


@pytest.fixture
def path(tmp_path):
    """Return a file of runs: two tasks, two models, two trials."""
    runs = [
        run(task, model, trial, reward)
        for (task, model), rewards in REWARDS.items()
        for trial, reward in enumerate(rewards)
    ]
    path = tmp_path / "runs.jsonl"
    path.write_text("\n".join(map(json.dumps, runs)))
    return path


@pytest.mark.parametrize("read", [lambda path: path, str, dari.Transcript.from_file])
def test_matrix_has_tasks_columns_and_scores(path, d, read):
    batch = d.batches.from_runs(read(path))
    frame = dari.batch_frame(batch)
    assert len(batch) == len(frame) == 8
    keys = ["task", "llm_id"]
    rewards = frame.groupby(keys, observed=True)["score.reward"].apply(tuple).to_dict()
    assert rewards == REWARDS
    means = batch.summary("reward").set_index("llm_id")["mean"]
    assert means.to_dict() == {"small": 0.25, "large": 0.75}
    assert batch.pivot("text").shape == (2, 4)


def test_sessions_are_placed_by_named_metadata(path, server, d):
    sessions = [d.sessions[session_id] for session_id in server.load_runs(path)]
    batch = d.batches.from_runs(
        sessions, task="task_id", repeat="trial", score_columns=["reward"], title="Shop"
    )
    assert len(batch) == 8
    assert batch.summary("reward")["tasks"].to_list() == [2, 2]


def test_inspect_log_has_its_scores(tmp_path, d):
    samples = [
        SAMPLE | {"id": f"s{number}", "epoch": epoch, "scores": {"match": {"value": value}}}
        for number, values in enumerate(("CC", "CI"))
        for epoch, value in enumerate(values, 1)
    ]
    path = tmp_path / "log.json"
    path.write_text(json.dumps(INSPECT | {"samples": samples}))
    batch = d.batches.from_runs(path)
    assert batch.to_frame()["score.match"].to_list() == [1, 1, 1, 0]
    assert batch.summary("match")["mean"].to_list() == [0.75]


def test_files_are_columns(tmp_path, path, d):
    other = tmp_path / "other.jsonl"
    only_small = [line for line in path.read_text().splitlines() if "small" in line]
    for each in (path, other):
        each.write_text("\n".join(only_small))
    batch = d.batches.from_runs([path, other], group="file")
    means = batch.summary("reward").set_index("llm_id")["mean"].to_dict()
    assert means == {"runs.jsonl": 0.25, "other.jsonl": 0.25}


def test_same_runs_are_the_same_batch(path, d):
    assert d.batches.from_runs(path).run_id == d.batches.from_runs(str(path)).run_id


def test_matrix_is_scored_by_a_function(path, d):
    batch = d.batches.from_runs(path)
    batch.score("rewarded", lambda turn: turn.text == "1")
    frame = batch.to_frame()
    assert (frame["score.rewarded"] == (frame["score.reward"] == 1)).all()


def test_runs_without_task_are_refused(tmp_path, d):
    path = tmp_path / "run.json"
    path.write_text(json.dumps({"messages": [{"role": "user", "content": "Hi"}]}))
    with pytest.raises(InvalidRequestError):
        d.batches.from_runs(path, task="nothing")
    with pytest.raises(InvalidRequestError):
        d.batches.from_runs([])
