"""A cell that failed is never better than one that has an answer, and what failed is said."""

import re

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
    told = str(compared)
    assert "did better" not in told
    assert "\N{BLACK UP-POINTING TRIANGLE}" not in told
    assert "Of 24 tasks, 0 are worse, 0 better, 12 alike, 12 not compared against " in told
    assert f"on “right”; 12 of 24 cells of {compared.columns[1].label} failed. " in told
    assert compared.changes()["change"].tolist() == ["alike"] * 12 + ["not compared"] * 12
    assert "did better" not in compared.view().against


def test_a_crash_where_the_answer_was_right_is_a_regression(d, day):
    tasks = [{"prompt": str(n), "expected": "yes"} for n in range(30)]
    day["wrong"] = set(range(12))
    old = ran(d, tasks, run_id="monday")
    day |= {"crash": set(range(18)), "wrong": set()}
    compared = dari.compare_batches(old, ran(d, tasks, run_id="tuesday"))
    told = str(compared)
    assert "Of 30 tasks, 6 are worse, 0 better, 12 alike, 12 not compared against " in told
    assert f"18 of 30 cells of {compared.columns[1].label} failed" in told
    changes = compared.changes()
    told = [*["worse"] * 6, *["alike"] * 12, *["not compared"] * 12]
    assert changes["change"].tolist() == told
    assert changes["before"].tolist()[:6] == [1.0] * 6


def test_the_number_of_tasks_is_that_which_the_difference_came_from(d, day):
    old = ran(d, TASKS[:12], run_id="monday")
    day["crash"] = set(range(6))
    new = ran(d, TASKS[:12], run_id="tuesday")
    for ones, worse, failed in ((old, new), 6, 6), ((new, old), 0, 0):
        compared = dari.compare_batches(*ones)
        assert "6 of 12 cells of tuesday · small failed. 6 tasks do not settle " in str(compared)
        told = compared.differences().iloc[0]
        counts = told[["regressions", "alike", "failed", "tasks", "difference"]]
        assert counts.tolist() == [worse, 6, failed, 6, 0]


def test_a_claim_of_some_tasks_says_of_how_many(d, day):
    day["wrong"] = set(range(12))
    old = ran(d, TASKS[:12], run_id="monday")
    day |= {"crash": set(range(6)), "wrong": set()}
    told = str(dari.compare_batches(old, ran(d, TASKS[:12], run_id="tuesday")))
    counted = "did better (better on 6 of 6 tasks, worse on 0)"
    assert f"6 of 12 cells of tuesday · small failed. tuesday · small {counted}" in told


def test_what_is_worse_only_by_what_failed_is_told_from_what_the_difference_is_of(d, day):
    day["crash"] = {0, 1}
    old = ran(d, run_id="monday", repeats=2)
    day |= {"crash": {2, 3, 4}, "wrong": set(range(10, 22))}
    compared = dari.compare_batches(old, ran(d, run_id="tuesday", repeats=2))
    failing = "3 of these only because cells failed"
    counted = f"did worse (better on 0 of 22 tasks, worse on 15, {failing})"
    assert f"tuesday · small {counted} (difference \N{MINUS SIGN}0.63, " in str(compared)
    assert counted in re.sub("<[^>]*>", "", compared.view().against)


def test_an_answer_in_place_of_a_crash_is_not_compared(d, day):
    day["crash"] = set(range(6))
    old = ran(d, run_id="monday")
    day["crash"] = set()
    compared = dari.compare_batches(old, ran(d, run_id="tuesday"))
    told = str(compared)
    assert "Of 24 tasks, 0 are worse, 0 better, 18 alike, 6 not compared against " in told
    assert f"6 of 24 cells of {compared.columns[0].label} failed" in told


def test_a_repeat_that_crashes_makes_nothing_better(d, day):
    day["wrong"] = {0, 1}
    old = ran(d, TASKS[:4], run_id="monday", repeats=2)
    day |= {"wrong": set(), "crash": {2}}
    compared = dari.compare_batches(old, ran(d, TASKS[:4], run_id="tuesday", repeats=2))
    assert sorted(compared.changes()["change"]) == ["alike", "better", "better", "worse"]


def test_no_column_did_better_by_what_it_failed_to_answer(d, day):
    day |= {"crash": set(range(12)), "large": set(range(12, 22))}
    batch = ran(d, llms=("small", "large"))
    said = str(batch).splitlines()[2]
    assert said.startswith("On “right”, small has 12 of 12 and large 2 of 12; counted as wrong, ")
    assert "what failed leaves open which is better; 12 of 24 cells of small failed (" in said
    against = batch.view(baseline="large").against
    assert "did better" not in against
    assert "12 of 24 cells</button> of <b>small</b> failed" in against


def test_what_failed_is_named_where_it_turns_nothing(d, day):
    day |= {"crash": {0}, "large": set(range(20))}
    said = str(ran(d, llms=("small", "large"))).splitlines()[2]
    assert said.startswith("small did better than large on “right”: 23 of 23 against 4 of 23; 1 of")


def test_what_was_asked_comes_first_and_the_rest_is_a_click_away(d, day):
    old = ran(d, TASKS[:4], run_id="monday")
    day["wrong"] = {0}
    new = ran(d, TASKS[:4], run_id="tuesday")
    old.score("long", lambda turn: len(turn.text))
    compared = dari.compare_batches(old, new)
    lines = str(compared).splitlines()
    assert lines[2].startswith("Of 4 tasks, 1 is worse, 0 better, 3 alike against ")
    assert lines[4] == "Not in all columns: “long”."
    assert "On “right”, " not in str(compared)
    html = compared.to_mimebundle()["text/html"].partition("</style>")[2]
    assert html.index("1 is worse") < html.index("<summary>All columns beside each other")
    view = compared.view()
    assert "dari-finding" not in view.head
    assert view.against.index("1 is worse") < view.against.index("On <em>“right”")
    view.baseline = ""
    assert "On <em>“right”" in view.head


def test_one_row_says_why_a_task_is_worse_or_not_compared(d, day):
    day["crash"] = {3}
    old = ran(d, TASKS[:4], run_id="monday", repeats=2)
    day |= {"wrong": {0}, "crash": {1}}
    compared = dari.compare_batches(old, ran(d, TASKS[:4], run_id="tuesday", repeats=2))
    changes = compared.changes()
    told = changes.set_index("task_index")[["change", "before", "after", "lacking"]]
    assert told.loc[0].tolist() == ["worse", 1, 0, ""]
    assert told.loc[1, ["change", "before"]].tolist() == ["worse", 1]
    assert told.loc[1, "lacking"] == "2 of 2 failed, counted as 0"
    assert told.loc[2].tolist() == ["alike", 1, 1, ""]
    assert told.loc[3, ["change", "after"]].tolist() == ["not compared", 1]
    assert told.loc[3, "lacking"] == "before: 2 of 2 failed"
    [row] = compared.differences().to_dict("records")
    counts = [row[n] for n in ("regressions", "improvements", "alike", "not_compared")]
    assert (
        counts
        == [2, 0, 1, 1]
        == [
            *changes["change"]
            .value_counts()
            .reindex(["worse", "better", "alike", "not compared"], fill_value=0)
        ]
    )
    assert (row["failed"], row["baseline_failed"], row["not_scored"]) == (2, 2, 0)
    assert "Of 4 tasks, 2 are worse, 0 better, 1 alike, 1 not compared" in str(compared)


def test_what_failed_and_what_has_no_score_are_told_apart(d, day):
    old = ran(d, TASKS[:4], run_id="monday")
    day["wrong"] = {0}
    new = d.batches.run("shaky", TASKS[:4], ["small"], run_id="tuesday").wait(60)
    new.score("right", lambda turn: turn.text == "yes" or 1 / 0)
    compared = dari.compare_batches(old, new)
    [row] = compared.differences().to_dict("records")
    assert [row[n] for n in ("alike", "not_compared", "failed", "not_scored")] == [3, 1, 0, 1]
    assert compared.changes().iloc[-1]["lacking"] == "1 of 1 not scored"


def test_an_open_comparison_begins_as_a_sentence(d, day):
    day["wrong"] = set(range(12))
    old = ran(d, TASKS, run_id="monday")
    day |= {"crash": set(range(20)), "wrong": set()}
    told = str(dari.compare_batches(old, ran(d, TASKS, run_id="tuesday")))
    assert ". counted" not in told


def test_columns_are_compared_where_scores_differ_and_not_where_one_is_missing(d, day):
    day |= {"crash": {0, 1}, "large": {2}}
    batch = ran(d, TASKS[:4], ("small", "large"))
    note = batch.compare("small", "large").note
    assert note.startswith("Task 2, the only one of 4 on which “right” differs.")
    view = batch.view(where="differs = right")
    assert {cell.task_index for cell in batch.selection} == {2}
    assert view.where == "differs = right"


def test_each_number_of_what_failed_or_has_no_score_opens_its_cells(d, day):
    day["crash"] = {0, 1}
    day["wrong"] = {2}
    batch = d.batches.run("shaky", TASKS[:6], ["small", "large"]).wait(60)
    batch.score("right", lambda turn: turn.text == "yes" or 1 / 0)
    assert "; 2 of 6 cells of small failed and 1 could not be scored" in str(batch)
    view = batch.view()
    for where in ("column = small state = failed", "column = small state = completed right != *"):
        assert f'data-where="{where}"' in view.head
    view.where = "column = small state = completed right != *"
    assert [cell.task_index for cell in batch.selection] == [2]
