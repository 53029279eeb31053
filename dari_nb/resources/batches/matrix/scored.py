"""Scores as they were given just now, as a table that begins with what went wrong."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ....score_kinds import Kind, is_missing, kind_of
from ....scores import Score, mean
from ...listing import Listing
from ..cells import Column

if TYPE_CHECKING:
    from .sheet import Sheet

TaskValue = tuple[int, Any]
"""The index of a task, and a value that one of its cells has."""
_LABEL = 48  # characters that tell one task from another
_FEW = 4  # columns and parts of a score that are told one by one


class ScoreTable(Listing[Score]):
    """The scores of a batch in the order of its cells; shown, what they come to is above them.

    >>> batch.score("right", lambda turn: "21" in turn.text)[0].value
    False
    """

    def __init__(self, scores: Iterable[Score], batch: Sheet) -> None:
        names = batch.grid.names

        def column_of(score: Score) -> str:
            return names[Column(score.llm_id, score.version_id)]

        labels = {task.index: task.label for task in batch.tasks}
        columns = {
            "task": lambda score: f"{score.task_index} {short_label(labels[score.task_index])}",
            "column": column_of,
            "repeat": lambda score: str(score.repeat),
            "value": lambda score: _value(score.value),
            "error": lambda score: score.error or "",
        }
        scores = list(scores)
        absent = [] if batch.repeats > 1 else ["repeat"]
        absent += [] if any(score.error for score in scores) else ["error"]
        super().__init__(scores, {k: take for k, take in columns.items() if k not in absent})
        self.above = _come_to([(column_of(score), score) for score in scores])

    def to_mimebundle(self) -> dict[str, str]:
        """Return it as HTML, Markdown and plain text; an error that all share is said once."""
        errors = {score.error if score.value is None else None for score in self}
        if len(self) > 1 and len(errors) == 1 and (error := errors.pop()):
            told = {"what": lambda _: f"all {len(self):,} failed", "error": lambda _: error}
            shown = Listing(self[:1], told)
        else:
            shown = Listing(sorted(self, key=lambda score: score.error is None), self._columns)
            shown.above = self.above
        shown.notes = self.notes
        return shown.to_mimebundle()


def _come_to(scores: Sequence[tuple[str, Score]]) -> str:
    """Say what scores come to, one by one of few columns; they are given with their columns."""
    parts: dict[str, dict[str, list[TaskValue]]] = {}
    for column, score in scores:
        of = score.value if isinstance(score.value, dict) else {"": score.value}
        for part, value in of.items():
            name = f"{score.name}.{part}" if part else score.name
            parts.setdefault(name, {}).setdefault(column, []).append((score.task_index, value))
    known = {name: of for name, of in parts.items() if any(map(_are_any, of.values()))} or parts
    return "; ".join(_by_column(name, of) for name, of in [*known.items()][:_FEW])


def _by_column(name: str, columns: dict[str, list[TaskValue]]) -> str:
    values = [told for of in columns.values() for told in of]
    kind = kind_of([value for _, value in values], name)
    if kind == "label" and len(kinds := _one_of_each(value for _, value in values)) > 1:
        return f"{name} has no mean: it holds {' and '.join(kinds)} ({_of_all(values, kind)})"
    if not 1 < len(columns) <= _FEW:
        return f"{name}: {_of_all(values, kind)}"
    told = ", ".join(f"{column} {_of_all(of, kind)}" for column, of in columns.items())
    return f"{name}: {told}{'' if kind == 'label' else _unlike(columns.values())}"


def _unlike(columns: Iterable[list[TaskValue]]) -> str:
    """Say where figures of columns come from different tasks."""
    found = [{task for task, value in of if not is_missing(value)} for of in columns]
    tasks = [of for of in found if of]
    common = set.intersection(*tasks) if tasks else set()
    if all(of == common for of in tasks):
        return ""
    return f" (scored on different tasks, {len(common)} of them in common)"


def _one_of_each(values: Iterable[Any]) -> list[str]:
    """Say a value of each kind: yes or no, a number, a text, which is quoted."""
    # 0 and 1 may be no and yes: another number tells more.
    there = sorted(values, key=lambda value: value in (0, 1) and not isinstance(value, bool))
    found: dict[type, Any] = {}
    for value in there:
        if not is_missing(value):
            kind = next((k for k in (bool, str) if isinstance(value, k)), float)
            found.setdefault(kind, value)
    said = {kind: _value(found[kind]) for kind in (bool, float, str) if kind in found}
    return [f"“{text}”" if kind is str else text for kind, text in said.items()]


def _of_all(values: Sequence[TaskValue], kind: Kind | None) -> str:
    from ....render import count_text
    from ....render.plain.words import figure_text

    there = [value for _, value in values if not is_missing(value)]
    count, lacking = count_text(len(there), "value"), len(values) - len(there)
    without = f"{lacking} without" if lacking else ""
    if kind == "yes/no":
        said, more = f"{sum(map(bool, there)):,} of {len(there):,}", [without]
    elif kind == "label" or not there:
        said, more = count, [without]
    else:
        said, more = f"mean {figure_text(_mean(values))}", [count, without]
    beside = ", ".join(filter(None, more))
    return f"{said} ({beside})" if beside else said


def _mean(values: Sequence[TaskValue]) -> float:
    """Return the mean over tasks, each of which counts once."""
    tasks: dict[Hashable, list[Any]] = {}
    for task, value in values:
        tasks.setdefault(task, []).append(None if is_missing(value) else value)
    return mean(tasks, method="t").value


def _are_any(values: Iterable[TaskValue]) -> bool:
    return not all(is_missing(value) for _, value in values)


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
