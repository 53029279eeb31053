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


def test_plan_with_parts_of_score_uses_numbers(d, planned):
    batch = d.batches.run("tried", TASKS, ["a", "b"], run_id="parts").wait(60)
    batch.score("judged", lambda turn: {"why": "so", "size": 10 * is_right(turn)})
    spread = batch.plan().spread
    assert (spread.run_id, spread.score, spread.largest) == ("parts", "judged.size", None)


def test_plan_with_constant_score_assumes_spread(d, planned):
    batch = d.batches.run("tried", TASKS, ["a", "b"]).wait(60)
    batch.score("same", lambda turn: turn.text.endswith("b"))
    assert batch.plan().spread is None


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


def test_a_plan_tells_of_tasks_that_another_run_has(d, planned):
    d.batches.run("tried", TASKS[:8], ["a"], run_id="before").wait(60)
    plan = planned([*TASKS[:5], "Task new"], ["a", "b"])
    said = "5 of these tasks, in before; its add() sends only what is missing there"
    assert dict(plan.rows())["sent before"] == said
    assert "sent before" not in dict(planned(["Task new"], ["a"]).rows())
    assert "sent before" not in dict(planned(TASKS[:5], ["b"]).rows())


def test_of_several_versions_it_is_said_how_those_that_lack_are_laid_beside(d, server):
    @server.agent("changed")
    def changed(prompt):
        return "no"

    d.batches.run("changed", TASKS[:4], run_id="before").wait(60)

    @server.agent("changed")
    def changed_since(prompt):
        return "yes"

    wish = {"versions": [1, 2]}
    plan = d.batches.run("changed", TASKS[:4], **wish, dry_run=True)
    both = d.batches.run("changed", TASKS[:4], **wish).wait(60)
    for told in (dict(plan.rows())["sent before"], str(both)):
        assert "dari.compare_batches() lays it beside a run of the other versions alone" in told
        assert "add()" not in told


def test_a_run_that_has_everything_is_told_before_one_that_has_little(d, planned):
    d.batches.run("tried", TASKS[:6], ["a", "b"], run_id="whole").wait(60)
    d.batches.run("tried", TASKS[:2], ["a"], run_id="little").wait(60)
    plan = planned(TASKS[:6][::-1], ["a", "b"])
    said = "6 of these tasks, in whole; its add() sends only what is missing there"
    assert dict(plan.rows())["sent before"] == said


def test_a_new_run_says_that_another_one_has_most_of_its_tasks(d, planned):
    d.batches.run("tried", TASKS[:4], ["a"], run_id="before").wait(60)
    more = d.batches.run("tried", [*TASKS[:4], "Task new"], ["a"]).wait(60)
    said = "4 of these tasks were sent before, in before; its add() sends only what is missing"
    assert said in str(more)
    assert said in more.outcome
    same = d.batches.run("tried", [*TASKS[:4], "Task new"], ["a"]).wait(60)
    few = d.batches.run("tried", [TASKS[0], "Task 30", "Task 31"], ["a"]).wait(60)
    wanted = d.batches.run("tried", [*TASKS[:4], "Task new"], ["a"], new_run=True).wait(60)
    assert not any("sent before" in str(batch) for batch in (same, few, wanted))


def test_llms_of_versions_are_counted_apart(d, server, planned):
    plan = planned(TASKS[:2], ["a", "b"])
    first = d.agents["tried"].active_version_id

    @server.agent("tried", llms=["a", "b"], description="anew")
    def echo(prompt):
        return prompt

    assert dict(plan.rows())["items"] == "4 (2 tasks x 2 LLMs x 1)"
    both = [first, d.agents["tried"].active_version_id]
    said = dict(planned(TASKS[:2], ["a", "b"], versions=both).rows())["items"]
    assert said == "8 (2 tasks x 2 LLMs x 2 versions x 1)"
    assert "2 tasks x 1 LLM x 2 versions x 1" in repr(
        d.batches.run("tried", TASKS[:2], ["a"], versions=both)
    )


def test_what_is_sent_of_the_run_itself_is_not_told_as_of_another(d, planned):
    d.batches.run("tried", TASKS[:8], ["a"], run_id="own").wait(60)
    plan = planned([*TASKS[:8], "Task new"], ["a"], 2, run_id="own")
    assert plan.sends == 10
    assert "sent before" not in dict(plan.rows())


def test_a_cap_sends_an_api_batch_for_each_item(d, planned):
    d.agents.get("tried").send("before", llm="a").wait(20)
    plan = planned(TASKS, ["a"], max_cost=1)
    assert (plan.batches, dict(plan.rows())["to send"]) == (20, "20 in 20 API batches")
    assert planned(TASKS, ["a"]).batches == 1
