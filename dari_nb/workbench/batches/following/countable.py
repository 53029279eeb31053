"""What cells can be compared by: on how many tasks two columns have a score, and how often."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from itertools import permutations
from typing import TYPE_CHECKING, NamedTuple

from ....render.matrix.matrix import Matrix, MatrixCell, lost_by
from ....render.plain.words import short_id
from ....score_kinds import JUDGE, is_number
from ..cells import Column
from ..matrix.means import LEVEL, columns_compared, comparisons_of
from .common import Common, rounded
from .past_scores import Past, named

if TYPE_CHECKING:
    from ....scores.power.detectable import Size
    from ....scores.power.lost import Lost

_NEAR = 1e-6
_HAS_ENDED = frozenset({"completed", "failed", "cancelled"})


class Pair(NamedTuple):
    """What a column is compared with another one on, if it is the better one.

    Attributes:
        llms: Those of the first and of the other one.
        tasks: On how many tasks both have a score.
        repeats: How many scores a column has there: the variance of its means is that of so many.
        past: What past columns had in common, as is supposed of what is to come.
        compared: On how many tasks the other one has a score: the first has one, too, or 0.
        known: Which share of its scores the first has on how many of these, the rest being 0.
        others: Which it may have on any other of these, with the chance of each.
        each: How many scores the first has on a task, with those that are 0, and the other one.
    """

    llms: tuple[str | None, str | None]
    tasks: int = 0
    repeats: float = 1.0
    past: Common = Common()
    compared: int = 0
    known: tuple[tuple[float, int], ...] = ()
    others: tuple[tuple[float, float], ...] = ()
    each: tuple[float, float] = (1.0, 1.0)

    @property
    def lost(self) -> Lost:
        """What is 0 for the first."""
        from ....scores.power.lost import NOTHING, Lost

        if all(share == 1 for share, _ in (*self.known, *self.others)):
            return NOTHING
        return Lost(self.known, self.others, round(self.each[0]))

    @property
    def size(self) -> Size:
        """What is compared, as what shows is told by."""
        from ....scores.power.detectable import POWER, Size

        repeats = self.each[1] if any(self.lost) else self.repeats
        return Size(self.compared, repeats, POWER, LEVEL, self.lost)


class _Task(NamedTuple):
    """How many scores a column has on a task, is going to have, and lacks, with 0 or without."""

    there: int = 0
    to_come: int = 0
    lost: int = 0
    lacking: int = 0

    @property
    def tried(self) -> int:
        """How many values it has, with those that are 0."""
        return self.there + self.to_come + self.lost

    def chances(self, other: _Task, past: Common, *, zeros: bool) -> tuple[float, float]:
        """Tell how likely both columns have a score, and how likely both have a value to compare.

        What is there already tells how likely the rest is, as in the past.
        """
        if self.there:
            often = _share(past.both, past.ours)
        elif self.to_come or past.ours >= past.of:
            often = past.theirs / past.of
        else:
            often = _share(past.theirs - past.both, past.of - past.ours)
        have = 1.0 if other.there else often if other.to_come else 0.0
        ours = 1.0 if self.there else _share(past.both, past.theirs) if self.to_come else 0.0
        return have * ours, have if zeros and self.tried else have * ours

    def kept(self, of_those_to_come: float) -> float:
        """Return which share of its values it has a score for."""
        return rounded((self.there + self.to_come * of_those_to_come) / self.tried)


_Column = Mapping[str, _Task]


class Countable:
    """What some cells of a matrix have of scores, and are going to have.

    A cell that has ended counts if it has the score; of tasks to come two columns have it on as
    many as past columns had. What was answered and is not scored yet by the function that scores
    others is still to come; so is all of it where the run has no score yet.

    Args:
        matrix: The cells with what is known of them.
        past: What scores tell that are there already.
    """

    def __init__(self, matrix: Matrix, past: Past) -> None:
        names = [name for name, kind in matrix.kinds.items() if kind != "label"]
        self._past = past
        is_own = past.has_own and any(of.run_id == matrix.run_id for of in past.counted)
        self._name = past.counted[0].name if is_own else (*names, "")[0]
        self._names = names or [self._name]
        self._counted = self._name or (past.counted[0].name if past.counted else "")
        self._matrix = matrix
        self._zeros = past.has_zeros
        self._llms = {column.id: column.llm for column in matrix.columns}

    @cached_property
    def comparisons(self) -> int:
        """How many comparisons are judged together, once all cells have ended."""
        return max(1, comparisons_of(self._compared))

    def has(self, cell: MatrixCell, name: str | None = None) -> bool:
        """Whether a cell has the score, or is going to be scored."""
        name = self._name if name is None else name
        if cell.state in _HAS_ENDED and (name or cell.state != "completed"):
            return is_number(cell.scores.get(name)) or self._is_unscored(cell, name)
        return True

    def _is_unscored(self, cell: MatrixCell, name: str) -> bool:
        """Whether a cell was answered and is not scored yet by what scores others."""
        is_new = cell.state == "completed" and name in self._by_function
        return is_new and not any(f"{name}.".startswith(f"{of}.") for of in _scored_by(cell))

    @cached_property
    def _by_function(self) -> Collection[str]:
        return {name for cell in self._matrix.cells for name in _scored_by(cell)}

    def pairs(self, cells: Sequence[MatrixCell]) -> list[Pair]:
        """Return what each two columns are compared on, as either of them may be the better one."""
        given: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
        for cell in cells:
            given[cell.column][cell.row][self._state(cell)] += 1
        found = {
            column: {row: _Task(**of) for row, of in rows.items()} for column, rows in given.items()
        }
        columns = self._compared.get(self._counted, ())
        return [self._pair(found, *two) for two in permutations(columns, 2)]

    def told(self, cells: Sequence[MatrixCell], pair: Pair) -> str:
        """Say what is missing, and what is supposed of what is to come; empty where nothing is."""
        tasks, past, of = pair.tasks, pair.past, len({cell.row for cell in cells})
        able = {column for column, name in self._rows if name == self._counted}
        compared, columns = self._compared[self._counted], self._matrix.columns
        without = [one.label for one in columns if one.id not in able]
        few = [one.label for one in columns if one.id in able.difference(compared)]
        told = [
            f"{named(labels)} {'has' if len(labels) == 1 else 'have'} {what}"
            for labels, what in (
                (without, "no score"),
                (few, "a score on too few tasks to be compared"),
            )
            if labels
        ]
        ended = [cell for cell in cells if cell.column in compared and cell.state in _HAS_ENDED]
        is_coming = past.lost and any(self.has(cell) and not self._is_there(cell) for cell in cells)
        lost, what = sum(not self.has(cell) for cell in ended), "score" if self._name else "answer"
        if lost and not (is_coming and self._name):
            told.append(f"{lost:,} of {len(ended):,} cells have no {what}")
        if is_coming:
            get = "gets" if past.lost == 1 else "get"
            of_whom = f" of {named(Column(llm).label for llm in past.llms)}" if past.llms else ""
            if past.run_id != self._past.counted[0].run_id:
                of_whom += f" in run {short_id(past.run_id)}"
            told.append(f"if again {past.lost:,} of {past.cells:,} cells{of_whom} {get} no score")
        unscored = sum(self._is_unscored(cell, self._name) for cell in ended)
        answers = sum(cell.state == "completed" for cell in ended)
        are = "is" if unscored == 1 else "are"
        verb = "judge" if self._name.startswith(JUDGE) else "score"
        yet = f"{unscored:,} of {answers:,} answers {are} not scored yet: batch.{verb}(...)"
        left = f"{tasks:,} of {of:,} tasks can be compared" if tasks < of else ""
        zeros = "what the better one lacks counted as 0" if any(pair.lost) else ""
        missing = ": ".join(filter(None, (" and ".join(told), left)))
        return "; ".join(filter(None, (yet if unscored else "", missing, zeros)))

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
        if self._past.counted and not self._name:
            found = {
                (column, score.name): [(str(task), 0.0) for task in tasks]
                for column, _ in found
                for score in self._past.counted
                if (tasks := score.tasks(self._llms[column]))
            }
        return {of: tuple(each) for of, each in found.items()}

    @cached_property
    def _answering(self) -> Collection[str | None]:
        """The LLMs of which cells have ended."""
        cells = self._matrix.cells
        return {self._llms[cell.column] for cell in cells if cell.state in _HAS_ENDED}

    def _is_there(self, cell: MatrixCell) -> bool:
        return is_number(cell.scores.get(self._name))

    def _state(self, cell: MatrixCell) -> str:
        """Say which of the numbers of a task a cell is one of."""
        if self.has(cell):
            return "there" if self._is_there(cell) else "to_come"
        return "lost" if self._zeros and lost_by(cell, self._name) else "lacking"

    def _pair(self, found: Mapping[str, _Column], one: str, other: str) -> Pair:
        llms = self._llms[one], self._llms[other]

        def past(repeats: int) -> list[Common]:
            if not self._past.counted:
                return [Common()]
            counting = self._past.counting(*llms, self._answering)
            return counting.common(*llms, repeats, zeros=self._zeros)

        columns = found.get(one, {}), found.get(other, {})
        return _pair(Pair(llms), *columns, past, zeros=self._zeros)


def _scored_by(cell: MatrixCell) -> set[str]:
    """Return the scores that a function gave, or was to give."""
    return {*cell.scores, *cell.score_errors} - {*cell.rated}


def _pair(
    none: Pair, one: _Column, other: _Column, again: Callable[[int], list[Common]], *, zeros: bool
) -> Pair:
    """Take what is there as it is, and of what is to come as much as is likely: the least."""
    rows = [row for row in one if row in other]
    open_ = [row for row in rows if not (one[row].there and other[row].there)]
    left = [more for row in open_ if (more := max(one[row].to_come, other[row].to_come))]
    each = max((sum(of) for column in (one, other) for of in column.values()), default=1)
    found = []
    for whole, past in zip(
        again(each), again(sum(left) // len(left) if left else each), strict=True
    ):
        chances = {row: one[row].chances(other[row], past, zeros=zeros) for row in rows}
        both = round(sum(chance for chance, _ in chances.values()), 9)
        found.append((both, whole, past, chances))
    both, whole, past, chances = min(found, key=lambda of: (of[0], of[2].kept))
    if not both:
        return none._replace(past=past)
    weights = {row: weight for row, (_, weight) in chances.items() if weight}
    known: dict[float, int] = Counter()
    others: dict[float, float] = defaultdict(float)
    for row, weight in weights.items():
        if one[row].to_come and not one[row].there:
            for share, part in past.shares:
                others[share] += weight * part / past.compared
        elif weight == 1:
            known[one[row].kept(whole.kept)] += 1
        else:
            others[one[row].kept(whole.kept)] += weight
    rest = sum(others.values())
    tasks = max(1, _whole(both))
    compared = max(tasks, sum(known.values()) + _whole(rest))
    often = (1.0 if zeros else whole.often, whole.often)
    ours, theirs = (
        sum(
            weight / max(1.0, of[row].there + of[row].lost * is_first + of[row].to_come * share)
            for row, weight in weights.items()
        )
        for is_first, of, share in zip((True, False), (one, other), often, strict=True)
    )
    total = sum(weights.values())
    return Pair(
        none.llms,
        tasks,
        round(2 * total / (ours + theirs), 9),
        past,
        compared,
        tuple(sorted(known.items())),
        tuple((share, part / rest) for share, part in sorted(others.items())),
        (round(total / ours, 9), round(total / theirs, 9)),
    )


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _whole(number: float) -> int:
    """Return the whole number below, whatever rounding takes off."""
    return math.floor(number + _NEAR)
