"""A batch as DataFrames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from ...frames import BatchCell
    from .batch import Batch
    from .cells import Cell
    from .marks import Marks


def frame_of(batch: Batch) -> pd.DataFrame:
    """Return one row a cell; see :meth:`Batch.to_frame`."""
    from ...frames import batch_frame

    marks = batch.marks()
    return batch_frame(_row(batch, cell, marks[cell.id]) for cell in batch.cells)


def summary_of(batch: Batch, score: str, **options: Any) -> pd.DataFrame:
    """Sum a score up by column; see :meth:`Batch.summary`."""
    from ...scores import summary

    frame = frame_of(batch)
    # Versions are columns of their own, which the LLM alone does not name.
    frame["llm_id"] = [batch.column_id(cell.column) for cell in batch.cells]
    return summary(frame, score, **options)


def _row(batch: Batch, cell: Cell, marks: Marks) -> BatchCell:
    from ...frames import BatchCell

    return BatchCell(
        run_id=batch.run_id,
        batch_id=cell.batch_id,
        task_index=cell.task_index,
        task=cell.task.text,
        llm_id=cell.column.label,
        version_id=cell.version,
        repeat=cell.repeat,
        session_id=cell.session_id,
        message_id=cell.message_id,
        status=cell.state,
        error=cell.error,
        text=cell.text,
        seconds=cell.seconds,
        cost=cell.cost,
        tool_calls=cell.tool_calls,
        attempts=cell.attempts,
        created_at=cell.created_at,
        completed_at=cell.completed_at,
        metadata=cell.metadata,
        scores=marks.scores,
        notes=marks.notes,
    )
