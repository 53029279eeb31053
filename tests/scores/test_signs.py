"""P-values of pairs of yes and no: of sign flips, as rare among equals as they say."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from itertools import product

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar

from dari_nb.scores import Estimate, paired_difference, win_rate

EXACT = {"rel": 1e-9, "abs": 1e-12}
LEVELS = (0.5, 0.8, 0.9, 0.95, 0.99, 0.999, 0.9999, 0.999999)

Tasks = dict[int, list[float]]


def won(wins: int, losses: int, tasks: int) -> tuple[Tasks, Tasks]:
    return (
        {task: [float(task < wins)] for task in range(tasks)},
        {task: [float(wins <= task < wins + losses)] for task in range(tasks)},
    )


@cache
def compared(wins: int, losses: int, tasks: int) -> Estimate:
    return paired_difference(*won(wins, losses, tasks))


def outcomes(tasks: int) -> Iterator[tuple[int, int]]:
    return ((w, n) for w in range(tasks + 1) for n in range(tasks + 1 - w))


def mcnemar_mid_p(wins: int, losses: int) -> float:
    """McNemar's mid-p of those that are not equal: exact p, less half of what is as far."""
    exact = mcnemar([[0, wins], [losses, 0]], exact=True).pvalue
    return exact - stats.binom.pmf(wins, wins + losses, 0.5)


def half_task_p(wins: int, losses: int, tasks: int) -> float:
    """The p at which the formula in the help ends at 0."""
    added = min(1, tasks / 11)
    size = tasks + added
    centre = (wins - losses) / size
    variance = (wins + losses + 0.85 * added) / size - centre**2
    return 2 * stats.norm.sf(abs(centre) / math.sqrt(variance / size))


def flipped_mid_p(gaps: list[float]) -> float:
    """The mid-p by going through each choice of signs."""
    sums = np.abs([np.dot(signs, gaps) for signs in product((-1, 1), repeat=len(gaps))])
    found = abs(sum(gaps))
    return float((sums > found + 1e-9).mean() + (abs(sums - found) <= 1e-9).mean() / 2)


@pytest.mark.parametrize("tasks", [3, 10])
def test_with_one_try_each_p_is_mcnemars_mid_p_or_more_where_the_formula_says_more(tasks) -> None:
    for wins, losses in outcomes(tasks):
        formula = half_task_p(wins, losses, tasks)
        # Of as many wins as losses there is nothing to tell: p is 1.
        expected = 1.0 if wins == losses else max(mcnemar_mid_p(wins, losses), formula)
        assert compared(wins, losses, tasks).p_value == pytest.approx(expected, **EXACT)


@pytest.mark.parametrize("seed", range(3))
def test_with_uneven_repeats_p_is_counted_over_all_choices_of_signs(seed: int) -> None:
    random = np.random.default_rng(seed)
    one, other = (
        {n: (random.random(random.integers(1, 6)) < rate).tolist() for n in range(9)}
        for rate in (0.9, 0.2)
    )
    mid_p = flipped_mid_p([float(np.mean(one[n]) - np.mean(other[n])) for n in one])
    found = paired_difference(one, other)
    below, above = (
        paired_difference(one, other, method="half-task", level=1 - p)
        for p in (mid_p * (1 + 1e-6), mid_p * (1 - 1e-6))
    )
    assert found.p_value >= mid_p * (1 - 1e-9)
    assert above.low <= 0 <= above.high
    if found.p_value == pytest.approx(mid_p):
        assert below.low > 0


def test_many_tasks_with_any_repeats_have_nearly_the_p_of_a_normal_sum() -> None:
    random = np.random.default_rng(3)
    for tasks, most in ((400, 12), (3_000, 2)):
        one, other = (
            {n: (random.random(random.integers(1, most + 1)) < 0.5).tolist() for n in range(tasks)}
            for _ in range(2)
        )
        gaps = np.array([np.mean(one[n]) - np.mean(other[n]) for n in one])
        expected = 2 * stats.norm.sf(abs(gaps.sum()) / math.sqrt((gaps**2).sum()))
        assert paired_difference(one, other).p_value == pytest.approx(expected, abs=0.005)


@pytest.mark.parametrize("tasks", [2, 8])
def test_at_every_level_the_interval_holds_0_where_p_does_not_speak_against_it(tasks) -> None:
    for wins, losses in outcomes(tasks):
        p_value = compared(wins, losses, tasks).p_value
        for level in LEVELS:
            found = paired_difference(*won(wins, losses, tasks), level=level)
            assert (found.low > 0 or found.high < 0) == (p_value < 1 - level)


@pytest.mark.parametrize("tasks", [3, 10])
def test_a_win_rate_leaves_out_a_half_where_the_difference_leaves_out_0(tasks: int) -> None:
    for wins, losses in outcomes(tasks):
        rate, gap = win_rate(*won(wins, losses, tasks)), compared(wins, losses, tasks)
        assert (rate.low > 0.5, rate.high < 0.5) == (gap.low > 0, gap.high < 0)


def test_four_wins_of_four_tasks_do_not_settle_it() -> None:
    found = compared(4, 0, 4)
    assert (found.value, found.p_value) == (1, 0.0625)
    assert found.low <= 0
    assert win_rate(*won(4, 0, 4)).low == 0.5


def of_rates(seed: int, repeats: int) -> tuple[Tasks, Tasks]:
    """Yes and no of two LLMs that say both, with some tries missing where there are repeats."""
    random = np.random.default_rng([seed, repeats])
    tasks, rates = int(random.integers(2, 30)), random.random(2)

    def tries(rate: float) -> list[int]:
        count = random.integers(1, repeats + 1)
        return [int(each) for each in random.random(count) < rate]

    one, other = ({n: tries(rate) for n in range(tasks)} for rate in rates)
    return {**one, 0: [0, 1][:repeats]}, {**other, 0: [1], 1: [0]}


@pytest.mark.parametrize(("low", "apart"), [(2, 3), (-8, 0.25)])
@pytest.mark.parametrize("repeats", [1, 3])
def test_what_two_values_are_called_does_not_matter_to_a_difference(low, apart, repeats) -> None:
    for seed in range(5):
        one, other = of_rates(seed, repeats)
        found = paired_difference(one, other)
        stars = [{n: [low + apart * v for v in of[n]] for n in of} for of in (one, other)]
        told = paired_difference(*stars, kind="number")
        assert told.low <= 0 <= told.high or told.p_value < 0.05
        ends = apart * found.low, apart * found.high
        assert told[:3] == (apart * found.value, *ends)
        assert (told.p_value, told.p_method) == (found.p_value, found.p_method)
        assert (told.method, told.why) == (
            "half-task",
            "all values are one of two, as 0 and 1 are",
        )
