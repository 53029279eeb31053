"""How two agree, from the table of what they said: kappa, alpha, and intervals over tasks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..estimate import ONE_TASK, UNKNOWN, Ends, Estimate
from ..resampling import Array
from ..student import t_quantile

Measure = Callable[[Array], Array]
"""Takes tables of counts, ``(..., levels, levels)``, and returns a number of each."""

JACKKNIFE = "jackknife"
_WHY = "each task is left out once"
_SAME = "both are the same for every cell"


def kappa(distances: Array) -> Measure:
    """Cohen's kappa whose disagreements weigh so much; ``1 - observed / expected``."""

    def measure(tables: Array) -> Array:
        sizes = tables.sum(axis=(-2, -1))
        observed = (tables * distances).sum(axis=(-2, -1)) * sizes
        rows, columns = tables.sum(axis=-1), tables.sum(axis=-2)
        expected = np.einsum("...i,...j,ij->...", rows, columns, distances)
        return _one_minus(observed, expected)

    return measure


def alpha(distances: Array | None) -> Measure:
    """Krippendorff's alpha of two who said something of each cell; ordinal without distances."""

    def measure(tables: Array) -> Array:
        both = tables + np.swapaxes(tables, -2, -1)
        totals = both.sum(axis=-1)
        size = totals.sum(axis=-1)
        apart = _ordinal(totals) if distances is None else distances
        observed = (both * apart).sum(axis=(-2, -1)) * (size - 1)
        crossed = totals[..., :, None] * totals[..., None, :]
        return _one_minus(observed, (crossed * apart).sum(axis=(-2, -1)))

    return measure


def nominal(levels: Sequence[Any]) -> Array:
    """Return distances of 1 between whatever is not the same."""
    return 1 - np.eye(len(levels))


def powers(levels: Sequence[Any], power: int) -> Array:
    """Return distances of numbers: 1 is linear, 2 quadratic, as in interval data.

    The largest is 1, so that squares are neither nothing nor endless, however large numbers are.
    """
    values = np.array(levels, dtype=np.float64)
    apart = np.abs(values[:, None] - values[None, :])
    return np.asarray((apart / (apart.max() or 1.0)) ** power, dtype=np.float64)


def estimated(measure: Measure, tables: Array, exact: Estimate, level: float) -> Estimate:
    """Estimate what the tables of all tasks say, with an interval.

    ``1 - value`` is what they disagree, of what chance would. On its logarithm each task is left
    out once; and it reaches as far as the share of cells that they disagree on may reach, since
    few of these tell little of how they vary.

    Args:
        measure: What is estimated.
        tables: A table of counts for each task.
        exact: How often they agree, with its interval.
        level: Coverage.
    """
    total, size = tables.sum(axis=0), len(tables)
    value = float(measure(total))
    if math.isnan(value) or size < 2:
        return _without_ends(value, exact, _SAME if math.isnan(value) else ONE_TASK)
    ends = _of_share(value, total, exact)
    if value < 1:
        low, high = _left_out(value, measure(total - tables), level)
        ends = min(low, ends[0]), max(high, ends[1])
    ends = max(-1.0, ends[0]), min(1.0, ends[1])
    return Estimate.of(value, ends, size, exact.values, JACKKNIFE, _WHY)


def without_ends(found: Estimate, constant: Sequence[str]) -> Estimate:
    """Return a kappa without its interval, because these scores are constant."""
    if len(constant) > 1:
        return _without_ends(found.value, found, _SAME)
    return _without_ends(0.0, found, f"{constant[0]} is the same for every cell")


def _left_out(value: float, without: Array, level: float) -> Ends:
    """Return the interval from leaving out each task: Student's, of the logarithm."""
    there = without[np.isfinite(without)]
    size = len(there)
    if size < 2:
        return UNKNOWN
    error = math.sqrt((size - 1) / size * float(((there - there.mean()) ** 2).sum()))
    reach = math.exp(t_quantile((1 + level) / 2, size - 1) * error / (1 - value))
    return 1 - (1 - value) * reach, 1 - (1 - value) / reach


def _of_share(value: float, total: Array, exact: Estimate) -> Ends:
    """Return the ends at which they disagree on as many cells as they may at the ends of that."""
    rest = 1 - exact.value
    if rest > 0:
        of_one = (1 - value) / rest
    else:
        size = total.sum()
        of_one = 1 / (1 - float((total.sum(axis=0) * total.sum(axis=1)).sum() / size**2))
    return 1 - of_one * (1 - exact.low), 1 - of_one * (1 - exact.high)


def _without_ends(value: float, exact: Estimate, why: str) -> Estimate:
    made = Estimate(value, *UNKNOWN, exact.tasks, exact.values)
    made.why = why
    return made


def _ordinal(totals: Array) -> Array:
    """Return Krippendorff's ordinal distances, which depend on how often each level is used."""
    upto = np.cumsum(totals, axis=-1) - totals / 2
    return np.asarray((upto[..., :, None] - upto[..., None, :]) ** 2)


def _one_minus(observed: Array, expected: Array) -> Array:
    # Both are counts of pairs: as shares they would be rounded, and of nothing something was left.
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(expected > 0, 1 - observed / expected, np.nan))
