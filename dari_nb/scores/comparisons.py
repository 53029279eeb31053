"""Two LLMs on the same tasks: how often one wins, and by how much."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Literal

import numpy as np

from ..errors import InvalidRequestError
from ..score_kinds import Kind
from .estimates import ByTask, Estimate, are_yes_and_no, mean, numbers, wilson
from .intervals import (
    DRAWS,
    LEVEL,
    UNKNOWN,
    Array,
    Method,
    check_level,
    check_method,
    for_means,
    of_gaps,
)

GAP_METHODS = ("auto", "agresti-min", "t", "bootstrap", "normal")
WIN_METHODS = ("auto", "wilson", "bootstrap")


def win_rate(
    one: ByTask,
    other: ByTask,
    *,
    method: Literal["auto", "wilson", "bootstrap"] = "auto",
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 0,
) -> Estimate:
    """Estimate how often ``one`` does better than ``other`` on a task; a tie is half a win.

    Repeats of a task have no order, so each of the one's is compared with each of the other's:
    ``w = (wins + ties / 2) / pairs``, which is U / (n · m) of H. B. Mann and D. R. Whitney,
    *On a test of whether one of two random variables is stochastically larger than the other*,
    Annals of Mathematical Statistics 18 (1947). The estimate is the mean of w over the tasks that
    both have values for. Higher values are better: negate what should be small.

    Args:
        one: Values by task of the one.
        other: Values by task of the other.
        method: ``wilson`` as in :func:`wilson`, each task a trial: right for one repeat without
            ties, and on the safe side for repeats and ties; ``bootstrap`` over tasks as in
            :func:`mean`. ``auto`` is ``wilson`` for two tasks or more.
        level: Coverage of the interval.
        draws: How many resamples ``bootstrap`` takes.
        seed: What its random numbers start from.

    Raises:
        InvalidRequestError: A value is no number, or there is no such method.

    >>> ours, theirs = {"a": [3], "b": [2], "c": [1]}, {"a": [1], "b": [2], "c": [5]}
    >>> dari.scores.win_rate(ours, theirs).value
    0.5
    """
    check_method(method, WIN_METHODS)
    first, second = numbers(one), numbers(other)
    wins = {task: [_wins(first[task], second[task])] for task in first if task in second}
    if method == "bootstrap" or (method == "auto" and len(wins) < 2):
        found = mean(wins, method="bootstrap", level=level, draws=draws, seed=seed)
    else:
        found = wilson(sum(share for (share,) in wins.values()), len(wins), level=level)
    return _counted(found, first, second, wins)


def paired_difference(
    one: ByTask,
    other: ByTask,
    *,
    method: Method = "auto",
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 0,
    kind: Kind | None = None,
) -> Estimate:
    """Estimate by how much ``one`` is above ``other`` on the same task.

    ``d = mean(one's repeats) - mean(other's repeats)`` of each task that both have values for;
    the estimate is the mean of d. Differences inside tasks leave out how hard each task is, so
    that the interval is narrower than that of two separate means.

    ``auto`` is ``agresti-min`` when all values are 0 or 1, else ``t`` below 50 tasks and
    ``bootstrap`` from there on. ``agresti-min`` adds two tasks that speak for neither side, and
    has Student's quantile in place of the normal one: A. Agresti and Y. Min, *Simple improved
    confidence intervals for comparing matched proportions*, Statistics in Medicine 24 (2005).
    ``t`` is the interval of the paired t test (Student, *The probable error of a mean*,
    Biometrika 6, 1908); ``bootstrap`` draws tasks, as in :func:`mean`.

    Args:
        one: Values by task of the one.
        other: Values by task of the other.
        method: How the interval is made.
        level: Its coverage.
        draws: How many resamples ``bootstrap`` takes.
        seed: What its random numbers start from.
        kind: What the score is, as in :func:`mean`.

    Raises:
        InvalidRequestError: A value is no number, there is no such method, or it does not fit the
            values.

    >>> dari.scores.paired_difference({"a": [3, 5], "b": [2]}, {"a": [1], "b": [4]}).value
    0.5
    """
    check_level(level)
    check_method(method, GAP_METHODS)
    first, second = numbers(one), numbers(other)
    gaps = {
        task: [float(np.mean(values) - np.mean(second[task]))]
        for task, values in first.items()
        if task in second
    }
    of_yes_and_no = are_yes_and_no(
        (values[task] for values in (first, second) for task in gaps), kind
    )
    if method == "auto":
        method = "agresti-min" if of_yes_and_no else for_means(len(gaps))
    if method == "agresti-min" and not of_yes_and_no:
        raise InvalidRequestError("The method 'agresti-min' is for values that are all 0 or 1.")
    if method == "agresti-min":
        found = _matched(np.array([gap for (gap,) in gaps.values()], dtype=np.float64), level)
    else:
        found = mean(gaps, method=method, level=level, draws=draws, seed=seed)
    return _counted(found, first, second, gaps)


def _wins(one: list[float], other: list[float]) -> float:
    signs = np.sign(np.subtract.outer(one, other))
    return float((signs + 1).mean() / 2)


def _matched(gaps: Array, level: float) -> Estimate:
    value = float(gaps.mean()) if len(gaps) else math.nan
    ends = of_gaps(gaps, level) if len(gaps) > 1 else UNKNOWN
    return Estimate.of(value, ends, len(gaps), len(gaps), "agresti-min")


def _counted(
    found: Estimate,
    one: dict[Hashable, list[float]],
    other: dict[Hashable, list[float]],
    common: dict[Hashable, list[float]],
) -> Estimate:
    return found._replace(values=sum(len(one[task]) + len(other[task]) for task in common))
