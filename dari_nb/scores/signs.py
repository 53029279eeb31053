"""How surely two differ, told by the signs of their tasks' differences alone."""

from __future__ import annotations

import numpy as np

from .estimate import Ends
from .intervals import normal_tails
from .resampling import Array

_FINEST = 100_000
_MANY = 2_000


def p_of_signs(gaps: Array, parts: int) -> float:
    """Return the two-sided mid-p of sign flips: of differences that may as well be turned round.

    Of two that are equal each task's difference has either sign with the same chance. All choices
    of signs are counted, task by task: ``P(|S| > s) + P(|S| = s) / 2`` for the sum S of what they
    give and the sum s that was found; 1 where s is 0. With one value a task it is the mid-p of
    McNemar's test. Beyond 2,000 differences S is taken as normal.

    Args:
        gaps: The tasks' differences.
        parts: What all of them are whole multiples of, as a part of 1. More than 100,000 parts of
            their sum are not told apart.
    """
    gaps = gaps[gaps != 0]
    if len(gaps) > _MANY:
        return normal_tails(float(gaps.sum()) / float(np.sqrt((gaps**2).sum())))
    fine = min(parts, _FINEST / max(1.0, float(abs(gaps).sum())))
    whole = np.rint(gaps * fine).astype(np.int64)
    whole //= max(1, int(np.gcd.reduce(whole)))
    sizes, found = abs(whole), abs(int(whole.sum()))
    most = int(sizes.sum())
    chances = np.zeros(most + 1)
    chances[0] = 1
    for size in sizes[sizes > 0].tolist():
        chances[size:] += chances[:-size]
        chances /= 2
    place = (most + found) // 2
    return float(2 * chances[place + 1 :].sum() + chances[place])


def agreeing(ends: Ends, middle: float, p_value: float, level: float) -> Ends:
    """Return the ends, reaching to the middle where the p-value does not speak against it."""
    if p_value < 1 - level:
        return ends
    return min(ends[0], middle), max(ends[1], middle)
