"""What became of columns and tasks in comparison with a baseline, as DataFrames."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from ....render.matrix.against import ORDER, Against
from ....render.matrix.matrix import Gap, Matrix
from ....render.matrix.outcomes import Change, Outcome, outcomes_of

if TYPE_CHECKING:
    import pandas as pd

_OF_COLUMNS = [
    *("column", "baseline", "regressions", "improvements", "alike", "not_compared"),
    *("failed", "not_scored", "baseline_failed", "baseline_not_scored"),
    *("tasks", "difference", "low", "high", "level", "method"),
]
_OF_TASKS = ["task_index", "task", "column", "baseline", "change", "before", "after", "lacking"]


def differences_frame(matrix: Matrix, seen: Against) -> pd.DataFrame:
    """Return what became of each column, one row each."""
    import pandas as pd

    labels = {column.id: column.label for column in matrix.columns}
    failed, unscored = Counter[str](), Counter[str]()
    for (_, column), outcome in outcomes_of(matrix, seen.score).items():
        failed[column] += outcome.failed
        unscored[column] += outcome.unscored
    changes = Counter((column, change) for _, column, change, *_ in _changes(matrix, seen))
    rows = []
    for column, base in seen.bases.items():
        gap = seen.gaps.get(column) or Gap(base, math.nan, math.nan, math.nan)
        counts = [changes[column, change] for change in ORDER]
        without = (failed[column], unscored[column], failed[base], unscored[base])
        ends = (gap.tasks, gap.value, gap.low, gap.high, seen.level, gap.method)
        rows.append((labels[column], labels[base], *counts, *without, *ends))
    return pd.DataFrame(rows, columns=_OF_COLUMNS)


def changes_frame(matrix: Matrix, seen: Against) -> pd.DataFrame:
    """Return what became of each task in each column, what got worse first."""
    import pandas as pd

    labels = {column.id: column.label for column in matrix.columns}
    told = {row.id: (matrix.numbers[row.id], row.label) for row in matrix.rows}
    rows = [
        (
            *told[row],
            labels[column],
            labels[seen.bases[column]],
            "not compared" if change == "none" else change,
            theirs.mean,
            ours.mean,
            _lacking(ours, theirs, change),
        )
        for row, column, change, ours, theirs in _changes(matrix, seen)
    ]
    return pd.DataFrame(rows, columns=_OF_TASKS)


def _changes(matrix: Matrix, seen: Against) -> list[tuple[str, str, Change, Outcome, Outcome]]:
    """Return what became of the tasks that a column has, what got worse first."""
    outcomes, nothing = outcomes_of(matrix, seen.score), Outcome()
    found = [
        (
            row,
            column,
            seen.cells.get((row, column), "none"),
            ours,
            outcomes.get((row, base), nothing),
        )
        for row in seen.rows
        for column, base in seen.bases.items()
        if (ours := outcomes.get((row, column)))
    ]
    return sorted(found, key=lambda one: ORDER.index(one[2]))


def _lacking(ours: Outcome, theirs: Outcome, change: Change) -> str:
    """Say what the two means are without, so that a row can be read by itself."""
    before = theirs.report()
    parts = [f"before: {before}" if before else "", ours.report(counts=change == "worse")]
    return "; ".join(part for part in parts if part)
