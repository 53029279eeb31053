"""When values of a score are the same: one rule for ties, differences, and what is counted.

Whole numbers are what they are, as far as floats tell them apart. Of others, such as 0.1 + 0.2 and
0.3, what lies no farther apart than a few roundings of the values themselves is one value.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise, starmap
from statistics import fmean
from typing import Any

from .score_kinds import Kind, is_missing, is_number

Scores = Mapping[str, Any]
"""What a cell is worth, by the names of its scores."""

_ROUNDINGS = 16 * sys.float_info.epsilon
"""What sums of some dozens of values may lose, as a part of them."""
_TINIEST = 1e-100
"""Squares of less are beyond all numbers."""
_EXACT = 2.0**53
"""Below it floats hold all whole numbers."""


def rounding(*values: float) -> float:
    """Return how far values may lie apart by rounding alone: nothing where all are whole.

    >>> rounding(10.0**12, 3.0), rounding(0.5, 1.0) < 1e-14
    (0.0, True)
    """
    if all(map(_is_exact, values)):
        return 0.0
    return max(_ROUNDINGS * max(map(abs, values)), _TINIEST)


def as_one(values: Iterable[float]) -> dict[float, float]:
    """Tell which values stand for another one, from which rounding alone tells them apart.

    Of those that are one, that with the fewest digits stands for all.

    >>> as_one([0.1 + 0.2, 0.3, 0.5])
    {0.30000000000000004: 0.3}
    """
    told = sorted({float(value) for value in values})
    if all(map(_is_exact, told)) or not any(starmap(_may_be_one, pairwise(told))):
        return {}
    found: dict[float, float] = {}
    for group in _groups(told):
        meant = min(group, key=lambda value: len(repr(value)))
        found |= {value: meant for value in group if value != meant}
    return found


def difference(ones: Sequence[float], others: Sequence[float]) -> float:
    """Return how far the mean of values is above that of others; 0 where rounding alone is.

    >>> difference([0.1, 0.2, 0.3], [0.2]), difference([10**12 + 1.0], [10**12])
    (0.0, 1.0)
    """
    return difference_and_rounding(ones, others)[0]


def difference_and_rounding(ones: Sequence[float], others: Sequence[float]) -> tuple[float, float]:
    """Return the same, and how far rounding of the values may set it off."""
    off = rounding(*ones, *others)
    if off:
        apart = fmean(ones) - fmean(others)
        return (apart if abs(apart) > off else 0.0), off
    size, of = len(ones), len(others)
    return (sum(map(int, ones)) * of - sum(map(int, others)) * size) / (size * of), 0.0


def evened(cells: Sequence[Scores]) -> list[Scores]:
    """Return the scores of cells with one number for those that rounding alone tells apart.

    >>> evened([{"sum": 0.3}, {"sum": 0.1 + 0.2, "right": True}])
    [{'sum': 0.3}, {'sum': 0.3, 'right': True}]
    """
    given: dict[str, list[float]] = {}
    for scores in cells:
        for name, value in scores.items():
            if is_number(value) and not isinstance(value, bool):
                given.setdefault(name, []).append(value)
    meant = {name: told for name, values in given.items() if (told := as_one(values))}
    return _replaced(cells, meant)


def with_one_yes(cells: Sequence[Scores], kinds: Mapping[str, Kind]) -> list[Scores]:
    """Return the scores of cells with yes and no for 1 and 0 beside them.

    Args:
        cells: The scores of each cell, by name.
        kinds: What they are: those that are yes or no.

    >>> with_one_yes([{"right": True, "size": 1}, {"right": 0}], {"right": "yes/no"})
    [{'right': True, 'size': 1}, {'right': False}]
    """
    said: dict[str, set[bool]] = {}
    for scores in cells:
        for name, value in scores.items():
            if kinds.get(name) == "yes/no" and not is_missing(value):
                said.setdefault(name, set()).add(isinstance(value, bool))
    meant = {0.0: False, 1.0: True}
    return _replaced(cells, {name: meant for name, are in said.items() if len(are) > 1})


def _replaced(
    cells: Sequence[Scores], meanings: Mapping[str, Mapping[float, float]]
) -> list[Scores]:
    """Return scores with what they stand for; those of a cell where there is none are its own."""
    return [
        {name: _meaning(v, meanings[name]) if name in meanings else v for name, v in scores.items()}
        if not meanings.keys().isdisjoint(scores)
        else scores
        for scores in cells
    ]


def _meaning(value: Any, meanings: Mapping[float, float]) -> Any:
    is_plain = is_number(value) and not isinstance(value, bool)
    return meanings.get(float(value), value) if is_plain else value


def _may_be_one(less: float, more: float) -> bool:
    return more - less <= _ROUNDINGS * max(more, -less) + _TINIEST


def _groups(values: Iterable[float]) -> Iterator[list[float]]:
    """Put sorted values together that are one with their neighbours."""
    group: list[float] = []
    for value in values:
        if group and value - group[-1] > rounding(group[-1], value):
            yield group
            group = []
        group.append(value)
    yield group


def _is_exact(value: float) -> bool:
    return abs(value) < _EXACT and float(value).is_integer()
