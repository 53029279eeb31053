"""What repeats of a task tell: whether some of k tries succeed, or all of them."""

from __future__ import annotations

from collections.abc import Callable
from math import comb
from typing import Literal

from ..errors import InvalidRequestError
from .estimates import ByTask, Estimate, mean, numbers, sample_of
from .intervals import DRAWS, LEVEL, check_level, check_method, of_shares

METHODS = ("auto", "wilson", "bootstrap")


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
    (2021), section 2.1. The interval is Wilson's, as in :func:`mean`: a task is worth between one
    trial and as many as its repeats hold separate groups of k.

    Args:
        by_task: Values by task; tasks with fewer than k values cannot tell and are left out.
        k: How many tries.
        passing: From which value on a try is a success.
        method: ``wilson``, which is ``auto``, or ``bootstrap`` over tasks, as in :func:`mean`.
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
    if k < 1:
        raise InvalidRequestError(f"k must be at least 1, not {k!r}.")
    check_level(level)
    check_method(method, METHODS)
    tries = {task: values for task, values in numbers(by_task).items() if len(values) >= k}
    chances = {
        task: [chance(len(values), sum(value >= passing for value in values), k)]
        for task, values in tries.items()
    }
    values = sum(map(len, tries.values()))
    if method == "bootstrap" or len(tries) < 2:
        found = mean(chances, method="bootstrap", level=level, draws=draws, seed=seed)
        return found._replace(values=values)
    sample = sample_of(chances.values())
    ends = of_shares(sample, values / k, level)
    return Estimate.of(sample.value, ends, len(tries), values, "wilson")
