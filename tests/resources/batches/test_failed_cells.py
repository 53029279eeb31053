"""A cell that failed is never better than one that has an answer, and what failed is said."""

import pytest

import dari_nb as dari

TASKS = [{"prompt": str(n), "expected": "yes"} for n in range(24)]


@pytest.fixture
def day(server):
    """An agent that answers wrongly, or crashes, on these tasks."""
    day = {"wrong": set(), "crash": set()}

    @server.agent("shaky", llms=["small", "large"])
    def shaky(prompt, turn):
        if turn.llm_id == "small" and int(prompt) in day["crash"]:
            raise RuntimeError("crash")
        return "no" if int(prompt) in day["wrong"] | day.get(turn.llm_id, set()) else "yes"

    return day


def is_right(turn):
    return turn.text == turn.session.metadata["expected"]


def ran(d, tasks=TASKS, llms=("small",), **options):
    batch = d.batches.run("shaky", tasks, list(llms), **options).wait(120)
    batch.score("right", is_right)
    return batch


def test_a_crash_in_place_of_a_wrong_answer_is_no_improvement(d, day):
    day["wrong"] = set(range(0, 24, 2))
    old = ran(d, run_id="monday")
    day |= {"crash": day["wrong"], "wrong": set()}
    new = ran(d, run_id="tuesday")
    compared = dari.compare_batches(old, new)
    assert compared.changes()["change"].tolist() == ["alike"] * 12 + ["not compared"] * 12


def test_a_crash_where_the_answer_was_right_is_a_regression(d, day):
    tasks = [{"prompt": str(n), "expected": "yes"} for n in range(30)]
    day["wrong"] = set(range(12))
    old = ran(d, tasks, run_id="monday")
    day |= {"crash": set(range(18)), "wrong": set()}
    compared = dari.compare_batches(old, ran(d, tasks, run_id="tuesday"))
    changes = compared.changes()
    told = [*["worse"] * 6, *["alike"] * 12, *["not compared"] * 12]
    assert changes["change"].tolist() == told
    assert changes["before"].tolist()[:6] == [1.0] * 6


def test_columns_are_compared_where_scores_differ_and_not_where_one_is_missing(d, day):
    day |= {"crash": {0, 1}, "large": {2}}
    batch = ran(d, TASKS[:4], ("small", "large"))
    assert {cell.task_index for cell in batch.compare("small", "large").cells} == {2}
    view = batch.view(where="differs = right")
    assert {cell.task_index for cell in batch.selection} == {2}
    assert view.where == "differs = right"
