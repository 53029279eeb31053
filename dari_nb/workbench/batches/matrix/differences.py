"""What became of columns and tasks in comparison with a baseline, as DataFrames."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from ....render.matrix.against import ORDER, Against, means_of
from ....render.matrix.matrix import Gap, Matrix, is_lost

if TYPE_CHECKING:
    import pandas as pd

_OF_COLUMNS = [
    *("column", "baseline", "regressions", "improvements", "alike", "failed", "tasks"),
    *("difference", "low", "high", "level", "method"),
]
_OF_TASKS = ["task_index", "task", "column", "baseline", "change", "before", "after"]


def differences_frame(matrix: Matrix, seen: Against) -> pd.DataFrame:
    """Return what became of each column, one row each."""
    import pandas as pd

    labels = {column.id: column.label for column in matrix.columns}
    failed = Counter(cell.column for cell in matrix.cells if is_lost(cell, seen.score))
    rows = []
    for column, base in seen.bases.items():
        found = Counter(change for (_, of), change in seen.cells.items() if of == column)
        gap = seen.gaps.get(column) or Gap(base, math.nan, math.nan, math.nan)
        counts = (found["worse"], found["better"], found["alike"], failed[column], gap.tasks)
        ends = (gap.value, gap.low, gap.high, seen.level, gap.method)
        rows.append((labels[column], labels[base], *counts, *ends))
    return pd.DataFrame(rows, columns=_OF_COLUMNS)


def changes_frame(matrix: Matrix, seen: Against) -> pd.DataFrame:
    """Return what became of each task in each column, what got worse first."""
    import pandas as pd

    labels = {column.id: column.label for column in matrix.columns}
    told = {row.id: (matrix.numbers[row.id], row.label) for row in matrix.rows}
    means = means_of(matrix, seen.score)
    rows = [
        (
            *told[row],
            labels[column],
            labels[base],
            change,
            means[row, base],
            means.get((row, column)),
        )
        for (row, column), change in seen.cells.items()
        if (base := seen.bases[column])
    ]
    rows.sort(key=lambda row: ORDER.index(row[4]))
    return pd.DataFrame(rows, columns=_OF_TASKS)
