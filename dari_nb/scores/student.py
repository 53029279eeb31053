"""Student's t distribution, so that intervals need no library beside numpy."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

_TINY = 1e-300
_TERMS = 100_000
_STEPS = 60


@lru_cache
def t_quantile(probability: float, df: float) -> float:
    """Return the value below which a t variable falls with this probability.

    Newton's method on the tail ``P(T > t) = I(df / (df + t²); df/2, 1/2) / 2``, from the normal
    quantile. The tail is convex and the start lies left of the root, so that the steps never
    overshoot.

    Args:
        probability: Between 0 and 1, both excluded.
        df: Degrees of freedom, more than 0.

    >>> round(t_quantile(0.975, 10), 6)
    2.228139
    """
    if probability < 0.5:
        return -t_quantile(1 - probability, df)
    tail, t = 1 - probability, NormalDist().inv_cdf(probability)
    scale = math.exp(math.lgamma((df + 1) / 2) - math.lgamma(df / 2)) / math.sqrt(df * math.pi)
    for _ in range(_STEPS):
        density = scale * math.exp(-(df + 1) / 2 * math.log1p(t * t / df))
        step = (_tail(t, df) - tail) / density
        t += step
        # Past the root there is only rounding.
        if step <= 1e-12 * t:
            break
    return t


def t_tails(ratio: float, df: float) -> float:
    """Return the chance that a t variable is as far from 0 or further: the p of Student's test.

    >>> round(t_tails(2.228139, 10), 6)
    0.05
    """
    return 2 * _tail(ratio, df)


def _tail(t: float, df: float) -> float:
    return incomplete_beta(df / (df + t * t), df / 2, 0.5) / 2


def incomplete_beta(x: float, a: float, b: float) -> float:
    """Return the regularized incomplete beta function I(x; a, b).

    By its continued fraction (NIST Digital Library of Mathematical Functions, 8.17.22), taken
    from the side where it converges fast, and Lentz's method.
    """
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(1 - x, b, a)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    return front / a * _fraction(x, a, b)


def _fraction(x: float, a: float, b: float) -> float:
    c, d = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for part in (even, odd):
            d = 1 / _away_from_zero(1 + part * d)
            c = _away_from_zero(1 + part / c)
            value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return value


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
