"""Shares from 0 to 1 of which some are lost: how large a difference shows with 0 in their place."""

from __future__ import annotations

import math

import numpy as np

from ..intervals import SOME, normal_quantile
from ..resampling import Array, reach_of
from ..student import t_quantile
from .lost import Lost, least_that, means_apart
from .numbers import Numbers

_RUNS = 2_000
_MOST_DRAWN = 200
"""Of more tasks so many are drawn, and their mean is counted to vary so much less."""


def least_share(of: Numbers, lost: Lost, tasks: int, power: float, level: float) -> float | None:
    """Return the smallest difference of shares that shows so often; ``None`` where none does.

    Tasks are drawn as normal values, with 0 for what is lost of the better column. That makes their
    differences skewed; what redrawings of them would tell is taken from how skewed they are.
    """
    if tasks < 2:
        return None
    many = min(tasks, _MOST_DRAWN)
    kept, spread = _drawn(of, lost._replace(tasks=round(lost.tasks * many / tasks)), many)
    share = (1 - lost.tasks / tasks) * (1 - lost.chance) * (1 - lost.tries)

    def shows(difference: float) -> bool:
        low, high = means_apart(of.mean, difference)
        gaps, mean = spread + kept * high - low, share * high - low
        centre, sd = gaps.mean(axis=1), gaps.std(axis=1, ddof=1)
        skew = ((gaps - centre[:, None]) ** 3).mean(axis=1) / sd**3
        ratios = (math.sqrt(tasks) * mean + math.sqrt(many) * (centre - mean)) / sd
        return float(np.mean(ratios > _reaches(skew, tasks, level))) >= power

    return least_that(shows)


def _drawn(of: Numbers, lost: Lost, tasks: int) -> tuple[Array, Array]:
    """Draw which share of the better column's values is there, and how differences vary."""
    random, shape = np.random.default_rng(0), (_RUNS, tasks)
    tries = math.ceil(of.repeats)
    kept = random.binomial(tries, 1 - lost.tries, shape) / tries
    kept *= random.random(shape) >= lost.chance
    kept[:, : lost.tasks] = 0.0
    both, ours, theirs, each = random.normal(0, of.sd, (4, *shape))
    both *= math.sqrt(of.correlation)
    above = kept * (both + math.sqrt(of.alike - of.correlation) * ours)
    above += np.sqrt(kept * (1 - of.alike) / of.repeats) * each
    return kept, above - both - math.sqrt(of.variance / 2) / of.sd * theirs


def _reaches(skew: Array, tasks: int, level: float) -> Array:
    """Return how many errors the lower end of the interval lies from means that are so skewed."""
    student = t_quantile((1 + level) / 2, tasks - 1)
    if tasks < SOME:
        return np.full_like(skew, student)
    redrawn = student - skew * (2 * normal_quantile(level) ** 2 + 1) / (6 * math.sqrt(tasks))
    return reach_of(redrawn, student, tasks)
