"""Estimates with intervals: the mean over tasks, and a proportion."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from ..errors import InvalidRequestError
from ..score_kinds import LARGEST, Kind, kind_of
from ..score_values import as_one, rounding
from .checks import (
    check_drawing,
    check_kind,
    check_level,
    check_method,
    check_real,
    checked_tasks,
)
from .estimate import ALL_ALIKE, ALL_EQUAL, UNKNOWN, ByTask, Ends, Estimate
from .intervals import (
    DRAWS,
    LEVEL,
    SOME,
    Method,
    normal_quantile,
    of_means,
    of_shares,
    redrawn,
    score_interval,
)
from .resampling import Sample

ASKED_FOR = "asked for"
YES_AND_NO = "all values are 0 or 1"
OF_TWO = "all values are one of two, as 0 and 1 are"
_ODD = {
    "far": "; one task is far from all others",
    "alone": "; all tasks but one are the same",
    "": "",
}
EFFECTIVE = "wilson-effective"
"""Says that Wilson's interval is one of effective trials."""
METHODS = ("auto", "wilson", "t", "bootstrap-t", "bootstrap", "normal")


def mean(
    by_task: ByTask,
    *,
    method: Method = "auto",
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 0,
    kind: Kind | None = None,
) -> Estimate:
    """Estimate the mean over tasks, each of which counts once, with its interval.

    The answers to one task resemble each other, so the tasks are what varies freely. With ``x``
    the mean of a task's ``n`` values, the mean is ``m = Σx / G`` over G tasks: a task of which some
    repeats are missing counts as much as any other, as in :func:`paired_difference`.

    ``auto`` is ``wilson`` when all values are 0 or 1, else ``t`` below 10 tasks and
    ``bootstrap-t`` from there on; the estimate's ``method`` tells which, its ``why`` says why, and
    whether one task is so far from all others that the spread would be less than a tenth without
    it. ``wilson-effective`` is Wilson's interval where tasks have repeats.

    ``wilson`` is :func:`wilson`'s interval with each task as a trial. Repeats are worth between
    one trial a task and one a value, by how alike they are: ``G / a`` trials with
    ``a = G · se² / (m(1 - m))`` and the ``se`` below, at least ``Σ(1/n) / G`` and at most 1, which
    it also is where all tasks have the same value. It is the design effect of L. Kish, *Survey
    sampling* (1965); N. Dean and M. Pagano, *Evaluating confidence interval methods for binomial
    proportions in clustered surveys*, Journal of Survey Statistics and Methodology 3 (2015), find
    such intervals the best.

    ``t`` is ``m ± t(level; G - 1) · se`` with ``se² = Σ(x - m)² / (G (G - 1))``, the textbook
    interval of the tasks' means. Where each task has as many values it is that of all values with
    the variance that allows for clusters: K.-Y. Liang and S. L. Zeger, *Longitudinal data analysis
    using generalized linear models*, Biometrika 73 (1986), with the usual correction for few of
    them. ``normal`` has the normal quantile in place of
    Student's, which is too narrow for few tasks.

    ``bootstrap-t`` draws whole tasks with replacement, as many as there are, and allows for
    skewness by the quantiles of ``(m* - m) / se*`` of the draws: P. Hall, *Theoretical comparison
    of bootstrap confidence intervals*, Annals of Statistics 16 (1988). Here they take the place of
    Student's only where they are more than ``1 + 5 / G`` times as far out, and what they are beyond
    it is stretched by ``G / (G - 6)``, since few tasks show too little of a long tail; G is 20
    there, at least. Where more than a quarter of the tasks have one value, such as 0, it is 1.25
    times, and shrunk by 0.8. These numbers make it hold as often as the table says. Where one task
    is far from all others, redrawings without it hardly vary, and the interval could end anywhere:
    A. B. Owen, *Better bootstrap t confidence intervals for the mean* (2025). So ``se*`` counts as
    ``se / 20`` at least, which changes nothing in the table.
    ``bootstrap`` takes the ``(1 ± level) / 2`` quantiles of the draws' means, the percentile
    interval of B. Efron, *Bootstrap methods: another look at the jackknife*, Annals of Statistics 7
    (1979); it is too narrow for few tasks. The same seed gives the same interval.

    How many of all samples have a 95 % interval of ``auto`` that holds the truth, in percent,
    counted out for 0 and 1: on average over rates of success from 0.5 to 0.95, and at the rate at
    which it holds least. Repeats that are alike have a correlation of 0.3.

        tasks                        5            10            20            50
        one repeat         95.7 (91.9)   95.4 (91.4)   95.8 (92.5)   95.4 (93.5)
        three repeats      96.8 (95.0)   96.5 (95.1)   96.1 (95.3)   95.7 (94.9)
        three, alike       94.9 (91.8)   94.9 (94.0)   94.5 (93.6)   94.5 (92.7)

    Of other values it is drawn, and only from 20 tasks on near 95 for all of them: the longer the
    tail, the more tasks are needed. Repeats have the same value two times in three. Lognormal is of
    a standard normal one, beta of (0.5, 0.5); half, or 70 %, of exponential values are zero.
    Samples without an interval count as missed. Each cell is of 8,000 samples, so that what is near
    95 is right to about 0.5.

                      normal     uniform exponential   lognormal        beta  half zeros  70 % zeros
        5 x 1           94.8        93.1        88.3        82.5        93.1        80.2        68.2
        10 x 1          96.0        97.0        94.1        91.1        98.4        92.9        84.0
        20 x 1          95.3        95.4        95.4        93.2        96.5        95.9        95.0
        50 x 1          95.2        95.0        96.1        94.9        95.5        95.3        96.8
        5 x 3           95.5        94.1        90.5        86.2        93.9        86.6        78.3
        10 x 3          95.6        95.7        94.3        92.0        96.2        94.1        92.8
        20 x 3          94.9        95.1        94.2        93.0        95.5        95.1        95.6
        50 x 3          95.2        94.8        95.6        94.6        95.3        94.7        94.9

    Args:
        by_task: The values; missing ones count for nothing.
        method: How the interval is made.
        level: Its coverage.
        draws: How many resamples a bootstrap takes.
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
    return _estimated(by_task, method, level, draws, seed, kind, each_once=True)


def mean_of_cells(by_task: ByTask, *, level: float = LEVEL, kind: Kind | None = None) -> Estimate:
    """Estimate the mean of all values, in which a task counts as often as it has values.

    The interval is that of :func:`mean` with the variance that allows for clusters of unlike sizes.
    """
    return _estimated(by_task, "auto", level, DRAWS, 0, kind, each_once=False)


def _estimated(
    by_task: ByTask,
    method: Method,
    level: float,
    draws: int,
    seed: int,
    kind: Kind | None,
    *,
    each_once: bool,
) -> Estimate:
    check_level(level)
    check_method(method, METHODS)
    check_drawing(draws, seed)
    check_kind(kind)
    tasks = numbers(by_task)
    if not tasks:
        return Estimate(math.nan, math.nan, math.nan, 0, 0)
    size, values, why = len(tasks), sum(map(len, tasks.values())), ASKED_FOR
    sample, trials = sample_of(tasks.values()), float(values)
    if each_once:
        sample = sample.each_once
        trials = size**2 / sum(1 / len(of) for of in tasks.values())
    of_yes_and_no = are_yes_and_no(tasks.values(), kind)
    if method == "auto":
        are_ends = not of_yes_and_no and are_yes_and_no(tasks.values())
        method, why = (
            for_yes_and_no(size, values) if of_yes_and_no else for_numbers(sample, alone=are_ends)
        )
    if method == "wilson" and not of_yes_and_no:
        raise InvalidRequestError(
            "The method 'wilson' is for values that are all 0 or 1.", code="invalid_method"
        )
    if size < 2:
        ends = UNKNOWN
    elif method == "wilson":
        ends = of_shares(sample, trials, level)
    else:
        ends = of_means(sample, method, redrawn(sample, method, draws, seed), level)
    used = EFFECTIVE if method == "wilson" and values > size else method
    return checked_interval(Estimate.of(sample.value, ends, size, values, used, why), by_task)


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
        InvalidRequestError: The level is not between 0 and 1, or more succeeded than there are.

    >>> _, low, high, *_ = dari.scores.wilson(8, 10)
    >>> round(low, 4), round(high, 4)
    (0.4902, 0.9433)
    """
    check_level(level)
    check_real("total", total)
    check_real("successes", successes)
    if not 0 <= successes <= total:
        raise InvalidRequestError(
            f"successes must be 0 to {total!r}, not {successes!r}.", code="invalid_number"
        )
    if not total:
        return Estimate(math.nan, math.nan, math.nan, 0, 0)
    share = successes / total
    ends = score_interval(share, total, normal_quantile(level))
    return Estimate.of(share, ends, total, total, "wilson", ASKED_FOR)


def for_yes_and_no(size: int, values: int) -> tuple[Method, str]:
    """Return the method for the mean of 0 and 1, and why."""
    each = "one a task" if values <= size else "several a task"
    return "wilson", f"{YES_AND_NO}, {each}"


def for_numbers(tasks: Sample, *, alone: bool = False) -> tuple[Method, str]:
    """Return the method for the mean of anything else over tasks, and why.

    Args:
        tasks: The values.
        alone: Whether 0 and 1 are all there is, of more values that there could be.
    """
    odd = _ODD[tasks.odd_one]
    values = "0 and 1 are some of many values" if alone else "other values than 0 and 1"
    if len(tasks.sums) < SOME:
        return "t", f"{values}, fewer than {SOME} tasks{odd}"
    return "bootstrap-t", f"{values}, {SOME} tasks or more{odd}"


def checked_interval(made: Estimate, *columns: ByTask) -> Estimate:
    """Say so where an estimate lacks an interval though its tasks are not quite the same.

    Args:
        made: The mean of one column, or the difference of two.
        columns: The values that it is made of.
    """
    if made.why == ALL_EQUAL:
        exact = [{task: _exact_mean(of) for task, of in told.items()} for told in _there(*columns)]
        first, *others = exact
        seen = {
            tuple(mean - of[task] for of in others) or mean
            for task, mean in first.items()
            if all(task in of for of in others)
        }
        made.why = ALL_EQUAL if len(seen) < 2 else ALL_ALIKE
    return made


def _exact_mean(values: Sequence[float]) -> Fraction:
    """Return the mean of values as they are written, which no rounding sets off."""
    return sum(map(Fraction, map(repr, values)), Fraction()) / len(values)


def numbers(by_task: ByTask) -> dict[Hashable, list[float]]:
    """Return the values that are there as floats, without the tasks that have none.

    Raises:
        InvalidRequestError: A value is no number, or there are no values by task.
    """
    [found] = numbers_of(by_task)
    return found


def numbers_of(*columns: ByTask) -> list[dict[Hashable, list[float]]]:
    """Return the same of several columns; what only rounding tells apart is one in all of them.

    Raises:
        InvalidRequestError: A value is no number, or there are no values by task.
    """
    there = _there(*columns)
    meant = as_one(v for of in there for values in of.values() for v in values)
    return [
        {task: [meant.get(v, v) for v in values] for task, values in of.items()} for of in there
    ]


def _there(*columns: ByTask) -> list[dict[Hashable, list[float]]]:
    """Return the values that are there of each column, without the tasks that have none."""
    known = [
        {task: [number(v) for v in values if v is not None] for task, values in told.items()}
        for told in map(checked_tasks, columns)
    ]
    there = [
        {task: [v for v in values if not math.isnan(v)] for task, values in of.items()}
        for of in known
    ]
    return [{task: values for task, values in of.items() if values} for of in there]


def sample_of(tasks: Iterable[Sequence[float]]) -> Sample:
    """Return the sums and counts of the tasks' values."""
    told = list(tasks)
    pairs = [(math.fsum(values), len(values)) for values in told]
    sums, counts = np.array(pairs, dtype=np.float64).T
    return Sample(sums, counts, np.array([rounding(*values) for values in told]))


def are_yes_and_no(tasks: Iterable[Sequence[float]], kind: Kind | None = None) -> bool:
    """Whether all values are 0 or 1, and no others of the same score are anything else.

    Raises:
        InvalidRequestError: They are to be yes and no, and are not.
    """
    found = kind_of(value for values in tasks for value in values)
    if kind == "yes/no" and found not in (kind, None):
        raise InvalidRequestError(
            "The kind 'yes/no' is for values that are all 0 or 1.", code="invalid_kind"
        )
    return (kind or found) in ("yes/no", None)


def two_values(tasks: Iterable[Sequence[float]], kind: Kind | None = None) -> Ends | None:
    """Return the lower and the higher of two that all values are; ``None`` where there are others.

    Yes and no are 0 and 1, even where all say the same. Others are two where the kind is told:
    one alone does not tell the other.

    Raises:
        InvalidRequestError: They are to be yes and no, and are not.
    """
    told = list(tasks)
    if are_yes_and_no(told, kind):
        return 0.0, 1.0
    if kind is None:
        return None
    values = sorted({value for of in told for value in of})
    return (values[0], values[1]) if len(values) == 2 else None


def number(value: Any) -> float:
    """Return a value as a float; what is missing is NaN.

    Raises:
        InvalidRequestError: It is no number.
    """
    if isinstance(value, float) and abs(value) <= LARGEST:
        return float(value)
    # pandas' own missing value refuses to become a float.
    if type(value).__name__ == "NAType":
        return math.nan
    try:
        number = math.inf if isinstance(value, str) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.inf
    if abs(number) > LARGEST:
        beyond = "" if math.isinf(number) else f": it is beyond {LARGEST:g}"
        raise InvalidRequestError(
            f"{value!r} is no number that has a mean{beyond}.", code="invalid_values"
        )
    return number
