"""A batch as views see it: plain data."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ....models import parse_time
from ....render.matrix.matrix import ENDED, Matrix, MatrixCell, MatrixColumn, MatrixRow
from ....score_values import evened, with_one_yes
from ...display.words import Ending, then
from ..cells import cost_of, known_cost_of
from .marks import Marks
from .means import with_means

if TYPE_CHECKING:
    from ....frames import BatchCell
    from ..cells import Attempt, Cell, Column
    from .sheet import Sheet


def matrix_of(batch: Sheet) -> Matrix:
    """Return a batch as it is known now."""
    matrix = without_means(batch)
    matrix = _with_scores(matrix, evened([cell.scores for cell in matrix.cells]))
    return with_means(replace(matrix, seconds=_seconds(batch)))


def without_means(batch: Sheet) -> Matrix:
    """Return the cells of a batch, and nothing that has to be computed from them."""
    marks = batch._marks()
    ids = {column: batch.grid.column_id(column) for column in batch.columns}
    matrix = Matrix(
        title=batch.agent.name,
        run_id=batch.run_id,
        rows=[MatrixRow(str(t.index), t.label, dict(t.metadata)) for t in batch.tasks],
        columns=[_column(batch, c, ids[c]) for c in batch.columns],
        cells=[_cell(cell, ids[cell.column], marks[cell.id]) for cell in batch.cells],
    )
    scores = with_one_yes([cell.scores for cell in matrix.cells], matrix.kinds)
    return _with_scores(matrix, scores)


def _with_scores(matrix: Matrix, scores: Sequence[Mapping[str, Any]]) -> Matrix:
    """Return a matrix with these scores of its cells."""
    told = zip(matrix.cells, scores, strict=True)
    cells = [c if c.scores is of else replace(c, scores=of) for c, of in told]
    return replace(matrix, cells=cells)


def as_left(matrix: Matrix, ending: Ending) -> Matrix:
    """Return a picture of a batch that goes on without a reader: what was open was so then."""
    cells = [
        cell if cell.state in _AS_IT_IS else replace(cell, state=then(cell.state))
        for cell in matrix.cells
    ]
    return replace(matrix, cells=cells, state=ending.state)


_AS_IT_IS = frozenset({*ENDED, "planned"})


def with_costs(matrix: Matrix, batch: Sheet) -> Matrix:
    """Return a picture of a batch with the costs that have come since, and nothing else."""
    sent = {
        attempt.session_id: [*cell.history[: place + 1], *cell.doubles]
        for cell in batch.cells
        for place, attempt in enumerate(cell.history)
    }

    def with_cost(cell: MatrixCell) -> MatrixCell:
        attempts = sent.get(cell.session_id, [])
        known = known_cost_of(attempts) or cell.known_cost
        return replace(cell, cost_usd=cost_of(attempts) or cell.cost_usd, known_cost=known)

    return replace(matrix, cells=[with_cost(cell) for cell in matrix.cells])


def frame_cells(batch: Sheet) -> list[BatchCell]:
    """Return what a frame of a batch is made of."""
    from ....frames import matrix_cells

    pairs = zip(matrix_cells(without_means(batch)), batch.cells, strict=True)
    return [
        replace(
            cell,
            batch_id=own.batch_id,
            created_at=own.created_at,
            completed_at=own.completed_at,
            metadata=own.metadata,
        )
        for cell, own in pairs
    ]


def _column(batch: Sheet, column: Column, name: str) -> MatrixColumn:
    change = batch._version_change(column.version)
    called, run = batch.grid.names[column], batch.grid.runs.get(column, "")
    return MatrixColumn(name, called, column.llm, column.version, about=change, of=run)


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
        answer=cell.answer,
        error=cell.error,
        stop_reason=cell.stop_reason,
        latency_s=cell.latency_s,
        cost_usd=cost_of(cell.sent),
        known_cost=known_cost_of(cell.sent),
        usage=cell.usage,
        has_asked=any(attempt.has_asked for attempt in cell.sent),
        tool_calls=cell.tool_calls,
        tools=cell.tools,
        attempts=cell.attempts,
        scores=marks.scores,
        score_errors=marks.errors,
        notes=marks.notes,
        rated=marks.by_hand,
        blind=marks.blind,
        scales=marks.scales,
    )


def _seconds(batch: Sheet) -> float | None:
    """Seconds in which anything ran; before the end, those of what goes on now, and no earlier run.

    They are unknown where nothing tells when something began, or when all ended.
    """
    stretches = _stretches(batch)
    counted = stretches if batch.is_done else stretches[-1:]
    spent = sum((ended - begun for begun, ended in counted), timedelta())
    return spent.total_seconds() if counted else None


def _stretches(batch: Sheet) -> list[tuple[datetime, datetime]]:
    """From when to when anything ran: a run, and a retry after its end, are apart."""
    now = datetime.now(UTC)
    attempts = [attempt for cell in batch.cells for attempt in cell.history]
    times = [(_begun(attempt, now), _ended(attempt, now)) for attempt in attempts]
    stretches: list[tuple[datetime, datetime]] = []
    for begun, ended in sorted((begun, ended) for begun, ended in times if begun and ended):
        if stretches and begun <= stretches[-1][1]:
            stretches[-1] = stretches[-1][0], max(ended, stretches[-1][1])
        else:
            stretches.append((begun, max(begun, ended)))
    return stretches


def _begun(attempt: Attempt, now: datetime) -> datetime | None:
    if attempt.created_at is None and attempt.sent_at is not None:
        return now - timedelta(seconds=time.monotonic() - attempt.sent_at)
    return parse_time(attempt.created_at)


def _ended(attempt: Attempt, now: datetime) -> datetime | None:
    return parse_time(attempt.completed_at) if attempt.has_ended else now
