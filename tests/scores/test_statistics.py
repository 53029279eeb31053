"""The statistics beside scipy and statsmodels on the same data, and what they do at the edges."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats
from statsmodels.stats.proportion import proportion_confint

from dari_nb.errors import InvalidRequestError
from dari_nb.scores import mean, paired_difference, pass_at_k, wilson, win_rate
from dari_nb.scores.means import mean_of_cells
from dari_nb.scores.student import incomplete_beta, t_quantile

EXACT = {"rel": 1e-9, "abs": 1e-9}
DRAWS = 4_000


def sample(seed: int, tasks: int = 25, most: int = 4) -> dict[str, list[float]]:
    """Values that resemble each other inside a task, of unequal counts."""
    random = np.random.default_rng(seed)
    return {
        f"task {n}": (random.normal() + random.normal(size=random.integers(1, most + 1))).tolist()
        for n in range(tasks)
    }


def means_of(by_task: dict[str, list[float]]) -> list[float]:
    return [float(np.mean(values)) for values in by_task.values()]


@pytest.mark.parametrize("df", [1, 2, 7.5, 50_000])
@pytest.mark.parametrize("probability", [0.025, 0.5, 0.9995])
def test_student_quantiles_are_those_of_scipy(df: float, probability: float) -> None:
    assert t_quantile(probability, df) == pytest.approx(stats.t.ppf(probability, df), **EXACT)


@settings(max_examples=200)
@given(st.floats(0, 1), st.floats(0.05, 500), st.floats(0.05, 500))
def test_the_incomplete_beta_function_is_that_of_scipy(x: float, a: float, b: float) -> None:
    # Near 1, scipy keeps its digits on the other side only.
    expected = special.betainc(a, b, x) if x < 0.5 else 1 - special.betainc(b, a, 1 - x)
    assert incomplete_beta(x, a, b) == pytest.approx(expected, **EXACT)


@pytest.mark.parametrize("seed", [1])
@pytest.mark.parametrize("level", [0.8])
def test_the_bootstrap_draws_tasks_as_scipy_does(seed: int, level: float) -> None:
    by_task = sample(seed)
    expected = stats.bootstrap(
        (means_of(by_task),),
        np.mean,
        n_resamples=DRAWS,
        confidence_level=level,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    found = mean(by_task, method="bootstrap", level=level, draws=DRAWS, seed=seed)
    assert (found.low, found.high) == pytest.approx(tuple(expected), **EXACT)


@pytest.mark.parametrize("seed", [1])
def test_each_task_counts_once_however_many_values_it_has(seed: int) -> None:
    by_task = sample(seed)
    means = means_of(by_task)
    expected = stats.ttest_1samp(means, 0).confidence_interval(0.95)
    found = mean(by_task, method="t")
    assert (found.value, found.low, found.high) == pytest.approx((np.mean(means), *expected))
    right = {task: [v > 0 for v in values] for task, values in by_task.items()}
    wrong = {task: [v <= 0 for v in values] for task, values in by_task.items()}
    assert mean(right).value == pytest.approx(np.mean(means_of(right)), **EXACT)
    gap = paired_difference(right, wrong).value
    assert mean(right).value - mean(wrong).value == pytest.approx(gap, **EXACT)


@pytest.mark.parametrize("seed", [1])
@pytest.mark.parametrize("method", ["t", "normal"])
def test_the_closed_interval_is_the_cluster_robust_one_of_statsmodels(seed, method) -> None:
    even = {task: [*values, *values, *values][:3] for task, values in sample(seed).items()}
    fit = clustered(even, use_t=method == "t")
    found = mean(even, method=method)
    assert (found.low, found.high) == pytest.approx(tuple(fit.conf_int(0.05)[0]), **EXACT)


@pytest.mark.parametrize("seed", [1])
def test_a_mean_of_cells_has_the_cluster_robust_interval(seed: int) -> None:
    uneven = sample(seed, tasks=9)
    fit, found = clustered(uneven, use_t=True), mean_of_cells(uneven)
    assert found.value == pytest.approx(np.mean(np.concatenate([*uneven.values()])), **EXACT)
    assert (found.low, found.high) == pytest.approx(tuple(fit.conf_int(0.05)[0]), **EXACT)


def clustered(by_task: dict[str, list[float]], *, use_t: bool):
    values = np.concatenate(list(by_task.values()))
    groups = np.repeat(np.arange(len(by_task)), [len(v) for v in by_task.values()])
    return sm.OLS(values, np.ones_like(values)).fit(
        cov_type="cluster", cov_kwds={"groups": groups}, use_t=use_t
    )


@pytest.mark.parametrize("seed", [1])
def test_a_win_rate_is_the_mean_of_the_rank_statistics_of_the_tasks(seed: int) -> None:
    one = {task: np.round(values).tolist() for task, values in sample(seed).items()}
    other = {task: np.round(values).tolist() for task, values in sample(seed + 50).items()}
    shares = [
        stats.mannwhitneyu(one[t], other[t]).statistic / (len(one[t]) * len(other[t])) for t in one
    ]
    assert win_rate(one, other).value == pytest.approx(np.mean(shares), **EXACT)
    turned = win_rate(other, one)
    assert turned.value == pytest.approx(1 - np.mean(shares), **EXACT)
    by_score = win_rate(one, other, method="wilson")
    expected = proportion_confint(sum(shares), len(shares), method="wilson")
    assert (by_score.low, by_score.high) == pytest.approx(expected, **EXACT)


def test_only_tasks_that_both_have_values_for_are_compared() -> None:
    one, other = {"a": [1], "b": [1], "c": [None]}, {"b": [0], "c": [1], "d": [1]}
    for compare in (win_rate, paired_difference):
        assert compare(one, other)[:1] == (1.0,)
        assert compare(one, other)[3:] == (1, 2)


def test_tasks_with_fewer_than_k_tries_are_left_out_and_partial_scores_do_not_pass() -> None:
    tries = {"a": [1, 0.5, None], "b": [1], "c": [0.9, 0.2]}
    found = pass_at_k(tries, 2)
    assert (found.value, found.tasks, found.values) == (0.5, 2, 4)
    assert pass_at_k(tries, 2, passing=0.8).value == 1.0


def test_the_same_seed_gives_the_same_interval_and_another_one_another() -> None:
    by_task = {task: [2.0 ** (task % 9)] for task in range(60)}
    assert mean(by_task, seed=3) == mean(by_task, seed=3)
    assert mean(by_task, seed=3) != mean(by_task, seed=4)


@pytest.mark.parametrize("level", [0, 95])
def test_a_level_outside_of_0_and_1_is_refused(level: float) -> None:
    with pytest.raises(InvalidRequestError, match="level"):
        mean({"a": [1]}, level=level)
    with pytest.raises(InvalidRequestError, match="level"):
        wilson(1, 2, level=level)
