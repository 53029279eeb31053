"""Two scores of the same cells side by side: those of a judge, and those that people gave."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ...errors import InvalidRequestError
from ...score_kinds import is_missing, kind_of
from ..checks import check_frame, checked_tasks
from ..columns import BY, TASK, score_column

if TYPE_CHECKING:
    import pandas as pd

_VERSION = "version_id"
_DEFAULT = "default"


class Pair(NamedTuple):
    """What two say of one cell; ``None`` where one of them says nothing."""

    task: Hashable
    column: Hashable
    one: Any
    other: Any

    @property
    def is_whole(self) -> bool:
        """Whether both say something."""
        return self.one is not None and self.other is not None


class Pairs(NamedTuple):
    """The cells, and what the two scores are called."""

    cells: list[Pair]
    one: str
    other: str

    @property
    def whole(self) -> list[Pair]:
        """The cells of which both say something."""
        return [pair for pair in self.cells if pair.is_whole]


def pairs_of(given: Any, one: Any, other: Any, by: str | None, task: str) -> Pairs:
    """Read two scores of a batch or a frame, or values by task of two that say so.

    Raises:
        InvalidRequestError: They are none of these, or a score is not there.
    """
    if other is None:
        return _of_values(given, one)
    frame = _frame_of(given, task)
    columns = [score_column(frame, name, task) for name in (one, other)]
    groups = frame[by] if by is not None else _columns(frame)
    rows = zip(frame[task], groups, *(frame[column] for column in columns), strict=True)
    cells = [Pair(at, column, _value(a), _value(b)) for at, column, a, b in rows]
    return Pairs(cells, *(column.removeprefix("score.") for column in columns))


def kinds_of_pairs(pairs: Pairs) -> set[str | None]:
    """Tell what kinds of values the two scores have."""
    return {
        kind_of((pair.one for pair in pairs.cells), pairs.one),
        kind_of((pair.other for pair in pairs.cells), pairs.other),
    }


def _frame_of(given: Any, *needed: str) -> pd.DataFrame:
    read = getattr(given, "to_frame", None)
    frame: pd.DataFrame = read() if callable(read) and hasattr(given, "run_id") else given
    check_frame(frame, *needed)
    return frame


def _columns(frame: pd.DataFrame) -> Any:
    """Name the column of each cell: its LLM, its version, or both, as it takes to be known."""
    check_frame(frame, BY)
    llms = frame[BY].astype("object").where(frame[BY].notna(), _DEFAULT)
    if _VERSION not in frame or frame[_VERSION].nunique(dropna=False) < 2:
        return llms
    versions = frame[_VERSION].astype("object")
    return (
        versions
        if llms.nunique() < 2
        else [f"{a} @ {b}" for a, b in zip(llms, versions, strict=True)]
    )


def _of_values(ones: Any, others: Any) -> Pairs:
    told, also = checked_tasks(ones), checked_tasks(others)
    cells = []
    for task in [*told, *(task for task in also if task not in told)]:
        a, b = told.get(task, []), also.get(task, [])
        if a and b and len(a) != len(b):
            raise InvalidRequestError(
                f"Task {task!r} has {len(a)} values in the one and {len(b)} in the other: they "
                "belong together one by one, with None where one is missing."
            )
        size = max(len(a), len(b))
        ours, theirs = (a or [None] * size), (b or [None] * size)
        cells += [Pair(task, None, _value(x), _value(y)) for x, y in zip(ours, theirs, strict=True)]
    return Pairs(cells, "the one", "the other")


def _value(value: Any) -> Any:
    """Return plain Python; what is missing is ``None``."""
    if type(value).__name__ == "NAType":
        return None
    value = value.item() if hasattr(value, "item") else value
    return None if is_missing(value) else value


def by_task(pairs: list[Pair], which: str) -> Mapping[Hashable, list[Any]]:
    """Return one of the two scores as values by task."""
    found: dict[Hashable, list[Any]] = {}
    for pair in pairs:
        found.setdefault(pair.task, []).append(getattr(pair, which))
    return found


__all__ = ["TASK", "Pair", "Pairs", "by_task", "kinds_of_pairs", "pairs_of"]
