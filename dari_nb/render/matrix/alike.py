"""What is the same in a matrix: repeats that came out alike, and tasks on which nothing differs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Sequence
from itertools import islice

from ...score_kinds import JUDGING, RATING, is_missing, is_number
from ..plain.excerpts import has_same_words
from ..plain.visible import visible_name
from ..plain.words import count_text
from .figures import repeats_of
from .matrix import ENDED, Matrix, MatrixCell, MatrixRow
from .verdict import verdict

_LEAST_FOLD = 2  # rows; a single one takes no more room than the line that would hide it
_MOST_NAMED = 3  # scores
_FIRST_WORDS = 32
_WORD = re.compile(r"\S+")


class Said:
    """What a cell said last, or why not; equal where white space alone tells two apart.

    Of long answers no more is read than it takes to tell them apart.
    """

    __slots__ = ("_start", "_text")

    def __init__(self, cell: MatrixCell) -> None:
        self._text = _last_words(cell)
        words = islice(_WORD.finditer(self._text), _FIRST_WORDS)
        self._start = tuple(found[0] for found in words)

    def __bool__(self) -> bool:
        return bool(self._start)

    def __hash__(self) -> int:
        return hash(self._start)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Said):
            return NotImplemented
        return self._start == other._start and has_same_words(self._text, other._text)


def groups_of(cells: Sequence[MatrixCell]) -> list[list[MatrixCell]]:
    """Put the repeats of one place together that gave one answer, in order of their first ones.

    Answers are one where white space alone tells them apart. Those that still run are together
    by state, so that no row grows and shrinks while they do.
    """
    if len(cells) < 2:
        return [list(cells)] if cells else []
    groups: dict[Hashable, list[MatrixCell]] = {}
    for cell in cells:
        groups.setdefault(_outcome(cell), []).append(cell)
    return list(groups.values())


def stands_aside(matrix: Matrix) -> bool:
    """Whether repeats stand beside each other: where there is only one column."""
    return len(matrix.columns) == 1 and repeats_of(matrix) > 1


def same_rows(matrix: Matrix) -> list[MatrixRow]:
    """Return the tasks on which the scores are the same, or without any the answers.

    Where some scores judge, such as right or wrong, those that only measure do not count, but
    ratings do. There are none while anything runs, nor where hardly anything would be hidden or
    left, nor in a blind matrix, whose tasks stay where they are while they are rated.
    """
    if matrix.is_blind or not matrix.is_over:
        return []
    by_row: dict[str, list[MatrixCell]] = {}
    for cell in matrix.cells:
        by_row.setdefault(cell.row, []).append(cell)
    runs = {column.id: column.of for column in matrix.columns}
    # What is only in one run differs, whatever was said there.
    same = [
        row
        for row in matrix.rows
        if (cells := by_row.get(row.id, []))
        and {runs[cell.column] for cell in cells} == {*runs.values()}
        and _is_same(cells, matrix)
    ]
    return same if _LEAST_FOLD <= len(same) < len(matrix.rows) else []


def sameness(matrix: Matrix) -> dict[str, int]:
    """Rank rows, those first in which scores that judge differ, or answers without any.

    Returns:
        0 for those, 1 where only ratings differ, 2 where nothing does, by the ids of rows.
    """
    same = {row.id for row in same_rows(matrix)}
    judging = [name for name, kind in matrix.kinds.items() if kind in JUDGING and name != RATING]
    by_row: dict[str, list[MatrixCell]] = {}
    for cell in matrix.cells:
        by_row.setdefault(cell.row, []).append(cell)
    rated = judging and RATING in matrix.kinds and matrix.is_over and not matrix.is_blind
    return {
        row.id: 2
        if row.id in same
        else int(bool(rated) and _is_by_rating(by_row.get(row.id, []), judging))
        for row in matrix.rows
    }


def same_text(matrix: Matrix, rows: Sequence[MatrixRow]) -> str:
    """Say what is the same on these tasks, and nothing that is not.

    Example: ``4 tasks on which “right” is the same: 3 ✓ right · 1 ✗ not right``
    """
    cells: dict[str, list[MatrixCell]] = {}
    for (row_id, _), of in matrix.by_place.items():
        cells.setdefault(row_id, []).extend(_sent(of))
    # What one cell alone says is compared with nothing.
    sent = {1: "sent once", 0: "not sent"}
    counts_of = Counter(len(cells[row.id]) for row in rows)
    told_apart = [
        f"{count_text(counts_of[n], 'task')} {words}" for n, words in sent.items() if counts_of[n]
    ]
    rows = [row for row in rows if len(cells[row.id]) not in sent]
    if not rows:
        return " · ".join(told_apart)
    told_by = {row.id: _scores_of_all(cells[row.id], matrix) for row in rows}
    counts = Counter(_judged(cells[row_id][0], by, matrix) for row_id, by in told_by.items() if by)
    told = " · ".join(
        word if n == len(rows) else f"{n:,} {word}" for word, n in counts.most_common(3)
    )
    what = _what_is_same(list(told_by.values()))
    if all(_is_one_answer(cells[row.id]) for row in rows):
        what = "on which nothing differs" if counts else "with one answer everywhere"
    said = f"{count_text(len(rows), 'task')} {what}{f': {told}' if told else ''}"
    return " · ".join([said, *told_apart])


def _outcome(cell: MatrixCell) -> Hashable:
    if cell.state not in ENDED:
        return cell.state
    return cell.state, cell.stop_reason, Said(cell)


def answers_of(cells: Sequence[MatrixCell]) -> list[list[MatrixCell]]:
    """Put the cells of a task together that gave one answer, most first.

    Empty where there is one answer alone, or no two cells gave the same: then there is nothing
    to count. Why a cell failed is no answer.
    """
    answered = [cell for cell in cells if cell.state == "completed"]
    groups = groups_of(answered)
    return sorted(groups, key=lambda g: -len(g)) if 1 < len(groups) < len(answered) else []


def said_of(cell: MatrixCell, most: int | None = None) -> str:
    """What a cell said last, or why not, whatever white space there is; no more than is read."""
    return " ".join(_last_words(cell)[:most].split())


def differ(cells: Sequence[MatrixCell], names: Sequence[str]) -> bool:
    """Whether cells of one task differ in any of these scores, as far as they have them.

    Without any score to tell them apart it is their answers.
    """
    cells = _sent(cells)
    if not names:
        return not _is_one_answer(cells)
    return any(len({*_values(cells, name)}) > 1 for name in names)


def telling_of(cells: Sequence[MatrixCell], matrix: Matrix) -> list[str]:
    """Name the scores that tell cells apart, as far as any of these has them."""
    return [name for name in _telling(matrix) if _values(cells, name)]


def differing_text(names: Sequence[str]) -> str:
    """Say what it is that differs."""
    shown = [f"“{visible_name(name)}”" for name in names[:_MOST_NAMED]]
    return f"{' or '.join(shown)} differs" if shown else "the answers differ"


def _is_same(cells: Sequence[MatrixCell], matrix: Matrix) -> bool:
    if len(cells) < 2 or any(cell.state in ("failed", "cancelled") for cell in cells):
        return False
    sent = _sent(cells)
    if differ(sent, telling_of(sent, matrix)):
        return False
    return len(sent) < 2 or bool(_scores_of_all(sent, matrix)) or _is_one_answer(sent)


def _sent(cells: Sequence[MatrixCell]) -> list[MatrixCell]:
    """Leave out what was not sent, which says nothing."""
    return [cell for cell in cells if cell.state != "unsent"]


def _is_one_answer(cells: Sequence[MatrixCell]) -> bool:
    return len(set(map(Said, cells))) < 2


def _last_words(cell: MatrixCell) -> str:
    text = cell.error if cell.state == "failed" else cell.answer or cell.text
    return text or ""


def _telling(matrix: Matrix) -> list[str]:
    """Name the scores that tell cells apart: those that judge, else all; and ratings always."""
    kinds = matrix.kinds
    judging = [name for name, kind in kinds.items() if kind in JUDGING] or list(kinds)
    return list(dict.fromkeys([*judging, *(name for name in kinds if name == RATING)]))


def _scores_of_all(cells: Sequence[MatrixCell], matrix: Matrix) -> list[str]:
    """Name those of them that all these cells have."""
    return [name for name in _telling(matrix) if len(_values(cells, name)) == len(cells)]


def _values(cells: Sequence[MatrixCell], name: str) -> list[float | str]:
    values = [cell.scores.get(name) for cell in cells]
    there = [value for value in values if not is_missing(value)]
    return [value if is_number(value) else str(value) for value in there]


def _is_by_rating(cells: Sequence[MatrixCell], judging: Sequence[str]) -> bool:
    """Whether ratings differ, and no score that judges."""
    differ = [name for name in (RATING, *judging) if len({*_values(cells, name)}) > 1]
    return differ == [RATING]


def _judged(cell: MatrixCell, names: Sequence[str], matrix: Matrix) -> str:
    said = [verdict(name, cell.scores[name], matrix.kinds.get(name)) for name in names]
    return min(said, key=lambda one: not one.tint).text


def _what_is_same(scores: Sequence[Sequence[str]]) -> str:
    names = list(dict.fromkeys(name for names in scores for name in names))
    shown = [f"“{visible_name(name)}”" for name in names]
    if len(names) > _MOST_NAMED:
        shown = [count_text(len(names), "score")]
    many = len(names) > 1
    what = f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else "".join(shown)
    answer = "" if all(scores) else " or the answer"
    return f"on which {what}{answer} {'are' if many else 'is'} the same"
