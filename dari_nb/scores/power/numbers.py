"""Normal differences of tasks: how large their mean has to be for its interval to leave out 0."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from ..intervals import LEVEL, SOME
from ..student import t_quantile

_POINTS = 2_000
_WIDEST = 6.0
_HALVINGS = 50


def least_mean(tasks: int, sd: float, power: float, level: float) -> float | None:
    """Return the smallest mean of normal differences that shows so often; ``None`` of one task.

    Args:
        tasks: How many differences there are.
        sd: Their standard deviation.
        power: How often it is to show.
        level: Coverage of the interval that leaves out 0 then.
    """
    if tasks < 2:
        return None
    error = sd / math.sqrt(tasks)
    return float(error * _errors(tasks - 1, power, level) * (1 + _more(tasks, power, level)))


class Numbers(NamedTuple):
    """How numbers come about.

    Attributes:
        mean: What lies midway between the means of both columns.
        sd: Their standard deviation in a column.
        alike: The correlation of two values of a task in one column.
        correlation: That of two in different columns.
        repeats: How many values a column has at each task.
        steps: In how many equal steps from 0 to 1 values are; 0 where in none.
    """

    mean: float
    sd: float
    alike: float
    correlation: float
    repeats: float
    steps: int = 0

    @property
    def variance(self) -> float:
        """The variance of a task's difference; as good as nothing where no columns ever differ."""
        share = self.alike + (1 - self.alike) / self.repeats - self.correlation
        return 2 * self.sd**2 * share


def _errors(df: int, power: float, level: float) -> float:
    """Return how many errors a mean lies from 0 that Student's t tells from it so often.

    That is ``P(Z < x - t s) = power`` with the t quantile and ``s² = χ²/df``: the noncentral t.
    """
    spread = _WIDEST / math.sqrt(2 * df)
    sizes = np.linspace(max(0.0, 1 - spread), 1 + spread, _POINTS + 1)[1:]
    logs = (df - 1) * np.log(sizes) - df * sizes**2 / 2
    weights = np.exp(logs - logs.max())
    weights /= weights.sum()
    reaches = (t_quantile((1 + level) / 2, df) * sizes).tolist()
    normal = NormalDist().cdf
    low, high = 0.0, float(max(reaches)) + _WIDEST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        seen = float(np.dot(weights, [normal(middle - reach) for reach in reaches]))
        low, high = (low, middle) if seen >= power else (middle, high)
    return high


def _more(tasks: int, power: float, level: float) -> float:
    """Return by how much of it redrawing tasks takes more than Student's t, found by drawing."""
    if tasks < SOME:
        return 0.0
    z = NormalDist().inv_cdf(power)
    farther = t_quantile((1 + level) / 2, SOME - 1) / t_quantile((1 + LEVEL) / 2, SOME - 1)
    return (0.08 + 0.02 * z + 0.02 * z**2) * math.pow(farther, 1.5) * math.pow(SOME / tasks, 3.3)
