"""Conditions that the cells of a matrix can meet, to be completed from."""

from __future__ import annotations

from statistics import fmean

from ....score_kinds import is_missing
from ..matrix import Matrix
from .conditions import condition
from .facts import DIFFERS, OWN, text_of

_MOST_READ = 500  # cells and rows that conditions are offered from
_MOST_VALUES = 12  # of a name that are offered
_MOST_OFFERED = 80


def offers(matrix: Matrix) -> list[str]:
    """Say conditions that cells of a matrix can meet, to be completed from."""
    scores, seen = list(matrix.kinds), matrix.cells[:_MOST_READ]
    told = [condition(DIFFERS, name) for name in ("answer", "tools", "state", *scores)]
    told += [condition("column", column.label) for column in matrix.columns]
    told += [condition("state", state) for state in dict.fromkeys(c.state for c in matrix.cells)]
    about = {"time": [cell.seconds for cell in seen], "cost": [OWN["cost"](c) for c in seen]}
    about |= {name: [cell.scores.get(name) for cell in seen] for name in scores}
    about |= {
        name: [row.metadata.get(name) for row in matrix.rows[:_MOST_READ]]
        for name in dict.fromkeys(name for row in matrix.rows for name in row.metadata)
    }
    for name, values in about.items():
        there = [value for value in values if not is_missing(value) and value != ""]
        distinct = dict.fromkeys(map(text_of, there))
        if there and (name in ("time", "cost") or matrix.kinds.get(name) in ("number", "share")):
            told.append(condition(name, f"{fmean(map(float, there)):.2g}", "<"))
        elif len(distinct) <= _MOST_VALUES:
            told += [condition(name, value) for value in distinct]
    return [one for one in told if one][:_MOST_OFFERED]
