"""What is left of a matrix by what is asked for, as its pages are told."""

from __future__ import annotations

from ...render.matrix.matrix import Matrix
from ...render.matrix.sifting.sifting import Sifted, Wish
from ...render.plain.visible import visible_name
from ..packing import packed
from .wire import Found, Left


def found_in(matrix: Matrix, wish: Wish, sifted: Sifted, *, blind: bool) -> tuple[Found, bytes]:
    """Tell what is left, with the answers to be marked, and the columns in which tasks changed."""
    places = {column.id: place for place, column in enumerate(matrix.columns)}
    fit: dict[str, list[int]] = {row.id: [] for row in sifted.rows}
    if sifted.has_conditions:
        for cell in sifted.cells:
            fit[cell.row].append(places[cell.column] + cell.repeat * len(places))
    marks: dict[str, dict[str, str]] = {row.id: {} for row in sifted.rows}
    if seen := sifted.seen:
        for row, column in seen.cells:
            if row in marks and (mark := seen.mark(row, column)):
                marks[row][str(places[column])] = mark
    left = [Left(id=row.id, fit=fit[row.id], marks=marks[row.id]) for row in sifted.rows]
    found = Found(
        kind="found",
        where=wish.where,
        order=wish.order,
        baseline=wish.baseline,
        score=wish.score,
        blind=blind,
        why=visible_name(sifted.why),
    )
    return found, packed(left)
