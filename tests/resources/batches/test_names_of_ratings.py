"""Ratings from 1 to 5 are on that scale, whatever they are called."""

import json
from pathlib import Path

import pytest

import dari_nb as dari
from dari_nb.errors import InvalidRequestError

LLMS = ["small", "large"]
BOOK = Path("dari-scores.jsonl")


@pytest.fixture
def batch(d, server):
    @server.agent("writer", llms=LLMS)
    def writer(prompt):
        return f"About {prompt}"

    @server.agent("judge")
    def judge(prompt):
        return json.dumps({"reason": "So it is.", "score": 1 + len(prompt) % 5})

    return d.batches.run("writer", [f"task {n}" + "x" * n for n in range(20)], LLMS).wait(60)


def rated_by_sample(batch, name):
    sample = batch.sample(len(batch), name=name)
    for number in range(len(sample)):
        sample.rate(number, 1)


def rated_by_view(batch, name):
    view = batch.view()
    for cell in batch.cells:
        view._rate(cell.id, name, 1, "")


@pytest.mark.parametrize("rate", [rated_by_sample, rated_by_view])
def test_the_worst_ratings_of_any_name_read_as_the_worst(batch, again, rate):
    batch.judge("h", rubric="Is it good?")
    rate(batch, "hand")
    batch = again().batches[batch.run_id]
    shown = str(batch)
    assert "hand 1" in shown
    assert "✓" not in shown
    assert len(batch.view(where="hand = 1").shown) == 40
    assert batch._snapshot().scales["hand"] == (1, 5)
    assert batch.to_frame().attrs["scales"]["hand"] == [1, 5]
    assert batch.summary("hand")["method"].tolist() != ["wilson", "wilson"]
    with pytest.raises(InvalidRequestError, match="is no yes or no"):
        dari.trajectories(batch.cells[:2], success="hand")


def test_a_name_changes_nothing_of_what_agreement_and_calibration_say(batch):
    batch.judge("h", rubric="Is it good?")
    for name in ("rating", "byhand"):
        sample = batch.sample(len(batch), name=name)
        for number in range(len(sample)):
            sample.rate(number, 1)
    said = [dari.scores.calibrated(batch, "judge.h", name) for name in ("rating", "byhand")]
    columns = ["mean", "low", "high", "method"]
    assert said[0][columns].equals(said[1][columns])
    agreed = [str(dari.scores.agreement(batch, "judge.h", name)) for name in ("rating", "byhand")]
    assert agreed[0] == agreed[1].replace("byhand", "rating")


def test_the_first_rating_that_a_page_gives_is_drawn_as_what_it_is(batch):
    for view in (batch.view(), batch.sample(4, name="hand").view()):
        cell = view._matrix.cells[0]
        body = {"cell": cell.id, "name": "hand", "value": 1}
        kept = view._rated(view._rate, view._rate_blind, body).result(30)
        assert any("hand 1" in str(cell) for cell in kept["cells"])
        assert all("✓" not in str(cell) for cell in kept["cells"])


def test_yes_and_no_and_other_numbers_are_no_ratings_on_a_scale(batch):
    for name, values in (("yes", [True, False]), ("ones", [0, 1]), ("marks", [2, 9])):
        sample = batch.sample(2, name=name)
        for number, value in enumerate(values):
            sample.rate(number, value)
    batch.rate((0, "small"), "one", 1)
    matrix = batch._snapshot()
    assert not matrix.scales.keys() & {"yes", "ones", "marks", "one"}
    kinds = {name: matrix.kinds[name] for name in ("yes", "ones", "marks", "one")}
    assert kinds == {"yes": "yes/no", "ones": "yes/no", "marks": "number", "one": "yes/no"}


def test_files_that_tell_no_scale_are_read_as_before(batch, again):
    rated_by_sample(batch, "hand")
    lines = [json.loads(line) for line in BOOK.read_text().splitlines()]
    assert {tuple(line.pop("scale")) for line in lines} == {(1, 5)}
    BOOK.write_text("".join(json.dumps(line) + "\n" for line in lines))
    batch = again().batches[batch.run_id]
    assert batch._snapshot().kinds["hand"] == "yes/no"
    batch.sample(40, name="hand").rate(0, 2)
    assert batch._snapshot().scales["hand"] == (1, 5)
