"""The same question in several rows is one task to all that says how sure anything is."""

import math

import pytest

import dari_nb as dari
from dari_nb.errors import InvalidRequestError
from dari_nb.scores import agreement, calibrated, win_rates

TEXTS = [f"x{n}" for n in range(5)]


@pytest.fixture
def asks(d, server):
    @server.agent("dup", llms=["a", "b"])
    def dup(prompt, turn):
        is_right = (turn.llm_id == "a" and prompt != "x4") or prompt == "x3"
        return "right" if is_right else "wrong"

    def asks(tasks, repeats=1, llms=("a", "b")):
        batch = d.batches.run("dup", tasks, llms, repeats=repeats).wait(60)
        batch.score("r", lambda turn: turn.text == "right")
        return batch

    return asks


@pytest.fixture
def rows(asks):
    return asks(TEXTS * 4)


@pytest.fixture
def repeats(asks):
    return asks(TEXTS, repeats=4)


def found(text):
    return next(line for line in text.splitlines() if "“r”" in line)


def test_a_sentence_is_as_sure_as_of_repeats(rows, repeats):
    said = found(str(rows))
    assert said == found(str(repeats))
    assert "a has 16 of 20 and b 4 of 20; 5 tasks do not settle which does better" in said
    assert "20 tasks (5 different) \N{MULTIPLICATION SIGN} 2 LLMs" in str(rows).splitlines()[0]
    assert repr(rows).startswith(f"<Batch {rows.run_id}: 20 tasks (5 different) x 2 LLMs x 1;")


def test_tables_of_the_statistics_are_those_of_repeats(rows, repeats):
    assert rows.to_frame()["same_as"].tolist()[::2] == [0, 1, 2, 3, 4] * 4
    told = [batch.summary("r").drop(columns="median_seconds") for batch in (rows, repeats)]
    assert told[0].equals(told[1])
    assert win_rates(rows.to_frame(), "r").equals(win_rates(repeats.to_frame(), "r"))
    assert "same_as" not in repeats.to_frame()


def test_batches_beside_each_other_are_as_sure_as_of_repeats(rows, repeats):
    told = [dari.compare_batches(b, b).differences("r").drop(columns=["column", "baseline"])
            for b in (rows, repeats)]  # fmt: skip
    wanted = ["tasks", "difference", "low", "high", "level", "method"]
    assert told[0][wanted].equals(told[1][wanted])


def test_a_judge_is_checked_on_as_many_tasks_as_there_are(rows):
    for place, cell in enumerate(rows.cells):
        rows.rate(cell, "by hand", place % 3 > 0)
    assert agreement(rows, "r", "by hand").tasks == 5
    with pytest.raises(InvalidRequestError, match="those of 5 tasks, 10 are needed"):
        calibrated(rows, "r", "by hand")


def test_a_plan_says_how_many_tasks_are_different(d, asks):
    def plan(tasks, repeats=1):
        return d.batches.run("dup", tasks, ["a", "b"], repeats=repeats, dry_run=True)

    asks(TEXTS)
    many, few = plan(TEXTS * 20), plan(TEXTS, repeats=20)
    assert (many.tasks, many.different, few.different) == (100, 5, 5)
    assert many.shows == few.shows
    assert "200 (100 tasks (5 different) x 2 LLMs x 1)" in repr(many)
    assert plan(["x1"] * 100).shows.difference is None


def test_what_past_runs_tell_is_of_different_tasks(d, asks):
    asks(["x1"] * 30 + ["x4"] * 30)
    assert "variance" not in repr(d.batches.run("dup", TEXTS, ["a", "b"], dry_run=True))


@pytest.mark.parametrize(
    "tasks",
    [
        [{"prompt": "x1", "id": n} for n in range(4)],
        [{"prompt": "x1", "expected": n} for n in range(4)],
        [{"content": [{"type": "text", "text": "x1"}], "files": [f"{n}.txt"]} for n in range(4)],
    ],
)
def test_what_has_another_id_expectation_or_file_is_another_task(asks, folder, tasks):
    for n in range(4):
        (folder / f"{n}.txt").write_text(str(n))
    batch = asks(tasks)
    assert list(batch.summary("r")["tasks"]) == [4, 4]
    assert "different" not in repr(batch)


def test_white_space_makes_no_other_task(asks):
    batch = asks(["x1", " x1", "x1\n"])
    assert list(batch.summary("r")["tasks"]) == [1, 1]
    assert math.isnan(batch.summary("r")["low"][0])


def test_a_judge_of_pairs_has_a_win_rate_of_different_tasks(rows, server):
    @server.agent("judge")
    def judge(prompt):
        return '{"better": "tie"}'

    assert rows.judge_pairs("kind", rubric="Which?").win_rate.tasks == 5
