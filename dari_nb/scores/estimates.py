"""Estimates with intervals: the mean over tasks, and a proportion."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from statistics import NormalDist
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidRequestError
from .student import t_quantile

ByTask = Mapping[Hashable, Sequence[Any]]
"""The values of each task's repeats: numbers or yes and no; ``None`` and NaN are missing."""

Method = Literal["bootstrap", "t", "normal"]
Array = NDArray[np.float64]

DRAWS = 10_000
LEVEL = 0.95
_AT_ONCE = 2_000_000


class Estimate(NamedTuple):
    """A number with its interval.

    Attributes:
        value: The estimate; NaN when there is nothing to estimate it from.
        low: Lower end of the interval; NaN when one task is not enough to tell.
        high: Upper end of the interval.
        tasks: How many tasks it comes from.
        values: How many values it comes from.
    """

    value: float
    low: float
    high: float
    tasks: int
    values: int


def mean(
    by_task: ByTask,
    *,
    method: Method = "bootstrap",
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 0,
) -> Estimate:
    """Estimate the mean of all values, with an interval that knows that repeats go together.

    The answers to one task resemble each other, so the tasks are what varies freely. With
    ``s`` the sum and ``n`` the count of a task's values, the mean is ``m = Σs / Σn``.

    ``bootstrap`` draws whole tasks with replacement, as many as there are, and takes the
    ``(1 ± level) / 2`` quantiles of the means of the draws: the percentile interval of B. Efron,
    *Bootstrap methods: another look at the jackknife*, Annals of Statistics 7 (1979), with tasks
    as clusters. The same seed gives the same interval.

    ``t`` is ``m ± t(level; G - 1) · se`` with the variance that allows for clusters,
    ``se² = (G / (G - 1)) · Σ_tasks (s - n · m)² / N²`` for G tasks and N
    values: K.-Y. Liang and S. L. Zeger, *Longitudinal data analysis using generalized linear
    models*, Biometrika 73 (1986), with the usual correction for few clusters. With one value a
    task it is the textbook interval of a mean. ``normal`` has the normal quantile in place of
    Student's.

    Args:
        by_task: The values; missing ones count for nothing.
        method: How the interval is made.
        level: Its coverage.
        draws: How many resamples ``bootstrap`` takes.
        seed: What its random numbers start from.

    Raises:
        InvalidRequestError: A value is no number, or the level is not between 0 and 1.

    >>> tasks = {"a": [1, 1], "b": [0, 1], "c": [0, 0], "d": [1, 1]}
    >>> value, low, high, *_ = mean(tasks, method="t")
    >>> round(value, 3), round(low, 3), round(high, 3)
    (0.625, -0.137, 1.387)
    """
    check_level(level)
    tasks = numbers(by_task)
    sums = np.array([sum(values) for values in tasks.values()], dtype=np.float64)
    counts = np.array([len(values) for values in tasks.values()], dtype=np.float64)
    if not len(sums):
        return Estimate(math.nan, math.nan, math.nan, 0, 0)
    value = float(sums.sum() / counts.sum())
    if method == "bootstrap":
        low, high = bootstrap(sums, counts, level=level, draws=draws, seed=seed)
    else:
        low, high = _closed(sums, counts, value, method, level)
    return Estimate(value, low, high, len(sums), int(counts.sum()))


def wilson(successes: float, total: int, *, level: float = LEVEL) -> Estimate:
    """Estimate a proportion with its score interval, which holds for few trials as well.

    ``(p + z²/2n ± z · sqrt(p(1 - p)/n + z²/4n²)) / (1 + z²/n)`` with the normal quantile z:
    E. B. Wilson, *Probable inference, the law of succession, and statistical inference*, Journal
    of the American Statistical Association 22 (1927).

    Args:
        successes: How many, halves allowed.
        total: Of how many independent trials.
        level: Coverage of the interval.

    >>> _, low, high, *_ = wilson(8, 10)
    >>> round(low, 4), round(high, 4)
    (0.4902, 0.9433)
    """
    check_level(level)
    if not total:
        return Estimate(math.nan, math.nan, math.nan, 0, 0)
    z, p = NormalDist().inv_cdf((1 + level) / 2), successes / total
    shrink = 1 + z * z / total
    centre = (p + z * z / (2 * total)) / shrink
    half = z * math.sqrt(p * (1 - p) / total + z * z / (4 * total * total)) / shrink
    return Estimate(p, max(0.0, centre - half), min(1.0, centre + half), total, total)


def bootstrap(
    sums: Array,
    counts: Array,
    *,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 0,
    statistic: Callable[[Array, Array], Array] = np.divide,
) -> tuple[float, float]:
    """Return the percentile interval of ``statistic(Σ sums, Σ counts)`` over redrawn tasks."""
    size = len(sums)
    if size < 2:
        return math.nan, math.nan
    random = np.random.default_rng(seed)
    found, rows = [], max(1, _AT_ONCE // size)
    for start in range(0, draws, rows):
        drawn = random.integers(0, size, size=(min(rows, draws - start), size))
        found.append(statistic(sums[drawn].sum(axis=1), counts[drawn].sum(axis=1)))
    low, high = np.quantile(np.concatenate(found), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def numbers(by_task: ByTask) -> dict[Hashable, list[float]]:
    """Return the values that are there as floats, without the tasks that have none.

    Raises:
        InvalidRequestError: A value is no number.
    """
    known = {
        task: [_number(v) for v in values if v is not None] for task, values in by_task.items()
    }
    there = {task: [v for v in values if not math.isnan(v)] for task, values in known.items()}
    return {task: values for task, values in there.items() if values}


def check_level(level: float) -> None:
    """Raise ``InvalidRequestError`` unless the level lies between 0 and 1."""
    if not 0 < level < 1:
        raise InvalidRequestError(f"level must be between 0 and 1, such as 0.95, not {level!r}.")


def _number(value: Any) -> float:
    # pandas' own missing value refuses to become a float.
    if type(value).__name__ == "NAType":
        return math.nan
    try:
        number = math.inf if isinstance(value, str) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.inf
    if math.isinf(number):
        raise InvalidRequestError(f"{value!r} is no number that has a mean.")
    return number


def _closed(
    sums: Array, counts: Array, value: float, method: Method, level: float
) -> tuple[float, float]:
    size = len(sums)
    if size < 2:
        return math.nan, math.nan
    residuals = sums - counts * value
    error = math.sqrt(size / (size - 1) * float((residuals**2).sum())) / float(counts.sum())
    upper = (1 + level) / 2
    quantile = t_quantile(upper, size - 1) if method == "t" else NormalDist().inv_cdf(upper)
    return value - quantile * error, value + quantile * error
