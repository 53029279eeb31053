"""Intervals of means from tasks that are drawn again: percentiles, and Student's ratio."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .estimate import Ends
from .student import t_quantile, t_tails

Array = NDArray[np.float64]

_AT_ONCE = 2_000_000
_NOTHING = 1e-12
_LEAST = 0.05
_HALVINGS = 16
_ROUNDING = 1e-9
_UNCLEAR = 5
_FEW = 20
_UNSEEN = 6
_TIED = 0.25
_SHRUNK = 0.8
"""With these the interval by ratios holds as often as it says; `tests/benchmarks/coverage.py`."""
_FAR = 10
_SOME = 3


class Sample(NamedTuple):
    """Tasks with the sums and the counts of their values, and how far roundings may set means off.

    That is told of each task: of values near 1 a difference of 1e-16 is nothing, of smaller ones it
    may be all there is.
    """

    sums: Array
    counts: Array
    roundings: Array

    @property
    def each_once(self) -> Sample:
        """The same where each task counts once, with the mean of its values."""
        return Sample(self.sums / self.counts, np.ones_like(self.sums), self.roundings)

    @property
    def value(self) -> float:
        """The mean, in which each task counts as often as its count."""
        return float(self.sums.sum() / self.counts.sum())

    @property
    def residuals(self) -> Array:
        """How far each task's sum is from what the mean would make it."""
        return self.sums - self.counts * self.value

    @property
    def error(self) -> float:
        """The standard error of the mean that allows for tasks as clusters."""
        size = len(self.sums)
        squares = size / (size - 1) * float((self.residuals**2).sum())
        return math.sqrt(squares) / float(self.counts.sum())

    @property
    def is_constant(self) -> bool:
        """Whether all tasks have the same mean, which does not tell how much others would vary."""
        return are_one(self.sums / self.counts, self.roundings)

    @property
    def odd_one(self) -> Literal["far", "alone", ""]:
        """How one task makes the spread: all others are close together, or all the same.

        They are close where without that task the spread is less than a tenth of what it is.
        """
        values, size = self.sums / self.counts, len(self.sums)
        if size < _SOME or self.is_constant:
            return ""
        odd = int(np.argmax(abs(values - np.median(values))))
        rest = np.delete(values, odd)
        if are_one(rest, np.delete(self.roundings, odd)):
            return "alone"
        return "far" if _FAR * np.std(rest, ddof=1) < np.std(values, ddof=1) else ""

    @property
    def is_tied(self) -> bool:
        """Whether many tasks have the same mean, as where a score is mostly 0."""
        return bool(are_tied(self.sums / self.counts))


def are_tied(values: Array) -> NDArray[np.bool_]:
    """Whether many of the last axis' values are the same."""
    size = values.shape[-1]
    more, told = int(_TIED * size), np.sort(values)
    found: NDArray[np.bool_] = (told[..., more:] == told[..., : size - more]).any(axis=-1)
    return found


def are_one(values: Array, roundings: Array) -> bool:
    """Whether all values may be the same but for their roundings."""
    return float((values - roundings).max()) <= float((values + roundings).min())


def percentiles(means: Array, level: float) -> Ends:
    """Return the percentile interval of the mean from those of redrawn tasks."""
    low, high = np.quantile(means, _tails(level))
    return float(low), float(high)


def share_beyond(means: Array) -> float:
    """Return the least level's complement at which the percentile interval leaves out 0."""
    return _two_sided(int((means <= 0).sum()), int((means >= 0).sum()), len(means))


def ratios(sample: Sample, draws: int, seed: int) -> Array:
    """Return Student's ratios of redrawings, sorted: distances from the mean in their own errors.

    Redrawings that hold one value only have no error and are left out. Those that hardly vary, as
    where they miss the one task that is far off, have a part of the sample's at least.
    """
    size, residuals, equal = len(sample.sums), sample.residuals, np.ptp(sample.counts) == 0
    scale, spread, found = size / (size - 1), float((residuals**2).sum()), []
    for drawn in _drawn(size, draws, seed):
        rest = residuals[drawn]
        total, squares = rest.sum(axis=1), np.einsum("ij,ij->i", rest, rest)
        if equal:
            squares -= total**2 / size
        else:
            counts = sample.counts[drawn]
            off = total / counts.sum(axis=1)
            squares += off**2 * np.einsum("ij,ij->i", counts, counts)
            squares -= 2 * off * np.einsum("ij,ij->i", rest, counts)
        there, told = squares > _NOTHING * spread, np.maximum(squares, _LEAST**2 * spread)
        found.append(total[there] / np.sqrt(scale * told[there]))
    return np.sort(np.concatenate(found))


def by_ratios(sample: Sample, found: Array, level: float) -> Ends:
    """Return the interval that Student's ratios of redrawings speak for.

    At either side it ends where Student's does, or where their quantile is clearly beyond that,
    farther by what so many tasks show too little of a tail, or less far where many tasks have the
    same value, since drawings with few others have errors that are too small.
    """
    size, value, error = len(sample.sums), sample.value, sample.error
    student, tail = t_quantile((1 + level) / 2, size - 1), (1 - level) / 2
    redrawn = np.array([_quantile(found, 1 - tail), -_quantile(found, tail)])
    below, above = reach_of(redrawn, student, size, is_tied=sample.is_tied).tolist()
    return value - below * error, value + above * error


def reach_of(
    redrawn: Array, student: float, size: int, *, is_tied: bool | NDArray[np.bool_] = False
) -> Array:
    """Return how many errors an interval reaches, by what redrawings of so many tasks tell.

    Args:
        redrawn: How many errors their quantiles lie from the mean.
        student: How many Student's does.
        size: How many tasks there are.
        is_tied: Whether many of these have the same value.
    """
    many = max(size, _FEW)
    clear = student * (1 + _UNCLEAR / np.where(is_tied, _FEW, many))
    stretch = np.where(is_tied, _SHRUNK, many / (many - _UNSEEN))
    return np.where(redrawn > clear, student + (redrawn - student) * stretch, student)


def beyond_ratios(sample: Sample, found: Array) -> float:
    """Return the least level's complement at which the interval by ratios leaves out 0.

    It is never less than so many redrawings can tell.
    """
    of_student = t_tails(sample.value / sample.error, len(sample.sums) - 1)
    least, most = max(of_student, 2 / (len(found) + 1)), 1.0
    tried = min(1.0, least * (1 + _ROUNDING))
    for _ in range(_HALVINGS):
        low, high = by_ratios(sample, found, 1 - tried)
        if low > 0 or high < 0:
            most = tried
        else:
            least = tried
        if most <= least * (1 + 2 * _ROUNDING):
            break
        tried = math.sqrt(least * most)
    return least if most <= least * (1 + 2 * _ROUNDING) else most


def _quantile(found: Array, share: float) -> float:
    """Return a quantile of what is sorted, as ``numpy.quantile`` does; 0 of less than two."""
    if len(found) < 2:
        return 0.0
    place = share * (len(found) - 1)
    before = min(int(place), len(found) - 2)
    low, high = float(found[before]), float(found[before + 1])
    return low + (high - low) * (place - before)


def redrawn_means(sample: Sample, draws: int, seed: int) -> Array:
    """Return the means of redrawings."""
    found = [
        sample.sums[drawn].sum(axis=1) / sample.counts[drawn].sum(axis=1)
        for drawn in _drawn(len(sample.sums), draws, seed)
    ]
    return np.concatenate(found)


def _drawn(size: int, draws: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Draw as many tasks as there are, again and again, with never too many in memory."""
    random, rows = np.random.default_rng(seed), max(1, _AT_ONCE // size)
    for start in range(0, draws, rows):
        yield random.integers(0, size, size=(min(rows, draws - start), size))


def _tails(level: float) -> list[float]:
    return [(1 - level) / 2, (1 + level) / 2]


def _two_sided(below: int, above: int, of: int) -> float:
    return min(1.0, 2 * (min(below, above) + 1) / (of + 1))
