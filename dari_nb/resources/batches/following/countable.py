"""What cells can be compared by: on how many tasks two columns have a score, and how often."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache, cached_property, partial
from itertools import permutations
from typing import TYPE_CHECKING, NamedTuple

from ....models.events import CANCELLED
from ....render.matrix.matrix import Matrix, MatrixCell, lost_by
from ....render.plain.words import short_id
from ....score_kinds import JUDGE, is_number
from ..cells import Column
from ..matrix.means import LEVEL, Values, columns_compared, comparisons_of
from .common import Common, Loss, Seen, common, rounded
from .precedents import Losing, Past, Precedent, named

if TYPE_CHECKING:
    from ....scores.power.detectable import Size
    from ....scores.power.lost import Lost

_NEAR = 1e-6
_HAS_ENDED = frozenset({"completed", "failed", "cancelled"})
_Again = tuple[int, int, tuple[Column, ...]]


class Pair(NamedTuple):
    """What a column is compared with another one on, if it is the better one.

    Attributes:
        losing: What tells how many scores they lose.
        tasks: On how many tasks both have a score.
        repeats: How many scores a column has there: the variance of its means is that of so many.
        again: How many past cells got no score of those columns of which something is to come, of
            how many, and which columns these are of if not of both.
        compared: On how many tasks the other one has a score: the first has one, too, or 0.
        known: Which share of its scores the first has on how many of these, the rest being 0.
        others: Which it may have on any other of these, with the chance of each.
        each: How many scores the first has on a task, with those that are 0, and the other one.
        precedent: What tells how values vary.
    """

    losing: Losing
    tasks: int = 0
    repeats: float = 1.0
    again: _Again = (0, 0, ())
    compared: int = 0
    known: tuple[tuple[float, int], ...] = ()
    others: tuple[tuple[float, float], ...] = ()
    each: tuple[float, float] = (1.0, 1.0)
    precedent: Precedent = Precedent()

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
    """How many scores a column has on a task, and how many cells that are to come, and so on.

    Answers are not scored yet; lost is what could not be scored, and lacking what was not to be.
    """

    there: int = 0
    to_come: int = 0
    answered: int = 0
    failed: int = 0
    lost: int = 0
    lacking: int = 0

    @property
    def tried(self) -> int:
        """How many values it has, with those that are 0."""
        return self.there + self.coming + self.failed + self.lost

    @property
    def coming(self) -> int:
        """How many scores it is going to have."""
        return self.to_come + self.answered

    @property
    def is_answered(self) -> bool:
        """Whether there are answers to all that is to get a score."""
        return self.answered > 0 and not self.to_come

    def chances(self, loss: Loss) -> list[float] | None:
        """Return the chances of no score, of one and so on; ``None`` where nothing tells of it.

        What failed tells nothing of answers.
        """
        seen = Seen(self.there, self.there + self.lost + self.lacking)
        if not self.is_answered:
            seen = seen._replace(of=seen.of + self.failed)
        return loss.chances(seen, seen.of + self.coming) if seen.of else None


_Column = Mapping[str, _Task]


class Countable:
    """What some cells of a matrix have of scores, and are going to have.

    A cell that has ended counts if it has the score; tasks to come come out as those of a past run,
    and more repeats of a task as its others. What was answered and is not scored yet by the
    function that scores others is still to come; so is all of it where the run has no score yet.

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
        self._columns = {of.id: Column(of.llm, of.version) for of in matrix.columns}
        self._labels = {self._columns[of.id]: of.label for of in matrix.columns}

    def name(self, column: Column) -> str:
        """Say what a column is called, or its LLM where it is of another run alone."""
        return self._labels.get(column, column.label)

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
            if cell.state != CANCELLED:
                given[cell.column][cell.row][self._state(cell)] += 1
        found = {
            column: {row: _Task(**of) for row, of in rows.items()} for column, rows in given.items()
        }
        return [
            pair._replace(precedent=precedent)
            for one, other in permutations(self._compared.get(self._counted, ()), 2)
            for two in [(self._columns[one], self._columns[other])]
            for losing in [self._past.losing(*two)]
            for pair in [_pair(losing, found.get(one, {}), found.get(other, {}), zeros=self._zeros)]
            for precedent in self._past.precedents(*two)
        ]

    def report(self, cells: Sequence[MatrixCell], pair: Pair) -> str:
        """Say what is missing, and what is supposed of what is to come; empty where nothing is."""
        tasks, of = pair.tasks, len({cell.row for cell in cells})
        able = {column for column, name in self._rows if name == self._counted}
        compared, columns = self._compared[self._counted], self._matrix.columns
        few = [one.label for one in columns if one.id in able.difference(compared)]
        told = [
            f"{named(labels)} {_have(labels)} {what}"
            for labels, what in (
                (self._without, "no score"),
                (few, "a score on too few tasks to be compared"),
            )
            if labels
        ]
        ended = [cell for cell in cells if cell.column in compared and cell.state in _HAS_ENDED]
        unscored = sum(self._is_unscored(cell, self._name) for cell in cells)
        lost, what = sum(not self.has(cell) for cell in ended), "score" if self._name else "answer"
        again, past_cells, whose = pair.again
        # What the run itself has lost is told once.
        if lost and ({self._matrix.run_id}, lost) != ({*pair.losing.run_ids}, again):
            have = "get" if unscored else "have"
            told.append(f"{lost:,} of {len(ended):,} cells {have} no {what}")
        if again:
            get = "gets" if again == 1 else "get"
            of_whom = f" of {named(map(self.name, whose))}" if whose else ""
            told.append(f"if again {again:,} of {past_cells:,} cells{of_whom} {get} no score")
        answers = sum(cell.state == "completed" for cell in cells)
        are = "is" if unscored == 1 else "are"
        verb = "judge" if self._name.startswith(JUDGE) else "score"
        yet = f"{unscored:,} of {answers:,} answers {are} not scored yet: batch.{verb}(...)"
        left = f"{tasks:,} of {of:,} tasks can be compared" if tasks < of else ""
        zeros = "what the better one lacks counted as 0" if any(pair.lost) else ""
        missing = ": ".join(filter(None, (" and ".join(told), left)))
        return "; ".join(filter(None, (yet if unscored else "", missing, zeros)))

    def why_none(self, cells: Sequence[MatrixCell]) -> str:
        """Say of whom no difference can be told, and why."""
        lacking = next((pair for pair in self.pairs(cells) if not pair.tasks), None)
        if lacking is not None:
            whom = named(map(self.name, lacking.losing.of))
            is_one_of = len(self._matrix.columns) > len(lacking.losing.of)
            return f"{f' for {whom}' if is_one_of else ''}: {self.report(cells, lacking)}"
        able = {(cell.row, cell.column) for cell in self._matrix.cells if self.has(cell)}
        can_be_compared = max(Counter(row for row, _ in able).values(), default=0) > 1
        counted, without = self._past.counted, self._without
        is_own = not counted or counted[0].run_id == self._matrix.run_id or not can_be_compared
        run = "" if is_own else f"run {short_id(counted[0].run_id)}"
        if 0 < len(without) < len(self._matrix.columns):
            return f": {named(without)} {_have(without)} no score{f' in {run}' if run else ''}"
        of = f" of {run}" if run else ""
        return f": no task{of} has a score in {'two' if without else 'all'} columns"

    @cached_property
    def _without(self) -> Sequence[str]:
        """Columns that have no score, and get none."""
        able = {column for column, name in self._rows if name == self._counted}
        return [column.label for column in self._matrix.columns if column.id not in able]

    @cached_property
    def _compared(self) -> Mapping[str, Mapping[str, Values]]:
        return columns_compared(self._rows, {name for _, name in self._rows})

    @cached_property
    def _rows(self) -> dict[tuple[str, str], tuple[tuple[str, float], ...]]:
        """The tasks that a column has a score on: its own, or else as many as in a past run."""
        found: dict[tuple[str, str], list[tuple[str, float]]] = defaultdict(list)
        for cell in self._matrix.cells:
            for name in self._names:
                if self.has(cell, name):
                    found[cell.column, name].append((cell.row, 0.0))
        if self._past.counted and not self._name:
            found = {
                (column, score.name): rows
                for (column, _), of in found.items()
                for score in self._past.counted
                for share in [self._past.share(score, self._columns[column])]
                if (rows := self._expected(column, [row for row, _ in of], share))
            }
        return {of: tuple(each) for of, each in found.items()}

    def _expected(self, column: str, rows: Iterable[str], share: float) -> list[tuple[str, float]]:
        """Return those of some tasks that are answered, and of those to come that share."""
        answered = {
            cell.row
            for cell in self._matrix.cells
            if cell.column == column and cell.state == "completed"
        }
        of = list(dict.fromkeys(rows))
        to_come = [row for row in of if row not in answered]
        none = {*to_come[round(share * len(to_come)) :]}
        return [(row, 0.0) for row in of if row not in none]

    def _is_there(self, cell: MatrixCell) -> bool:
        return is_number(cell.scores.get(self._name))

    def _state(self, cell: MatrixCell) -> str:
        """Say which of the numbers of a task a cell is one of."""
        if self._is_there(cell):
            return "there"
        if self.has(cell):
            return "answered" if cell.state == "completed" else "to_come"
        if cell.state == "failed":
            return "failed"
        return "lost" if lost_by(cell, self._name) else "lacking"


def _have(labels: Sequence[str]) -> str:
    return "has" if len(labels) == 1 else "have"


def _scored_by(cell: MatrixCell) -> set[str]:
    """Return the scores that a function gave, or was to give."""
    return {*cell.scores, *cell.score_errors} - {*cell.rated}


def _pair(losing: Losing, one: _Column, other: _Column, *, zeros: bool) -> Pair:
    """Take what is there as it is, and what is to come as it was in the past."""
    each = max((sum(of) for column in (one, other) for of in column.values()), default=1)
    mine_then, its_then = losing.columns
    of_past = partial(common, zeros=zeros, are_of_one_run=losing.are_of_one_run)
    past_of = cache(partial(of_past, mine_then, its_then, each))
    both = total = ours = theirs = 0.0
    known: dict[float, int] = Counter()
    others: dict[float, float] = defaultdict(float)
    for two, many in Counter((one[row], other[row]) for row in one if row in other).items():
        first, second = two
        past = past_of((first.is_answered, second.is_answered))
        mine, its = (of.chances(loss) for of, loss in zip(two, past.losses, strict=True))
        have, weight = (many * chance for chance in _likely(mine, its, past))
        both += have
        weight = weight if zeros and first.tried else have
        if not weight:
            continue
        total += weight
        each_of = [max(1.0, of.there + of.coming * past.often) for of in two]
        ours += weight / (first.tried if zeros else each_of[0])
        theirs += weight / each_of[1]
        for share, chance in _scored_shares(first, mine, past) if zeros else [(1.0, 1.0)]:
            if weight * chance > many - _NEAR:
                known[share] += many
            else:
                others[share] += weight * chance
    both, rest = round(both, 9), sum(others.values())
    again = _again(losing, (one, other), past_of)
    if not both:
        return Pair(losing, again=again)
    tasks = max(1, _whole(both))
    return Pair(
        losing,
        tasks,
        round(2 * total / (ours + theirs), 9),
        again,
        compared=max(tasks, sum(known.values()) + _whole(rest)),
        known=tuple(sorted(known.items())),
        others=tuple((share, part / rest) for share, part in sorted(others.items())),
        each=(round(total / ours, 9), round(total / theirs, 9)),
    )


def _likely(
    mine: Sequence[float] | None, its: Sequence[float] | None, past: Common
) -> tuple[float, float]:
    """Tell how likely both columns have a score on a task, and how likely the other one has it.

    Where nothing of it has ended for a column, what the other one has of it tells, as in the past.
    """
    theirs = past.theirs if its is None else 1 - its[0]
    if mine is None:
        return theirs * past.both / max(past.theirs, _NEAR), theirs
    ours = 1 - mine[0]
    if its is not None:
        return ours * theirs, theirs
    both, rest = ours * past.both / max(past.ours, _NEAR), 1 - past.ours
    return both, both + (1 - ours) * ((past.theirs - past.both) / rest if rest > _NEAR else theirs)


def _scored_shares(
    task: _Task, chances: Sequence[float] | None, past: Common
) -> Sequence[tuple[float, float]]:
    """Return which share of its values a column has a score for, with the chance of each."""
    if chances is None:
        return [(rounded(share * task.coming / task.tried), part) for share, part in past.shares]
    return [(rounded(n / task.tried), chance) for n, chance in enumerate(chances) if chance]


def _again(
    losing: Losing, columns: Sequence[_Column], past_of: Callable[[tuple[bool, bool]], Common]
) -> _Again:
    """Count what got no score in the past of the columns of which something is to come."""
    coming = [{task.is_answered for task in of.values() if task.coming} for of in columns]
    past = past_of((coming[0] == {True}, coming[1] == {True}))
    there = {
        of: place
        for place, (of, column) in enumerate(zip(losing.of, losing.columns, strict=True))
        if column and coming[place]
    }
    is_all = losing.is_whole and len(there) == len(losing.of)
    cells, scored = (sum(of[place] for place in there.values()) for of in (past.cells, past.scored))
    return cells - scored, cells, () if is_all else tuple(there)


def _whole(number: float) -> int:
    """Return the whole number below, whatever rounding takes off."""
    return math.floor(number + _NEAR)
