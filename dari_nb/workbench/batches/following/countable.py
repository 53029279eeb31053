"""What cells can be compared by: on how many tasks two columns have a score, and how often."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import combinations
from math import floor, sqrt
from typing import TYPE_CHECKING, NamedTuple

from ....render.matrix.matrix import Matrix, MatrixCell
from ....score_kinds import is_number
from ..matrix.means import columns_compared, comparisons_of
from .past_scores import Common, PastScores

if TYPE_CHECKING:
    from ....scores import Detectable

_HAS_ENDED = frozenset({"completed", "failed", "cancelled"})
_Column = Mapping[str, Sequence[bool]]


class Pair(NamedTuple):
    """What two columns are compared on.

    Attributes:
        tasks: On how many tasks both have a score.
        repeats: How many scores a column has there: the variance of its means is that of so many.
        past: What past columns had in common, as is supposed of what is to come.
    """

    tasks: int
    repeats: float
    past: Common


class Countable:
    """What some cells of a matrix have of scores, and are going to have.

    A cell that has ended counts if it has the score; of tasks to come two columns have it on as
    many as past columns had. Where the run has no score yet, what was answered is still to come.

    Args:
        matrix: The cells with what is known of them.
        past: The scores of the run that tells how many tasks get none, first the one that does.
    """

    def __init__(self, matrix: Matrix, past: Sequence[PastScores]) -> None:
        names = [name for name, kind in matrix.kinds.items() if kind != "label"]
        is_own = any(score.run_id == matrix.run_id for score in past)
        self._past = past
        self._name = past[0].name if is_own else (*names, "")[0]
        self._names = names or [self._name]
        self._counted = self._name or (past[0].name if past else "")
        self._matrix = matrix
        self._llms = {column.id: column.llm for column in matrix.columns}

    @cached_property
    def comparisons(self) -> int:
        """How many comparisons are judged together, once all cells have ended."""
        return max(1, comparisons_of(self._compared))

    def has(self, cell: MatrixCell, name: str | None = None) -> bool:
        """Whether a cell has the score, or is going to be scored."""
        name = self._name if name is None else name
        if cell.state in _HAS_ENDED and (name or cell.state != "completed"):
            return is_number(cell.scores.get(name))
        return True

    def pair(self, cells: Sequence[MatrixCell]) -> Pair:
        """Return what two columns are compared on: those that have the fewest tasks in common."""
        found: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
        for cell in cells:
            if self.has(cell):
                found[cell.column][cell.row].append(self._is_there(cell))
        columns = self._compared.get(self._counted, ())
        pairs = [_pair(found[o], found[p], self._common(o, p)) for o, p in combinations(columns, 2)]
        return min(pairs, default=Pair(0, 1, Common()))

    def told(self, cells: Sequence[MatrixCell]) -> str:
        """Say what is missing, and what is supposed of what is to come; empty where nothing is."""
        (tasks, _, past), of = self.pair(cells), len({cell.row for cell in cells})
        able = {column for column, name in self._rows if name == self._counted}
        without = [column.label for column in self._matrix.columns if column.id not in able]
        told = [f"{column} has no score" for column in without]
        ended = [cell for cell in cells if cell.column in able and cell.state in _HAS_ENDED]
        again = "some answers get no score" if past.often < 1 else ""
        if past.both < past.of:
            again = f"{past.of - past.both:,} of {past.of:,} tasks get no score in both"
        is_coming = again and any(self.has(cell) and not self._is_there(cell) for cell in cells)
        lost, what = sum(not self.has(cell) for cell in ended), "score" if self._name else "answer"
        if lost and not (is_coming and self._name):
            told.append(f"{lost:,} of {len(ended):,} cells have no {what}")
        told += [f"if again {again}"] if is_coming else []
        left = f"{tasks:,} of {of:,} tasks can be compared" if tasks < of else ""
        return ": ".join(filter(None, (" and ".join(told), left)))

    @cached_property
    def _compared(self) -> Mapping[str, Collection[str]]:
        return columns_compared(self._rows, {name for _, name in self._rows})

    @cached_property
    def _rows(self) -> dict[tuple[str, str], tuple[tuple[str, float], ...]]:
        """The tasks that a column has a score on: its own, or else those of a past run."""
        found: dict[tuple[str, str], list[tuple[str, float]]] = defaultdict(list)
        for cell in self._matrix.cells:
            for name in self._names:
                if self.has(cell, name):
                    found[cell.column, name].append((cell.row, 0.0))
        if self._past and not self._name:
            found = {
                (column, score.name): [(str(task), 0.0) for task in tasks]
                for column, _ in found
                for score in self._past
                if (tasks := score.tasks(self._llms[column]))
            }
        return {of: tuple(each) for of, each in found.items()}

    def _is_there(self, cell: MatrixCell) -> bool:
        return is_number(cell.scores.get(self._name))

    def _common(self, *columns: str) -> Common:
        llms = {self._llms[column] for column in columns}
        return self._past[0].common(llms) if self._past else Common()


def between(many: float, found: Callable[[int], Detectable]) -> Detectable:
    """Return what shows with so many repeats, from what does by the whole numbers beside it.

    The square of what shows is as large as the variance of the mean difference, and that is linear
    in one by the number of repeats.
    """
    few = floor(many)
    least = found(few)
    most = found(few + 1) if many > few else least
    if least.difference is None or most.difference is None:
        return least
    way = (1 / few - 1 / many) * few * (few + 1)
    square = least.difference**2 + way * (most.difference**2 - least.difference**2)
    return replace(least, difference=sqrt(square))


def _pair(one: _Column, other: _Column, past: Common) -> Pair:
    """Take what is there as it is, and as much of the tasks to come as was had in common."""
    there = {task for task in one if any(one[task]) and any(other.get(task, ()))}
    able = (one.keys() & other.keys()) - there
    to_come = {task for of in (one, other) for task in of if not all(of[task])} - there
    some = min(len(able), max(min(1, past.both), past.both * len(to_come) // past.of))
    weights = dict.fromkeys(there, 1.0) | dict.fromkeys(able, some / max(1, len(able)))
    spread = sum(
        weight / max(1.0, sum(is_there or past.often for is_there in of[task])) / 2
        for task, weight in weights.items()
        for of in (one, other)
    )
    tasks = len(there) + some
    return Pair(tasks, round(tasks / spread, 9) if tasks else 1, past)
