"""A plan tells what is to be sent, what that costs, and what it can show."""

from decimal import Decimal

import pytest

from dari_nb.local import Usage
from dari_nb.scores import detectable
from dari_nb.scores.detectable import sd_of_differences

SERVER = {"cost_delay": 0}
"""What turns cost is known at once."""

TASKS = [f"Task {number}" for number in range(20)]


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


def test_plan_without_scores_assumes_spread(planned):
    plan = planned(TASKS, ["a", "b"], 3)
    assert plan.spread is None
    assert plan.shows == detectable(20, 3)
    assert [name for name, _ in plan.rows()] == [
        *("items", "there already", "to send", "estimated cost", "can show"),
    ]


def test_plan_with_scored_run_uses_spread_of_latest(d, planned):
    for run_id in ("older", "newer"):
        batch = d.batches.run("tried", TASKS, ["a", "b"], run_id=run_id).wait(60)
        batch.score("right", is_right)
    plan = planned([f"x {n}" for n in range(10)], ["a", "b"])
    values = [{n: [value] for n, value in enumerate(batch.pivot("right")[llm])} for llm in "ab"]
    spread = sd_of_differences(values)
    assert plan.spread == ("newer", "right", spread, 1.0)
    assert plan.shows == detectable(10, sd_of_differences=spread, largest=1.0)
    assert d.batches.recover("older").plan().spread.run_id == "older"


def test_plan_with_three_columns_counts_three_comparisons(planned):
    assert planned(TASKS, ["a", "b", "c"]).shows == detectable(20, comparisons=3)


def test_plan_with_one_column_shows_no_difference(planned):
    plan = planned(TASKS, ["a"], 3)
    assert plan.shows is None
    assert "can show" not in dict(plan.rows())


def test_what_is_spent_is_told_beside_what_is_to_come(d, planned):
    assert "spent so far" not in repr(planned(TASKS[:3], ["a", "b"]))
    batch = d.batches.run("tried", TASKS[:3], ["a", "b"], run_id="paid").wait(60)
    assert dict(batch.plan().rows())["spent so far"] == "$0.06"
    assert "spent so far    $0.06" in repr(batch.plan())
    for cap in (None, 1):
        plan = planned(TASKS[:4], ["a", "b"], run_id="paid", max_cost=cap)
        assert dict(plan.rows())["spent so far"] == "$0.06"


def test_a_batch_plans_what_is_left(d, planned):
    batch = d.batches.run("tried", TASKS, ["a"]).wait(60)
    assert (batch.plan().found, batch.plan().sends) == (20, 0)
    cheap = d.batches.run("tried", TASKS, ["a"], repeats=2, max_cost="0.25").wait(60)
    plan = cheap.plan()
    assert (plan.found, plan.sends, plan.cost_usd) == (25, 15, Decimal("0.15"))
