"""A plan tells what is to be sent, what that costs, and what it can show."""

from decimal import Decimal

import pytest

from dari_nb.local import LocalDari, Usage
from dari_nb.scores import detectable

TASKS = [f"Task {number}" for number in range(20)]


@pytest.fixture
def server():
    with LocalDari(cost_delay=0) as server:
        yield server


@pytest.fixture
def planned(d, server):
    """Plan with an agent whose turns cost something; ``planned(tasks, llms, repeats)``."""

    @server.agent("tried", llms=["a", "b", "c"])
    def tried(prompt, turn):
        yield Usage(Decimal("0.01"))
        yield f"{prompt} by {turn.llm_id}"

    return lambda *options, **more: d.batches.run("tried", *options, dry_run=True, **more)


def is_right(turn):
    """Right on two tasks of three, and with b on all that are left but two."""
    number = int(turn.text.split()[1])
    return number % 3 > 0 or (turn.text.endswith("b") and number > 3)


def test_without_a_scored_run_it_says_what_is_assumed(planned):
    plan = planned(TASKS, ["a", "b"], 3)
    assert plan.shows.difference == detectable(20, 3).difference
    said = (
        "a difference of 0.28 or more "
        "(power 80 %; assumed, since no run is scored yet: 0 or 1, around 0.5)"
    )
    assert f"can show        {said}" in repr(plan)
    assert said in plan._repr_mimebundle_()["text/html"]


def test_the_variance_of_the_latest_scored_run_counts(d, planned):
    d.batches.run("tried", TASKS, ["a"], run_id="older").score("other", lambda turn: len(turn.text))
    batch = d.batches.run("tried", TASKS, ["a", "b"], run_id="triage").wait(60)
    batch.score("right", is_right)
    d.batches.run("tried", TASKS[:4], ["a"], run_id="small").score("right", is_right)
    plan = planned([f"x {n}" for n in range(20)], ["a", "b"])
    values = [{n: [value] for n, value in enumerate(batch.matrix("right")[llm])} for llm in "ab"]
    assert plan.shows.difference == detectable(20, like=values).difference
    assert "(power 80 %; variance of right in run triage, correlation 0.35 of columns" in repr(plan)
    assert plan.cost == Decimal("0.40")
    three = planned([f"x {n}" for n in range(20)], ["a", "b"], 3)
    assert "variance of right in run triage, correlation of repeats assumed" in repr(three)
    assert three.shows.difference < plan.shows.difference


def test_a_part_of_a_score_counts_and_so_do_numbers(d, planned):
    batch = d.batches.run("tried", TASKS, ["a", "b"], run_id="parts").wait(60)
    batch.score(
        "judged", lambda turn: {"why": "so", "length": 10 * len(turn.text) + is_right(turn)}
    )
    plan = planned([f"y {n}" for n in range(10)], ["a", "b"])
    assert "variance of judged.length in run parts" in repr(plan)
    assert plan.shows.difference > 0


def test_more_columns_are_compared_at_once(planned):
    plan = planned(TASKS, ["a", "b", "c"])
    assert plan.shows.level == pytest.approx(1 - 0.05 / 3)
    assert plan.shows.difference > planned(TASKS, ["a", "b"]).shows.difference
    assert "; of 3 comparisons together)" in repr(plan)


def test_too_few_tasks_show_nothing_and_it_says_so(planned):
    plan = planned(["one", "two"], ["a", "b"], 3)
    assert plan.shows.difference is None
    assert "no difference, however large (power 80 %" in repr(plan)
    assert "give more tasks" in repr(plan)


def test_a_batch_plans_what_is_left(d, planned):
    batch = d.batches.run("tried", TASKS, ["a"]).wait(60)
    assert (batch.plan().found, batch.plan().sends) == (20, 0)
    cheap = d.batches.run("tried", TASKS, ["a"], repeats=2, max_cost="0.25").wait(60)
    plan = cheap.plan()
    assert (plan.found, plan.sends, plan.cost) == (25, 15, Decimal("0.15"))
