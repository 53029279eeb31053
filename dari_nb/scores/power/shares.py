"""Shares from 0 to 1 of which some are lost: how large a difference shows with 0 in their place."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..intervals import SOME, can_leave_out
from ..resampling import Array, are_tied, quantiles_of_ratios, reach_of
from ..student import t_quantile
from .lost import ALL, Lost, least_that, means_apart
from .numbers import Numbers
from .steps import FINE, both_of, latent, stepped

_RUNS, _DRAWS, _AT_ONCE = 1_200, 2_000, 200
_APART, _NEAR, _MOST = 0.03, 0.01, 0.99
_CLEAR = 4.0
"""Those at once tell by themselves what is so many errors away from the power."""
_NOTHING = 1e-9
_ALIKE = 1 - 1e-9
_MOST_DRAWN = 100
"""Of more tasks so many are drawn, and their mean is counted to vary so much less."""


def least_share(of: Numbers, lost: Lost, tasks: int, power: float, level: float) -> float | None:
    """Return the smallest difference of shares that shows so often; ``None`` where none does.

    Tasks are drawn with values in the steps in which they are, from 0 to 1, with 0 for what is lost
    of the better column, and redrawn as the interval does: a few that are 0 make their differences
    skewed, and few steps make many of them the same.
    """
    if tasks < 2:
        return None
    drawn = _drawn(of, lost, tasks)
    share = sum(there * each for there, each in lost.parts(tasks)) / tasks
    error = math.sqrt(power * (1 - power) / _AT_ONCE)

    def shows(difference: float) -> bool:
        low, high = means_apart(of.mean, difference)
        gaps, mean = drawn.above(high) - drawn.below(low), share * high - low
        hint = _shown(gaps[:_AT_ONCE], mean, tasks, level)
        if abs(hint - power) > _CLEAR * error:
            return hint > power
        return _shown(gaps, mean, tasks, level) >= power

    # Where hardly anything but what is lost varies, larger ones may show less often: the smallest
    # one is looked for from below.
    before = 0.0
    for difference in np.arange(_APART, _MOST, _APART).tolist():
        if shows(difference):
            return least_that(shows, difference, _NEAR, before)
        before = difference
    return None


class _Drawn(NamedTuple):
    """Runs of tasks: how columns vary, as normal values, and what is lost of the better one.

    Attributes:
        of: How values come about.
        repeats: How many values the better column has at each task, with what is lost.
        kept: Which share of them it has.
        ours: How far the better column's task is from the mean, in standard deviations of it.
        theirs: Likewise.
    """

    of: Numbers
    repeats: float
    share: Array
    ours: Array
    theirs: Array

    def above(self, mean: float) -> Array:
        """Return the better column's means of tasks, with 0 for what is lost."""
        found = np.zeros_like(self.share)
        for share in np.unique(self.share).tolist():
            if share:
                here = self.share == share
                found[here] = share * self._at(mean, share * self.repeats, self.ours[here])
        return found

    def below(self, mean: float) -> Array:
        """Return the other one's means of tasks."""
        return self._at(mean, self.of.repeats, self.theirs)

    def _at(self, mean: float, repeats: float, normal: Array) -> Array:
        sd = self.of.sd * math.sqrt(_own(self.of, repeats)) * _spread(mean, self.of.mean)
        return stepped(mean, sd, _steps(self.of, repeats)).of(normal)


def _steps(of: Numbers, repeats: float) -> int:
    """Return in how many steps means of so many values are."""
    several = 1 if of.alike > _ALIKE else max(1, round(repeats))
    return min(of.steps * several or FINE, FINE)


def _own(of: Numbers, repeats: float) -> float:
    """Return the variance of a mean of so many values, as a part of that of one."""
    return of.alike + (1 - of.alike) / repeats


def _spread(mean: float, midway: float) -> float:
    """Return how much shares vary, as a part of what they do midway: near 0 and 1 they are alike.

    >>> _spread(0.5, 0.5), _spread(1.0, 0.5)
    (1.0, 0.0)
    """
    return math.sqrt(mean * (1 - mean) / (midway * (1 - midway)))


def _drawn(of: Numbers, lost: Lost, tasks: int) -> _Drawn:
    """Draw what of the better column's values is there, and how both columns vary."""
    many = min(tasks, _MOST_DRAWN)
    random, shape = np.random.default_rng(0), (_RUNS, many)
    there, chances = zip(*(lost.others or ALL), strict=True)
    kept = random.choice(there, shape, p=chances)
    start = 0.0
    for share, each in lost.known:
        kept[:, round(start) : round(start := start + each * many / tasks)] = share
    repeats = lost.repeats or of.repeats
    own, its = _own(of, repeats), _own(of, of.repeats)
    two = (
        stepped(of.mean, of.sd * math.sqrt(part), _steps(of, each))
        for part, each in ((own, repeats), (its, of.repeats))
    )
    together = latent(of.correlation / math.sqrt(own * its), *two)
    return _Drawn(of, repeats, kept, *both_of(together, random.normal(0, 1, (3, *shape))))


def _shown(gaps: Array, mean: float, tasks: int, level: float) -> float:
    """Return the share of runs that show their difference.

    Args:
        gaps: The tasks' differences, a row for each run.
        mean: What their mean is on average.
        tasks: How many tasks these stand for.
        level: Coverage of the interval that leaves out 0 where it shows.
    """
    many, student = gaps.shape[1], t_quantile((1 + level) / 2, tasks - 1)
    centre, sd = gaps.mean(axis=1), gaps.std(axis=1, ddof=1)
    varied = sd > _NOTHING
    ratios = math.sqrt(tasks) * mean + math.sqrt(many) * (centre - mean)
    ratios[varied] /= sd[varied]
    # One difference of all tasks is as if all were won.
    shown = np.where(varied, ratios > student, (ratios > 0) & can_leave_out(tasks, level))
    unclear = np.flatnonzero(shown & varied) if tasks >= SOME else np.empty(0, np.int64)
    for start in range(0, len(unclear), _AT_ONCE):
        some = unclear[start : start + _AT_ONCE]
        # Each time others, so that what is by chance in them evens out.
        residuals = gaps[some] - centre[some, None]
        redrawn = quantiles_of_ratios(residuals, (1 + level) / 2, _DRAWS, start)
        reach = reach_of(redrawn, student, tasks, is_tied=are_tied(gaps[some]))
        shown[some] = ratios[some] > reach
    return float(shown.mean())
