"""Judges: an agent scores the answers, people rate a sample, and both are compared."""

import json
from collections import Counter

import pytest

import dari_nb as dari

LLMS = ["terse", "wordy"]
TASKS = [f"Topic {number:02}" for number in range(24)]
RUBRIC = "Does it say much?"


class Judge:
    """The agent ``judge``, which prefers long answers."""

    def __init__(self, server):
        self.asked = []

        @server.agent("judge")
        def judge(prompt):
            self.asked.append(prompt)
            topic = next(n for n, task in enumerate(TASKS) if task in prompt)
            return json.dumps({"reason": "as counted", "score": score_of(topic, "blah" in prompt)})


def score_of(topic, is_wordy):
    return (4 if is_wordy else 2) + (topic % 3 == 0)


@pytest.fixture
def judge(server):
    return Judge(server)


@pytest.fixture
def write(d, server):
    """Have both LLMs write about so many topics: ``batch = write(8)``."""

    @server.agent("writer", llms=LLMS)
    def writer(prompt, turn):
        return f"{prompt}: {'blah blah' if turn.llm_id == 'wordy' else 'so'}"

    return lambda count: d.batches.run("writer", TASKS[:count], LLMS).wait(60)


def test_judge_scores_each_answer_blind(write, judge):
    batch = write(6)
    batch.judge("helpful", rubric=RUBRIC)
    assert len(judge.asked) == 12
    for prompt in judge.asked:
        assert RUBRIC in prompt
        assert not any(llm in prompt for llm in LLMS)
    for cell in batch.cells:
        topic = TASKS.index(cell.task.text)
        assert cell.scores["judge.helpful"] == score_of(topic, cell.llm == "wordy")
    assert batch.summary("judge.helpful").set_index("llm_id")["mean"].to_dict() == (
        pytest.approx({"terse": 2 + 1 / 3, "wordy": 4 + 1 / 3})
    )
    assert set(batch.to_frame()["note.judge.helpful"]) == {"as counted"}


def test_judge_again_pays_nothing(write, judge, reconnect):
    batch = write(6)
    batch.judge("helpful", rubric=RUBRIC)
    batch.judge("helpful", rubric=RUBRIC)
    other = reconnect().batches[batch.run_id].wait(30)
    assert batch.judge("helpful", rubric=RUBRIC, dry_run=True).sends == 0
    other.judge("helpful", rubric=RUBRIC)
    assert len(judge.asked) == 12
    batch.judge("helpful", rubric="Another one.")
    assert len(judge.asked) == 24


@pytest.mark.parametrize(
    "said", ["", "five", '{"score": 9}', 'I give {"score": 5}', '{"score": "much"}']
)
def test_invalid_verdict_is_missing(d, server, said):
    server.agent("judge")(lambda prompt: said)
    batch = d.batches.run("echo", ["one", "two"]).wait(30)
    batch.judge("helpful", rubric=RUBRIC)
    assert [cell.scores.get("judge.helpful") for cell in batch.cells] == [None, None]


def test_judge_without_rubric_is_refused(write, judge):
    batch = write(1)
    with pytest.raises(dari.errors.InvalidRequestError) as refused:
        batch.judge("helpful")
    assert refused.value.code == "missing_rubric"
    assert not judge.asked


def test_sample_is_balanced_and_blind(write):
    batch = write(10)
    sample = batch.sample(10)
    answers = sample.to_frame()["answer"].tolist()
    assert len(sample) == 10
    assert Counter("blah" in answer for answer in answers) == {True: 5, False: 5}
    assert len({answer.split(":")[0] for answer in answers}) == 10
    assert not any(llm in str(sample) for llm in LLMS)
    assert batch.sample(10).to_frame()["answer"].tolist() == answers
    assert batch.sample(10, seed=1).to_frame()["answer"].tolist() != answers


def test_agreement_and_calibration_follow_ratings(write, judge):
    """People give each sampled answer one point less than the judge."""
    batch = write(24)
    batch.judge("helpful", rubric=RUBRIC)
    sampled = batch.sample(40).to_frame()["answer"].tolist()
    cells = [cell for cell in batch.cells if cell.text in sampled]
    for cell in cells:
        batch.rate(cell, "rating", cell.scores["judge.helpful"] - 1)
    found = dari.scores.agreement(batch, "judge.helpful", "rating")
    assert (found.cells, found.exact.value) == (40, 0)
    assert found.kappa_quadratic.low <= found.kappa_quadratic.value <= found.kappa_quadratic.high
    table = dari.scores.calibrated(batch, "judge.helpful").set_index("llm_id")
    assert table["ratings"].to_dict() == {"terse": 20, "wordy": 20}
    for llm in LLMS:
        row = table.loc[llm]
        rated = [cell.scores["rating"] for cell in cells if cell.llm == llm]
        assert row["judged"] == pytest.approx(4 + 1 / 3 if llm == "wordy" else 2 + 1 / 3)
        assert row["rated"] == pytest.approx(sum(rated) / 20)
        assert row["low"] < row["judged"] - 1 < row["high"] < row["judged"]
