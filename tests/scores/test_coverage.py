"""Intervals hold what they promise: how often they cover, and what few or equal tasks can tell."""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest
from scipy import stats

from dari_nb.errors import InvalidRequestError
from dari_nb.frames import BatchCell, batch_frame
from dari_nb.scores import (
    mean,
    paired_difference,
    pass_at_k,
    pass_hat_k,
    summary,
    wilson,
    win_rate,
    win_rates,
)

EXACT = {"rel": 1e-9, "abs": 1e-9}
SHARES = [0.5, 0.6, 0.7, 0.8, 0.9]


def yes_and_no(successes: int, total: int) -> dict[int, list[int]]:
    return {task: [int(task < successes)] for task in range(total)}


def covers(estimate, truth: float) -> bool:
    return bool(estimate.low - 1e-12 <= truth <= estimate.high + 1e-12)


@pytest.mark.parametrize("tasks", [5, 20, 50])
def test_a_share_of_tasks_is_covered_about_as_often_as_promised(tasks: int) -> None:
    chances = {}
    for share in SHARES:
        counts = stats.binom.pmf(range(tasks + 1), tasks, share)
        found = [mean(yes_and_no(k, tasks)) for k in range(tasks + 1)]
        chances[share] = sum(p for p, e in zip(counts, found, strict=True) if covers(e, share))
    # Counts are whole numbers: no interval of this kind covers evenly, some a little less.
    assert min(chances.values()) > 0.91
    assert np.mean(list(chances.values())) > 0.935


@pytest.mark.parametrize("repeats", [3])
def test_where_values_are_skewed_the_bootstrap_reaches_where_the_long_tail_is(repeats) -> None:
    random = np.random.default_rng(repeats)
    skewed = dict(enumerate(random.lognormal(size=(30, repeats)).tolist()))
    uneven = {task: values[: 1 + task % repeats] for task, values in skewed.items()}
    for values in (skewed, uneven):
        student, found = mean(values, method="t"), mean(values, method="bootstrap-t")
        assert found.low == pytest.approx(student.low)
        assert found.high > student.high + 0.1 * (student.high - student.low)
        mirrored = mean({task: [-v for v in of] for task, of in values.items()})
        assert mirrored.low < -student.high - 0.1 * (student.high - student.low)


def test_few_failures_of_pass_at_k_are_as_rare_as_poissons() -> None:
    tries = {task: [0, task and 1, 0] for task in range(10)}
    found = pass_at_k(tries, 3)
    assert (found.value, found.method) == (0.9, "wilson-poisson")
    assert found.low == pytest.approx(wilson(9, 10).low, **EXACT)
    assert found.high == pytest.approx(1 - stats.chi2.ppf(0.05, 2) / 20, **EXACT)
    two = pass_hat_k({task: [int(task < 2)] * 3 for task in range(10)}, 3)
    assert two.low == pytest.approx(stats.chi2.ppf(0.05, 4) / 20, **EXACT)
    plain = pass_at_k(tries, 3, method="wilson")
    assert (plain.method, plain.high) == ("wilson", wilson(9, 10).high)


def test_the_interval_of_agresti_and_min_is_the_one_that_they_print() -> None:
    # B wins 3 of 10, A wins 1: z * sqrt(4 + 1 - (3 - 1)^2 / 12) / 12 around 2 / 12.
    one, other = {n: [int(n < 3)] for n in range(10)}, {n: [int(n == 3)] for n in range(10)}
    found = paired_difference(one, other, method="agresti-min")
    half = stats.norm.ppf(0.975) * math.sqrt(5 - 4 / 12) / 12
    assert (found.low, found.high) == pytest.approx((2 / 12 - half, 2 / 12 + half), **EXACT)


@pytest.mark.parametrize("tries", [[1], [True, True]])
def test_all_right_does_not_mean_always_right(tries: list[float]) -> None:
    all_right = {task: tries for task in range(10)}  # noqa: C420
    for found in (mean(all_right), pass_at_k(all_right, 1), pass_hat_k(all_right, 1)):
        assert (found.value, found.high) == (1, 1)
        assert 0.6 < found.low < 0.75


@pytest.mark.parametrize(("wins", "method"), [(1, "mid-p"), (5, "half-task")])
def test_a_p_value_tells_how_it_was_made(wins: int, method: str) -> None:
    one, other = ({n: [float(n < of)] for n in range(60)} for of in (wins, 0))
    found = paired_difference(one, other)
    assert found.p_method == method
    frame = batch_frame(
        BatchCell(task_index=task, llm_id=llm, scores={"right": values[task][0]})
        for llm, values in (("a", one), ("b", other))
        for task in range(60)
    )
    assert win_rates(frame, "right")["p_method"].tolist() == [method]


def test_two_that_never_differ_may_still_differ() -> None:
    same = {task: [1] for task in range(10)}
    found = paired_difference(same, same)
    assert (found.value, found.method) == (0, "half-task")
    assert found.low == pytest.approx(-found.high)
    assert found.high > 0.15
    won = win_rate(same, same)
    assert (won.low, won.high) == pytest.approx(((1 + found.low) / 2, (1 + found.high) / 2))


@pytest.mark.parametrize("method", ["auto", "t", "normal", "bootstrap-t", "bootstrap"])
@pytest.mark.parametrize("value", [0.1])
def test_measurements_that_are_all_equal_have_no_interval_and_say_so(method, value) -> None:
    equal = {task: [value] * (1 + task % 3) for task in range(7)}
    for found in (mean(equal, method=method), paired_difference(equal, equal, method=method)):
        assert found.method == "none"
        assert math.isnan(found.low)
        assert math.isnan(found.high)
        assert "same value" in found.why
    assert mean(equal, method=method).value == pytest.approx(value)


@pytest.mark.parametrize(("written", "meant"), [("wilsn", "wilson")])
def test_a_method_that_is_misspelt_gets_the_right_name(written: str, meant: str) -> None:
    values = {"a": [1], "b": [0]}
    for estimate in (
        lambda: mean(values, method=written),
        lambda: win_rate(values, values, method=written),
        lambda: pass_at_k(values, 1, method=written),
        lambda: summary(
            batch_frame([BatchCell(task_index=0, llm_id="a", scores={"s": 1})]), "s", method=written
        ),
    ):
        with pytest.raises(InvalidRequestError, match=f"did you mean '{meant}'"):
            estimate()


def test_a_method_for_yes_and_no_is_not_used_for_measurements() -> None:
    values = {"a": [1.5], "b": [0]}
    with pytest.raises(InvalidRequestError, match="all 0 or 1"):
        mean(values, method="wilson")
    with pytest.raises(InvalidRequestError, match="all 0 or 1"):
        paired_difference(values, values, method="agresti-min")


def test_an_estimate_stays_a_row_of_five_numbers_that_knows_its_method() -> None:
    found = mean(yes_and_no(3, 4))
    value, _, _, tasks, values = found
    assert (value, tasks, values) == (0.75, 4, 4)
    assert "method='wilson'" in repr(found)
    for same in (copy.copy(found), pickle.loads(pickle.dumps(found)), found._replace(tasks=4)):
        assert (same, same.method) == (found, "wilson")


def test_a_summary_tells_how_each_interval_was_made() -> None:
    frame = batch_frame(
        BatchCell(
            task_index=task, llm_id="a", scores={"right": task > 0, "words": 10 + task, "same": 2}
        )
        for task in range(5)
    )
    said = [summary(frame, name)["method"].tolist() for name in ("right", "words", "same")]
    assert said == [["wilson"], ["t"], ["none"]]
