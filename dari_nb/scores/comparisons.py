"""Two LLMs on the same tasks: how often one wins, and by how much."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from ..errors import InvalidRequestError
from ..score_kinds import Kind
from ..score_values import difference_and_rounding, rounding
from .checks import check_drawing, check_kind, check_level, check_method
from .estimate import UNKNOWN, ByTask, Ends, Estimate
from .intervals import (
    DRAWS,
    LEVEL,
    Method,
    of_gaps,
    of_means,
    of_more_gaps,
    p_of_gaps,
    p_of_means,
    p_of_more_gaps,
    redrawn,
)
from .means import (
    ASKED_FOR,
    OF_TWO,
    YES_AND_NO,
    checked_interval,
    for_numbers,
    numbers_of,
    two_values,
    wilson,
)
from .resampling import Array, Sample, are_one
from .signs import agreeing, p_of_signs

GAP_METHODS = (
    "auto",
    "half-task",
    "agresti-min",
    "t",
    "bootstrap-t",
    "bootstrap",
    "normal",
)
WIN_METHODS = ("auto", "half-task", "wilson", "bootstrap")
_OF_SIGNS = ("half-task", "agresti-min")
_OF_ONE = "all tasks have one difference, as where one side has each"


@dataclass(frozen=True)
class _Gaps:
    """Differences of tasks, one each, with how many values they come from.

    Attributes:
        all: The differences.
        values: Of how many values of both sides.
        squares: What the square of a difference comes to if each try were a coin of its own, 1 for
            one try of each side: the mean of ``(1/n + 1/m) / 2`` over tasks.
        parts: Of how many parts of 1 all differences are made.
        roundings: How far roundings of the values may set each of them off.
    """

    all: Array
    values: int
    squares: float
    parts: int
    roundings: Array

    @cached_property
    def value(self) -> float:
        """Their mean, exactly 0 where they make up for each other but for roundings."""
        if not len(self.all):
            return math.nan
        lost = self.roundings.sum() + len(self.all) * rounding(*self.all.tolist())
        return float(self.all.mean()) if abs(math.fsum(self.all)) > lost else 0.0

    @property
    def common(self) -> float | None:
        """The one difference of all tasks, if that is not 0."""
        value = self.value
        is_one = len(self.all) > 1 and value != 0
        return value if is_one and are_one(self.all, self.roundings) else None

    @property
    def as_wins(self) -> _Gaps:
        """The same as wins of one side, where all tasks have one difference."""
        exact = np.zeros_like(self.all)
        return replace(self, all=np.sign(self.all), parts=1, squares=1.0, roundings=exact)

    @property
    def are_decided(self) -> bool:
        return bool((abs(self.all) == 1).all())

    @cached_property
    def p_of_signs(self) -> float:
        return p_of_signs(self.all, self.parts)

    @property
    def sample(self) -> Sample:
        return Sample(self.all, np.ones_like(self.all), self.roundings)


def win_rate(
    one: ByTask,
    other: ByTask,
    *,
    method: Literal["auto", "half-task", "wilson", "bootstrap"] = "auto",
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 0,
) -> Estimate:
    """Estimate how often ``one`` does better than ``other`` on a task; a tie is half a win.

    Repeats of a task have no order, so each of the one's is compared with each of the other's:
    ``w = (wins + ties / 2) / pairs``, which is U / (n · m) of H. B. Mann and D. R. Whitney,
    *On a test of whether one of two random variables is stochastically larger than the other*,
    Annals of Mathematical Statistics 18 (1947). The estimate is the mean of w over the tasks that
    both have values for. Higher values are better: negate what should be small.

    ``auto`` is ``wilson`` where each task is won or lost in all of its repeats, and ``half-task``
    where any is tied in part. Both hold 0.5 where the p-value of sign flips, as at
    :func:`paired_difference`, is not below ``1 - level``. How many samples have a 95 % interval
    that holds the truth, as there, and without ties for win rates from 0.5 to 0.95:

        tasks                        5            10            20            50
        one repeat         96.5 (92.3)   94.8 (92.1)   95.0 (93.6)   95.0 (94.6)
        one, alike         97.8 (92.6)   95.7 (91.6)   95.3 (92.1)   95.1 (94.3)
        one, no ties       95.7 (91.9)   95.4 (91.4)   95.8 (92.5)   95.4 (93.5)
        three, no ties     95.4 (94.3)   95.3 (92.5)   95.5 (93.9)   95.2 (93.5)

    Args:
        one: Values by task of the one.
        other: Values by task of the other.
        method: ``wilson`` as in :func:`wilson`, each task a trial: on the safe side for ties;
            ``half-task`` as in :func:`paired_difference`, of the differences ``2 w - 1``, and
            never surer than ``wilson`` of all tasks won;
            ``bootstrap`` over tasks as in :func:`mean`.
        level: Coverage of the interval.
        draws: How many resamples ``bootstrap`` takes.
        seed: What its random numbers start from.

    Raises:
        InvalidRequestError: A value is no number, or there is no such method.

    >>> ours, theirs = {"a": [3], "b": [2], "c": [1]}, {"a": [1], "b": [2], "c": [5]}
    >>> dari.scores.win_rate(ours, theirs).value
    0.5
    """
    check_level(level)
    check_method(method, WIN_METHODS)
    check_drawing(draws, seed)
    first, second = numbers_of(one, other)
    gaps = _gaps(first, second, _lead, operator.mul)
    size, share, why = len(gaps.all), (1 + gaps.value) / 2, ASKED_FOR
    if method == "auto":
        method = "wilson" if gaps.are_decided else "half-task"
        why = "no task is tied" if gaps.are_decided else "some tasks are tied"
    if size < 2:
        ends = UNKNOWN
    elif method == "wilson":
        low, high = wilson(share * size, size, level=level)[1:3]
        ends = agreeing((low, high), 0.5, gaps.p_of_signs, level)
    else:
        low, high = _ends(gaps, method, level, redrawn(gaps.sample, method, draws, seed))
        ends = (1 + low) / 2, (1 + high) / 2
        if method == "half-task":
            all_won = wilson(size, size, level=level).low
            ends = min(ends[0], all_won), max(ends[1], 1 - all_won)
    return Estimate.of(share, ends, size, gaps.values, method, why)


def paired_difference(
    one: ByTask,
    other: ByTask,
    *,
    method: Method = "auto",
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 0,
    kind: Kind | None = None,
) -> Estimate:
    """Estimate by how much ``one`` is above ``other`` on the same task.

    ``d = mean(one's repeats) - mean(other's repeats)`` of each task that both have values for;
    the estimate is the mean of d. Differences inside tasks leave out how hard each task is, so
    that the interval is narrower than that of two separate means.

    ``auto`` is ``half-task`` when all values are 0 or 1; of other values it is ``t`` or
    ``bootstrap-t``, as in :func:`mean`. Two other values alone, such as 2 and 5, are as 0 and 1
    where ``kind`` is told, as the tables of a batch tell it: the difference and its interval are
    those of 0 and 1, times how far apart the two are, and the p-value is the same. So it is where
    all tasks have one difference, of whichever values. Where it is not told they are some of many
    numbers.

    ``half-task`` is ``c ± z · sqrt(v / (G + g))`` with ``c = Σd / (G + g)`` and
    ``v = (Σd² + 0.85 g q) / (G + g) - c²``: half a task is added for either side, ``g = 1``, and
    less for few tasks, ``g = G / 11``. q is the mean of ``(1/n + 1/m) / 2`` over tasks with n and m
    values, 1 without repeats. A whole task for either side would be the interval of D. G. Bonett
    and R. M. Price, *Adjusted Wald confidence interval for a difference of binomial proportions
    based on paired data*, Journal of Educational and Behavioral Statistics 37 (2012), which covers
    99 % for five tasks. It reaches at least as far to the middle as ``2 (1 - level)^(1/G) - 1``,
    the end for wins alone, so that a tie never makes one surer, and to 0 where the p-value below is
    not less than ``1 - level``. Where no task differs it ends at ``1 - (2 (1 - level))^(1/G)`` or
    beyond: at a difference of wins alone that leaves no task with this chance, twice a mid-p.
    ``agresti-min`` adds half a task to each of the four outcomes: A. Agresti and Y. Min, *Simple
    improved confidence intervals for comparing matched proportions*, Statistics in Medicine 24
    (2005). ``t`` is the interval of the paired t test (Student, *The probable error of a mean*,
    Biometrika 6, 1908).

    How many samples have a 95 % interval that holds the truth, as in :func:`mean`, for 0 and 1: on
    average over 100 pairs of rates from 0.5 to 0.95, and for the pair for which it holds least.
    Alike are repeats, and LLMs that find the same tasks hard, with a correlation of 0.3. Of five
    such tasks tried once any interval holds in 97.8 % or more, counted out, that leaves out 0 only
    where the p-value below is less than 0.05, and other differences only where theirs is below 0.1
    by the score test of T. Tango, *Equivalence test and confidence interval for the difference in
    proportions for the paired-sample design*, Statistics in Medicine 17 (1998). With 0.05 there,
    too, it would be 99.6 %: five tasks have too few outcomes for less.

        tasks                        5            10            20            50
        one repeat         96.5 (92.6)   94.8 (92.1)   95.0 (93.6)   95.0 (94.6)
        one, alike         97.8 (92.6)   95.7 (91.6)   95.3 (92.1)   95.1 (94.3)
        three repeats      95.8 (93.8)   95.0 (93.4)   94.8 (94.2)   94.9 (94.6)
        three, alike       96.1 (90.7)   95.2 (92.7)   94.7 (93.0)   94.8 (94.2)

    Of other values, as in :func:`mean`, of two LLMs whose values are spread alike, so that
    the tail of one makes up for that of the other; of 4,000 samples:

                      normal     uniform exponential   lognormal        beta  half zeros  70 % zeros
        5 x 1           95.3        93.8        97.0        97.4        94.3        98.6        96.2
        10 x 1          95.9        95.6        95.8        96.9        95.8        96.1        98.1
        20 x 1          95.0        95.2        95.8        96.5        94.7        96.1        96.4
        50 x 1          95.0        94.6        95.1        96.1        95.7        95.2        95.8

    Nothing makes up for the tail of one where the other is steady: then it holds as seldom as that
    of :func:`mean` for such values. It is wrong most where what is rare counts for most, since
    tasks on which it has not come tell nothing of it. Between an LLM that has 1 on one task in
    twenty and else 0, and one with about 0.05 on every task, there is no difference, and it is
    left in so often (in percent of 4,000 samples):

        tasks                        5            10            20            50
        1 in 20 tasks             22.1          40.4          63.2          91.5

    The estimate's ``p_value`` is two-sided, by the same method: that of the paired t test for
    ``t``. It is below ``1 - level`` where the interval leaves out 0, for ``half-task`` there alone.
    Then it is the mid-p of sign flips, or that of the formula above, if that is more; ``p_method``
    tells which. Of two equal LLMs each task's difference may as well have the other sign: of all
    choices of signs, mid-p counts those whose sum is farther from 0 than the one found, and half
    of those that are as far.
    With one try each it is the mid-p of McNemar's test: M. W. Fagerland, S. Lydersen and P. Laake,
    *The McNemar test for binary matched-pairs data: mid-p and asymptotic are better than exact
    conditional*, BMC Medical Research Methodology 13 (2013). Mid-p is exact on average, and not
    each time: of 3 to 50 tasks p is below 0.05 in at most 5 % of all samples where equal LLMs
    differ on up to 70 % of them, in 5.4 % at 90 %, and in 7.7 % where they differ on all of 16.
    So is ``t`` of few ratings: of 5 to 9 tasks rated from 1 to 5 it tells equal LLMs apart in 5.3 %
    of all samples at most where four in five ratings are 4 or 5, in 5.7 % where all are as
    frequent, and in 6.5 % where they are 2, 3 or 4 alone.

    Args:
        one: Values by task of the one.
        other: Values by task of the other.
        method: How the interval is made.
        level: Its coverage.
        draws: How many resamples a bootstrap takes.
        seed: What its random numbers start from.
        kind: What the score is, as in :func:`mean`.

    Raises:
        InvalidRequestError: A value is no number, there is no such method, or it does not fit the
            values.

    >>> dari.scores.paired_difference({"a": [3, 5], "b": [2]}, {"a": [1], "b": [4]}).value
    0.5
    """
    check_level(level)
    check_method(method, GAP_METHODS)
    check_drawing(draws, seed)
    check_kind(kind)
    first, second = numbers_of(one, other)
    both = [values[task] for values in (first, second) for task in first if task in second]
    two = two_values(both, kind)
    if two:
        first, second = _as_yes_and_no(first, two), _as_yes_and_no(second, two)
    apart, of_yes_and_no = two[1] - two[0] if two else 1.0, two == (0, 1)
    gaps = _gaps(first, second, difference_and_rounding, math.lcm)
    size, why = len(gaps.all), ASKED_FOR
    if method in _OF_SIGNS and not of_yes_and_no:
        raise InvalidRequestError(
            f"The method {method!r} is for values that are all 0 or 1.", code="invalid_method"
        )
    if method == "auto" and two:
        method, why = "half-task", YES_AND_NO if of_yes_and_no else OF_TWO
    elif method == "auto" and kind is not None and (common := gaps.common) is not None:
        gaps, apart = gaps.as_wins, abs(common)
        method, why = "half-task", _OF_ONE
    elif method == "auto":
        method, why = for_numbers(gaps.sample)
    value = apart * gaps.value
    if size < 2:
        return Estimate.of(value, UNKNOWN, size, gaps.values, method, why)
    found = redrawn(gaps.sample, method, draws, seed)
    low, high = _ends(gaps, method, level, found)
    p_value = _p_value(gaps, method, found)
    ends = apart * low, apart * high
    made = Estimate.of(value, ends, size, gaps.values, method, why, *p_value)
    return checked_interval(made, one, other)


def _as_yes_and_no(tasks: Mapping[Hashable, list[float]], two: Ends) -> dict[Hashable, list[float]]:
    """Return 1 for each value that is the higher of two, and 0 for the lower one."""
    middle = two[0] + (two[1] - two[0]) / 2
    return {task: [float(value > middle) for value in of] for task, of in tasks.items()}


def _gaps(
    one: Mapping[Hashable, list[float]],
    other: Mapping[Hashable, list[float]],
    gap: Callable[[list[float], list[float]], tuple[float, float]],
    parts: Callable[[int, int], int],
) -> _Gaps:
    pairs = [(values, other[task]) for task, values in one.items() if task in other]
    coins = [(1 / len(ours) + 1 / len(theirs)) / 2 for ours, theirs in pairs]
    told = np.array([gap(ours, theirs) for ours, theirs in pairs], dtype=np.float64)
    apart, roundings = told.reshape(-1, 2).T
    return _Gaps(
        apart,
        sum(len(ours) + len(theirs) for ours, theirs in pairs),
        sum(coins) / max(1, len(coins)),
        math.lcm(*(parts(len(ours), len(theirs)) for ours, theirs in pairs)),
        roundings,
    )


def _lead(one: list[float], other: list[float]) -> tuple[float, float]:
    """Return wins less losses, beside all pairs, which no rounding of values sets off."""
    if len(one) == len(other) == 1:
        return float((one > other) - (one < other)), 0.0
    return float(np.sign(np.subtract.outer(one, other)).mean()), 0.0


def _ends(gaps: _Gaps, method: str, level: float, found: Array) -> Ends:
    if method == "half-task":
        ends = of_gaps(gaps.all, gaps.squares, level)
        return agreeing(ends, 0.0, gaps.p_of_signs, level)
    if method == "agresti-min":
        return of_more_gaps(gaps.all, level)
    return of_means(gaps.sample, method, found, level)


def _p_value(gaps: _Gaps, method: str, found: Array) -> tuple[float, str]:
    """Return the p-value, and how it was made."""
    if method == "half-task":
        of_halves = p_of_gaps(gaps.all, gaps.squares)
        return max((of_halves, method), (gaps.p_of_signs, "mid-p"))
    if method == "agresti-min":
        return p_of_more_gaps(gaps.all), method
    return p_of_means(gaps.sample, method, found), method
