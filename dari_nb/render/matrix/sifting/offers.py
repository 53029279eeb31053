"""Conditions that the cells of a matrix can meet, to be completed from."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from ....score_kinds import is_missing
from ..conditions import condition
from ..matrix import Matrix
from ..verdict import short_name
from .facts import DIFFERS, OWN, text_of

_MOST_READ = 500  # cells and rows that conditions are offered from
_MOST_VALUES = 12  # of a name that are offered
_MOST_OFFERED = 80
_SHARES = (0.0, 1.0)


def offers(matrix: Matrix) -> list[str]:
    """Say conditions that cells of a matrix can meet, to be completed from."""
    scores, seen = list(matrix.kinds), matrix.cells[:_MOST_READ]
    told = [condition(DIFFERS, name) for name in ("answer", "tools", "state", *scores)]
    told += [condition("column", column.label) for column in matrix.columns]
    told += [condition("state", state) for state in dict.fromkeys(c.state for c in matrix.cells)]
    measures = ("latency_s", "cost_usd")
    about = {name: [OWN[name](cell) for cell in seen] for name in measures}
    about |= {name: [cell.scores.get(name) for cell in seen] for name in scores}
    about |= {
        name: [row.metadata.get(name) for row in matrix.rows[:_MOST_READ]]
        for name in dict.fromkeys(name for row in matrix.rows for name in row.metadata)
    }
    for name, values in about.items():
        there = [value for value in values if not is_missing(value) and value != ""]
        distinct = dict.fromkeys(map(text_of, there))
        if there and (name in measures or matrix.kinds.get(name) in ("number", "share")):
            told.append(condition(name, _written(fmean(map(float, there))), "<"))
        elif len(distinct) <= _MOST_VALUES:
            told += [condition(name, value) for value in distinct]
    return [one for one in told if one][:_MOST_OFFERED]


def example_of(matrix: Matrix, scores: Sequence[str]) -> str:
    """Say a condition of one of these scores that cells can meet; empty where none is short."""
    names = [name for name in scores if name == short_name(name) and name in matrix.kinds]
    names.sort(key=lambda name: matrix.kinds[name] != "yes/no")
    if not names:
        return ""
    name, kind = names[0], matrix.kinds[names[0]]
    if kind == "yes/no":
        return condition(name, "no")
    values = [cell.scores[name] for cell in matrix.cells if not is_missing(cell.scores.get(name))]
    if kind == "label":
        return condition(name, text_of(values[0]))
    scale = _SHARES if kind == "share" else matrix.scales.get(name)
    low, high = scale or (min(values), max(values))
    return condition(name, _written((low + high) / 2), "<")


def _written(number: float) -> str:
    """Write two digits of a number that count, as people do: powers of ten only of large ones."""
    return f"{float(f'{number:.2g}'):g}"
