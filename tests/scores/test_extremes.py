"""Scores of any size: those that can be counted with have means, others are refused by name."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from scipy import stats

from dari_nb.errors import InvalidRequestError
from dari_nb.scores import Score, ScoreBook, mean, paired_difference, wilson, win_rate

EXACT = {"rel": 1e-9}


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        yield


@pytest.mark.parametrize("size", [1e-90, 1.0, 1e99])
def test_a_mean_and_a_difference_have_their_intervals_whatever_their_size(size: float) -> None:
    values = [1.5 * size, 3.25 * size, 2 * size, 4 * size]
    by_task = {task: [value] for task, value in enumerate(values)}
    expected = stats.ttest_1samp([value / size for value in values], 0)
    ends = [end * size for end in expected.confidence_interval(0.95)]
    nothing = {task: [0] for task in by_task}
    for found in (mean(by_task), paired_difference(by_task, nothing)):
        assert [found.low, found.high] == pytest.approx(ends, **EXACT)
    assert paired_difference(by_task, nothing).p_value == pytest.approx(expected.pvalue, **EXACT)


@pytest.mark.parametrize("size", [2, 29])
def test_nothing_won_and_all_won_end_at_nothing_and_all(size: int) -> None:
    none, half = {n: [0.0] for n in range(size)}, {n: [0.5] for n in range(size)}
    assert win_rate(none, half).low == wilson(0, size).low == 0
    assert win_rate(half, none).high == wilson(size, size).high == 1


def test_what_is_lost_in_counting_is_no_difference() -> None:
    one, other = {n: [0.1 + 0.2, 0.3] for n in range(5)}, {n: [0.3, 0.3] for n in range(5)}
    assert paired_difference(one, other).method == "none"


@pytest.mark.parametrize("value", [-1e200, 10**101])
def test_a_number_that_is_too_large_is_refused_by_its_name(value: float, tmp_path) -> None:
    tasks = {"a": [value], "b": [1.5]}
    for estimate in (mean, lambda v: paired_difference(v, v), lambda v: win_rate(v, v)):
        with pytest.raises(InvalidRequestError, match=r"has a mean: it is beyond 1e\+100"):
            estimate(tasks)
    with pytest.raises(InvalidRequestError, match="is no score: it is"):
        ScoreBook(tmp_path / "book.jsonl").add([Score(name="large", value=value)])


@pytest.mark.parametrize("base", [10**9, 2**53 - 100])
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


@pytest.mark.parametrize("seed", [0])
def test_one_task_far_from_all_others_does_not_make_an_interval_endless(seed: int) -> None:
    near = np.random.default_rng(seed).uniform(100, 102, 9).tolist()
    found = mean({n: [value] for n, value in enumerate([*near, 4000.0])})
    student = mean({n: [value] for n, value in enumerate([*near, 4000.0])}, method="t")
    assert found.method == "bootstrap-t"
    # It reaches farther than Student's, and not as far as redrawings that hardly vary would.
    assert student.high < found.high < 20_000
    assert found.low == student.low
