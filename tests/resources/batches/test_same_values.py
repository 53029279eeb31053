"""Scores that are the same but for roundings, or for how yes is written, are so everywhere."""

import math
import re

import pytest

import dari_nb as dari
from dari_nb.render.matrix.wording import number_text
from dari_nb.scores import summary, win_rates


@pytest.fixture
def scored(d, server):
    """A batch of two LLMs whose score on each task is what is given."""

    def scored(tasks, score, run_id=None):
        server.agent("pair", llms=["A", "B"])(lambda prompt, turn: f"{turn.llm_id} {prompt}")
        names = [f"t {task}" for task in range(tasks)]
        batch = d.batches.run("pair", names, ["A", "B"], run_id=run_id).wait(60)

        def of(turn):
            llm, _, task = turn.text.split()
            return score(int(task), llm == "A")

        batch.score("s", of)
        return batch

    return scored


def finding(batch):
    return next(line for line in str(batch).splitlines() if "“s”" in line)


@pytest.mark.parametrize(
    ("base", "more", "less", "wins"),
    [
        (10**12, 2, -1, 8),
        (1764331200000, 2, -1, 6),
        (4 * 10**12, 7, -4, 6),
        (10**15, 3, -1, 8),
        (1, 2e-12, -1e-12, 8),
    ],
)
def test_small_differences_of_large_scores_are_what_they_are(scored, base, more, less, wins):
    batch = scored(20, lambda t, is_a: base + (more if t < wins else less) * is_a)
    apart = (wins * more + (20 - wins) * less) / 20
    said = finding(batch)
    assert "20 tasks do not settle which is higher (difference +" in said
    assert (
        f"(difference {number_text(abs(apart), signed=True)}, 95 % interval \N{MINUS SIGN}" in said
    )
    assert said.endswith("Their scores differ on 20 of 20 tasks.")
    [row] = win_rates(batch, "s").to_dict("records")
    assert row["win_rate"] == wins / 20
    assert row["difference"] == pytest.approx(apart, rel=1e-3)
    assert row["difference_low"] < 0 < row["difference_high"]
    assert row["p_value"] > 0.05
    means = dict(zip("AB", batch.summary("s")["mean"], strict=True))
    nearly = 2 * math.ulp(base) + abs(apart) / 100
    assert row["difference"] == pytest.approx(means["A"] - means["B"], abs=nearly)
    seen = re.sub("<[^>]*>", "", batch.view(baseline="B", score="s").against)
    assert f"{20 - wins} are lower, {wins} higher, 0 alike against B" in seen


def test_what_rounding_alone_tells_apart_is_a_tie_everywhere(scored):
    batch = scored(6, lambda t, is_a: t + (0.1 + 0.2 if is_a else 0.3) if t else 0.3 - is_a * 5e-17)
    assert finding(batch).startswith("No task tells A and B apart on “s”: ")
    assert "differ on" not in finding(batch)
    [row] = win_rates(batch, "s").to_dict("records")
    assert (row["win_rate"], row["difference"]) == (0.5, 0)
    assert batch.summary("s")["mean"].to_list() == pytest.approx([2.8, 2.8])
    view = batch.view(baseline="B", score="s")
    assert "0 are lower, 0 higher, 6 alike against B" in re.sub("<[^>]*>", "", view.against)
    view.where = "differs = s"
    assert not len(batch.selection)


def test_repeats_that_come_to_the_same_are_a_tie(d, server):
    server.agent("pair", llms=["A", "B"])(
        lambda prompt, turn: f"{turn.llm_id} {turn.metadata['repeat']}"
    )
    batch = d.batches.run("pair", ["t 1", "t 2"], ["A", "B"], repeats=3).wait(60)
    told = {"A 0": 0.1, "A 1": 0.2, "A 2": 0.3}
    batch.score("s", lambda turn: told.get(turn.text, 0.2))
    assert "apart on “s”: 0.2 each on average (difference 0, " in finding(batch)
    assert win_rates(batch, "s")["difference"].item() == 0


@pytest.mark.parametrize("score", [lambda t, is_a: is_a and 1, lambda t, is_a: is_a or 0])
def test_yes_and_no_beside_1_and_0_is_one_score_everywhere(scored, score):
    batch = scored(20, score)
    assert {type(cell.scores["s"]) for cell in batch.cells} == {bool, int}
    said = finding(batch)
    assert said.startswith("A did better than B on “s”: 20 of 20 against 0 of 20 (")
    assert said.endswith("Their scores differ on 20 of 20 tasks.")
    assert batch.summary("s")["mean"].to_list() == [1, 0]
    assert summary(batch.to_frame(), "s")["mean"].to_list() == [1, 0]
    assert win_rates(batch, "s")["win_rate"].item() == 1


def test_yes_beside_1_tells_no_two_cells_apart(scored):
    batch = scored(7, lambda t, is_a: (True if is_a else 1) if t else is_a)
    assert finding(batch).endswith("Their scores differ on 1 of 7 tasks.")
    view = batch.view()
    view.where = "differs = s"
    assert {cell.task_index for cell in batch.selection} == {0}


def test_yes_and_no_in_one_run_and_1_and_0_in_another_are_one_score(scored):
    old = scored(5, lambda t, is_a: is_a, "monday")
    new = scored(5, lambda t, is_a: int(is_a), "tuesday")
    both = dari.compare_batches(old, new)
    assert both.summary("s")["mean"].to_list() == [1, 0, 1, 0]
    assert "0 are worse, 0 better, 10 alike against monday on “s”" in str(both)
    view = both.view()
    view.where = "differs = s"
    assert len({cell.task_index for cell in both.selection}) == 5


@pytest.mark.parametrize(
    ("less", "more", "told"),
    [
        (0.999999, 1.0, "1 against 0.999999"),
        (1234567.125, 1234567.25, "1,234,567.2 against 1,234,567.1"),
        (-3e-7, -2.9e-7, "\N{MINUS SIGN}2.9e-07 against \N{MINUS SIGN}3e-07"),
        (0.25, 0.5, "0.5 against 0.25"),
    ],
)
def test_figures_that_are_told_apart_have_as_many_digits_as_that_takes(scored, less, more, told):
    batch = scored(12, lambda t, is_a: less if is_a else more)
    said = finding(batch)
    assert said.startswith(f"B is higher than A on “s”: {told} on average (difference +")
