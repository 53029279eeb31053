import json
from collections import defaultdict
from pathlib import Path

import pytest

from dari_nb.errors import InvalidRequestError

RUNS = Path(__file__).parents[3] / "notebooks" / "runs.jsonl"


@pytest.fixture
def sessions(d, server):
    server.load_runs(RUNS, "museum")
    return d.sessions.list(agent="museum")


@pytest.fixture
def batch(d, sessions):
    return d.batches.gather(
        sessions, task="task_id", repeat="trial", label="instruction", values=["reward"]
    ).wait(20)


@pytest.fixture
def recorded():
    return [json.loads(line) for line in RUNS.read_text().splitlines()]


def test_recorded_runs_are_a_matrix_with_their_scores(batch, recorded):
    assert len(batch) == len(recorded) == 12
    for run in recorded:
        cell = batch[int(run["task_id"]), run["model"], int(run["trial"])]
        assert cell.task.label == run["instruction"]
        assert cell.scores == {"reward": run["reward"]}
        assert cell.tool_calls == sum(len(m.get("tool_calls") or ()) for m in run["messages"])
        answers = [m["content"] for m in run["messages"] if m["role"] == "assistant"]
        assert cell.text.endswith(answers[-1])


def test_their_summary_is_the_mean_of_an_independent_sum(batch, recorded):
    rewards = defaultdict(list)
    for run in recorded:
        rewards[run["model"]].append(run["reward"])
    means = {model: sum(values) / len(values) for model, values in rewards.items()}
    summary = batch.summary("reward")
    assert dict(zip(summary["llm_id"], summary["mean"], strict=True)) == pytest.approx(means)


def test_nothing_can_be_sent_of_them(d, batch):
    before = len(d.sessions.list())
    assert batch.add(repeats=3).started == 0
    assert len(d.sessions.list()) == before


def test_what_cannot_be_gathered_is_refused(d, sessions):
    with pytest.raises(InvalidRequestError, match="no session to gather"):
        d.batches.gather([], task="task_id")
    with pytest.raises(InvalidRequestError, match=r"sess_\w+ has no 'colour' in its metadata"):
        d.batches.gather(sessions, task="colour")
