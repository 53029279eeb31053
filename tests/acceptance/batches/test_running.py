"""Running, repeating and extending batches: nothing is sent twice."""

import json
from collections import Counter

import pandas as pd
import pytest

import dari_nb as dari

from .conftest import PRICES

TASKS = [f"Task {number}" for number in range(6)]
LLMS = ["small", "large"]


def results(batch):
    return {(cell.task.text, cell.llm): cell.text for cell in batch.cells}


def test_run_sends_each_cell_once(d, priced):
    batch = d.batches.run("priced", TASKS, LLMS, repeats=2).wait(60)
    assert batch.counts == {"completed": 24}
    assert priced.asked == dict.fromkeys([(task, llm) for task in TASKS for llm in LLMS], 2)
    assert results(batch) == {(t, llm): f"{t} by {llm}" for t in TASKS for llm in LLMS}


@pytest.mark.parametrize("llms", [LLMS, LLMS[::-1]])
def test_run_again_sends_nothing(d, reconnect, priced, llms):
    first = d.batches.run("priced", TASKS, LLMS).wait(60)
    for connection in (d, reconnect()):
        again = connection.batches.run("priced", TASKS, llms).wait(60)
        assert (again.run_id, again.is_new, again.started, again.found) == (
            first.run_id,
            False,
            0,
            12,
        )
        assert results(again) == results(first)
    assert set(priced.asked.values()) == {1}
    assert len(d.sessions.list()) == 12


def test_run_with_more_llms_and_repeats_sends_the_rest(d, reconnect, priced):
    d.batches.run("priced", TASKS, ["small"]).wait(60)
    wider = reconnect().batches.run("priced", TASKS, LLMS, repeats=2).wait(60)
    assert (wider.found, wider.started) == (6, 18)
    assert set(priced.asked.values()) == {2}


def test_new_run_sends_everything_again(d, priced):
    first = d.batches.run("priced", TASKS, ["small"]).wait(60)
    other = d.batches.run("priced", TASKS, ["small"], new_run=True).wait(60)
    assert (other.is_new, other.found) == (True, 0)
    assert other.run_id != first.run_id
    assert set(priced.asked.values()) == {2}


def test_changed_task_starts_another_run(d, priced):
    first = d.batches.run("priced", ["one", "two"], ["small"]).wait(60)
    other = d.batches.run("priced", ["one", "three"], ["small"]).wait(60)
    assert other.run_id != first.run_id
    assert other.started == 2


def test_dry_run_sends_nothing(d, known):
    plan = d.batches.run("priced", TASKS, LLMS, repeats=2, dry_run=True)
    assert (plan.sends, plan.cost_usd) == (24, 12 * sum(PRICES.values()))
    assert not known.asked
    batch = d.batches.run("priced", TASKS[:4], LLMS).wait(60)
    assert batch.plan().sends == 0


def test_plan_shows_smaller_difference_for_more_tasks(d, priced):
    shown = [
        d.batches.run("priced", [f"{n} of {size}" for n in range(size)], LLMS, dry_run=True).shows
        for size in (10, 40, 160)
    ]
    differences = [one.difference for one in shown]
    assert differences == sorted(differences, reverse=True)
    assert 0 < differences[-1] < differences[0] <= 1


def test_add_sends_what_is_missing(d, priced):
    batch = d.batches.run("priced", TASKS[:4], ["small"]).wait(60)
    batch.add(llms=["large"]).wait(60)
    assert (batch.started, batch.counts) == (4, {"completed": 8})
    batch.add(tasks=TASKS[4:]).wait(60)
    assert (batch.started, batch.counts) == (4, {"completed": 12})
    batch.add(llms=["large"], repeats=1).wait(60)
    assert batch.started == 0
    assert priced.asked == dict.fromkeys([(task, llm) for task in TASKS for llm in LLMS], 1)


def test_retry_sends_only_what_failed(d, reconnect, priced):
    priced.fails = {"Task 1", "Task 4"}
    batch = d.batches.run("priced", TASKS, ["small"]).wait(60)
    assert batch.counts == {"completed": 4, "failed": 2}
    assert all(cell.error for cell in batch.cells if cell.state == "failed")
    priced.fails = {"Task 4"}
    assert batch.retry_failed().wait(60).counts == {"completed": 5, "failed": 1}
    priced.fails = set()
    found = reconnect().batches.run("priced", TASKS, ["small"]).wait(60)
    assert found.started == 0
    assert found.retry_failed().wait(60).counts == {"completed": 6}
    asked = {task: count for (task, _), count in priced.asked.items()}
    assert asked == dict.fromkeys(TASKS, 1) | {"Task 1": 2, "Task 4": 3}


def test_retry_without_failures_is_refused(d, priced):
    batch = d.batches.run("priced", TASKS, ["small"]).wait(60)
    with pytest.raises(dari.errors.InvalidRequestError) as refused:
        batch.retry_failed()
    assert refused.value.code == "nothing_to_retry"
    assert set(priced.asked.values()) == {1}


def test_cancelled_cells_are_retried_on_request(d, priced):
    priced.held = {"Task 0", "Task 1"}
    batch = d.batches.run("priced", TASKS, ["small"])
    while batch.refresh().counts.get("completed") != 4:
        pass
    assert batch.cancel().counts == {"completed": 4, "cancelled": 2}
    with pytest.raises(dari.errors.InvalidRequestError):
        batch.retry_failed()
    assert set(priced.asked.values()) == {1}
    priced.release.set()
    assert batch.retry_failed(cancelled=True).wait(60).counts == {"completed": 6}
    asked = {task: count for (task, _), count in priced.asked.items()}
    assert asked == dict.fromkeys(TASKS, 1) | dict.fromkeys(priced.held, 2)


ROWS = [
    {"prompt": "What is a closure?", "level": 1, "topic": "functions"},
    {"prompt": "And a monad,\nin a line?", "level": 2, "topic": "types"},
]


def as_csv(folder):
    pd.DataFrame(ROWS).to_csv(folder / "tasks.csv", index=False)
    return "tasks.csv"


def as_jsonl(folder):
    path = folder / "tasks.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in ROWS))
    return path


FORMS = {
    "list": lambda _: ROWS,
    "DataFrame": lambda _: pd.DataFrame(ROWS),
    "CSV": as_csv,
    "JSON lines": as_jsonl,
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_tasks_of_any_form_are_the_same(d, priced, folder, form):
    expected = d.batches.run("priced", ROWS, ["small"]).wait(60)
    batch = d.batches.run("priced", form(folder), ["small"]).wait(60)
    assert (batch.run_id, batch.started) == (expected.run_id, 0)
    assert [task.text for task in batch.tasks] == [row["prompt"] for row in ROWS]
    assert batch.to_frame()["metadata.topic"].tolist() == ["functions", "types"]
    assert [session.metadata["level"] for session in batch.sessions] == ["1", "2"]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"llms": ["nosuch"]}, "llm_not_found"),
        ({"repeats": 0}, "invalid_repeats"),
        ({"tasks": []}, "missing_task"),
        ({"tasks": "x"}, "invalid_tasks"),
        ({"max_cost": -1}, "invalid_max_cost"),
        ({"tasks": ["same", "same"]}, "duplicate_entry"),
    ],
)
def test_invalid_arguments_are_refused(d, priced, options, code):
    with pytest.raises(dari.errors.InvalidRequestError) as refused:
        d.batches.run("priced", **{"tasks": ["x"], **options})
    assert refused.value.code == code
    assert not d.sessions.list()


def test_runs_are_listed_and_found(d, reconnect, priced):
    batch = d.batches.run("priced", TASKS, ["small"], run_id="monday").wait(60)
    other = reconnect()
    assert "monday" in other.batches
    assert [run.run_id for run in other.batches] == ["monday"]
    assert other.batches.to_frame()["run_id"].tolist() == ["monday"]
    assert results(other.batches["monday"].wait(60)) == results(batch)
    assert Counter(cell.state for cell in other.batches["monday"].cells) == {"completed": 6}
