"""How much values of a score vary: over tasks, in the repeats of a task, and with other columns."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from itertools import combinations
from statistics import fmean
from typing import NamedTuple

import numpy as np

from ..estimate import ByTask, Ends
from ..means import numbers_of, two_values
from .steps import steps_of

LEAST = 5
"""Fewer tasks tell hardly anything of how values vary."""

_ALWAYS_ALIKE = 1 - 1e-9
"""A correlation of columns that differ by rounding alone."""

_Column = Mapping[Hashable, list[float]]


class Variation(NamedTuple):
    """What is known of how values vary.

    Attributes:
        mean: Their mean.
        sd: The standard deviation of all values of a column.
        two: The two values that all are, 0 and 1 of yes and no; ``None`` where there are others.
        alike: The correlation of two repeats of a task; ``None`` where a task of a column
            has several fewer than five times.
        correlation: That of two columns' values of a task, below 0 where the one is good at what
            the other one is not; ``None`` of one column, and of columns that differ by the same at
            each task, which tell nothing of how others differ.
        tasks: On how many tasks all columns have values; where that are too few to tell anything,
            on how many one of them has.
        steps: In how many equal steps from 0 to 1 all values are, such as 4; 0 where in none.
    """

    mean: float
    sd: float
    two: Ends | None
    alike: float | None
    correlation: float | None
    tasks: int
    steps: int = 0


def variation(columns: Sequence[ByTask]) -> Variation | None:
    """Tell how values of columns vary; ``None`` of fewer than five tasks, or where none varies.

    Args:
        columns: Values by task, of one column or of several.

    Raises:
        InvalidRequestError: A value is no number.
    """
    tasks = [of for of in numbers_of(*columns) if len(of) >= LEAST]
    # Where one lacks values, the others' tell nothing of how they differ.
    common = set(tasks[0]).intersection(*tasks) if tasks else set()
    if len(common) >= LEAST:
        tasks = [{task: values for task, values in of.items() if task in common} for of in tasks]
    if all(len({value for values in of.values() for value in values}) < 2 for of in tasks):
        return None
    means = [{task: fmean(values) for task, values in of.items()} for of in tasks]
    between = fmean(float(np.var(list(of.values()), ddof=1)) for of in means)
    within = _within(tasks)
    per_value = fmean(1 / len(values) for of in tasks for values in of.values())
    own = max(0.0, between - per_value * within) if within is not None else between
    total = own + (within or 0.0)
    alike = None if within is None else own / total
    correlation = _correlation(means)
    if correlation is not None:
        correlation *= between / total
    if correlation is not None and correlation > _ALWAYS_ALIKE:
        correlation = None
    if alike is not None and correlation is not None:
        correlation = max(-alike, min(correlation, alike))
    mean = fmean(fmean(of.values()) for of in means)
    two = two_values((values for of in tasks for values in of.values()), "number")
    steps = steps_of(value for of in tasks for values in of.values() for value in values)
    return Variation(mean, total**0.5, two, alike, correlation, max(map(len, tasks)), steps)


def _within(columns: Sequence[_Column]) -> float | None:
    """Return the variance of a task's repeats; ``None`` where too few have any."""
    several = [values for of in columns for values in of.values() if len(values) > 1]
    if len(several) < LEAST:
        return None
    squares = sum(float(np.var(values)) * len(values) for values in several)
    return squares / sum(len(values) - 1 for values in several)


def _correlation(means: Sequence[Mapping[Hashable, float]]) -> float | None:
    """Return how the tasks' means of two columns go together.

    It is told by the tasks that both have, so that the difference varies as it does on these.
    """
    found = []
    for one, other in combinations(means, 2):
        common = [task for task in one if task in other]
        if len(common) >= LEAST:
            of_one, of_other = (np.array([of[task] for task in common]) for of in (one, other))
            varied = float(np.var(of_one) + np.var(of_other)) / 2
            if varied > 0:
                found.append(1 - float(np.var(of_one - of_other)) / (2 * varied))
    return fmean(found) if found else None
