"""Intervals over tasks: which methods there are, and what those with a formula compute."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Literal

import numpy as np

from .estimate import UNKNOWN, Ends
from .resampling import (
    Array,
    Sample,
    beyond_ratios,
    by_ratios,
    percentiles,
    ratios,
    redrawn_means,
    share_beyond,
)
from .student import t_quantile, t_tails

Method = Literal[
    "auto", "wilson", "half-task", "agresti-min", "t", "bootstrap-t", "bootstrap", "normal"
]

DRAWS = 10_000
LEVEL = 0.95
SOME = 10
"""From so many tasks on redrawing them tells how a mean that is no share may be skewed."""
HALVES = 0.85
"""The square of the difference that half tasks have, found by counting out all outcomes."""
WHOLE = 11
"""From so many tasks on half a task is added to either side, below it less, found alike."""
_REDRAWN = {"bootstrap": redrawn_means, "bootstrap-t": ratios}
_FEW = (1, 2)
_MOST_RATE = 50.0
_ROUNDING = 1e-12


def normal_quantile(level: float) -> float:
    """Return how many errors to either side hold so much of a normal distribution."""
    return NormalDist().inv_cdf((1 + level) / 2)


def normal_tails(ratio: float) -> float:
    """Return the chance that a normal variable is as many errors away from 0, or more."""
    return math.erfc(abs(ratio) / math.sqrt(2))


def score_interval(share: float, trials: float, quantile: float) -> Ends:
    """Return Wilson's interval of a proportion: all shares that the observed one speaks for."""
    shrink = 1 + quantile**2 / trials
    centre = (share + quantile**2 / (2 * trials)) / shrink
    spread = share * (1 - share) / trials + quantile**2 / (4 * trials**2)
    half = quantile * math.sqrt(spread) / shrink
    # Rounding leaves a hair of what is nothing or all.
    low = 0.0 if share <= 0 else max(0.0, centre - half)
    return low, 1.0 if share >= 1 else min(1.0, centre + half)


def of_shares(tasks: Sample, most: float, level: float) -> Ends:
    """Return Wilson's interval for tasks whose values are shares between 0 and 1.

    How much shares of tasks vary, beside how much yes and no would, tells how many trials they
    are worth. Where all are equal they tell nothing of that, and each task is one trial.

    Args:
        tasks: The values.
        most: How many independent trials they are worth at the most.
        level: Coverage.
    """
    size, share = len(tasks.sums), tasks.value
    alike = 1.0 if tasks.is_constant else size * tasks.error**2 / (share * (1 - share))
    trials = size / min(max(alike, size / most), 1.0)
    return score_interval(share, trials, normal_quantile(level))


def near_ends(successes: float, total: int, level: float) -> Ends:
    """Return Wilson's interval, reaching as far as Poisson's where few succeed or few fail."""
    low, high = score_interval(successes / total, total, normal_quantile(level))
    rest = total - successes
    if successes in _FEW:
        low = min(low, _least_rate(int(successes), 1 - level) / total)
    if rest in _FEW:
        high = max(high, 1 - _least_rate(int(rest), 1 - level) / total)
    return low, high


def of_gaps(gaps: Array, squares: float, level: float) -> Ends:
    """Return the interval of a mean difference between -1 and 1, with half a task for either side.

    However it comes out, it holds what the mid-p interval ends at if one side has won all tasks.
    Where no task differs it reaches as far as a difference at which that would be as rare.

    Args:
        gaps: The tasks' differences.
        squares: What the square of a difference comes to if tries are coins.
        level: Coverage.
    """
    low, high = of_more_gaps(gaps, level, **_halves(gaps, squares))
    least = -1.0 if gaps.any() else unseen(len(gaps), level)
    farthest = min(2 * (1 - level) ** (1 / len(gaps)) - 1, -least)
    return min(low, farthest), max(high, -farthest)


def unseen(tasks: int, level: float) -> float:
    """Return the share of tasks that may differ to one side where none of so many does.

    That none is seen has twice the chance of what the level leaves out at this end, as a mid-p.
    """
    return float(1 - min(1.0, 2 * (1 - level)) ** (1 / tasks))


def p_of_gaps(gaps: Array, squares: float) -> float:
    """Return the complement of the least level at which half a task a side leaves out 0."""
    return p_of_more_gaps(gaps, **_halves(gaps, squares))


def _halves(gaps: Array, squares: float) -> dict[str, float]:
    """Return what is added: of few tasks less, where what has to hold 0 is wide enough."""
    added = min(1.0, len(gaps) / WHOLE)
    return {"added": added, "squares": HALVES * squares * added}


def of_more_gaps(gaps: Array, level: float, *, added: float = 2, squares: float = 1) -> Ends:
    """Return the normal interval of differences, with tasks added that speak for neither side.

    Args:
        gaps: The tasks' differences.
        level: Coverage.
        added: How many tasks are added.
        squares: What those have as the sum of their squares.
    """
    quantile, (centre, error) = normal_quantile(level), _with_added(gaps, added, squares)
    return max(-1.0, centre - quantile * error), min(1.0, centre + quantile * error)


def p_of_more_gaps(gaps: Array, *, added: float = 2, squares: float = 1) -> float:
    """Return the complement of the least level at which :func:`of_more_gaps` leaves out 0."""
    centre, error = _with_added(gaps, added, squares)
    return normal_tails(centre / error)


def redrawn(tasks: Sample, method: str, draws: int, seed: int) -> Array:
    """Return what redrawings of the tasks tell a method; nothing for one that needs none."""
    if method not in _REDRAWN or tasks.is_constant:
        return np.empty(0)
    return _REDRAWN[method](tasks, draws, seed)


def of_means(tasks: Sample, method: str, found: Array, level: float) -> Ends:
    """Return the interval of a mean by ``t``, ``normal``, ``bootstrap-t`` or ``bootstrap``.

    Args:
        tasks: The values.
        method: How it is made.
        found: What redrawings tell, as of :func:`redrawn`.
        level: Coverage.
    """
    if tasks.is_constant:
        return UNKNOWN
    if method == "bootstrap":
        return percentiles(found, level)
    if method == "bootstrap-t":
        return by_ratios(tasks, found, level)
    upper, df = (1 + level) / 2, len(tasks.sums) - 1
    quantile = t_quantile(upper, df) if method == "t" else normal_quantile(level)
    return tasks.value - quantile * tasks.error, tasks.value + quantile * tasks.error


def p_of_means(tasks: Sample, method: str, found: Array) -> float:
    """Return the complement of the least level at which :func:`of_means` leaves out 0."""
    if tasks.is_constant:
        return math.nan
    if method == "bootstrap":
        return share_beyond(found)
    if method == "bootstrap-t":
        return beyond_ratios(tasks, found)
    ratio = tasks.value / tasks.error
    return t_tails(ratio, len(tasks.sums) - 1) if method == "t" else normal_tails(ratio)


def _least_rate(count: int, chance: float) -> float:
    """Return the Poisson rate at which so many events or more come with this chance."""
    low, high = 0.0, _MOST_RATE
    while high - low > _ROUNDING:
        rate = (low + high) / 2
        fewer = sum(math.exp(-rate) * rate**n / math.factorial(n) for n in range(count))
        low, high = (rate, high) if 1 - fewer < chance else (low, rate)
    return high


def _with_added(gaps: Array, added: float, squares: float) -> tuple[float, float]:
    size = len(gaps) + added
    centre = float(gaps.sum()) / size
    variance = (float((gaps**2).sum()) + squares) / size - centre**2
    return centre, math.sqrt(variance / size)
