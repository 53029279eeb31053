"""How the figures of a matrix are said: numbers, means, and methods by their names."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

from .conditions import condition, has
from .matrix import MatrixColumn, Mean

_MOST_DIGITS = 1e15
_LIKE = 13
"""Digits by which numbers are the same: what differs behind them are roundings."""
_MINUS = "\N{MINUS SIGN}"
_METHODS = {
    "half-task": "up to half a task added to each side, with mid-p of sign flips",
    "agresti-min": "Agresti-Min",
    "wilson": "Wilson",
    "wilson-effective": "Wilson with effective trials",
    "wilson-poisson": "Wilson, Poisson near the ends",
    "t": "Student's t",
    "normal": "normal quantile",
}


def cell_text(task: int, column: str, repeat: int | None = None) -> str:
    """Tell a cell from others, by its repeat, too, where there are several.

    >>> cell_text(0, "small"), cell_text(0, "small", 1)
    ('task 0 · small', 'task 0 · small · repeat 1')
    """
    told = f"task {task} · {column}"
    return told if repeat is None else f"{told} · repeat {repeat}"


def method_text(method: str) -> str:
    """Name how an interval was made as the literature does.

    >>> method_text("agresti-min")
    'Agresti-Min'
    """
    return _METHODS.get(method, method)


def number_text(value: float, *, signed: bool = False) -> str:
    """Say a number to two digits behind the point at most, or three that count.

    >>> number_text(0.66667), number_text(33.333), number_text(0.5, signed=True)
    ('0.67', '33.3', '+0.5')
    """
    if math.isnan(value):
        return "unknown"
    size = abs(value)
    if size >= _MOST_DIGITS:
        return f"{_MINUS if value < 0 else '+' if signed else ''}{size:.3g}"
    text = f"{size:.2f}" if size < 10 else f"{size:.1f}" if size < 100 else f"{size:,.0f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    if text == "0" and size:
        text = f"{size:.1g}"
    sign = _MINUS if value < 0 else "+" if signed and value > 0 else ""
    return sign + text


def value_text(mean: Mean) -> str:
    """Say what a mean comes to: how many of how many, or the number."""
    if mean.is_count and not mean.is_by_task:
        return f"{round(mean.value * mean.values):,} of {mean.values:,}"
    return number_text(mean.value)


def values_text(means: Mapping[str, Mean]) -> dict[str, str]:
    """Say what means come to, those that are not the same by as many digits as tell them apart.

    >>> values_text({"a": Mean("s", 1), "b": Mean("s", 0.999999), "c": Mean("s", 0.5)})
    {'a': '1', 'b': '0.999999', 'c': '0.5'}
    """
    told = {one: value_text(mean) for one, mean in means.items()}
    wholes = {one: _digits_text(mean.value, _LIKE) for one, mean in means.items()}
    for digits in range(2, _LIKE + 1):
        texts = Counter(text for text, _ in {(told[one], wholes[one]) for one in means})
        for one in [one for one, text in told.items() if texts[text] > 1]:
            told[one] = _digits_text(means[one].value, digits)
    return told


def _digits_text(value: float, digits: int) -> str:
    """Say a number by so many digits that count, and all before the point."""
    whole = len(f"{abs(value):.0f}") if abs(value) < _MOST_DIGITS else 0
    text = f"{abs(value):,.{max(digits, whole)}g}"
    return f"{_MINUS}{text}" if value < 0 else text


def value_condition(mean: Mean) -> str:
    """Write the condition of what :func:`value_text` counts: the cells that are right, or all."""
    if mean.is_count and not mean.is_by_task and round(mean.value * mean.values):
        return condition(mean.score, "yes")
    return has(mean.score)


def mean_of(column: MatrixColumn, score: str) -> Mean | None:
    """Return a column's mean of a score, where it has one."""
    return next((mean for mean in column.means if mean.score == score), None)
