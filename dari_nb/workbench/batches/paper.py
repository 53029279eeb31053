"""A batch on paper."""

from __future__ import annotations

from ...render import table
from ...render.matrix import Matrix, MatrixCell


def paper_of(matrix: Matrix) -> dict[str, str]:
    """Return a matrix as a static MIME bundle."""
    cells = {(c.row, c.column, c.repeat): c for c in matrix.cells}
    repeats = range(1 + max((c.repeat for c in matrix.cells), default=0))
    rows = [
        [
            row.label,
            *(
                " / ".join(_text(cells.get((row.id, c.id, r))) for r in repeats)
                for c in matrix.columns
            ),
        ]
        for row in matrix.rows
    ]
    return table(["task", *(column.label for column in matrix.columns)], rows)


def _text(cell: MatrixCell | None) -> str:
    return "" if cell is None else (cell.error or cell.text or cell.state)
