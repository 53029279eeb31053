"""What a score of a matrix lacks: in which cells, and why."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ...score_kinds import Measure, is_missing, is_number
from ..plain.visible import visible_name
from ..plain.words import count_text, state_text
from .alike import said_of
from .matrix import ENDED, LOST, Matrix, MatrixCell, MatrixColumn, lost_by, was_scored
from .parts import Part, listed, score_part, short_text
from .sifting.conditions import both, condition, lacks
from .verdict import score_text
from .wording import number_text

_FAILED = state_text("failed")


class Lack(NamedTuple):
    """Cells of a column that have ended and have no such score.

    Attributes:
        label: What the column is called.
        cells: How many of them.
        of: How many cells the column has.
        why: The reason, or several.
    """

    label: str
    cells: int
    of: int
    why: str


def failed_columns(matrix: Matrix) -> list[MatrixColumn]:
    """Return the columns all of whose cells failed."""
    others = {cell.column for cell in matrix.cells if cell.state != "failed"}
    there = {cell.column for cell in matrix.cells}
    return [column for column in matrix.columns if column.id in there - others]


def failed(matrix: Matrix) -> Iterator[Part]:
    """Name the columns all of whose cells failed, with the cause if there is one for all."""
    columns = failed_columns(matrix)
    if not columns:
        return
    ids = {column.id for column in columns}
    cells = [cell for cell in matrix.cells if cell.column in ids]
    which = condition("column", columns[0].label) if len(columns) == 1 else "state = failed"
    told = f"All {count_text(len(cells), 'cell')}" if len(cells) > 1 else "The one cell"
    yield Part(told, where=both(which, "state = failed") if len(columns) == 1 else which)
    if len(columns) < len(matrix.columns):
        yield Part(" of ")
        yield from listed([[Part(column.label, "b")] for column in columns])
    yield Part(" ")
    yield Part("failed", "b")
    causes = {said_of(cell) for cell in cells}
    yield Part(f": {short_text(*causes)}" if len(causes) == 1 and all(causes) else ".")


def failures(
    matrix: Matrix, columns: Iterable[str], score: str, said: Container[str] = ()
) -> Iterator[Part]:
    """Say in how many cells columns failed, or were given no score when they were to be scored.

    Columns whose failures are ``said`` are left out where they lack this score for nothing else.
    """
    labels = {column.id: column.label for column in matrix.columns}
    columns = list(columns)
    yield from _without_any(matrix, columns, score)
    for column in columns:
        cells = [cell for cell in matrix.cells if cell.column == column]
        lost = Counter(why for cell in cells if (why := lost_by(cell, score)))
        if lost and not (column in said and lost.keys() == {LOST[0]}):
            yield from _lost(labels[column], len(cells), lost, score)


def _lost(label: str, size: int, lost: Mapping[str, int], score: str) -> Iterator[Part]:
    """Say of a column how many cells failed, and how many of the others could not be scored."""
    where = ("state = failed", both("state = completed", lacks(score)))
    told = [(lost[why], why, which) for why, which in zip(LOST, where, strict=True) if lost[why]]
    (first, verb, which), *others = told
    of = f"{first:,} of {count_text(size, 'cell')}"
    yield from (Part("; "), Part(of, where=both(condition("column", label), which)))
    yield from (Part(" of "), Part(label, "b"), Part(f" {verb}"))
    for n, verb, which in others:
        yield Part(" and ")
        yield Part(f"{n:,}", where=both(condition("column", label), which))
        yield Part(f" {verb}")


def _without_any(matrix: Matrix, columns: Container[str], score: str) -> Iterator[Part]:
    """Name the columns, or the runs that they are of, in which nothing was scored yet."""
    done = {cell.column for cell in matrix.cells if cell.state == "completed"}
    scored = {cell.column for cell in matrix.cells if was_scored(cell, score)}
    begun = {column.of for column in matrix.columns if column.id in scored} | {""}
    names = dict.fromkeys(
        column.label if column.of in begun else column.of
        for column in matrix.columns
        if column.id in columns and column.id in done - scored
    )
    if names:
        yield Part("; ")
        yield from listed([[Part(name, "b")] for name in names], most=len(names))
        yield Part(f" {'has' if len(names) == 1 else 'have'} no ")
        yield score_part(score)
        yield Part(" yet")


def not_a_number(matrix: Matrix, score: str) -> Iterator[Part]:
    """Say why a score has no mean that is a number in some cells and something else in others."""
    there = [cell for cell in matrix.cells if not is_missing(cell.scores.get(score))]
    odd = [cell for cell in there if not is_number(cell.scores[score])]
    if not odd:
        values = [cell.scores[score] for cell in there]
        said = next(value for value in values if isinstance(value, bool))
        number = next(value for value in values if value not in (0, 1))
        yield score_part(score)
        yield Part(f" has no mean: it holds {score_text(said)} and {score_text(number)}. ")
        yield Part("Score True or False, or a number. Nothing is compared by it.")
        return
    if len(odd) == len(there):
        yield score_part(score)
        yield Part(" holds words alone: it has no mean, and nothing is compared by it.", "small")
        return
    labels = {column.id: column.label for column in matrix.columns}
    # Repeats that have the same are one.
    places = dict.fromkeys((score_text(c.scores[score]), c.column, c.row) for c in odd)
    is_are = "is no number" if len(odd) == 1 else "are no numbers"
    yield score_part(score)
    yield Part(f" has no mean: {len(odd):,} of its {count_text(len(there), 'value')} {is_are} (")
    yield from listed(
        [
            [
                Part(f"“{text}” of "),
                Part(labels[column], "b"),
                Part(f" on task {matrix.numbers[row]}"),
            ]
            for text, column, row in places
        ]
    )
    yield Part("). Nothing is compared by it.")


def unlike(matrix: Matrix, score: str) -> Iterator[Part]:
    """Say why a score is not compared that is on other scales, or of other kinds, in some runs."""
    yield score_part(score)
    yield Part(" is not compared: ")
    yield from measured(matrix.unlike[score])
    yield Part(". Give it in one way in all of them.")


def measured(by_run: Mapping[str, Measure]) -> Iterator[Part]:
    """Say on which scale a score is in each run, or of which kind."""
    for place, (run, measure) in enumerate(by_run.items()):
        yield Part(f"{', ' if place else ''}{_measure_text(measure)} in ")
        yield Part(run, "b")


def _measure_text(measure: Measure) -> str:
    if measure.are_words:
        return "words"
    if measure.is_yes_or_no:
        return "yes or no"
    if measure.scale:
        return "a scale of {} to {}".format(*map(number_text, measure.scale))
    low, high = (number_text(end(measure.values)) for end in (min, max))
    return f"numbers from {low} to {high}" if low != high else f"{low} everywhere"


def lacking(matrix: Matrix, score: str, said: Container[str] = ()) -> Iterator[Part]:
    """Say which cells count for nothing because they have no such score, and why not.

    Columns whose failures are ``said`` are left out where they lack it for nothing else.
    """
    if score not in matrix.kinds:
        yield from _failed_everywhere(matrix, score)
        return
    lacks = _lacks_of(matrix, score, said)
    if not lacks:
        return
    yield Part("Without ")
    yield score_part(score)
    yield Part(": ")
    reasons = {lack.why for lack in lacks}
    is_one = len(reasons) == 1 < len(lacks)
    yield from listed([list(_told(lack, "" if is_one else lack.why, score)) for lack in lacks])
    yield Part(f" ({short_text(reasons.pop())})." if is_one else ".")


def _failed_everywhere(matrix: Matrix, score: str) -> Iterator[Part]:
    """Say quietly that a function gave no value at all, why, and how to be rid of it."""
    causes = [_cause(cell, score) for cell in matrix.cells if score in cell.score_errors]
    reasons = list(dict.fromkeys(causes))
    others = len(reasons) - 1
    more = f", and {count_text(others, 'other reason')}" if others else ""
    name = visible_name(score).replace("\\", "\\\\").replace('"', '\\"')
    why = f"{short_text(reasons[0])}{more}" if reasons else "not scored"
    yield Part(f"Nothing has “{visible_name(score)}”: {why}.", "small")
    yield Part(f' batch.score("{name}", None) drops it.', "small")


def _told(lack: Lack, why: str, score: str) -> Iterator[Part]:
    yield Part(lack.label, "b")
    whole = "its one cell" if lack.of == 1 else f"all {lack.of:,} cells"
    where = whole if lack.cells == lack.of else f"{lack.cells:,} of {lack.of:,} cells"
    yield Part(" in ")
    yield Part(where, where=both(condition("column", lack.label), lacks(score)))
    yield Part(f" ({short_text(why)})" if why else "")


def _lacks_of(matrix: Matrix, score: str, said: Container[str]) -> list[Lack]:
    """Return what each column lacks of a score, those left out that failed altogether."""
    failed = {column.id for column in failed_columns(matrix)}
    cells: dict[str, list[MatrixCell]] = {column.id: [] for column in matrix.columns}
    for cell in matrix.cells:
        cells[cell.column].append(cell)
    lacks = {c.id: _lack_of(c, cells[c.id], score) for c in matrix.columns if c.id not in failed}
    return [
        lack
        for one, lack in lacks.items()
        if lack.cells and not (lack.why == _FAILED and one in said)
    ]


def _lack_of(column: MatrixColumn, cells: Sequence[MatrixCell], score: str) -> Lack:
    without = [c for c in cells if c.state in ENDED and is_missing(c.scores.get(score))]
    reasons = dict.fromkeys(_reason(cell, score) for cell in without)
    return Lack(column.label, len(without), len(cells), ", ".join(reasons))


def _reason(cell: MatrixCell, score: str) -> str:
    if cell.state != "completed":
        return state_text(cell.state)
    value = cell.scores.get(score)
    if score in cell.score_errors:
        return _cause(cell, score)
    if value is None:
        return "not scored"
    if value != value:
        return "NaN"
    return "not finite" if value in (math.inf, -math.inf) else "beyond 1e100"


def _cause(cell: MatrixCell, score: str) -> str:
    """Say what went wrong as a part of a sentence, which has its own full stop."""
    cause = cell.score_errors[score]
    return cause if cause.endswith("..") else cause.removesuffix(".")
