"""What repeats of a task tell: whether some of k tries succeed, or all of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from math import comb
from typing import Literal

from .checks import check_drawing, check_level, check_method, check_real, check_whole
from .estimate import UNKNOWN, ByTask, Estimate
from .intervals import (
    DRAWS,
    LEVEL,
    near_ends,
    of_means,
    of_shares,
    redrawn,
)
from .means import ASKED_FOR, EFFECTIVE, numbers, sample_of

METHODS = ("auto", "wilson", "bootstrap")
NEAR_ENDS = "wilson-poisson"
"""Says that Wilson's interval is mended where there are one or two successes, or failures."""


def pass_at_k(
    by_task: ByTask,
    k: int,
    *,
    passing: float = 1.0,
    method: Literal["auto", "wilson", "bootstrap"] = "auto",
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 0,
) -> Estimate:
    """Estimate the chance that at least one of k tries at a task succeeds.

    ``1 - C(n - c, k) / C(n, k)`` for a task with c successes in n repeats, averaged over tasks:
    the unbiased estimator of M. Chen et al., *Evaluating large language models trained on code*
    (2021), section 2.1.

    The interval is Wilson's, as in :func:`mean`: ``wilson-effective`` where tasks have more than k
    repeats, with between one trial a task and ``2n / (k + 1)`` for n repeats. Tasks with k repeats
    each, two or more, either succeed or fail, mostly the one, and there Wilson's interval holds too
    little: where one or two are the others, ``wilson-poisson`` ends where Poisson's does, after
    L. D. Brown, T. T. Cai and A. DasGupta, *Interval estimation for a binomial proportion*,
    Statistical Science 16 (2001). How many samples have a 95 % interval that holds the truth, as
    in :func:`mean`, for chances of pass@k or pass^k from 0.5 to 0.95 (least in brackets):

        tasks                        5            10            20            50
        pass@2 of three    96.7 (93.7)   96.9 (95.5)   96.1 (95.1)   95.4 (94.8)
        pass@2, alike      95.5 (90.3)   95.8 (94.5)   95.2 (94.0)   94.8 (94.4)
        pass@3 of three    96.4 (93.1)   96.1 (92.4)   95.8 (92.5)   95.4 (93.5)
        pass^2 of three    96.0 (92.9)   95.7 (94.2)   95.4 (94.3)   95.2 (94.6)
        pass^2, alike      96.1 (94.0)   96.0 (93.9)   95.5 (94.3)   95.1 (94.6)
        pass^3 of three    96.4 (93.1)   96.1 (92.4)   95.8 (92.5)   95.4 (93.5)

    Args:
        by_task: Values by task; tasks with fewer than k values cannot tell and are left out.
        k: How many tries.
        passing: From which value on a try is a success.
        method: ``auto``; ``wilson`` without Poisson's ends; or ``bootstrap`` over tasks, as in
            :func:`mean`.
        level: Coverage of the interval.
        draws: How many resamples ``bootstrap`` takes.
        seed: What its random numbers start from.

    Raises:
        InvalidRequestError: k is less than 1, a value is no number, or there is no such method.

    >>> round(dari.scores.pass_at_k({"a": [1, 0, 0, 0], "b": [0, 0, 0, 0]}, 2).value, 3)
    0.25
    """
    return _over_tasks(by_task, k, passing, _some_of, method, level, draws, seed)


def pass_hat_k(
    by_task: ByTask,
    k: int,
    *,
    passing: float = 1.0,
    method: Literal["auto", "wilson", "bootstrap"] = "auto",
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 0,
) -> Estimate:
    """Estimate the chance that all of k tries at a task succeed: how reliable an agent is.

    ``C(c, k) / C(n, k)`` for a task with c successes in n repeats, averaged over tasks: pass^k of
    S. Yao et al., *τ-bench: a benchmark for tool-agent-user interaction in real-world domains*
    (2024). Arguments and errors as in :func:`pass_at_k`.

    >>> dari.scores.pass_hat_k({"a": [1, 1, 1, 0], "b": [1, 1, 1, 1]}, 2).value
    0.75
    """
    return _over_tasks(by_task, k, passing, _all_of, method, level, draws, seed)


def _some_of(n: int, c: int, k: int) -> float:
    return 1 - comb(n - c, k) / comb(n, k)


def _all_of(n: int, c: int, k: int) -> float:
    return comb(c, k) / comb(n, k)


def _over_tasks(
    by_task: ByTask,
    k: int,
    passing: float,
    chance: Callable[[int, int, int], float],
    method: str,
    level: float,
    draws: int,
    seed: int,
) -> Estimate:
    check_whole("k", k, 1)
    check_real("passing", passing)
    check_level(level)
    check_method(method, METHODS)
    check_drawing(draws, seed)
    tries = {task: values for task, values in numbers(by_task).items() if len(values) >= k}
    chances = [
        chance(len(values), sum(value >= passing for value in values), k)
        for values in tries.values()
    ]
    size, values = len(chances), sum(map(len, tries.values()))
    if not size:
        return Estimate(math.nan, math.nan, math.nan, 0, 0)
    sample = sample_of([one] for one in chances)
    used, why = _method(k, [len(of) for of in tries.values()])
    if method != "auto":
        used = EFFECTIVE if used == EFFECTIVE and method == "wilson" else method
        why = ASKED_FOR
    if size < 2:
        ends = UNKNOWN
    elif used == "bootstrap":
        ends = of_means(sample, used, redrawn(sample, used, draws, seed), level)
    elif used == NEAR_ENDS:
        ends = near_ends(sum(chances), size, level)
    else:
        ends = of_shares(sample, 2 * values / (k + 1), level)
    return Estimate.of(sample.value, ends, size, values, used, why)


def _method(k: int, tries: Sequence[int]) -> tuple[str, str]:
    """Return how the interval is made of tasks with so many tries each, and why."""
    if max(tries) > k:
        return EFFECTIVE, "several choices of k tries a task"
    if k > 1:
        return NEAR_ENDS, "one choice of k tries a task, and its chances lie near an end"
    return "wilson", "one try a task"
