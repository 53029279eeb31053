"""A batch as views see it: plain data."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ...models import parse_time
from ...render.matrix import Matrix, MatrixCell, MatrixColumn, MatrixRow
from .marks import Marks
from .time_left import Pace, seconds_left

if TYPE_CHECKING:
    from .cells import Attempt, Cell, Column
    from .results import Results


def matrix_of(batch: Results) -> Matrix:
    """Return a batch as it is known now."""
    marks = batch.marks()
    ids = {column: batch.grid.column_id(column) for column in batch.columns}
    return Matrix(
        title=batch.agent.name,
        run_id=batch.run_id,
        rows=[MatrixRow(str(t.index), t.label, dict(t.metadata)) for t in batch.tasks],
        columns=[_column(c, ids[c]) for c in batch.columns],
        cells=[_cell(cell, ids[cell.column], marks[cell.id]) for cell in batch.cells],
        seconds=_seconds(batch),
        seconds_left=time_left(batch),
    )


def with_costs(matrix: Matrix, batch: Results) -> Matrix:
    """Return a picture of a batch with the costs that have come since, and nothing else."""
    attempts = (attempt for cell in batch.cells for attempt in cell.history)
    costs = {attempt.session_id: attempt.cost for attempt in attempts}
    return replace(
        matrix,
        cells=[
            replace(cell, cost=costs.get(cell.session_id) or cell.cost) for cell in matrix.cells
        ],
    )


def _column(column: Column, name: str) -> MatrixColumn:
    from ...render.words import short_id

    version = column.version or ""
    label = name.replace(version, short_id(version)) if version else name
    return MatrixColumn(name, label, column.llm, column.version)


def _cell(cell: Cell, column_id: str, marks: Marks) -> MatrixCell:
    return MatrixCell(
        id=cell.id,
        row=str(cell.task.index),
        column=column_id,
        repeat=cell.repeat,
        state=cell.state,
        session_id=cell.session_id,
        message_id=cell.message_id,
        text=cell.text,
        error=cell.error,
        seconds=cell.seconds,
        cost=cell.cost,
        tool_calls=cell.tool_calls,
        tools=cell.tools,
        attempts=cell.attempts,
        scores=marks.scores,
        notes=marks.notes,
    )


def _seconds(batch: Results) -> float | None:
    """Seconds from the first cell's sending to the last one's end, or to now."""
    attempts = [attempt for cell in batch.cells for attempt in cell.history]
    begun = [time for a in attempts if (time := parse_time(a.created_at))]
    if not begun:
        return None
    ended = [time for a in attempts if (time := parse_time(a.completed_at))]
    last = max(ended, default=None) if batch.is_done else datetime.now(UTC)
    return None if last is None else max(0.0, (last - min(begun)).total_seconds())


def time_left(batch: Results) -> float | None:
    """Estimate the seconds until all that was sent has ended."""
    sent = [cell for cell in batch.cells if cell.last is not None]
    return seconds_left(_pace(cell) for cell in sent)


def _pace(cell: Cell) -> Pace:
    attempt = cell.last
    assert attempt is not None
    if attempt.has_ended:
        # Without the time in the queue, which says nothing about the work.
        return Pace(cell.column, "ended", max(0.0, (attempt.seconds or 0.0) - attempt.waited))
    if attempt.state == "queued":
        return Pace(cell.column, "queued", 0.0)
    return Pace(cell.column, "running", max(0.0, _since(attempt) - attempt.waited))


def _since(attempt: Attempt) -> float:
    """Seconds since it was sent."""
    if attempt.sent_at is not None:
        return time.monotonic() - attempt.sent_at
    created = parse_time(attempt.created_at)
    return time.time() - created.timestamp() if created else 0.0
