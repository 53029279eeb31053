"""Scores as they were given just now, as a table that begins with what went wrong."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ....scores import Score
from ...listing import Listing
from ..cells import Column

if TYPE_CHECKING:
    from .sheet import Sheet

_LABEL = 48  # characters that tell one task from another


class ScoreTable(Listing[Score]):
    """The scores of a batch in the order of its cells; shown, errors come first.

    >>> batch.score("right", lambda turn: "21" in turn.text)[0].value
    False
    """

    def __init__(self, scores: Iterable[Score], batch: Sheet) -> None:
        labels = {task.index: task.label for task in batch.tasks}
        columns = {
            "task": lambda score: f"{score.task_index} {short_label(labels[score.task_index])}",
            "column": lambda score: batch.grid.column_id(Column(score.llm_id, score.version_id)),
            "repeat": lambda score: str(score.repeat),
            "value": lambda score: _value(score.value),
            "error": lambda score: score.error or "",
        }
        scores = list(scores)
        absent = [] if batch.repeats > 1 else ["repeat"]
        absent += [] if any(score.error for score in scores) else ["error"]
        super().__init__(scores, {k: take for k, take in columns.items() if k not in absent})

    def to_mimebundle(self) -> dict[str, str]:
        """Return it as HTML, Markdown and plain text; an error that all share is said once."""
        errors = {score.error for score in self}
        if len(self) > 1 and len(errors) == 1 and (error := errors.pop()):
            told = {"what": lambda _: f"all {len(self)} failed", "error": lambda _: error}
            return Listing(self[:1], told).to_mimebundle()
        shown = sorted(self, key=lambda score: score.error is None)
        return Listing(shown, self._columns).to_mimebundle()


def _value(value: Any) -> str:
    from ....render.matrix.verdict import score_text

    if isinstance(value, dict):
        return ", ".join(f"{name} {score_text(part)}" for name, part in value.items())
    return "" if value is None else score_text(value)


def short_label(label: str) -> str:
    """Return as much of a task's label as tells it from others."""
    from ....render.matrix.cells import label_text

    text = label_text(label)
    return text if len(text) <= _LABEL else f"{text[: _LABEL - 1]}…"
