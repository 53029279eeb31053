"""The smallest detectable difference is that of a paired t test."""

import math

import pytest
from scipy import stats
from statsmodels.stats.power import NormalIndPower

from dari_nb.errors import InvalidRequestError
from dari_nb.scores import detectable
from dari_nb.scores.detectable import sd_of_differences

ASSUMED_SD = {1: math.sqrt(0.35), 2: math.sqrt(0.225), 5: math.sqrt(0.15)}


@pytest.mark.parametrize("tasks", [5, 100])
@pytest.mark.parametrize(("power", "level"), [(0.8, 0.95), (0.9, 0.95), (0.8, 0.99)])
def test_detectable_with_sd_equals_formula(tasks, power, level):
    found = detectable(tasks, sd_of_differences=2, power=power, level=level)
    quantiles = stats.t.ppf([(1 + level) / 2, power], tasks - 1).sum()
    assert found.difference == pytest.approx(2 * quantiles / math.sqrt(tasks), rel=1e-9)


def test_detectable_with_many_tasks_is_that_of_normal_test():
    exact = NormalIndPower(ddof=0).solve_power(nobs1=10**6, alpha=0.05, power=0.8, ratio=0)
    found = detectable(10**6, sd_of_differences=1).difference
    assert found == pytest.approx(exact, rel=1e-4)


@pytest.mark.parametrize(("repeats", "sd"), ASSUMED_SD.items())
def test_detectable_without_sd_assumes_yes_or_no(repeats, sd):
    found = detectable(50, repeats)
    assert found.is_assumed
    assert found.sd == pytest.approx(sd)
    assert found.difference == detectable(50, sd_of_differences=found.sd).difference


def test_detectable_with_comparisons_divides_alpha():
    three = detectable(30, comparisons=3)
    assert three == detectable(30, level=1 - 0.05 / 3)
    assert three.difference > detectable(30).difference


@pytest.mark.parametrize(
    "options",
    [{"tasks": 1}, {"tasks": 3}, {"tasks": 5, "sd_of_differences": 4, "largest": 4}],
)
def test_detectable_with_too_few_tasks_is_none(options):
    assert detectable(**options).difference is None


@pytest.mark.parametrize(
    "options",
    [
        {"tasks": 2.5},
        {"repeats": 0},
        {"comparisons": 0},
        {"power": 0.05},
        {"level": 1},
        {"sd_of_differences": math.inf},
        {"largest": -1},
    ],
)
def test_detectable_with_impossible_number_is_refused(options):
    with pytest.raises(InvalidRequestError) as refused:
        detectable(**{"tasks": 20, **options})
    assert refused.value.code == "invalid_number"


def test_sd_of_differences_of_two_columns_is_that_of_task_means():
    one = {task: [task % 3, task % 4] for task in range(12)}
    other = {task: [task % 5] for task in range(2, 14)}
    gaps = [(task % 3 + task % 4) / 2 - task % 5 for task in range(2, 12)]
    assert sd_of_differences([one, other]) == pytest.approx(stats.tstd(gaps))


def test_sd_of_differences_of_several_columns_is_pooled():
    columns = [{task: [(task * by) % 7] for task in range(9)} for by in (1, 2, 3)]
    pairs = [columns[:2], columns[1:], columns[::2]]
    variance = sum(sd_of_differences(pair) ** 2 for pair in pairs) / 3
    assert sd_of_differences(columns) == pytest.approx(math.sqrt(variance))


@pytest.mark.parametrize(
    "columns",
    [
        [],
        [{n: [n] for n in range(9)}],
        [{n: [n] for n in range(4)}, {n: [0] for n in range(4)}],
        [{n: [0.1 + 0.2] for n in range(9)}, {n: [0.3] for n in range(9)}],
    ],
    ids=["none", "one column", "four tasks", "constant"],
)
def test_sd_of_differences_without_variance_is_none(columns):
    assert sd_of_differences(columns) is None
