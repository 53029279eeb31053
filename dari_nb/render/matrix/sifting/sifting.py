"""Which tasks and cells of a matrix a person has asked for, and in which order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..against import ORDER, Against, seen_against
from ..alike import said_of, sameness
from ..figures import metadata_text, peek_text
from ..matrix import Matrix, MatrixCell, MatrixRow
from .asking import misread
from .facts import (
    DIFFERS,
    Condition,
    Facts,
    fits,
    read_conditions,
    sorting_key,
    sorting_value,
)

_MARK = re.compile(r"[*~`$\\#>]")


@dataclass(frozen=True)
class Wish:
    """What a person wants to see of a matrix.

    Attributes:
        where: Words that tasks must hold, and conditions such as ``right = no`` that cells must
            meet: a name, ``=``, ``!=``, ``<``, ``<=``, ``>``, ``>=`` or ``:`` (contains), and a
            value; ``*`` is any. What has spaces stands in quotation marks, within which ``""`` is
            one of them and ``*`` a star. ``differs = right`` are tasks whose cells differ in that.
        order: What tasks are sorted by, with ``-`` before it for the largest first; what differs,
            or got worse, comes first when it is empty.
        baseline: What columns are compared with.
        score: What they are compared by.
    """

    where: str = ""
    order: str = ""
    baseline: str = ""
    score: str = ""

    @property
    def words(self) -> str:
        """What it leaves, in words; empty where it leaves all."""
        return " ".join(self.where.split())


class Sifted(NamedTuple):
    """What is left.

    Attributes:
        rows: The tasks, in order.
        cells: The cells that meet the conditions; without any, all of these tasks.
        seen: What came of the comparison with the baseline.
        has_conditions: Whether cells have any to meet.
        why: Why no task is left.
        is_misread: Whether what is asked for cannot be meant so, which is why.
    """

    rows: list[MatrixRow]
    cells: list[MatrixCell]
    seen: Against | None
    has_conditions: bool
    why: str = ""
    is_misread: bool = False


def sift(matrix: Matrix, wish: Wish) -> Sifted:
    """Find the tasks and cells that somebody wishes to see; none where that cannot be meant so."""
    seen = seen_against(matrix, wish.baseline, wish.score)
    facts = Facts(matrix, seen)
    conditions, words = read_conditions(wish.where, facts)
    cells: dict[str, list[MatrixCell]] = {row.id: [] for row in matrix.rows}
    for cell in matrix.cells:
        cells[cell.row].append(cell)
    left: dict[str, list[MatrixCell]] = {}
    own = [one for one in conditions if one.name != DIFFERS]
    for row in matrix.rows:
        fit = [c for c in cells[row.id] if all(fits(facts.of(row, c, x.name), x) for x in own)]
        differs = (facts.differ(row, cells[row.id], x) for x in conditions if x.name == DIFFERS)
        said = (fit or not conditions) and all(differs)
        if said and (not words or _holds(words, row, cells[row.id])):
            left[row.id] = fit
    if matrix.rows and (why := misread(matrix, facts, wish.where, is_met=bool(left))):
        return Sifted([], [], seen, bool(conditions), why, is_misread=True)
    rows = [row for row in matrix.rows if row.id in left]
    rows = _sorted(rows, matrix, wish, seen, facts, cells)
    why = "" if rows or not matrix.rows else f"nothing matches “{wish.where}”"
    wanted = {cell.id for found in left.values() for cell in found}
    met = [cell for cell in matrix.cells if cell.id in wanted]
    return Sifted(rows, met, seen, bool(conditions), why)


def differing(matrix: Matrix, score: str) -> int:
    """Count the tasks that are chosen by ``differs = score``."""
    facts, asked = Facts(matrix, None), Condition(DIFFERS, "=", score.lower())
    cells: dict[str, list[MatrixCell]] = {row.id: [] for row in matrix.rows}
    for cell in matrix.cells:
        cells[cell.row].append(cell)
    return sum(facts.differ(row, cells[row.id], asked) for row in matrix.rows)


def _holds(words: Iterable[str], row: MatrixRow, cells: Iterable[MatrixCell]) -> bool:
    """Whether all words stand in a task, in what is known about it, or in what was said to it."""
    told = [" ".join(row.label.split()), metadata_text(row)]
    for cell in cells:
        said = said_of(cell)
        # A mark of Markdown may stand in the midst of what is read as one.
        told += [said, peek_text(cell) if _MARK.search(said) else "", *cell.notes.values()]
    text = "\n".join(told).lower()
    return all(word in text for word in words)


def _sorted(
    rows: list[MatrixRow],
    matrix: Matrix,
    wish: Wish,
    seen: Against | None,
    facts: Facts,
    cells: Mapping[str, Sequence[MatrixCell]],
) -> list[MatrixRow]:
    if not wish.order:
        same = sameness(matrix)
        rank = {row.id: ORDER.index(seen.rows[row.id]) if seen else 0 for row in rows}
        return sorted(rows, key=lambda row: (rank[row.id], same[row.id], matrix.numbers[row.id]))
    name = facts.names.get(wish.order.removeprefix("-").lower(), "")
    by_number = sorted(rows, key=lambda row: matrix.numbers[row.id])
    keys = {row.id: sorting_value(facts.all_of(row, cells[row.id], name)) for row in rows}
    there = [row for row in by_number if keys[row.id] is not None]
    there.sort(key=lambda row: sorting_key(keys[row.id] or ""), reverse=wish.order.startswith("-"))
    return [*there, *(row for row in by_number if keys[row.id] is None)]
