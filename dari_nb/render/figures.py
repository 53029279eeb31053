"""What cells and columns of a matrix come to: money, scores, and facts on one line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from statistics import fmean
from typing import Any

from ._visible import visible_name
from .head import Head
from .matrix import ENDED, Matrix, MatrixCell, MatrixRow
from .plain_math import with_plain_math
from .words import cost_text, count_text, duration_text, state_text

ABSENT = "—"
"""Stands where there is nothing."""

_PEEK = 200  # characters of an answer that tell what it is about
_SCORE = 24
_MARKS = re.compile(
    r"(?<!\w)[*~`]{1,3}(?=\S)|(?<=\S)[*~`]{1,3}(?!\w)|^\s*(?:#{1,6}|[-*+>])\s+", re.MULTILINE
)


def amount_of(cost: str | Decimal | None) -> Decimal | None:
    """Read an amount; ``None`` when it is unknown or no number."""
    try:
        amount = Decimal(cost) if cost is not None else None
    except InvalidOperation:
        return None
    return amount if amount is not None and amount.is_finite() else None


def score_text(value: Any) -> str:
    """Say a score on one short line.

    >>> [score_text(value) for value in (True, 1.0, 0.66667, "good", None)]
    ['yes', '1', '0.667', 'good', '—']
    """
    if value is None:
        return ABSENT
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = f"{value:.3g}" if isinstance(value, float) else visible_name(str(value))
    return text if len(text) <= _SCORE else text[: _SCORE - 1] + "…"


def peek_text(cell: MatrixCell) -> str:
    r"""Say on one line how the answer begins, or why there is none.

    >>> peek_text(MatrixCell("c", "r", "l", text="## Refund\n\nYes, in **full**."))
    'Refund Yes, in full.'
    """
    source = cell.error or "No cause is known." if cell.state == "failed" else cell.text or ""
    source = source[: 4 * _PEEK]
    if cell.state != "failed":
        source = _MARKS.sub("", with_plain_math(source))
    text = visible_name(source)
    return text if len(text) <= _PEEK else text[: _PEEK - 1].rstrip() + "…"


def cell_facts(cell: MatrixCell) -> list[str]:
    """Say what a cell took: calls, time, cost, and attempts when there were several."""
    facts = [
        count_text(cell.tool_calls, "call") if cell.tool_calls is not None else "",
        duration_text(cell.seconds),
        cost_text(cell.cost),
        f"attempt {cell.attempts}" if cell.attempts > 1 else "",
    ]
    return [fact for fact in facts if fact]


def column_facts(cells: Sequence[MatrixCell]) -> list[str]:
    """Say what a column came to: cells done, cost, mean time, mean of each score."""
    done = sum(cell.state == "completed" for cell in cells)
    seconds = [cell.seconds for cell in cells if cell.seconds is not None]
    facts = [f"{done} / {len(cells)}", cost_text(_total(cells))]
    facts.append(duration_text(fmean(seconds)) if seconds else "")
    facts += [f"{name} {score_text(mean)}" for name, mean in means(cells).items()]
    return [fact for fact in facts if fact]


def means(cells: Iterable[MatrixCell]) -> dict[str, float]:
    """Average each score that is a number, over the cells that have it."""
    values: dict[str, list[float]] = {}
    for cell in cells:
        for name, value in cell.scores.items():
            if isinstance(value, int | float) and value == value:
                values.setdefault(visible_name(name), []).append(float(value))
    return {name: fmean(found) for name, found in values.items()}


def state_counts(matrix: Matrix) -> dict[str, int]:
    """Count the cells by state: done, failed, at work in any way, and still to come."""
    counts = Counter(cell.state for cell in matrix.cells)
    order = ("completed", "failed", "waiting_for_tool", "running", "queued", "planned")
    known = {state: counts.pop(state) for state in order if state in counts}
    return {**known, **counts}


def matrix_head(matrix: Matrix) -> Head:
    """Make the head line of a matrix: agent, size, state, totals."""
    counts = state_counts(matrix)
    ended = sum(counts.get(state, 0) for state in ENDED)
    is_over = ended == len(matrix.cells)
    left = duration_text(matrix.seconds_left) if not is_over else ""
    facts = (
        f"{ended} of {len(matrix.cells)}" if not is_over else "",
        f"{counts['failed']} failed" if counts.get("failed") else "",
        duration_text(matrix.seconds),
        f"about {left} left" if left else "",
        cost_text(_total(matrix.cells)),
    )
    facts_there = tuple(fact for fact in facts if fact)
    return Head(matrix.title, size_text(matrix), _state(counts, is_over), facts_there)


def size_text(matrix: Matrix) -> str:
    """Say how large a matrix is: tasks, LLMs, and repeats when there are several."""
    versions = {column.version for column in matrix.columns}
    noun = "version" if len(versions) > 1 and not _llms_differ(matrix) else "LLM"
    repeats = repeats_of(matrix)
    parts = [count_text(len(matrix.rows), "task"), count_text(len(matrix.columns), noun)]
    return " \N{MULTIPLICATION SIGN} ".join([*parts, *([str(repeats)] if repeats > 1 else [])])


def repeats_of(matrix: Matrix) -> int:
    """Return how often each task was given to each LLM at most."""
    return max((cell.repeat for cell in matrix.cells), default=0) + 1


def metadata_text(row: MatrixRow) -> str:
    """Say what is known about a task on one line."""
    return " · ".join(f"{visible_name(k)} {visible_name(v)}" for k, v in row.metadata.items())


def cells_by_place(matrix: Matrix) -> Mapping[tuple[str, str], list[MatrixCell]]:
    """Find cells by row and column, in order of their repeats."""
    found: dict[tuple[str, str], list[MatrixCell]] = {}
    for cell in sorted(matrix.cells, key=lambda cell: cell.repeat):
        found.setdefault((cell.row, cell.column), []).append(cell)
    return found


def _total(cells: Iterable[MatrixCell]) -> Decimal | None:
    amounts = [amount for cell in cells if (amount := amount_of(cell.cost)) is not None]
    return sum(amounts, Decimal()) if amounts else None


def _state(counts: Mapping[str, int], is_over: bool) -> str:
    if not is_over:
        return "planned" if set(counts) == {"planned"} else "running"
    return "failed" if set(counts) == {"failed"} else "completed"


def _llms_differ(matrix: Matrix) -> bool:
    return len({column.llm for column in matrix.columns}) > 1


def state_word(cell: MatrixCell) -> str:
    """Say the state of a cell; ``planned`` ones are still to come."""
    return "to come" if cell.state == "planned" else state_text(cell.state)
