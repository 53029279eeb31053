"""Shares from 0 to 1 of which some are lost: how large a difference shows with 0 in their place."""

from __future__ import annotations

import math

import numpy as np

from ..intervals import SOME
from ..resampling import Array, ratios_of_many, reach_of
from ..student import t_quantile
from .lost import ALL, Lost, least_that, means_apart
from .numbers import Numbers

_RUNS, _DRAWS = 800, 4_000
_LARGEST = (0.99, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4)
_NEAR = 0.01
_MOST_DRAWN = 100
"""Of more tasks so many are drawn, and their mean is counted to vary so much less."""


def least_share(of: Numbers, lost: Lost, tasks: int, power: float, level: float) -> float | None:
    """Return the smallest difference of shares that shows so often; ``None`` where none does.

    Tasks are drawn as normal values, with 0 for what is lost of the better column, and redrawn as
    the interval does: a few that are 0 make their differences skewed.
    """
    if tasks < 2:
        return None
    many = min(tasks, _MOST_DRAWN)
    kept, above, below = _drawn(of, lost, many, many / tasks)
    share = sum(there * each for there, each in lost.parts(tasks)) / tasks

    def shows(difference: float) -> bool:
        low, high = means_apart(of.mean, difference)
        gaps = kept * high - low + _spread(high, of.mean) * above - _spread(low, of.mean) * below
        mean = share * high - low
        centre, sd = gaps.mean(axis=1), gaps.std(axis=1, ddof=1)
        ratios = (math.sqrt(tasks) * mean + math.sqrt(many) * (centre - mean)) / sd
        reaches = _reaches(gaps - centre[:, None], tasks, level)
        return float(np.mean(ratios > reaches)) >= power

    # Where hardly anything but what is lost varies, redrawings speak against any difference.
    most = next(filter(shows, _LARGEST), None)
    return None if most is None else least_that(shows, most, _NEAR)


def _spread(mean: float, midway: float) -> float:
    """Return how much shares vary, as a part of what they do midway: near 0 and 1 they are alike.

    >>> _spread(0.5, 0.5), _spread(1.0, 0.5)
    (1.0, 0.0)
    """
    return math.sqrt(mean * (1 - mean) / (midway * (1 - midway)))


def _drawn(of: Numbers, lost: Lost, tasks: int, part: float) -> tuple[Array, Array, Array]:
    """Draw which share of the better column's values is there, and how both columns vary.

    The tasks that are drawn are this part of all.
    """
    random, shape = np.random.default_rng(0), (_RUNS, tasks)
    there, chances = zip(*(lost.others or ALL), strict=True)
    kept = random.choice(there, shape, p=chances)
    start = 0.0
    for share, each in lost.known:
        kept[:, round(start) : round(start := start + each * part)] = share
    both, ours, theirs, each = random.normal(0, of.sd, (4, *shape))
    shared = abs(of.correlation)
    both *= math.sqrt(shared)
    above = kept * (both + math.sqrt(of.alike - shared) * ours)
    above += np.sqrt(kept * (1 - of.alike) / (lost.repeats or of.repeats)) * each
    own = of.alike + (1 - of.alike) / of.repeats - shared
    return kept, above, math.copysign(1, of.correlation) * both + math.sqrt(own) * theirs


def _reaches(residuals: Array, tasks: int, level: float) -> Array | float:
    """Return how many errors the lower end of the interval lies from the mean of each run."""
    student = t_quantile((1 + level) / 2, tasks - 1)
    if tasks < SOME:
        return student
    found = ratios_of_many(residuals, _DRAWS, 0)
    redrawn: Array = np.quantile(found, (1 + level) / 2, axis=1, overwrite_input=True)
    return reach_of(redrawn, student, tasks)
