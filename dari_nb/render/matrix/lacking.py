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
from .conditions import both, condition, lacks
from .matrix import ENDED, LOST, Matrix, MatrixCell, MatrixColumn, lost_by, was_scored
from .parts import Part, listed, score_part, short_text
from .verdict import score_text
from .wording import number_text

_UNSCORED = "not scored"


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


class _Lost(NamedTuple):
    """What a column has lost of a score: of how many cells, why, and why the rest has none."""

    label: str
    size: int
    counts: Mapping[str, int]
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
    alike: dict[object, list[_Lost]] = {}
    for column in columns:
        cells = [cell for cell in matrix.cells if cell.column == column]
        lost = {cell.id: why for cell in cells if (why := lost_by(cell, score))}
        counts = Counter(lost.values())
        if counts and not (column in said and counts.keys() == {LOST[0]}):
            unscored = (cell for cell in cells if lost.get(cell.id) == LOST[1])
            reasons = dict.fromkeys(_reason(cell, score) for cell in unscored)
            why = ", ".join(reason for reason in reasons if reason != _UNSCORED)
            key = (*counts, why) if len(counts) == 1 else column
            alike.setdefault(key, []).append(_Lost(labels[column], len(cells), counts, why))
    for columns_alike in alike.values():
        yield from _lost_text(columns_alike, score)


def _lost_text(columns: Sequence[_Lost], score: str) -> Iterator[Part]:
    """Say of columns how many cells failed, how many others could not be scored, and why not."""
    where = dict(
        zip(LOST, ("state = failed", both("state = completed", lacks(score))), strict=True)
    )
    verb, *others = [why for why in LOST if why in columns[0].counts]
    told = []
    for label, size, counts, _ in columns:
        of = f"{counts[verb]:,} of {count_text(size, 'cell')}"
        which = both(condition("column", label), where[verb])
        told.append([Part(of, where=which), Part(" of "), Part(label, "b")])
    yield Part("; ")
    yield from listed(told, most=len(told))
    yield Part(f" {verb}")
    for other in others:
        [(label, _, counts, _)] = columns
        yield Part(" and ")
        yield Part(f"{counts[other]:,}", where=both(condition("column", label), where[other]))
        yield Part(f" {other}")
    yield Part(f": {short_text(columns[0].why)}" if columns[0].why else "")


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


def lacking(
    matrix: Matrix, score: str, said: Container[str] = (), reported: Container[str] = ()
) -> Iterator[Part]:
    """Say which cells count for nothing because they have no such score, and why not.

    Left out are cells that failed of columns whose failures are ``said``, and of those of which
    :func:`failures` have ``reported`` what this score lost, all of that.
    """
    if score not in matrix.kinds:
        yield from _failed_everywhere(matrix, score)
        return
    lacks = _lacks_of(matrix, score, said, reported)
    if not lacks:
        return
    yield Part("Without ")
    yield score_part(score)
    yield Part(": ")
    reasons = {lack.why for lack in lacks}
    is_one = len(reasons) == 1 < len(lacks)
    yield from listed([list(_lack_text(lack, "" if is_one else lack.why, score)) for lack in lacks])
    yield Part(f" ({short_text(reasons.pop())})." if is_one else ".")


def _failed_everywhere(matrix: Matrix, score: str) -> Iterator[Part]:
    """Say quietly that a function gave no value at all, why, and how to be rid of it."""
    causes = [_cause(cell, score) for cell in matrix.cells if score in cell.score_errors]
    reasons = list(dict.fromkeys(causes))
    others = len(reasons) - 1
    more = f", and {count_text(others, 'other reason')}" if others else ""
    name = visible_name(score).replace("\\", "\\\\").replace('"', '\\"')
    why = f"{short_text(reasons[0])}{more}" if reasons else _UNSCORED
    yield Part(f"Nothing has “{visible_name(score)}”: {why}.", "small")
    yield Part(f' batch.score("{name}", None) drops it.', "small")


def _lack_text(lack: Lack, why: str, score: str) -> Iterator[Part]:
    yield Part(lack.label, "b")
    whole = "its one cell" if lack.of == 1 else f"all {lack.of:,} cells"
    where = whole if lack.cells == lack.of else f"{lack.cells:,} of {lack.of:,} cells"
    yield Part(" in ")
    yield Part(where, where=both(condition("column", lack.label), lacks(score)))
    yield Part(f" ({short_text(why)})" if why else "")


def _lacks_of(
    matrix: Matrix, score: str, said: Container[str], reported: Container[str]
) -> list[Lack]:
    """Return what each column lacks of a score, those left out that failed altogether."""
    failed = {column.id for column in failed_columns(matrix)}
    cells: dict[str, list[MatrixCell]] = {column.id: [] for column in matrix.columns}
    for cell in matrix.cells:
        cells[cell.column].append(cell)
    found = []
    for column in matrix.columns:
        known = {LOST[0]} if column.id in said else set()
        known |= {*LOST} if column.id in reported else set()
        without = [
            cell
            for cell in cells[column.id]
            if cell.state in ENDED
            and is_missing(cell.scores.get(score))
            and lost_by(cell, score) not in known
        ]
        if without and column.id not in failed:
            reasons = ", ".join(dict.fromkeys(_reason(cell, score) for cell in without))
            found.append(Lack(column.label, len(without), len(cells[column.id]), reasons))
    return found


def _reason(cell: MatrixCell, score: str) -> str:
    if cell.state != "completed":
        return state_text(cell.state)
    value = cell.scores.get(score)
    if score in cell.score_errors:
        return _cause(cell, score)
    if value is None:
        return _UNSCORED
    if value != value:
        return "NaN"
    return "not finite" if value in (math.inf, -math.inf) else "beyond 1e100"


def _cause(cell: MatrixCell, score: str) -> str:
    """Say what went wrong as a part of a sentence, which has its own full stop."""
    cause = cell.score_errors[score]
    return cause if cause.endswith("..") else cause.removesuffix(".")
