"""Statistics of a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from .batch import Batch


def summary_of(batch: Batch, score: str, **options: Any) -> pd.DataFrame:
    """Sum a score up by column; see :meth:`Batch.summary`."""
    from ...scores import summary

    frame = batch.to_frame()
    # Versions are columns too, and so is the agent's default, which no LLM names.
    names = [batch.column_id(cell.column) for cell in batch.cells]
    return summary(frame.assign(llm_id=names), score, **options)
