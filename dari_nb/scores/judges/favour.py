"""Whether a judge gives one column more than another beside what people give: then it misleads."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import combinations
from statistics import fmean
from typing import NamedTuple

import numpy as np

from ..estimate import UNKNOWN, Ends, Estimate
from ..intervals import unseen
from ..means import number
from ..resampling import Array
from ..signs import agreeing, p_of_signs
from ..student import t_quantile
from .pairing import Pair

FAVOUR = "clustered-t"
"""Says that the interval is Student's, in which the cells of a task go together."""
_WHY = "tasks of both columns, those that both have together"
_HUNDREDTHS = 100
"""To these parts of 1 what is no whole number is told apart where signs are flipped."""
_ROUNDING = 1e-12

_ByTask = Mapping[Hashable, Sequence[float]]


class Favour(NamedTuple):
    """By how much more a judge gives to one column than to another, beside what people give.

    Attributes:
        to: What the column is called that it gives more.
        over: What the other one is called.
        found: How much more that is, with its interval.

    >>> import pandas as pd
    >>> rows = [
    ...     {"task_index": n, "llm_id": llm, "score.rating": n % 2,
    ...      "score.judge.good": n % 2 if llm == "small" or n % 5 else 1}
    ...     for n in range(60) for llm in ("small", "large")
    ... ]
    >>> [favour] = dari.scores.agreement(pd.DataFrame(rows), "judge.good", "rating").favours
    >>> favour.to, favour.over, round(favour.found.value, 2), favour.is_seen
    ('large', 'small', 0.1, True)
    """

    to: str
    over: str
    found: Estimate

    @property
    def is_seen(self) -> bool:
        """Whether it is no chance."""
        return self.found.low > 0


def favours_of(whole: Iterable[Pair], most: float, level: float) -> list[Favour]:
    """Compare each two columns by how far the one is above the other there, the most first.

    Intervals are as wide as all of these comparisons take together.

    Args:
        whole: The cells of which both say something.
        most: How far apart two values can be.
        level: What all intervals cover together.
    """
    columns: dict[Hashable, dict[Hashable, list[float]]] = {}
    for pair in whole:
        tasks = columns.setdefault(pair.column, {})
        tasks.setdefault(pair.task, []).append(number(pair.one) - number(pair.other))
    pairs = list(combinations(columns, 2))
    own = each_at(level, len(pairs))
    found = [_favour(a, b, columns[a], columns[b], most, own) for a, b in pairs]
    return sorted(found, key=lambda favour: (not favour.is_seen, -favour.found.value))


def each_at(level: float, comparisons: int) -> float:
    """Return what each of several intervals covers, so that all hold together."""
    return 1 - (1 - level) / max(1, comparisons)


def _favour(
    one: Hashable, other: Hashable, ones: _ByTask, others: _ByTask, most: float, level: float
) -> Favour:
    a, b = ({task: fmean(of) for task, of in column.items()} for column in (ones, others))
    value = fmean(a.values()) - fmean(b.values())
    if abs(value) <= _ROUNDING * most:
        value = 0.0
    if value < 0:
        return _favour(other, one, others, ones, most, level)
    ends = UNKNOWN
    if min(len(a), len(b)) > 1:
        ends = _ends(value, a, b, level)
        reach = most * (unseen(len(a), level) + unseen(len(b), level))
        p_value = _p_value(ones, others, a, b)
        ends = agreeing(ends, 0.0, p_value, level)
        if ends[0] <= 0:
            ends = min(ends[0], -reach), max(ends[1], reach)
    values = sum(map(len, (*ones.values(), *others.values())))
    tasks = len({*a, *b})
    return Favour(str(one), str(other), Estimate.of(value, ends, tasks, values, FAVOUR, _WHY))


def _ends(
    value: float, a: Mapping[Hashable, float], b: Mapping[Hashable, float], level: float
) -> Ends:
    """Return Student's interval of the difference of two means whose tasks may be the same.

    Both columns vary as each of them does, or as both do together, whichever is more: of a few
    tasks that happen to be alike nobody knows how others vary.
    """
    parts: dict[Hashable, float] = {}
    squares, alone = 0.0, 0.0
    for sign, column in ((1, a), (-1, b)):
        size, mean = len(column), fmean(column.values())
        squares += sum((of - mean) ** 2 for of in column.values())
        for task, of in column.items():
            part = sign * (of - mean) / math.sqrt(size * (size - 1))
            alone += part**2
            parts[task] = parts.get(task, 0.0) + part
    together = squares / (len(a) + len(b) - 2) * (1 / len(a) + 1 / len(b))
    error = math.sqrt(sum(part**2 for part in parts.values()) + max(0.0, together - alone))
    reach = t_quantile((1 + level) / 2, min(len(a), len(b)) - 1) * error
    return value - reach, value + reach


def _p_value(
    ones: _ByTask, others: _ByTask, a: Mapping[Hashable, float], b: Mapping[Hashable, float]
) -> float:
    """Return how often what is found is as large where either column may have been the other."""
    whole = math.lcm(len(a), len(b))
    gaps: Array = np.array(
        [
            a.get(task, 0.0) * (whole // len(a)) - b.get(task, 0.0) * (whole // len(b))
            for task in {**a, **b}
        ]
    )
    values = [value for column in (ones, others) for of in column.values() for value in of]
    fine = 1 if all(value % 1 == 0 for value in values) else _HUNDREDTHS
    parts = math.lcm(*(len(of) for column in (ones, others) for of in column.values()))
    return p_of_signs(gaps, fine * parts)
