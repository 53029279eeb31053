"""Two LLMs on the same tasks: how often one wins, and by how much."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Literal

import numpy as np

from .estimates import DRAWS, LEVEL, ByTask, Estimate, Method, mean, numbers, wilson


def win_rate(
    one: ByTask,
    other: ByTask,
    *,
    method: Literal["bootstrap", "wilson"] = "bootstrap",
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
        method: ``bootstrap`` over tasks as in :func:`mean`; ``wilson`` as in :func:`wilson`, each
            task a trial, which is exact in its assumptions only for one repeat without ties.
        level: Coverage of the interval.
        draws: How many resamples ``bootstrap`` takes.
        seed: What its random numbers start from.

    Raises:
        InvalidRequestError: A value is no number.

    >>> win_rate({"a": [3], "b": [2], "c": [1]}, {"a": [1], "b": [2], "c": [5]}).value
    0.5
    """
    first, second = numbers(one), numbers(other)
    wins = {task: [_wins(first[task], second[task])] for task in first if task in second}
    if method == "wilson":
        found = wilson(sum(share for (share,) in wins.values()), len(wins), level=level)
    else:
        found = mean(wins, level=level, draws=draws, seed=seed)
    return found._replace(values=_count(first, second, wins))


def paired_difference(
    one: ByTask,
    other: ByTask,
    *,
    method: Method = "bootstrap",
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 0,
) -> Estimate:
    """Estimate by how much ``one`` is above ``other`` on the same task.

    ``d = mean(one's repeats) - mean(other's repeats)`` of each task that both have values for;
    the estimate is the mean of d. Differences inside tasks leave out how hard each task is, so
    that the interval is narrower than that of two separate means. ``bootstrap`` draws tasks, as in
    :func:`mean`; ``t`` is the interval of the paired t test (Student, *The probable error of a
    mean*, Biometrika 6, 1908).

    Args:
        one: Values by task of the one.
        other: Values by task of the other.
        method: How the interval is made.
        level: Its coverage.
        draws: How many resamples ``bootstrap`` takes.
        seed: What its random numbers start from.

    Raises:
        InvalidRequestError: A value is no number.

    >>> paired_difference({"a": [3, 5], "b": [2]}, {"a": [1], "b": [4]}).value
    0.5
    """
    first, second = numbers(one), numbers(other)
    gaps = {
        task: [float(np.mean(values) - np.mean(second[task]))]
        for task, values in first.items()
        if task in second
    }
    found = mean(gaps, method=method, level=level, draws=draws, seed=seed)
    return found._replace(values=_count(first, second, gaps))


def _wins(one: list[float], other: list[float]) -> float:
    signs = np.sign(np.subtract.outer(one, other))
    return float((signs + 1).mean() / 2)


def _count(
    one: dict[Hashable, list[float]],
    other: dict[Hashable, list[float]],
    common: dict[Hashable, list[float]],
) -> int:
    return sum(len(one[task]) + len(other[task]) for task in common)
