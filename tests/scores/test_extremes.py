"""Scores of any size: those that can be counted with have means, others are refused by name."""

from __future__ import annotations

import json
import math
import warnings

import numpy as np
import pytest
from scipy import stats

from dari_nb.errors import InvalidRequestError
from dari_nb.local import LocalDari
from dari_nb.resources import Dari
from dari_nb.scores import Score, ScoreBook, mean, paired_difference, wilson, win_rate

EXACT = {"rel": 1e-9}


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        yield


@pytest.mark.parametrize("size", [1e-90, 1e-14, 1.0, 1e14, 1e99])
def test_a_mean_and_a_difference_have_their_intervals_whatever_their_size(size: float) -> None:
    values = [1.5 * size, 3.25 * size, 2 * size, 4 * size]
    by_task = {task: [value] for task, value in enumerate(values)}
    expected = stats.ttest_1samp([value / size for value in values], 0)
    ends = [end * size for end in expected.confidence_interval(0.95)]
    nothing = {task: [0] for task in by_task}
    for found in (mean(by_task), paired_difference(by_task, nothing)):
        assert [found.low, found.high] == pytest.approx(ends, **EXACT)
    assert paired_difference(by_task, nothing).p_value == pytest.approx(expected.pvalue, **EXACT)


@pytest.mark.parametrize("size", range(2, 30))
def test_nothing_won_and_all_won_end_at_nothing_and_all(size: int) -> None:
    none, half = {n: [0.0] for n in range(size)}, {n: [0.5] for n in range(size)}
    assert win_rate(none, half).low == wilson(0, size).low == 0
    assert win_rate(half, none).high == wilson(size, size).high == 1


def test_what_is_lost_in_counting_is_no_difference() -> None:
    one, other = {n: [0.1 + 0.2, 0.3] for n in range(5)}, {n: [0.3, 0.3] for n in range(5)}
    assert paired_difference(one, other).method == "none"


@pytest.mark.parametrize("value", [1e308, -1e200, 10**101, 1.1e100])
def test_a_number_that_is_too_large_is_refused_by_its_name(value: float, tmp_path) -> None:
    tasks = {"a": [value], "b": [1.5]}
    for estimate in (mean, lambda v: paired_difference(v, v), lambda v: win_rate(v, v)):
        with pytest.raises(InvalidRequestError, match=r"has a mean: it is beyond 1e\+100"):
            estimate(tasks)
    with pytest.raises(InvalidRequestError, match="is no score: it is"):
        ScoreBook(tmp_path / "book.jsonl").add([Score(name="large", value=value)])


def test_a_matrix_with_scores_that_are_too_large_shows_them_as_what_cannot_be_counted(tmp_path):
    lines = [
        {
            "task_id": str(task),
            "model": model,
            "messages": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}],
            "score": score,
        }
        for model, scores in {"a": [1e308, 2.5, 3.5], "b": [1.5, 0.5, 2.5]}.items()
        for task, score in enumerate(scores)
    ]
    path = tmp_path / "runs.jsonl"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    with LocalDari() as server, Dari(server.url, server.api_key, server) as d:
        matrix = d.batches.from_runs(path)
        said = str(matrix).splitlines()[2]
        assert said.startswith("On “score”, a has 3 and b 1.5 on average; 2 tasks do not settle")
        assert "; 1 of 3 cells of a could not be scored: beyond 1e100 (" in said
        assert said.count("1 of 3 cells") == 1
        with pytest.raises(InvalidRequestError, match=r"1e\+308 is no number that has a mean"):
            matrix.summary("score")


def test_large_means_are_said_in_few_digits() -> None:
    from dari_nb.render.matrix.wording import number_text

    assert [number_text(v, signed=True) for v in (1e18, -2.5e99, math.nan)] == [
        "+1e+18", "\N{MINUS SIGN}2.5e+99", "unknown",
    ]  # fmt: skip


def test_wins_means_and_intervals_speak_of_the_same_numbers() -> None:
    tasks = range(12)
    one = {n: [0.1 + 0.2 if n else 0.5] for n in tasks}
    other = {n: [sum([0.1] * 3) if n % 2 else 0.3] for n in tasks}
    assert win_rate(one, other).value == (1 + 11 / 2) / 12
    assert paired_difference(one, other).value * 12 == pytest.approx(0.2, abs=1e-15)
    same = {n: [0.3] for n in tasks}
    found = paired_difference({n: [0.1 + 0.2] for n in tasks}, same, kind="number")
    assert (found.value, found.method, win_rate(other, same).value) == (0, "none", 0.5)


@pytest.mark.parametrize("base", [0, 10**9, 10**12, 10**15, 2**53 - 100])
def test_differences_of_whole_numbers_do_not_depend_on_how_large_these_are(base: int) -> None:
    steps = {n: [2, 5] if n < 7 else [-3, 0] for n in range(15)}
    one = {n: [base + step for step in of] for n, of in steps.items()}
    other = {n: [base, base + 1, base + 2] for n in steps}
    expected = paired_difference(steps, {n: [0, 1, 2] for n in steps}, kind="number")
    found = paired_difference(one, other, kind="number")
    assert found[:5] == expected[:5]
    assert (found.p_value, found.method) == (expected.p_value, expected.method)
    assert mean(one).method == "bootstrap-t"
    assert not math.isnan(mean(one).low)


@pytest.mark.parametrize("seed", range(3))
def test_one_task_far_from_all_others_does_not_make_an_interval_endless(seed: int) -> None:
    near = np.random.default_rng(seed).uniform(100, 102, 9).tolist()
    found = mean({n: [value] for n, value in enumerate([*near, 4000.0])})
    student = mean({n: [value] for n, value in enumerate([*near, 4000.0])}, method="t")
    assert found.method == "bootstrap-t"
    # It reaches farther than Student's, and not as far as redrawings that hardly vary would.
    assert student.high < found.high < 20_000
    assert found.low == student.low


FAR = "; one task is far from all others"
ALONE = "; all tasks but one are the same"


@pytest.mark.parametrize("tasks", [6, 20])
@pytest.mark.parametrize(("odd", "told"), [(1000.0, FAR), (-4000.0, FAR), (14.0, "")])
def test_one_task_that_makes_all_of_the_spread_is_told(tasks: int, odd: float, told: str) -> None:
    near = np.random.default_rng(3).normal(10, 1, tasks).round(1).tolist()
    values = {n: [value] for n, value in enumerate([*near, odd])}
    zeros = {n: [0.0, 0.5] for n in values}
    for found in (mean(values), paired_difference(values, zeros)):
        usual = "fewer than 10 tasks" if tasks < 10 else "10 tasks or more"
        assert found.why == f"other values than 0 and 1, {usual}{told}"
        assert found.low < found.value < found.high


def test_one_task_that_alone_differs_is_told_and_two_are_not() -> None:
    ratings = {n: [5] for n in range(12)}
    assert mean(ratings | {0: [2]}).why.endswith(ALONE)
    assert paired_difference(ratings | {0: [2]}, dict(ratings)).why.endswith(ALONE)
    assert mean(ratings | {0: [2], 1: [2]}).why.endswith("10 tasks or more")
    assert mean({0: [5], 1: [2]}).why.endswith("fewer than 10 tasks")


def test_tasks_that_only_rounding_may_tell_apart_are_not_said_to_be_the_same() -> None:
    near = {n: [1e15 + n % 3 + 0.5] for n in range(12)}
    alike = "all tasks have as good as the same value, which does not tell how others vary"
    same = "all tasks have the same value, which does not tell how others vary"
    assert mean(near).why == alike
    assert paired_difference(near, {n: [2.0] for n in near}).why == alike
    assert mean({0: [0.1 + 0.2], 1: [0.3]}).why == alike
    assert mean({n: [1e15 + 0.5] for n in near}).why == same
    assert mean({0: [1, 3], 1: [2]}).why == same
    assert paired_difference({0: [0.3], 1: [0.5]}, {0: [0.2], 1: [0.4]}).why == same
    assert paired_difference(near, near).why == same
    assert not math.isnan(mean({n: [1e15 + n % 3] for n in near}).low)
