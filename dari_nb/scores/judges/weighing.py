"""How much a judge counts beside ratings, and how far off the mean may be then. Arrays alone."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...score_kinds import Kind
from ..estimate import Ends
from ..intervals import normal_quantile, score_interval
from ..resampling import Array
from ..student import t_quantile
from .pairing import Pair

_LEAST_SPREAD = 0.01
"""Of a share of nothing or of all, which is worth few trials and not none."""
_SEEN = 1 / 3
"""How much a disagreement to either side counts that is added; ``tests/benchmarks``."""
_UNSEEN = 3 / 4
"""How much it counts where none is seen."""


class Spread(NamedTuple):
    """How much the gap between rated cells and others varies, by all that the judge says.

    Attributes:
        all: Its variance.
        others: The part of it that is of tasks without a rating.
    """

    all: float
    others: float


def weighed(of_rated: Array, spread: Spread, added: Array, gap: float) -> tuple[float, float]:
    """Return how much the judge counts, and the standard error of the mean with it.

    Args:
        of_rated: Of each task with a rating its part of the ratings' mean, and of the gap.
        spread: How much the gap varies.
        added: What is added to the rated tasks' sums, times how many these are.
        gap: By how much the judge finds rated cells better than others.
    """
    size = len(of_rated)
    a, d = of_rated.T
    aa, ad, dd = np.array([a @ a, a @ d, d @ d]) + added * [1, -1, 1] / size
    power = max(0.0, float(ad / spread.all)) if spread.all > 0 else 0.0
    left = float(aa - 2 * power * ad + power**2 * dd) * size / (size - 2)
    of_power = left * gap**2 / (size * spread.all) if spread.all > 0 else 0.0
    return power, math.sqrt(left + of_power + power**2 * spread.others)


def ends_of(
    value: float,
    error: float,
    size: int,
    kind: Kind | None,
    level: float,
) -> Ends:
    """Return the interval of a mean with this error, from so many tasks with ratings."""
    if kind == "yes/no":
        return _of_share(value, error, level)
    half = t_quantile((1 + level) / 2, size - 2) * error
    return value - half, value + half


def _of_share(value: float, error: float, level: float) -> Ends:
    """Return Wilson's interval of as many trials as have this error."""
    share = min(1.0, max(0.0, value))
    trials = max(share * (1 - share), _LEAST_SPREAD) / error**2
    return score_interval(share, trials, normal_quantile(level))


def parts(
    rated: Sequence[Pair], others: Sequence[Pair], y: Array, f: Array, unrated: Array
) -> tuple[Array, Spread]:
    """Return the rated tasks' parts of the ratings' mean and of the gap, and how this varies."""
    places: dict[Hashable, int] = {}
    of_cells = [places.setdefault(pair.task, len(places)) for pair in (*rated, *others)]
    size, tasks = len(set(of_cells[: len(rated)])), len(places)
    off = np.concatenate([_off(f), _off(unrated)])
    weights = np.repeat([1 / len(f), -1 / len(unrated)], [len(f), len(unrated)])

    def sums(values: Array) -> Array:
        return np.bincount(of_cells, values, tasks).astype(np.float64)

    of_ratings = np.concatenate([_off(y) / len(y), np.zeros(len(unrated))])
    found = np.stack([sums(of_ratings), sums(weights * off)], axis=1)[:size]
    pairs = float((sums(np.ones(len(off))) ** 2).sum()) - len(off)
    variance = float(off @ off) / (len(off) - 2)
    common = float((sums(off) ** 2).sum() - off @ off) / pairs if pairs else 0.0
    common = min(max(0.0, common), variance)
    squares = (variance - common) * sums(weights**2) + common * sums(weights) ** 2
    return found, Spread(float(squares.sum()), float(squares[size:].sum()))


def added(y: Array, f: Array, is_judged: NDArray[np.bool_]) -> Array:
    """Return the squares and the product of what is added to either side, by the mean.

    Args:
        y: The ratings.
        f: What stands for each of them by the judge.
        is_judged: Which of these the judge itself has said: only there it can disagree.
    """
    apart = is_judged & (y != f)
    if apart.any() and (apart != is_judged).any():
        return np.full(3, _SEEN * float(((y - f)[apart] ** 2).mean()) / 2 / len(y))
    s, r = float(y.std(ddof=1)), float(f.std(ddof=1))
    return np.array([s * s, s * r, r * r]) * 2 * _UNSEEN / len(y)


def _off(values: Array) -> Array:
    """Return how far values lie from their mean; of equal ones nothing, without rounding."""
    return values - values.mean() if np.ptp(values) else np.zeros(len(values))
