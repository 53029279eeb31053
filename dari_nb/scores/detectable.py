"""The smallest difference between two columns that so many tasks are likely to show."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean, variance
from typing import Any

from ..errors import InvalidRequestError
from ..score_kinds import LARGEST
from .checks import check_level, check_whole, is_real
from .intervals import LEVEL
from .student import t_quantile

POWER = 0.8
RATE, ALIKE, CORRELATION = 0.5, 0.5, 0.3
"""Assumed share of 1, correlation of a task's repeats, and correlation of two columns."""
_LEAST = 5
"""Fewer tasks give no usable estimate of a variance."""


@dataclass(frozen=True)
class Detectable:
    """The smallest difference that a comparison can show.

    Attributes:
        difference: Difference of the means; ``None`` if the tasks can show none.
        tasks: Number of tasks.
        repeats: Number of values of each column on each task.
        sd: Standard deviation of the tasks' differences.
        is_assumed: Whether ``sd`` is assumed, for values of 0 and 1.
        power: Probability that the difference is seen.
        level: Coverage of the interval that has to leave out 0.

    >>> print(dari.scores.detectable(3))
    3 tasks x 1 can show no difference, however large (power 80 %; assumed: ...): give more tasks
    """

    difference: float | None
    tasks: int
    repeats: int
    sd: float
    is_assumed: bool
    power: float
    level: float

    def __str__(self) -> str:
        tasks = "1 task" if self.tasks == 1 else f"{self.tasks:,} tasks"
        return f"{tasks} x {self.repeats} can show {self.found}"

    @property
    def found(self) -> str:
        """The difference, the power and the assumption, as text."""
        by = f"differences with an SD of {self.sd:.2g}"
        if self.is_assumed:
            by = (
                f"assumed: 0 or 1, rate {RATE:g}, "
                f"correlation {ALIKE:g} of repeats and {CORRELATION:g} of columns"
            )
        given = f"(power {100 * self.power:g} %; {by})"
        if self.difference is None:
            return f"no difference, however large {given}: give more tasks"
        return f"a difference of {self.difference:.2g} or more {given}"


def detectable(
    tasks: int,
    repeats: int = 1,
    *,
    power: float = POWER,
    level: float = LEVEL,
    comparisons: int = 1,
    sd_of_differences: float | None = None,
    largest: float | None = None,
) -> Detectable:
    """Return the smallest difference of two columns that so many tasks can show.

    It is that of a paired, two-sided t test over tasks:
    ``(t(1 - alpha / 2) + t(power)) * sd / sqrt(tasks)``, with ``tasks - 1`` degrees of freedom.
    Without ``sd_of_differences``, values are assumed to be 0 or 1, half of them 1, with a
    correlation of 0.5 between repeats of a task and of 0.3 between columns:
    ``sd² = 2 * 0.25 * (0.5 + 0.5 / repeats - 0.3)``.

    Args:
        tasks: Number of tasks that both columns have a value on.
        repeats: Number of values of each column on each task.
        power: Probability that the difference is seen.
        level: Coverage of the interval; alpha is ``1 - level``.
        comparisons: Number of differences that hold together (Bonferroni).
        sd_of_differences: Standard deviation of the tasks' differences, with as many repeats.
        largest: Largest difference that is possible, such as 4 for ratings from 1 to 5; 1 if
            values are assumed.

    Returns:
        The difference, and what it is computed from.

    Raises:
        InvalidRequestError: A number is out of range.

    >>> print(dari.scores.detectable(20, 3))
    20 tasks x 3 can show a difference of 0.28 or more (power 80 %; assumed: 0 or 1, ...)
    >>> print(dari.scores.detectable(20, sd_of_differences=1.5))
    20 tasks x 1 can show a difference of 0.99 or more (power 80 %; differences with an SD of 1.5)
    """
    for name, count in (("tasks", tasks), ("repeats", repeats), ("comparisons", comparisons)):
        check_whole(name, count, 1)
    check_level(level)
    level = 1 - (1 - level) / comparisons
    if not (is_real(power) and 1 - level < power < 1):
        raise InvalidRequestError(
            f"power must be between {1 - level:g} and 1, got {power!r}.", code="invalid_number"
        )
    _check_positive("sd_of_differences", sd_of_differences)
    _check_positive("largest", largest)
    sd, is_assumed = sd_of_differences, sd_of_differences is None
    if sd is None:
        shared = ALIKE + (1 - ALIKE) / repeats - CORRELATION
        sd, largest = math.sqrt(2 * RATE * (1 - RATE) * shared), largest or 1.0
    difference = None
    if tasks > 1:
        quantiles = t_quantile((1 + level) / 2, tasks - 1) + t_quantile(power, tasks - 1)
        difference = quantiles * sd / math.sqrt(tasks)
    if difference is not None and largest is not None and difference > largest:
        difference = None
    return Detectable(difference, tasks, repeats, sd, is_assumed, power, level)


def sd_of_differences(columns: Iterable[Mapping[Any, Sequence[float]]]) -> float | None:
    """Return the pooled SD of the differences of all pairs of columns.

    Args:
        columns: Values by task, for each column.

    Returns:
        The SD; ``None`` if no pair has five common tasks, or if no difference varies.
    """
    means = [{task: fmean(values) for task, values in of.items()} for of in columns]
    pairs = [[a[task] - b[task] for task in a if task in b] for a, b in combinations(means, 2)]
    enough = [gaps for gaps in pairs if len(gaps) >= _LEAST]
    if not enough:
        return None
    squares = sum((len(gaps) - 1) * variance(gaps) for gaps in enough)
    sd = math.sqrt(squares / sum(len(gaps) - 1 for gaps in enough))
    return None if math.isclose(sd, 0.0, abs_tol=1e-9) else sd


def _check_positive(name: str, number: Any) -> None:
    if number is not None and not (is_real(number) and 0 < number <= LARGEST):
        raise InvalidRequestError(
            f"{name} must be a positive number, got {number!r}.", code="invalid_number"
        )
