"""What cells can be compared by: on how many tasks two columns have a score, and how often."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import combinations
from math import floor, sqrt
from statistics import fmean
from typing import NamedTuple

from ....render.matrix.matrix import Matrix, MatrixCell
from ....score_kinds import is_number
from ..matrix.means import columns_compared, comparisons_of
from .past_scores import PastScores

_HAS_ENDED = frozenset({"completed", "failed", "cancelled"})
_TINY = 1e-9


class Pair(NamedTuple):
    """What two columns are compared on.

    Attributes:
        tasks: On how many tasks both have a score; where that is not known yet, so many as tell as
            much. There is one at least, unless there is none for certain.
        repeats: How many scores a column has at each of these: the variance of its means is that
            of so many.
    """

    tasks: float
    repeats: float


class Countable:
    """What some cells of a matrix have of scores, and are going to have.

    A cell that has ended counts if it has the score; one to come counts as far as past cells of its
    LLM had it. Where the run has no score yet, what was answered is still to come.

    Args:
        matrix: The cells with what is known of them.
        past: The score that tells how many answers get none, if there is any.
    """

    def __init__(self, matrix: Matrix, past: PastScores | None) -> None:
        names = [name for name, kind in matrix.kinds.items() if kind != "label"]
        is_own = past is not None and past.run_id == matrix.run_id
        self._past = past
        self._name = past.name if past is not None and is_own else (*names, "")[0]
        self._names = names or [self._name]
        self._cells = matrix.cells
        self._llms = {column.id: column.llm for column in matrix.columns}

    @cached_property
    def comparisons(self) -> int:
        """How many comparisons are judged together, once all cells have ended."""
        return max(1, comparisons_of(self._compared))

    def has(self, cell: MatrixCell) -> bool:
        """Whether a cell has the score, or is going to be scored."""
        return self._has(cell, self._name)

    def pair(self, cells: Sequence[MatrixCell]) -> Pair:
        """Return what two columns are compared on: those that have the fewest tasks in common."""
        found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        for cell in cells:
            if self.has(cell):
                share = 1.0 if self._is_there(cell) else self._share(cell)
                found[cell.column][cell.row].append(share)
        columns = self._compared.get(self._name, ())
        pairs = [_pair(found[one], found[other]) for one, other in combinations(columns, 2)]
        return min(pairs, default=Pair(0, 1))

    def told(self, cells: Sequence[MatrixCell]) -> str:
        """Say what is missing, and what is supposed of what is to come; empty where nothing is."""
        ended = sum(cell.state in _HAS_ENDED for cell in cells)
        lost = sum(not self.has(cell) for cell in cells)
        what = "score" if self._name else "answer"
        told = [f"{lost:,} of {ended:,} cells have no {what}"] if lost else []
        is_coming = any(self.has(cell) and not self._is_there(cell) for cell in cells)
        if is_coming and self._past is not None and (past := self._past.total).lost:
            again = f"if again {past.lost:,} of {past.all:,} answers get no score"
            told = [again] if self._name else [*told, again]
        tasks, of = floor(self.pair(cells).tasks + _TINY), len({cell.row for cell in cells})
        left = f"{tasks:,} of {of:,} tasks can be compared" if tasks < of else ""
        return ": ".join(filter(None, (" and ".join(told), left)))

    @cached_property
    def _compared(self) -> Mapping[str, Collection[str]]:
        found: dict[tuple[str, str], list[tuple[str, float]]] = defaultdict(list)
        for name in self._names:
            for cell in self._cells:
                if self._has(cell, name):
                    found[cell.column, name].append((cell.row, 0.0))
        return columns_compared({of: tuple(each) for of, each in found.items()}, self._names)

    def _has(self, cell: MatrixCell, name: str) -> bool:
        if cell.state in _HAS_ENDED and (name or cell.state != "completed"):
            return is_number(cell.scores.get(name))
        return True

    def _is_there(self, cell: MatrixCell) -> bool:
        return is_number(cell.scores.get(self._name))

    def _share(self, cell: MatrixCell) -> float:
        return self._past.share(self._llms[cell.column]) if self._past is not None else 1.0


def whole_around(many: float) -> list[int]:
    """Return the whole number that it is, or both beside it."""
    few = floor(many + _TINY)
    return [few] if many - few < _TINY else [few, few + 1]


def between(many: float, found: Mapping[int, float | None]) -> float | None:
    """Return a difference that shows with so many tasks, or repeats, from those by whole numbers.

    The square of what shows is as large as the variance of the mean difference, and that is linear
    in one by the number of tasks, and in one by that of repeats.
    """
    few, more = min(found), max(found)
    least, most = found[few], found[more]
    if few == more or least is None or most is None:
        return least
    way = (1 / few - 1 / many) / (1 / few - 1 / more)
    return sqrt(least**2 + way * (most**2 - least**2))


def _pair(one: Mapping[str, Sequence[float]], other: Mapping[str, Sequence[float]]) -> Pair:
    """Take what is to come as tries, each of which gets a score or none."""
    tasks = varied = spread = 0.0
    for task in one.keys() & other.keys():
        of = [_scored(tuple(column[task])) for column in (one, other)]
        both = of[0][0] * of[1][0]
        tasks += both
        varied += both * (1 - both)
        spread += both * fmean(each for _, each in of)
    if tasks < _TINY:
        return Pair(0, 1)
    # More tasks than on average help less than fewer harm. Twice is by drawing 0 and 1 on few.
    telling = tasks / (1 + 2 * varied / tasks**2)
    return Pair(max(1.0, telling), tasks / spread)


@lru_cache(maxsize=4096)
def _scored(shares: tuple[float, ...]) -> tuple[float, float]:
    """Return how likely any is scored, and what one by their number is on average then."""
    chances = [1.0]
    for share in shares:
        none, one = [c * (1 - share) for c in chances], [c * share for c in chances]
        chances = [a + b for a, b in zip([*none, 0.0], [0.0, *one], strict=True)]
    some = sum(chances[1:])
    if some < _TINY:
        return 0.0, 1.0
    return some, sum(chance / n for n, chance in enumerate(chances) if n) / some
