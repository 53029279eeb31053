"""Estimates with intervals: the mean over tasks, and a proportion."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np

from ..errors import InvalidRequestError
from ..score_kinds import Kind, kind_of
from .intervals import (
    DRAWS,
    LEVEL,
    UNKNOWN,
    Ends,
    Method,
    Sample,
    check_level,
    check_method,
    for_means,
    of_means,
    of_shares,
    score_interval,
)

ByTask = Mapping[Hashable, Sequence[Any]]
"""The values of each task's repeats: numbers or yes and no; ``None`` and NaN are missing."""

EFFECTIVE = "wilson-effective"
"""Says that Wilson's interval is one of effective trials, with Student's quantile."""
METHODS = ("auto", "wilson", "t", "bootstrap", "normal")


class _Numbers(NamedTuple):
    value: float
    low: float
    high: float
    tasks: int
    values: int


class Estimate(_Numbers):
    """A number with its interval.

    Attributes:
        value: The estimate; NaN when there is nothing to estimate it from.
        low: Lower end of the interval; NaN when the tasks cannot tell: there is one only, or all
            have the same value and nothing bounds what another could have.
        high: Upper end of the interval.
        tasks: How many tasks it comes from.
        values: How many values it comes from.
        method: How the interval was made; ``none`` when there is none.

    >>> found = dari.scores.mean({"a": [1, 0], "b": [1, 1]})
    >>> found.value, found.tasks, found.values
    (0.75, 2, 4)
    """

    method: str = "none"

    @classmethod
    def of(cls, value: float, ends: Ends, tasks: int, values: int, method: str) -> Estimate:
        """Make an estimate that knows its method."""
        made = cls(value, *ends, tasks, values)
        made.method = "none" if math.isnan(ends[0]) else method
        return made

    def _replace(self, **changed: Any) -> Estimate:
        made: Estimate = super()._replace(**changed)
        made.method = self.method
        return made

    def __repr__(self) -> str:
        numbers = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._fields)
        return f"Estimate({numbers}, method={self.method!r})"


def mean(
    by_task: ByTask,
    *,
    method: Method = "auto",
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 0,
    kind: Kind | None = None,
) -> Estimate:
    """Estimate the mean of all values, with an interval that knows that repeats go together.

    The answers to one task resemble each other, so the tasks are what varies freely. With
    ``s`` the sum and ``n`` the count of a task's values, the mean is ``m = Σs / Σn``.

    ``auto`` is ``wilson`` when all values are 0 or 1, else ``t`` below 50 tasks and ``bootstrap``
    from there on; the estimate's ``method`` tells which, and ``wilson-effective`` where repeats
    make Wilson's interval one of effective trials with Student's quantile.

    ``wilson`` is :func:`wilson`'s interval with each task as a trial. Repeats are worth between
    one trial a task and one a value, by how alike they are: ``G / a`` trials with
    ``a = G · se² / (m(1 - m))`` and the ``se`` below, averaged over the G - 1 degrees of freedom
    and two more for which it is 1. Student's quantile stands in place of the normal one, because
    ``a`` is estimated: after N. Dean and M. Pagano, *Evaluating confidence interval methods for
    binomial proportions in clustered surveys*, Journal of Survey Statistics and Methodology 3
    (2015).

    ``t`` is ``m ± t(level; G - 1) · se`` with the variance that allows for clusters,
    ``se² = (G / (G - 1)) · Σ_tasks (s - n · m)² / N²`` for G tasks and N
    values: K.-Y. Liang and S. L. Zeger, *Longitudinal data analysis using generalized linear
    models*, Biometrika 73 (1986), with the usual correction for few clusters. With one value a
    task it is the textbook interval of a mean. ``normal`` has the normal quantile in place of
    Student's, which is too narrow for few tasks.

    ``bootstrap`` draws whole tasks with replacement, as many as there are, and takes the
    ``(1 ± level) / 2`` quantiles of the means of the draws: the percentile interval of B. Efron,
    *Bootstrap methods: another look at the jackknife*, Annals of Statistics 7 (1979), with tasks
    as clusters. The same seed gives the same interval. It is too narrow for few tasks.

    Args:
        by_task: The values; missing ones count for nothing.
        method: How the interval is made.
        level: Its coverage.
        draws: How many resamples ``bootstrap`` takes.
        seed: What its random numbers start from.
        kind: What the score is where these are a part of its values only: 1s alone may be yes, or
            numbers among which there is a 7 elsewhere. Told by these values when left out.

    Raises:
        InvalidRequestError: A value is no number, the level is not between 0 and 1, there is no
            such method, or it does not fit the values.

    >>> tasks = {"a": [1], "b": [1], "c": [0], "d": [1]}
    >>> found = dari.scores.mean(tasks)
    >>> found.value, round(found.low, 3), round(found.high, 3), found.method
    (0.75, 0.301, 0.954, 'wilson')
    """
    check_level(level)
    check_method(method, METHODS)
    tasks = numbers(by_task)
    if not tasks:
        return Estimate(math.nan, math.nan, math.nan, 0, 0)
    sample, size = sample_of(tasks.values()), len(tasks)
    of_yes_and_no = are_yes_and_no(tasks.values(), kind)
    if method == "auto":
        method = "wilson" if of_yes_and_no else for_means(size)
    if method == "wilson" and not of_yes_and_no:
        raise InvalidRequestError("The method 'wilson' is for values that are all 0 or 1.")
    values, used = int(sample.counts.sum()), str(method)
    if size < 2:
        ends = UNKNOWN
    elif method == "wilson":
        ends = of_shares(sample, values, level)
        used = "wilson" if values <= size else EFFECTIVE
    else:
        ends = of_means(sample, method, level=level, draws=draws, seed=seed)
    return Estimate.of(sample.value, ends, size, values, used)


def wilson(successes: float, total: int, *, level: float = LEVEL) -> Estimate:
    """Estimate a proportion with its score interval, which holds for few trials as well.

    ``(p + z²/2n ± z · sqrt(p(1 - p)/n + z²/4n²)) / (1 + z²/n)`` with the normal quantile z:
    E. B. Wilson, *Probable inference, the law of succession, and statistical inference*, Journal
    of the American Statistical Association 22 (1927).

    Args:
        successes: How many, halves allowed.
        total: Of how many independent trials.
        level: Coverage of the interval.

    Raises:
        InvalidRequestError: The level is not between 0 and 1.

    >>> _, low, high, *_ = dari.scores.wilson(8, 10)
    >>> round(low, 4), round(high, 4)
    (0.4902, 0.9433)
    """
    check_level(level)
    if not total:
        return Estimate(math.nan, math.nan, math.nan, 0, 0)
    share, quantile = successes / total, NormalDist().inv_cdf((1 + level) / 2)
    return Estimate.of(share, score_interval(share, total, quantile), total, total, "wilson")


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


def sample_of(tasks: Iterable[Sequence[float]]) -> Sample:
    """Return the sums and counts of the tasks' values."""
    pairs = [(sum(values), len(values)) for values in tasks]
    sums, counts = zip(*pairs, strict=True)
    return Sample(np.array(sums, dtype=np.float64), np.array(counts, dtype=np.float64))


def are_yes_and_no(tasks: Iterable[Sequence[float]], kind: Kind | None = None) -> bool:
    """Whether all values are 0 or 1, and no others of the same score are anything else."""
    return (kind or kind_of(value for values in tasks for value in values)) in ("yes/no", None)


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
