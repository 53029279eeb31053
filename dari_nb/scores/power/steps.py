"""Values from 0 to 1 in equal steps: how likely each is where their mean and spread are known."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from ..resampling import Array

MOST = 20
"""Into more steps values hardly fall, except by chance."""
FINE = 240
"""So many stand for no steps at all."""
_NEAR = 1e-9
_AT_ONCE, _NARROWED, _HALVINGS = 33, 5, 40
_FARTHEST = 40.0
_DRAWN, _HALVINGS_OF_DRAWN = 20_000, 12


class Stepped(NamedTuple):
    """Values in steps as parts of a normal distribution, from the lowest value on.

    Attributes:
        ends: Where in that the parts end, but for the last one.
        values: What each of them stands for.
    """

    ends: Array
    values: Array

    def of(self, normal: Array) -> Array:
        """Return the values that normal ones stand for."""
        found: Array = self.values[np.searchsorted(self.ends, normal)]
        return found


def steps_of(values: Iterable[float]) -> int:
    """Return in how few equal steps from 0 to 1 all values are; 0 where it takes too many.

    >>> steps_of([0.25, 0.5, 1.0]), steps_of([1 / 3, 0.0]), steps_of([0.123])
    (4, 3, 0)
    """
    there = np.array([*values])
    are_in = (
        steps
        for steps in range(1, MOST + 1)
        if (abs(there * steps - np.rint(there * steps)) < _NEAR * steps).all()
    )
    return next(are_in, 0)


@lru_cache(maxsize=1024)
def stepped(mean: float, sd: float, steps: int) -> Stepped:
    """Return the values that have this mean and spread, or as near to it as steps allow.

    Beside these two nothing is supposed of them: chances are ``exp(a x + b x²)``, those of the
    largest entropy. Of fine steps they are normal, cut off at 0 and 1; of a large spread both ends
    are likelier than what lies between.
    """
    values = np.arange(steps + 1) / steps
    if min(mean, 1 - mean) < _NEAR:
        return Stepped(np.empty(0), np.array([float(round(mean))]))
    least, most = -_FARTHEST * steps**2, 4 * _FARTHEST
    for _ in range(_NARROWED):
        curves = np.linspace(least, most, _AT_ONCE)
        chances = _with_mean(mean, values, curves)
        varied = chances @ (values - mean) ** 2
        place = min(max(1, int(np.searchsorted(varied, sd**2))), _AT_ONCE - 1)
        least, most = curves[place - 1], curves[place]
    sums = chances[place].cumsum()[:-1]
    ends = [NormalDist().inv_cdf(each) for each in sums.clip(1e-12, 1 - 1e-12).tolist()]
    return Stepped(np.array(ends), values)


def _with_mean(mean: float, values: Array, curves: Array) -> Array:
    """Return the chances of values that have the mean, a row for each of several curves."""
    steps = len(values) - 1
    off = values - mean
    bent = curves[:, None] * off**2
    low, high = (
        np.full(len(curves), -_FARTHEST * steps * 2),
        np.full(len(curves), _FARTHEST * steps * 2),
    )
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        logs = bent + middle[:, None] * off
        chances: Array = np.exp(logs - logs.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        is_low = chances @ off < 0
        low, high = np.where(is_low, middle, low), np.where(is_low, high, middle)
    return chances


def latent(correlation: float, one: Stepped, other: Stepped) -> float:
    """Return how normal values correlate where those in steps do so much, or as near as can be.

    Steps take away from a correlation; how much is told by drawing.
    """
    normal = np.random.default_rng(0).normal(0, 1, (3, _DRAWN))
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS_OF_DRAWN):
        middle = (low + high) / 2
        ours, theirs = both_of(math.copysign(middle, correlation), normal)
        told = np.corrcoef(one.of(ours), other.of(theirs))[0, 1]
        low, high = (middle, high) if abs(told) < abs(correlation) else (low, middle)
    return math.copysign(high, correlation)


def both_of(correlation: float, normal: Array) -> tuple[Array, Array]:
    """Return normal values of two columns that correlate, of a shared part and one of each."""
    both, ours, theirs = normal
    shared, own = math.sqrt(abs(correlation)), math.sqrt(1 - abs(correlation))
    return shared * both + own * ours, math.copysign(shared, correlation) * both + own * theirs
