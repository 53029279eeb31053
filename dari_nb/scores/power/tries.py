"""Tries of two columns that come out 0 or 1: their differences, and how often those show."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..intervals import HALVES, WHOLE, can_leave_out, normal_quantile
from ..resampling import Array
from ..signs import p_of_signs
from .lost import ALL, NOTHING, Lost, least_that, means_apart

Whole = NDArray[np.int64]

_RUNS = 3_000
_MOST_DRAWN = 100
"""Of more tasks it is drawn how many have each difference, not each task."""
_MOST_FLIPPED = 60
"""Where more tasks differ, their sum is as good as normal when signs are flipped."""
_FEW = 10
_CLEAR = 1.15
"""From so many normal quantiles on sign flips show it, too, unless tasks are few."""
_PARTS = 20
"""In how many the largest difference is divided to flip signs: all there are of few repeats."""
_TINY = 1e-12
_NEAR = 1e-6
_MOST_STEPS = 200


class Tries(NamedTuple):
    """How 0 and 1 come about.

    A share ``alike`` of the tasks comes out the same in all tries of a column, at the others each
    try is a coin with the column's rate. At a share of the tasks both columns are of one mind: what
    is easiest for the one is so for the other; of opposite mind where ``correlation`` is below 0.
    That share is as large as ``correlation`` takes; all tasks where it takes more than there are.

    Attributes:
        rate: What lies midway between the rates of both columns.
        alike: The correlation of two tries at a task in one column.
        correlation: That of two tries at a task in different columns (the phi of 0 and 1), or as
            much of it as there can be, see :meth:`correlated`.
        repeats: How many tries a column has at each task.
        lost: What of them the better column has no result of, where it has 0, and how many it has.
    """

    rate: float
    alike: float
    correlation: float
    repeats: int
    lost: Lost = NOTHING

    @property
    def ours(self) -> int:
        """How many tries the better column has at each task."""
        ours = self.lost.repeats or self.repeats
        is_far = math.lcm(ours, self.repeats) > _MOST_STEPS
        return max(1, round(ours / self.repeats)) * self.repeats if is_far else ours

    @property
    def steps(self) -> int:
        """How many differences there are from 0 to 1."""
        return math.lcm(self.ours, self.repeats)

    def midway(self, difference: float) -> float:
        """Return what really lies midway between the rates: so large a difference takes room."""
        return sum(means_apart(self.rate, difference)) / 2

    def correlated(self, difference: float) -> float:
        """Return the correlation that columns so far apart have: ``correlation``, if they can."""
        return min(self.correlation, self._most(difference), key=abs)

    def chances(self, difference: float, portion: float = 1.0) -> Array:
        """Return the chances of a task's differences, from -1 to 1 in so many steps to either side.

        Args:
            difference: That of the rates.
            portion: The share of the better column's tries that it has.
        """
        low, high = means_apart(self.rate, difference)
        there, less = partial(self._there, portion), self._column(low, self._coins)[::-1]
        alone = np.convolve(self._column(high, there), less)
        most = self._most(difference)
        shared = min(1.0, self.correlation / most) if most else 0.0
        together = np.zeros_like(alone)
        for share, below, above in self._minds(low, high):
            together += share * np.convolve(there(above), self._coins(below)[::-1])
        return shared * together + (1 - shared) * alone

    def _most(self, difference: float) -> float:
        """Return the correlation of columns that are of one mind at each task, or of opposite."""
        low, high = means_apart(self.rate, difference)
        spread = math.sqrt(low * (1 - low) * high * (1 - high))
        both = sum(share * below * above for share, below, above in self._minds(low, high))
        apart = both - low * high
        return apart / spread if spread > _TINY and apart * self.correlation > 0 else 0.0

    def _minds(self, low: float, high: float) -> list[tuple[float, float, float]]:
        """Return shares of tasks, from hard to easy, with the chance of each column's try."""
        columns = []
        for rate, tries in ((low, self.repeats), (high, self.ours)):
            # A single try comes out only once: a coin is no other than what comes out the same.
            alike = 1.0 if tries == 1 else self.alike
            columns.append([(alike * (1 - rate), 0.0), (1 - alike * rate, rate), (1.0, 1.0)])
        if self.correlation < 0:
            (hard, never), (easy, rate), (_, always) = columns[1]
            columns[1] = [(1 - easy, always), (1 - hard, rate), (1.0, never)]
        cuts = sorted({0.0, *(end for parts in columns for end, _ in parts)})
        minds = []
        for start, end in pairwise(cuts):
            middle = (start + end) / 2
            below, above = (
                next(chance for until, chance in parts if middle <= until) for parts in columns
            )
            minds.append((end - start, below, above))
        return minds

    def _column(self, rate: float, coins: Callable[[float], Array]) -> Array:
        chances = (1 - self.alike) * coins(rate)
        chances[0] += self.alike * (1 - rate)
        return chances + self.alike * rate * coins(1.0)

    def _coins(self, rate: float) -> Array:
        return self._in_steps(_coins(rate, self.repeats))

    def _in_steps(self, chances: Array) -> Array:
        found = np.zeros(self.steps + 1)
        found[:: self.steps // (len(chances) - 1)] = chances
        return found

    def _there(self, portion: float, rate: float) -> Array:
        """Return the chances of so many successes where only a share of the tries is there."""
        few = math.floor(self.ours * portion + _NEAR)
        more = max(0.0, self.ours * portion - few)
        found = np.zeros(self.ours + 1)
        found[: few + 1] = (1 - more) * _coins(rate, few)
        if more > _NEAR:
            found[: few + 2] += more * _coins(rate, few + 1)
        return self._in_steps(found)


def least_difference(
    of: Tries, repeats: float, tasks: int, power: float, level: float
) -> float | None:
    """Return the smallest difference of rates that shows so often; ``None`` where none does.

    What shows is what the interval of ``paired_difference`` tells from 0, upwards. Its square is as
    large as the variance of the mean difference, and that is linear in one by the number of
    repeats: where these are no whole number, it lies between those beside it.
    """
    found = partial(_least_of, tasks=tasks, power=power, level=level)
    few = math.floor(repeats)
    least = found(of._replace(repeats=few))
    most = found(of._replace(repeats=few + 1)) if repeats > few else None
    if least is None or most is None:
        return least
    way = (1 / few - 1 / repeats) * few * (few + 1)
    return math.sqrt(least**2 + way * (most**2 - least**2))


@lru_cache(maxsize=256)
def _least_of(of: Tries, tasks: int, power: float, level: float) -> float | None:
    shown = (_counted if tasks > _MOST_DRAWN else _drawn)(of, tasks, level)
    return least_that(lambda gap: shown(gap) >= power) if shown(1.0) >= power else None


def _parts(of: Tries, tasks: int, difference: float) -> Iterator[tuple[int, Array]]:
    """Return how many tasks are alike in what is lost of them, with the chances of each."""
    for kept, many in of.lost.known:
        yield many, of.chances(difference, kept)
    if rest := tasks - sum(many for _, many in of.lost.known):
        others = of.lost.others or ALL
        found = np.zeros(2 * of.steps + 1)
        for kept, share in others:
            found += share * of.chances(difference, kept)
        yield rest, found


def _drawn(of: Tries, tasks: int, level: float) -> Callable[[float], float]:
    """Return how often differences show in runs that are drawn, the same ones each time."""
    places, showing = np.random.default_rng(0).random((_RUNS, tasks)), _Showing(of, tasks, level)

    def shown(difference: float) -> float:
        gaps, start = np.empty_like(places, dtype=np.int64), 0
        for many, chances in _parts(of, tasks, difference):
            some = slice(start, start := start + many)
            gaps[:, some] = np.searchsorted(chances.cumsum()[:-1], places[:, some], side="right")
        gaps -= of.steps
        sums, squares, many = gaps.sum(axis=1), (gaps**2).sum(axis=1), (gaps != 0).sum(axis=1)
        return showing.share(sums, squares, many, gaps.__getitem__)

    return shown


def _counted(of: Tries, tasks: int, level: float) -> Callable[[float], float]:
    """Return how often differences show where it is drawn how many tasks have each."""
    steps, showing = np.arange(-of.steps, of.steps + 1), _Showing(of, tasks, level)

    def shown(difference: float) -> float:
        random, counts = np.random.default_rng(0), np.zeros((_RUNS, len(steps)), dtype=np.int64)
        for many, chances in _parts(of, tasks, difference):
            there = chances > _TINY
            counts[:, there] += random.multinomial(
                many, chances[there] / chances[there].sum(), _RUNS
            )
        drawn = np.flatnonzero(counts.any(axis=0))
        counts, gaps = counts[:, drawn], steps[drawn]
        counts[:, gaps == 0] = 0
        return showing.share(
            counts @ gaps, counts @ gaps**2, counts.sum(axis=1), lambda n: gaps.repeat(counts[n])
        )

    return shown


class _Showing:
    """Which runs the interval of ``paired_difference`` tells from 0, upwards; gaps are in steps."""

    def __init__(self, of: Tries, tasks: int, level: float) -> None:
        self._tasks, self._level = tasks, level
        self._coins = of.steps**2 * (1 / of.repeats + 1 / of.ours) / 2
        self._known: dict[bytes, bool] = {}

    def share(
        self, sums: Whole, squares: Whole, many: Whole, gaps: Callable[[int], Whole]
    ) -> float:
        """Return the share of runs that show it.

        Args:
            sums: Of the gaps of each run.
            squares: Likewise.
            many: How many of them are not 0.
            gaps: Gives those of a run.
        """
        if not can_leave_out(self._tasks, self._level):
            return 0.0
        added = min(1.0, self._tasks / WHOLE)
        size, quantile = self._tasks + added, normal_quantile(self._level)
        more = HALVES * added * self._coins
        shown = sums > quantile * np.sqrt(squares + more - sums * (sums / size))
        ratios = sums / np.sqrt(np.maximum(squares, 1)) / quantile
        shown &= (many <= _MOST_FLIPPED) | (ratios > 1)
        unclear = (many <= _MOST_FLIPPED) & ((ratios < _CLEAR) | (self._tasks < _FEW))
        for place in np.flatnonzero(shown & unclear).tolist():
            shown[place] = self._is_surer(gaps(place))
        return float(shown.mean())

    def _is_surer(self, gaps: Whole) -> bool:
        """Whether flipped signs speak against 0, too."""
        run = np.sort(gaps[gaps != 0])
        most = int(abs(run).max())
        if most > _PARTS:
            run = np.rint(run * (_PARTS / most)).astype(np.int64)
        key = run.tobytes()
        if key not in self._known:
            parts = len(run) * _PARTS
            self._known[key] = p_of_signs(run / parts, parts) < 1 - self._level
        return self._known[key]


def _coins(rate: float, tries: int) -> Array:
    """Return the chances of so many successes of coins with this rate."""
    counts = np.arange(tries + 1)
    if rate <= 0 or rate >= 1:
        return np.array(counts == round(rate) * tries, dtype=np.float64)
    ways = np.array([math.lgamma(k + 1) + math.lgamma(tries - k + 1) for k in counts.tolist()])
    logs = counts * math.log(rate) + (tries - counts) * math.log1p(-rate) - ways
    return np.array(np.exp(logs + math.lgamma(tries + 1)))
