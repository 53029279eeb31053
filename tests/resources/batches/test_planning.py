"""A plan tells what is to be sent, what that costs, and what it can show."""

from decimal import Decimal

import pytest

from dari_nb.local import Usage
from dari_nb.scores import detectable

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


def test_without_a_scored_run_it_says_what_is_assumed(planned):
    plan = planned(TASKS, ["a", "b"], 3)
    assert plan.shows.difference == detectable(20, 3).difference
    said = (
        "a difference of 0.28 or more "
        "(power 80 %; assumed, since no score tells yet how much values vary: 0 or 1, "
        "midway at 0.5, correlation 0.5 of repeats and 0.3 of columns)"
    )
    assert f"can show        {said}" in repr(plan)
    assert said in plan._repr_mimebundle_()["text/html"]


def test_the_variance_of_the_latest_scored_run_counts(d, planned):
    d.batches.run("tried", TASKS, ["a"], run_id="older").score("other", lambda turn: len(turn.text))
    batch = d.batches.run("tried", TASKS, ["a", "b"], run_id="triage").wait(60)
    batch.score("right", is_right)
    d.batches.run("tried", TASKS[:4], ["a"], run_id="small").score("right", is_right)
    plan = planned([f"x {n}" for n in range(20)], ["a", "b"])
    values = [{n: [value] for n, value in enumerate(batch.pivot("right")[llm])} for llm in "ab"]
    assert plan.shows.difference == detectable(20, like=values).difference
    assert (
        "(power 80 %; variance of right in run triage on 20 tasks, correlation 0.35 of columns"
        in repr(plan)
    )
    assert plan.cost_usd == Decimal("0.40")
    three = planned([f"x {n}" for n in range(20)], ["a", "b"], 3)
    told = "variance of right in run triage on 20 tasks, repeats not known to differ: as for one"
    assert told in repr(three)
    assert three.shows.difference == pytest.approx(plan.shows.difference, rel=0.05)


def test_a_part_of_a_score_counts_and_so_do_numbers(d, planned):
    batch = d.batches.run("tried", TASKS, ["a", "b"], run_id="parts").wait(60)
    batch.score(
        "judged", lambda turn: {"why": "so", "length": 10 * len(turn.text) + is_right(turn)}
    )
    plan = planned([f"y {n}" for n in range(10)], ["a", "b"])
    assert "variance of judged.length in run parts" in repr(plan)
    assert plan.shows.difference > 0


def test_what_is_spent_is_told_beside_what_is_to_come(d, planned):
    assert "spent so far" not in repr(planned(TASKS[:3], ["a", "b"]))
    batch = d.batches.run("tried", TASKS[:3], ["a", "b"], run_id="paid").wait(60)
    assert dict(batch.plan().rows())["spent so far"] == "$0.06"
    assert "spent so far    $0.06" in repr(batch.plan())
    for cap in (None, 1):
        plan = planned(TASKS[:4], ["a", "b"], run_id="paid", max_cost=cap)
        assert dict(plan.rows())["spent so far"] == "$0.06"


def test_more_columns_are_compared_at_once(planned):
    plan = planned(TASKS, ["a", "b", "c"])
    assert plan.shows.level == pytest.approx(1 - 0.05 / 3)
    assert plan.shows.difference > planned(TASKS, ["a", "b"]).shows.difference
    assert "; of 3 comparisons together: comparisons=3)" in repr(plan)
    assert plan.shows.difference == detectable(len(TASKS), comparisons=3).difference


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
    assert (plan.found, plan.sends, plan.cost_usd) == (25, 15, Decimal("0.15"))


def test_a_plan_says_what_the_part_can_show_that_max_cost_allows(d, planned):
    for llm in "ab":
        d.agents.get("tried").send("Task 0", llm=llm).wait(20)
    plan = planned(TASKS, ["a", "b"], 3, max_cost=0.2)
    assert "max_cost        $0.20 allows about 20 of 120; turns under way may go over it" in repr(
        plan
    )
    assert "estimated cost  $1.20, by 1 past session of each LLM" in repr(plan)
    assert plan.shows_within.difference == detectable(10).difference
    assert plan.shows.difference == detectable(20, 3).difference
    told = dict(plan.rows())
    assert told["can show"].startswith("with what max_cost allows, 10 tasks x 1: a difference of")
    assert told["all of it"] == plan.shows.found
    batch = d.batches.run("tried", TASKS, ["a", "b"], 3, max_cost=0.2).wait(60)
    assert batch.plan().shows_within.tasks == 10
    assert batch.resume(max_cost=5).wait(60).plan().shows_within is None
    nothing = planned(["x", "y"], ["a", "b"], max_cost="0.01")
    assert "no task is in each column with what max_cost allows" in repr(nothing)


def test_the_scores_of_the_batch_itself_count_most_and_then_the_most_there_are(d, planned):
    batch = d.batches.run("tried", TASKS, ["a", "b"], 2, run_id="own").wait(60)
    d.batches.run("tried", TASKS[:12], ["a"], run_id="few").score("right", is_right)
    assert "variance of right in run few" in repr(batch.plan())
    batch.score("right", is_right)
    d.batches.run("tried", TASKS[:8], ["a"], run_id="later").score("right", is_right)
    assert "(power 80 %; variance of right in run own on 20 tasks, " in repr(batch.plan())
    assert "variance of right in run own" in repr(planned([f"x {n}" for n in range(9)], ["a", "b"]))


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


def test_with_one_llm_there_is_no_difference_to_show(planned):
    assert "can show" not in repr(planned(TASKS, ["a"], 3))


def test_a_cap_sends_an_api_batch_for_each_item(d, planned):
    d.agents.get("tried").send("before", llm="a").wait(20)
    plan = planned(TASKS, ["a"], max_cost=1)
    assert (plan.batches, dict(plan.rows())["to send"]) == (20, "20 in 20 API batches")
    assert planned(TASKS, ["a"]).batches == 1
    cut = dict(planned(TASKS, ["a"], max_cost="0.05").rows())
    assert not {"can show", "all of it"} & cut.keys()


@pytest.mark.parametrize(
    ("worthless", "why"),
    [
        (lambda turn: True if "1" in turn.text else 5, "no score has a mean"),
        (lambda turn: turn.text, "no score has a mean"),
        (lambda turn: 0.3 if "1" in turn.text else 0.1 + 0.2, "nothing tells yet how much mix"),
        (lambda turn: 3.5, "nothing tells yet how much mix varies"),
        (lambda turn: 3.5 + turn.text.endswith("b"), "nothing tells yet how much mix varies"),
    ],
    ids=["no mean", "words", "no variance", "always the same", "the same in a column"],
)
def test_a_score_that_tells_nothing_of_variance_is_passed_over(d, planned, worthless, why):
    batch = d.batches.run("tried", TASKS, ["a", "b"], 2, run_id="scored").wait(60)
    batch.score("mix", worthless)
    for plan in (batch.plan(), planned(["x", "y"], ["a", "b"], 2, max_cost=9)):
        said = dict(plan.rows())["can show"]
        assert said.startswith(f"unknown: {why}")
        assert plan.shows is None
    batch.score("right", lambda turn: is_right(turn) if "1" in turn.text else None)
    assert "variance of right in run scored" in repr(batch.plan())
    assert "variance of right in run scored" in repr(planned(["x", "y"], ["a", "b"], 2))


@pytest.mark.parametrize("score", [lambda turn: len(turn.text), lambda turn: True])
def test_a_score_by_which_columns_never_differ_says_no_nonsense(d, planned, score):
    batch = d.batches.run("tried", [*"abcd", "efg", "hi"], ["a", "b"], run_id="equal").wait(60)
    batch.score("of", score)
    later = planned([f"x {n}" for n in range(20)], ["a", "b"])
    assert later.shows.difference > 0.1
    assert "assumed" in repr(batch.plan())
    assert "assumed" in repr(later)
