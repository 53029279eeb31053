"""Intervals over tasks: which method is used, and what each of them computes."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidRequestError
from .student import t_quantile

Method = Literal["auto", "wilson", "agresti-min", "t", "bootstrap", "normal"]
Array = NDArray[np.float64]
Ends = tuple[float, float]

DRAWS = 10_000
LEVEL = 0.95
MANY = 50
"""From so many tasks on the bootstrap is as good as Student's interval, whatever the values."""
UNKNOWN: Ends = (math.nan, math.nan)
_AT_ONCE = 2_000_000
_ROUNDING = 1e-12


class Sample(NamedTuple):
    """Tasks with the sums and the counts of their values."""

    sums: Array
    counts: Array

    @property
    def value(self) -> float:
        """The mean of all values."""
        return float(self.sums.sum() / self.counts.sum())

    @property
    def error(self) -> float:
        """The standard error of the mean that allows for tasks as clusters."""
        size, residuals = len(self.sums), self.sums - self.counts * self.value
        squares = size / (size - 1) * float((residuals**2).sum())
        return math.sqrt(squares) / float(self.counts.sum())

    @property
    def is_constant(self) -> bool:
        """Whether all tasks have the same mean, which does not tell how much others would vary."""
        means = self.sums / self.counts
        return float(np.ptp(means)) <= _ROUNDING * max(1.0, float(np.abs(means).max()))


def check_level(level: float) -> None:
    """Raise ``InvalidRequestError`` unless the level lies between 0 and 1."""
    if not 0 < level < 1:
        raise InvalidRequestError(f"level must be between 0 and 1, such as 0.95, not {level!r}.")


def check_method(method: object, known: Sequence[str]) -> None:
    """Raise ``InvalidRequestError`` unless the method is one of those that are known here."""
    if isinstance(method, str) and method in known:
        return
    close = difflib.get_close_matches(str(method).lower(), known, n=1)
    hint = f" (did you mean {close[0]!r}?)" if close else ""
    raise InvalidRequestError(f"There is no method {method!r}{hint}; there are {', '.join(known)}.")


def score_interval(share: float, trials: float, quantile: float) -> Ends:
    """Return Wilson's interval of a proportion: all shares that the observed one speaks for."""
    shrink = 1 + quantile**2 / trials
    centre = (share + quantile**2 / (2 * trials)) / shrink
    spread = share * (1 - share) / trials + quantile**2 / (4 * trials**2)
    half = quantile * math.sqrt(spread) / shrink
    return max(0.0, centre - half), min(1.0, centre + half)


def of_shares(tasks: Sample, most: float, level: float) -> Ends:
    """Return Wilson's interval for tasks whose values are shares between 0 and 1.

    How alike a task's repeats are, 1 for copies of each other, tells how many trials a task is
    worth. Few tasks tell little of that, so two more are added whose repeats are copies.

    Args:
        tasks: The values.
        most: How many independent trials they are worth at the most.
        level: Coverage.
    """
    size, share = len(tasks.sums), tasks.value
    if most <= size:
        return score_interval(share, size, NormalDist().inv_cdf((1 + level) / 2))
    alike = 1.0 if tasks.is_constant else size * tasks.error**2 / (share * (1 - share))
    alike = min(max(alike, size / most), 1.0)
    trials = size / (((size - 1) * alike + 2) / (size + 1))
    return score_interval(share, trials, t_quantile((1 + level) / 2, size - 1))


def of_means(
    tasks: Sample, method: Method, *, level: float = LEVEL, draws: int = DRAWS, seed: int = 0
) -> Ends:
    """Return the interval of a mean by ``t``, ``normal`` or ``bootstrap``."""
    if tasks.is_constant:
        return UNKNOWN
    if method == "bootstrap":
        return bootstrap(tasks.sums, tasks.counts, level=level, draws=draws, seed=seed)
    upper = (1 + level) / 2
    is_student = method == "t"
    quantile = t_quantile(upper, len(tasks.sums) - 1) if is_student else NormalDist().inv_cdf(upper)
    return tasks.value - quantile * tasks.error, tasks.value + quantile * tasks.error


def for_means(size: int) -> Method:
    """Return the method for the mean of anything over so many tasks."""
    return "t" if size < MANY else "bootstrap"


def of_gaps(gaps: Array, level: float) -> Ends:
    """Return the interval of A. Agresti and Y. Min for differences between -1 and 1.

    Two tasks are added that speak for neither side: half a task each for the ends, one for 0.
    """
    size = len(gaps) + 2
    centre = float(gaps.sum()) / size
    variance = (float((gaps**2).sum()) + 1) / size - centre**2
    half = t_quantile((1 + level) / 2, len(gaps) - 1) * math.sqrt(variance / size)
    return max(-1.0, centre - half), min(1.0, centre + half)


def bootstrap(
    sums: Array,
    counts: Array,
    *,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 0,
    statistic: Callable[[Array, Array], Array] = np.divide,
) -> Ends:
    """Return the percentile interval of ``statistic(Σ sums, Σ counts)`` over redrawn tasks."""
    size = len(sums)
    random = np.random.default_rng(seed)
    found, rows = [], max(1, _AT_ONCE // size)
    for start in range(0, draws, rows):
        drawn = random.integers(0, size, size=(min(rows, draws - start), size))
        found.append(statistic(sums[drawn].sum(axis=1), counts[drawn].sum(axis=1)))
    low, high = np.quantile(np.concatenate(found), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
