"""How much a judge counts beside ratings, and how far off the mean may be then. Arrays alone."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

import numpy as np

from ...score_kinds import Kind
from ..estimate import Ends
from ..intervals import normal_quantile, score_interval
from ..resampling import Array
from ..student import t_quantile
from .pairing import Pair

_LEAST_SPREAD = 0.01
"""Of a share of nothing or of all, which is worth few trials and not none."""
_HALF = 0.5
"""How much a disagreement to either side counts that is added; ``tests/benchmarks``."""


def weighed(of_rated: Array, of_others: Array, added: Array, gap: float) -> tuple[float, float]:
    """Return how much the judge counts, and the standard error of the mean with it.

    Args:
        of_rated: Of each task with a rating its part of the ratings' mean, and of the gap.
        of_others: The others' parts of the gap.
        added: What is added to the rated tasks' sums, times how many these are.
        gap: By how much the judge finds rated cells better than others.
    """
    size, more = len(of_rated), len(of_others)
    a, d = of_rated.T
    aa, ad, dd = np.array([a @ a, a @ d, d @ d]) + added * [1, -1, 1] / size
    others = float(of_others @ of_others)
    power = max(0.0, float(ad / (dd + others))) if dd + others > 0 else 0.0
    left = float(aa - 2 * power * ad + power**2 * dd) * size / (size - 2)
    of_power = left * gap**2 / (size * (dd + others)) if dd + others > 0 else 0.0
    return power, math.sqrt(left + of_power + power**2 * others * more / max(1, more - 1))


def ends_of(
    value: float,
    error: float,
    size: int,
    kind: Kind | None,
    scale: tuple[float, float] | None,
    level: float,
) -> Ends:
    """Return the interval of a mean with this error, from so many tasks with ratings."""
    if kind == "yes/no":
        return _of_share(value, error, level)
    half = t_quantile((1 + level) / 2, size - 2) * error
    low, high = scale or (-math.inf, math.inf)
    return max(low, value - half), min(high, value + half)


def _of_share(value: float, error: float, level: float) -> Ends:
    """Return Wilson's interval of as many trials as have this error."""
    share = min(1.0, max(0.0, value))
    trials = max(share * (1 - share), _LEAST_SPREAD) / error**2
    return score_interval(share, trials, normal_quantile(level))


def parts(
    rated: Sequence[Pair], others: Sequence[Pair], y: Array, f: Array, unrated: Array
) -> tuple[Array, Array]:
    """Return the parts of the ratings' mean and of the gap: of rated tasks, and of the others."""
    places: dict[Hashable, int] = {}
    for pair in (*rated, *others):
        places.setdefault(pair.task, len(places))
    of_rated = [places[pair.task] for pair in rated]
    parts, size = np.zeros((len(places), 2)), len(set(of_rated))
    np.add.at(parts[:, 0], of_rated, (y - y.mean()) / len(y))
    np.add.at(parts[:, 1], of_rated, (f - f.mean()) / len(f))
    unlike = (unrated - unrated.mean()) / len(unrated)
    np.subtract.at(parts[:, 1], [places[pair.task] for pair in others], unlike)
    return parts[:size], parts[size:, 1]


def added(y: Array, f: Array) -> Array:
    """Return the squares and the product of half a disagreement to either side, by the mean."""
    apart = y != f
    if apart.any() and not apart.all():
        return np.full(3, float(((y - f)[apart] ** 2).mean()) / 2) * _HALF / len(y)
    s, r = float(y.std(ddof=1)), float(f.std(ddof=1))
    return np.array([s * s, s * r, r * r]) * 2 * _HALF / len(y)
