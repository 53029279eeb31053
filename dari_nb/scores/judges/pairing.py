"""Two scores of the same cells side by side: those of a judge, and those that people gave."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ...errors import InvalidRequestError
from ...score_kinds import are_on, is_missing, kind_of
from ..checks import check_frame, checked_tasks
from ..columns import (
    DEFAULT,
    by_columns,
    hashable,
    scale_note,
    scale_of_score,
    score_column,
    tasks_of,
)
from ..estimate import Ends

if TYPE_CHECKING:
    import pandas as pd

OF_VALUES = ("the one", "the other")
"""What two are called that have no names."""
LEAST_RATED = 20
"""Ratings of a column that conclusions and calibrated means need."""


class Pair(NamedTuple):
    """What two say of one cell; ``None`` where one of them says nothing."""

    task: Hashable
    column: Hashable
    one: Any
    other: Any
    lost: int = 0
    """How many of the two are numbers that nobody can count with, such as infinity."""

    @property
    def is_whole(self) -> bool:
        """Whether both say something."""
        return self.one is not None and self.other is not None

    @property
    def is_unjudged(self) -> bool:
        """Whether the other alone says something, as a person does of what a judge has skipped."""
        return self.one is None and self.other is not None

    @property
    def has_verdict(self) -> bool:
        """Whether any of them says something, or said what nobody can count with."""
        return self.one is not None or self.other is not None or self.lost > 0


class Pairs(NamedTuple):
    """The cells, what the two scores are called, and their scales, where these are known.

    What a judge gave in numbers is on one in any case: ``note`` says so where it is not known.
    """

    cells: list[Pair]
    one: str
    other: str
    scales: tuple[Ends | None, Ends | None] = (None, None)
    note: str = ""

    @property
    def whole(self) -> list[Pair]:
        """The cells of which both say something."""
        return [pair for pair in self.cells if pair.is_whole]

    @property
    def scale(self) -> Ends | None:
        """The scale that both are on, where it is known of any of them."""
        return self.scales[0] or self.scales[1]

    @property
    def lost(self) -> int:
        """How many values are left out because nobody can count with them."""
        return sum(pair.lost for pair in self.cells)


def pairs_of(given: Any, one: Any, other: Any, by: str | None, task: str) -> Pairs:
    """Read two scores of a batch or a frame, or values by task of two that say so.

    Each answer is a cell, whoever says something of it. Where a frame has no LLMs all are of one
    column.

    Raises:
        InvalidRequestError: They are none of these, or a score is not there, or is named twice.
    """
    if other is None:
        if isinstance(one, str):
            raise InvalidRequestError(
                f"Name the second score, too, such as {one!r}, 'rating'.", code="missing_score"
            )
        return _of_values(given, one)
    frame, own = by_columns(given, by)
    check_frame(frame, task, *([] if by is None else [by]))
    columns = [score_column(frame, name, task) for name in (one, other)]
    if columns[0] == columns[1]:
        raise InvalidRequestError(
            f"{one!r} and {other!r} are one score: name two.", code="conflicting_arguments"
        )
    groups = _names(frame, own) if own in frame else [None] * len(frame)
    rows = zip(tasks_of(frame, task), groups, *(frame[column] for column in columns), strict=True)
    pairs = [_pair(at, column, a, b) for at, column, a, b in rows]
    there = zip(pairs, _have_answers(frame), strict=True)
    cells = [pair for pair, has_answer in there if has_answer or pair.has_verdict]
    one, other = (column.removeprefix("score.") for column in columns)
    scales = scale_of_score(frame, columns[0]), scale_of_score(frame, columns[1])
    notes = zip((one, other), (scale_note(frame, column) for column in columns), strict=True)
    note = "; ".join(f"{name}: {said}" for name, said in notes if said)
    return Pairs(cells, one, other, scales, note)


def kinds_of_pairs(pairs: Pairs) -> set[str | None]:
    """Tell what kinds of values the two scores have."""
    return {
        kind_of((pair.one for pair in pairs.cells), pairs.one, pairs.scales[0]),
        kind_of((pair.other for pair in pairs.cells), pairs.other, pairs.scales[1]),
    }


def check_comparable(pairs: Pairs) -> None:
    """Raise ``InvalidRequestError`` if the two scores are of different kinds or scales."""
    ones, others = [pair.one for pair in pairs.whole], [pair.other for pair in pairs.whole]
    is_text = [_has_texts(ones), _has_texts(others)]
    one, other = _scale(ones, pairs.scales[0]), _scale(others, pairs.scales[1])
    if all(is_text) or (
        not any(is_text)
        and (not one or not other or one == other)
        and _fits(others, ones, one)
        and _fits(ones, others, other)
    ):
        return
    kinds = f"{pairs.one!r} {_kind(ones, one)} and {pairs.other!r} {_kind(others, other)}"
    raise InvalidRequestError(
        f"{kinds}, so they can't agree. Bring both to one kind and scale in batch.to_frame() "
        "first, under a new name.",
        code="not_comparable",
    )


def _fits(values: Sequence[Any], like: Sequence[Any], scale: Ends | None) -> bool:
    """Whether values can be of the kind and on the scale of other ones."""
    if _is_yes_or_no(like):
        return all(value in (0, 1) for value in values)
    return scale is None or are_on(scale, values)


def _scale(values: Sequence[Any], known: Ends | None) -> Ends | None:
    return known or ((0, 1) if _is_yes_or_no(values) else None)


def _is_yes_or_no(values: Sequence[Any]) -> bool:
    return all(isinstance(value, bool) for value in values)


def _has_texts(values: Sequence[Any]) -> bool:
    return any(isinstance(value, str) for value in values)


def _kind(values: Sequence[Any], scale: Ends | None) -> str:
    if _has_texts(values):
        return "has texts"
    if _is_yes_or_no(values):
        return "is yes or no"
    if scale:
        return "is on a scale of {:g} to {:g}".format(*scale)
    return f"has numbers from {min(values):g} to {max(values):g}"


def left_out_text(lost: int) -> str:
    """Say how many values are left out; empty of none.

    >>> left_out_text(1)
    '1 value is no finite number and left out'
    """
    said = "1 value is no finite number" if lost == 1 else f"{lost} values are no finite numbers"
    return f"{said} and left out" if lost else ""


def _names(frame: pd.DataFrame, by: str) -> Any:
    named = hashable(frame, by).astype("object")
    return named.where(named.notna(), DEFAULT)


def _have_answers(frame: pd.DataFrame) -> list[bool]:
    """Tell of each row whether there is something to judge, as far as the frame tells it."""
    there = [True] * len(frame)
    if "status" in frame:
        there = [status == "completed" for status in frame["status"].astype("object")]
    if "text" in frame:
        texts = frame["text"].astype("object")
        there = [
            has and isinstance(text, str) and text != ""
            for has, text in zip(there, texts, strict=True)
        ]
    return there


def _pair(task: Hashable, column: Hashable, one: Any, other: Any) -> Pair:
    (a, a_lost), (b, b_lost) = _counted(one), _counted(other)
    return Pair(task, column, a, b, a_lost + b_lost)


def _counted(given: Any) -> tuple[Any, bool]:
    """Return a value, ``None`` without one, and whether it is a number too large to count with."""
    value = _plain(given)
    if not is_missing(value):
        return value, False
    return None, not (value is None or value != value)


def _of_values(ones: Any, others: Any) -> Pairs:
    told, also = checked_tasks(ones), checked_tasks(others)
    cells = []
    for task in [*told, *(task for task in also if task not in told)]:
        a, b = told.get(task, []), also.get(task, [])
        if a and b and len(a) != len(b):
            raise InvalidRequestError(
                f"Task {task!r} has {len(a)} values in the one and {len(b)} in the other: they "
                "belong together one by one, with None where one is missing.",
                code="invalid_values",
            )
        size = max(len(a), len(b))
        ours, theirs = (a or [None] * size), (b or [None] * size)
        cells += [_pair(task, None, x, y) for x, y in zip(ours, theirs, strict=True)]
    return Pairs(cells, *OF_VALUES)


def _plain(value: Any) -> Any:
    """Return plain Python; what is missing is ``None``.

    Raises:
        InvalidRequestError: It is no score.
    """
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    if callable(getattr(value, "item", None)) and getattr(value, "ndim", None) == 0:
        value = value.item()
    if value is not None and not isinstance(value, int | float | str):
        raise InvalidRequestError(
            f"A cell holds a {type(value).__name__}: a score is yes or no, a number, or a text.",
            code="invalid_score",
        )
    return value


def by_task(pairs: list[Pair], which: str) -> Mapping[Hashable, list[Any]]:
    """Return one of the two scores as values by task."""
    found: dict[Hashable, list[Any]] = {}
    for pair in pairs:
        found.setdefault(pair.task, []).append(getattr(pair, which))
    return found
