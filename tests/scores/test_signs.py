"""P-values of pairs of yes and no: of sign flips, as rare among equals as they say."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from itertools import combinations, combinations_with_replacement, pairwise, product

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar

from dari_nb.scores import Estimate, holm, paired_difference, win_rate

EXACT = {"rel": 1e-9, "abs": 1e-12}
RUNS = 1_000
MOST = 0.05 + 2 * math.sqrt(0.05 * 0.95 / RUNS)
"""What 5 % may look like in so many runs."""
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


@pytest.mark.parametrize("tasks", [3, 5, 10, 26])
def test_with_one_try_each_p_is_mcnemars_mid_p_or_more_where_the_formula_says_more(tasks) -> None:
    for wins, losses in outcomes(tasks):
        formula = half_task_p(wins, losses, tasks)
        # Of as many wins as losses there is nothing to tell: p is 1.
        expected = 1.0 if wins == losses else max(mcnemar_mid_p(wins, losses), formula)
        assert compared(wins, losses, tasks).p_value == pytest.approx(expected, **EXACT)


@pytest.mark.parametrize(("wins", "tasks"), [(4, 4), (5, 5), (6, 10), (8, 10), (10, 10), (20, 20)])
def test_wins_alone_have_a_p_of_one_half_to_the_power_of_their_number(wins, tasks) -> None:
    assert compared(wins, 0, tasks).p_value == pytest.approx(0.5**wins, **EXACT)


@pytest.mark.parametrize("seed", range(12))
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


@pytest.mark.parametrize("tasks", [2, 5, 10, 20, 35])
def test_more_wins_in_place_of_ties_always_make_p_smaller_and_wins_for_losses_too(tasks) -> None:
    for losses in range(tasks // 2):
        p_values = [
            compared(wins, losses, tasks).p_value for wins in range(losses, tasks - losses + 1)
        ]
        assert all(more < fewer for fewer, more in pairwise(p_values))
    for decided in range(1, tasks + 1):
        least = (decided + 1) // 2
        swapped = [
            compared(wins, decided - wins, tasks).p_value for wins in range(least, decided + 1)
        ]
        assert swapped == sorted(swapped, reverse=True)


def test_where_all_tasks_are_tied_p_is_1() -> None:
    for tasks in (2, 5, 60):
        assert compared(0, 0, tasks).p_value == 1.0


@pytest.mark.parametrize("tasks", [2, 4, 5, 8, 12, 20])
def test_at_every_level_the_interval_holds_0_where_p_does_not_speak_against_it(tasks) -> None:
    for wins, losses in outcomes(tasks):
        p_value = compared(wins, losses, tasks).p_value
        for level in LEVELS:
            found = paired_difference(*won(wins, losses, tasks), level=level)
            assert (found.low > 0 or found.high < 0) == (p_value < 1 - level)


@pytest.mark.parametrize("tasks", [*range(3, 31)])
def test_a_win_rate_leaves_out_a_half_where_the_difference_leaves_out_0(tasks: int) -> None:
    for wins, losses in outcomes(tasks):
        rate, gap = win_rate(*won(wins, losses, tasks)), compared(wins, losses, tasks)
        assert (rate.low > 0.5, rate.high < 0.5) == (gap.low > 0, gap.high < 0)


def test_a_win_rate_with_a_tie_is_no_surer_than_that_of_all_tasks_won() -> None:
    for tasks in range(2, 40):
        most = win_rate(*won(tasks, 0, tasks))
        assert all(
            win_rate(*won(wins, 0, tasks)).low <= most.low
            and win_rate(*won(0, wins, tasks)).high >= 1 - most.low
            for wins in range(tasks)
        )


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


@pytest.mark.parametrize(("low", "apart"), [(2, 3), (-1, 2), (-8, 0.25), (1e6, 1024)])
@pytest.mark.parametrize("repeats", [1, 3])
def test_what_two_values_are_called_does_not_matter_to_a_difference(low, apart, repeats) -> None:
    for seed in range(40):
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


@pytest.mark.parametrize(("apart", "most"), [(0.3, 5), (0.5, 5), (0.7, 5), (0.9, 5.4), (1, 7.7)])
def test_equals_are_told_apart_as_seldom_as_the_help_says(apart: float, most: float) -> None:
    for tasks in (*range(3, 21), 25, 33, 50):
        told = [
            stats.multinomial.pmf(
                [wins, losses, tasks - wins - losses], tasks, [apart / 2, apart / 2, 1 - apart]
            )
            for wins, losses in outcomes(tasks)
            if compared(wins, losses, tasks).low > 0 or compared(wins, losses, tasks).high < 0
        ]
        assert 100 * sum(told) <= most


@cache
def choices_by_ratings(tasks: int) -> list[tuple[int, list[int]]]:
    """In how many orders each choice of differences comes that is told apart, and how often each
    difference is in it."""
    found = []
    for gaps in combinations_with_replacement(range(-4, 5), tasks):
        one, other = ({n: [max(sign * gap, 0)] for n, gap in enumerate(gaps)} for sign in (1, -1))
        if sum(gaps) > 0 and paired_difference(one, other, method="t").low > 0:
            counts = [gaps.count(gap) for gap in range(-4, 5)]
            ways = math.factorial(tasks) // math.prod(map(math.factorial, counts))
            found.append((2 * ways, counts))
    return found


@pytest.mark.parametrize(("shares", "most"), [
    ((0.02, 0.05, 0.13, 0.3, 0.5), 5.3), ((0.2, 0.2, 0.2, 0.2, 0.2), 5.7),
    ((0, 0.35, 0.42, 0.23, 0), 6.5),
])  # fmt: skip
def test_ratings_of_equals_are_told_apart_as_seldom_as_the_help_says(shares, most) -> None:
    chances = np.convolve(shares, shares[::-1])
    told = [
        sum(ways * float(np.prod(chances**counts)) for ways, counts in choices_by_ratings(tasks))
        for tasks in range(5, 10)
    ]
    assert most - 0.2 < 100 * max(told) <= most


@pytest.mark.parametrize("alike", [0, 0.3])
@pytest.mark.parametrize("rate", [0.5, 0.8])
@pytest.mark.parametrize(("llms", "tasks"), [(4, 10), (5, 20)])
def test_of_equal_llms_holm_tells_any_apart_in_5_percent_of_all_runs_at_most(
    llms: int, tasks: int, rate: float, alike: float
) -> None:
    random = np.random.default_rng([llms, tasks, int(10 * rate), int(10 * alike)])
    wrong = 0
    for _ in range(RUNS):
        weight = (1 - alike) / alike if alike else 0
        rates = random.beta(rate * weight, (1 - rate) * weight, tasks) if alike else rate
        right = random.random((llms, tasks)) < rates
        p_values = [
            compared(int((a & ~b).sum()), int((b & ~a).sum()), tasks).p_value
            for a, b in combinations(right, 2)
        ]
        wrong += min(holm(p_values)) < 0.05
    assert wrong / RUNS <= MOST


@pytest.mark.parametrize("repeats", [1, 3])
def test_one_difference_on_all_tasks_is_that_of_wins_alone(repeats: int) -> None:
    hard = {n: [10 + 7 * n] * repeats for n in range(30)}
    more = {n: [value + 0.1 + 0.2 for value in of] for n, of in hard.items()}
    wins = paired_difference({n: [1] for n in hard}, {n: [0] for n in hard})
    for told in (
        paired_difference(more, hard, kind="number"),
        paired_difference(
            more, {n: [v + 1e-12 for v in of] for n, of in hard.items()}, kind="number"
        ),
    ):
        assert told[:3] == pytest.approx([0.3 * end for end in wins[:3]])
        assert told.low > 0.2
        assert told.p_value == wins.p_value < 1e-6
        assert told.why == "all tasks have one difference, as where one side has each"
    assert np.isnan(paired_difference(hard, hard, kind="number").low)
    assert np.isnan(paired_difference(more, hard).low)
