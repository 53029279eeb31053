"""Tries of two columns that come out 0 or 1: their differences, and how often those show."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..intervals import normal_quantile, of_gaps
from ..resampling import Array
from ..signs import agreeing, p_of_signs

_RUNS = 3_000
_MOST_DRAWN = 100
"""Of more tasks the normal formula tells as much as drawing them does."""
_MOST_REPEATS = 10
"""What more repeats make of it the formula tells: their runs are hardly ever alike, and dear."""
_FEW = 10
_UNCLEAR = (0.88, 1.15)
"""Between these normal quantiles sign flips are counted out, and of few tasks always."""
_HALVINGS = 40
_NEAR = 0.001
_TINY = 1e-12


class Tries(NamedTuple):
    """How 0 and 1 come about.

    A share ``alike`` of the tasks comes out the same in all tries of a column, at the others each
    try is a coin with the column's rate. At a share of the tasks both columns are of one mind: what
    is easiest for the one is so for the other. That share is as large as ``correlation`` takes; all
    tasks where it takes more than there are.

    Attributes:
        rate: What lies midway between the rates of both columns.
        alike: The correlation of two tries at a task in one column.
        correlation: That of two tries at a task in different columns (the phi of 0 and 1), or as
            much of it as there can be, see :meth:`correlated`.
        repeats: How many tries a column has at each task.
    """

    rate: float
    alike: float
    correlation: float
    repeats: int

    def rates(self, difference: float) -> tuple[float, float]:
        """Return the rates of both columns, the lower one first."""
        high = max(min(1.0, self.rate + difference / 2), difference)
        return high - difference, high

    def midway(self, difference: float) -> float:
        """Return what really lies midway between the rates: so large a difference takes room."""
        return sum(self.rates(difference)) / 2

    def correlated(self, difference: float) -> float:
        """Return the correlation that columns so far apart have: ``correlation``, if they can."""
        return min(self.correlation, self._most(difference))

    def chances(self, difference: float) -> Array:
        """Return the chances of a task's differences, from -1 to 1 in steps of one try."""
        low, high = self.rates(difference)
        alone = np.convolve(self._column(high), self._column(low)[::-1])
        most = self._most(difference)
        shared = min(1.0, self.correlation / most) if most > 0 else 0.0
        together = np.zeros_like(alone)
        for share, below, above in self._minds(low, high):
            coins = np.convolve(_coins(above, self.repeats), _coins(below, self.repeats)[::-1])
            together += share * coins
        return shared * together + (1 - shared) * alone

    def _most(self, difference: float) -> float:
        """Return the correlation of columns that are of one mind at each task."""
        low, high = self.rates(difference)
        spread = math.sqrt(low * (1 - low) * high * (1 - high))
        both = sum(share * below * above for share, below, above in self._minds(low, high))
        return max(0.0, both - low * high) / spread if spread > _TINY else 0.0

    def _minds(self, low: float, high: float) -> list[tuple[float, float, float]]:
        """Return shares of tasks, from hard to easy, with the chance of each column's try."""
        # A single try comes out only once: a coin is no other than what would come out the same.
        alike = 1.0 if self.repeats == 1 else self.alike
        ends = [(alike * (1 - rate), 1 - alike * rate) for rate in (low, high)]
        cuts = sorted({0.0, 1.0, *(end for pair in ends for end in pair)})
        minds = []
        for start, end in pairwise(cuts):
            middle = (start + end) / 2
            below, above = (
                0.0 if middle < hard else 1.0 if middle > easy else rate
                for rate, (hard, easy) in zip((low, high), ends, strict=True)
            )
            minds.append((end - start, below, above))
        return minds

    def _column(self, rate: float) -> Array:
        chances = (1 - self.alike) * _coins(rate, self.repeats)
        chances[0] += self.alike * (1 - rate)
        chances[-1] += self.alike * rate
        return chances


@lru_cache(maxsize=256)
def least_difference(of: Tries, tasks: int, power: float, level: float) -> float | None:
    """Return the smallest difference of rates that shows so often; ``None`` where none does.

    What shows is what the interval of ``paired_difference`` tells from 0, upwards.
    """
    if tasks > _MOST_DRAWN:
        return _least(_by_formula(of, tasks, level), power)
    fewer = of._replace(repeats=min(of.repeats, _MOST_REPEATS))
    found = _least(_drawn(fewer, tasks, level), power)
    if found is None or fewer == of:
        return found
    here, there = (_least(_by_formula(each, tasks, level), power) for each in (of, fewer))
    return found if here is None or there is None else found * here / there


def _least(shown: Callable[[float], float], power: float) -> float | None:
    """Return the smallest difference that shows so often."""
    low, high = 0.0, 1.0
    if shown(high) < power:
        return None
    for _ in range(_HALVINGS):
        if high - low < _NEAR * high:
            break
        middle = (low + high) / 2
        low, high = (low, middle) if shown(middle) >= power else (middle, high)
    return high


def _by_formula(of: Tries, tasks: int, level: float) -> Callable[[float], float]:
    steps = np.arange(-of.repeats, of.repeats + 1) / of.repeats
    quantile = normal_quantile(level)

    def shown(difference: float) -> float:
        square = float((of.chances(difference) * steps**2).sum())
        spread = math.sqrt(max(square - difference**2, _TINY))
        ratio = (math.sqrt(tasks) * difference - quantile * math.sqrt(square)) / spread
        return math.erfc(-ratio / math.sqrt(2)) / 2

    return shown


def _drawn(of: Tries, tasks: int, level: float) -> Callable[[float], float]:
    """Return how often differences show in runs that are drawn, the same ones each time."""
    places = np.random.default_rng(0).random((_RUNS, tasks))
    known: dict[bytes, bool] = {}

    def shown(difference: float) -> float:
        ends = of.chances(difference).cumsum()[:-1]
        gaps = np.searchsorted(ends, places, side="right") - of.repeats
        return float(_are_shown(gaps, of.repeats, level, known).mean())

    return shown


def _are_shown(
    gaps: NDArray[np.int64], repeats: int, level: float, known: dict[bytes, bool]
) -> NDArray[np.bool_]:
    sums, squares = gaps.sum(axis=1), (gaps**2).sum(axis=1)
    ratios = sums / np.sqrt(np.maximum(squares, 1)) / normal_quantile(level)
    few = gaps.shape[1] < _FEW
    low, high = (0.0, math.inf) if few else _UNCLEAR
    shown: NDArray[np.bool_] = ratios >= high
    for place in np.flatnonzero((ratios > low) & (ratios < high)):
        run = np.sort(gaps[place])
        key = run.tobytes()
        if key not in known:
            known[key] = _is_shown(run, repeats, level)
        shown[place] = known[key]
    return shown


def _is_shown(gaps: NDArray[np.int64], repeats: int, level: float) -> bool:
    shares = gaps / repeats
    ends = of_gaps(shares, 1 / repeats, level)
    return ends[0] > 0 and agreeing(ends, 0.0, p_of_signs(shares, repeats), level)[0] > 0


def _coins(rate: float, tries: int) -> Array:
    """Return the chances of so many successes of coins with this rate."""
    counts = np.arange(tries + 1)
    if rate <= 0 or rate >= 1:
        return np.array(counts == round(rate) * tries, dtype=np.float64)
    ways = np.array([math.lgamma(k + 1) + math.lgamma(tries - k + 1) for k in counts.tolist()])
    logs = counts * math.log(rate) + (tries - counts) * math.log1p(-rate) - ways
    return np.array(np.exp(logs + math.lgamma(tries + 1)))
