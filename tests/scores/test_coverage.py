"""Intervals hold what they promise: how often they cover, and what few or equal tasks can tell."""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

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
RUNS = 1_000
LEAST = 0.9 - 2 * math.sqrt(0.9 * 0.1 / RUNS)
"""What 90 % may look like in so many runs."""


def yes_and_no(successes: int, total: int) -> dict[int, list[int]]:
    return {task: [int(task < successes)] for task in range(total)}


def drawn(random, tasks: int, repeats: int, share: float, alike: float) -> dict[int, list[float]]:
    """Tries that succeed with this chance on the whole, and resemble each other inside a task."""
    by_task = np.full(tasks, share)
    if alike:
        weight = (1 - alike) / alike
        by_task = random.beta(share * weight, (1 - share) * weight, size=tasks)
    tries = random.random((tasks, repeats)) < by_task[:, None]
    return dict(enumerate(tries.astype(float).tolist()))


def covers(estimate, truth: float) -> bool:
    return bool(estimate.low - 1e-12 <= truth <= estimate.high + 1e-12)


@pytest.mark.parametrize("tasks", [*range(5, 51)])
def test_a_share_of_tasks_is_covered_about_as_often_as_promised(tasks: int) -> None:
    chances = {}
    for share in SHARES:
        counts = stats.binom.pmf(range(tasks + 1), tasks, share)
        found = [mean(yes_and_no(k, tasks)) for k in range(tasks + 1)]
        chances[share] = sum(p for p, e in zip(counts, found, strict=True) if covers(e, share))
    # Counts are whole numbers: no interval of this kind covers evenly, some a little less.
    assert min(chances.values()) > 0.91
    assert np.mean(list(chances.values())) > 0.935


@pytest.mark.parametrize("alike", [0, 0.5, 0.95])
@pytest.mark.parametrize("tasks", [5, 10, 20, 50])
@pytest.mark.parametrize("share", [0.5, 0.8, 0.9])
def test_with_repeats_a_share_is_covered_as_often(tasks: int, share: float, alike: float) -> None:
    random = np.random.default_rng([tasks, int(100 * share), int(100 * alike)])
    found = [mean(drawn(random, tasks, 4, share, alike)) for _ in range(RUNS)]
    assert {estimate.method for estimate in found} == {"wilson-effective"}
    assert np.mean([covers(estimate, share) for estimate in found]) >= LEAST


@pytest.mark.parametrize("repeats", [1, 4])
@pytest.mark.parametrize("tasks", [5, 10, 20, 50])
@pytest.mark.parametrize(("one", "other"), [(0.5, 0.5), (0.8, 0.8), (0.9, 0.5), (0.9, 0.8)])
def test_a_paired_difference_is_covered_as_often(tasks, repeats, one, other) -> None:
    random = np.random.default_rng([tasks, repeats, int(100 * one), int(100 * other)])
    found = [
        paired_difference(
            drawn(random, tasks, repeats, one, 0), drawn(random, tasks, repeats, other, 0)
        )
        for _ in range(RUNS)
    ]
    assert {estimate.method for estimate in found} == {"half-task"}
    assert np.mean([covers(estimate, one - other) for estimate in found]) >= LEAST


@pytest.mark.parametrize(
    ("tasks", "method"), [(5, "t"), (9, "t"), (10, "bootstrap-t"), (49, "bootstrap-t")]
)
def test_a_mean_of_measurements_is_covered_as_often(tasks: int, method: str) -> None:
    random = np.random.default_rng(tasks)
    values = [dict(enumerate(random.normal(3, 1, (tasks, 1)))) for _ in range(RUNS)]
    found = [mean(run, draws=999) for run in values]
    assert {estimate.method for estimate in found} == {method}
    assert np.mean([covers(estimate, 3) for estimate in found]) >= 0.92


@pytest.mark.parametrize(("successes", "total"), [(10, 10), (0, 5), (8, 10), (4, 5), (70, 100)])
def test_by_itself_a_share_gets_wilsons_interval(successes: int, total: int) -> None:
    found = mean(yes_and_no(successes, total))
    expected = proportion_confint(successes, total, method="wilson")
    assert (found.low, found.high) == pytest.approx(expected, **EXACT)
    assert found.method == "wilson"
    assert found == mean(yes_and_no(successes, total), method="wilson")


def test_by_itself_a_mean_of_few_tasks_gets_students_interval_and_of_more_the_bootstraps() -> None:
    values = np.random.default_rng(5).lognormal(size=60).tolist()
    few, many = ({n: [value] for n, value in enumerate(values[:size])} for size in (9, 60))
    expected = stats.ttest_1samp(values[:9], 0).confidence_interval(0.95)
    assert (mean(few).low, mean(few).high) == pytest.approx(tuple(expected), **EXACT)
    assert mean(few).method == "t"
    assert mean(many).method == "bootstrap-t"
    assert mean(many) == mean(many, method="bootstrap-t")


@pytest.mark.parametrize("repeats", [1, 3])
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


def test_where_values_are_not_skewed_the_bootstraps_interval_is_students() -> None:
    values = {task: [value] for task, value in enumerate(np.linspace(-1, 1, 40).tolist())}
    student, found = mean(values, method="t"), mean(values)
    assert found.method == "bootstrap-t"
    assert (found.low, found.high) == pytest.approx((student.low, student.high), **EXACT)


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


@pytest.mark.parametrize("tries", [[1], [1, 1, 1, 1], [True, True]])
def test_all_right_does_not_mean_always_right(tries: list[float]) -> None:
    all_right = {task: tries for task in range(10)}  # noqa: C420
    for found in (mean(all_right), pass_at_k(all_right, 1), pass_hat_k(all_right, 1)):
        assert (found.value, found.high) == (1, 1)
        assert 0.6 < found.low < 0.75


def test_repeats_tell_more_than_one_try_and_less_than_as_many_tasks() -> None:
    repeated = {task: [1, 1, 0, task % 2] for task in range(10)}
    found = mean(repeated)
    assert found.value == 0.625
    narrow, wide = wilson(25, 40), wilson(6.25, 10)
    assert narrow.high - narrow.low <= found.high - found.low < wide.high - wide.low
    grouped = {task: [task % 2] * 4 for task in range(10)}
    assert mean(grouped).high - mean(grouped).low >= mean(yes_and_no(5, 10)).high - 0.5


@pytest.mark.parametrize("tasks", [2, 5, 9, 20])
def test_where_no_task_differs_the_interval_reaches_to_where_that_would_be_as_rare(tasks) -> None:
    same = {task: [1] for task in range(tasks)}
    found = paired_difference(same, same)
    assert found.high >= 1 - 0.1 ** (1 / tasks) - 1e-12
    assert (found.low, found.p_value, found.p_method) == (-found.high, 1, "mid-p")


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
@pytest.mark.parametrize("value", [0.1, 0.7, 12, -3])
def test_measurements_that_are_all_equal_have_no_interval_and_say_so(method, value) -> None:
    equal = {task: [value] * (1 + task % 3) for task in range(7)}
    for found in (mean(equal, method=method), paired_difference(equal, equal, method=method)):
        assert found.method == "none"
        assert math.isnan(found.low)
        assert math.isnan(found.high)
        assert "same value" in found.why
    assert mean(equal, method=method).value == pytest.approx(value)


@pytest.mark.parametrize("estimate", [mean, lambda v, **o: paired_difference(v, v, **o)])
@pytest.mark.parametrize("method", ["gauss", "Wald", "", None, 1, ["t"]])
def test_a_method_that_there_is_not_is_refused(estimate, method) -> None:
    with pytest.raises(
        InvalidRequestError, match=r"There is no method .* there are auto, .*normal"
    ):
        estimate({"a": [1], "b": [0]}, method=method)


@pytest.mark.parametrize(("written", "meant"), [("wilsn", "wilson"), ("Bootstrap", "bootstrap")])
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


def test_a_difference_of_whole_numbers_is_no_share() -> None:
    one, other = {n: [3 + n % 2] for n in range(6)}, {n: [3] for n in range(6)}
    expected = stats.ttest_rel([3 + n % 2 for n in range(6)], [3] * 6).confidence_interval(0.95)
    found = paired_difference(one, other)
    assert (found.low, found.high) == pytest.approx(tuple(expected), **EXACT)


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


@pytest.mark.parametrize("draws", [1, 2, 5])
def test_few_redrawings_leave_students_interval(draws: int) -> None:
    values = {task: [value] for task, value in enumerate([0, 0, 0, 9])}
    found = paired_difference(
        values, {task: [0.5] for task in values}, method="bootstrap-t", draws=draws
    )
    student = paired_difference(values, {task: [0.5] for task in values}, method="t")
    assert found.low <= student.low < student.high <= found.high
    assert student.p_value <= found.p_value <= 1
