"""The parts of a matrix as HTML: cells, and the headings of rows and columns."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ._visible import visible_name
from .figures import (
    cell_facts,
    column_facts,
    metadata_text,
    peek_text,
    score_text,
    state_word,
)
from .matrix import MatrixCell, MatrixColumn, MatrixRow

_LABEL = 300  # characters; a task is told by its beginning


def cell_html(cell: MatrixCell) -> str:
    """Render what stands in a cell: a peek at the answer or the cause, the state, the figures.

    >>> print(cell_html(MatrixCell("c", "r", "l", state="queued", seconds=3.2)))
    <small><span class="dari-state" data-state="queued">queued</span> <span>3.2 s</span></small>
    """
    peek = peek_text(cell)
    state = escape(visible_name(cell.state))
    word = f'<span class="dari-state" data-state="{state}">{_safe(state_word(cell))}</span>'
    facts = f" <span>{_safe(' · '.join(facts))}</span>" if (facts := cell_facts(cell)) else ""
    html = f"<p>{_safe(peek)}</p>" if peek else ""
    return f"{html}<small>{word}{facts}</small>{_scores(cell)}"


def row_html(row: MatrixRow, number: int) -> str:
    """Render the heading of a row: the number of the task, its text, what is known about it."""
    about = f"<small>{_safe(metadata_text(row))}</small>" if row.metadata else ""
    return f"<p><small>{number}</small> {_safe(label_text(row.label))}</p>{about}"


def column_html(column: MatrixColumn, cells: Sequence[MatrixCell]) -> str:
    """Render the heading of a column: the LLM or version, and what its cells came to."""
    return f"{_safe(column.label)} <small>{_safe(' · '.join(column_facts(cells)))}</small>"


def label_text(label: str) -> str:
    """Say a task on one line."""
    text = visible_name(label[: 4 * _LABEL])
    return text if len(text) <= _LABEL else text[: _LABEL - 1].rstrip() + "…"


def _scores(cell: MatrixCell) -> str:
    chips = "".join(
        f"<span>{_safe(visible_name(name))} <b>{_safe(score_text(value))}</b></span> "
        for name, value in cell.scores.items()
    )
    return f'<div class="dari-scores">{chips.rstrip()}</div>' if chips else ""


def _safe(text: str) -> str:
    return escape(visible_name(text), quote=False)
