"""Which scores of past runs tell how those to come vary, and how many of them are lost."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, permutations, product
from operator import eq, mul
from statistics import fmean
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from ....render.matrix.parts import Part, listed, text_of
from ....score_kinds import JUDGING, Kind, Measure, is_number, kind_of, limits_of
from ..cells import Column
from .common import ByTask, is_there, scored_tasks

if TYPE_CHECKING:
    from ....scores.power.variation import Variation


@dataclass(frozen=True)
class Precedent:
    """Two columns of past runs, or one in place of both: what is to come varies as there.

    Attributes:
        run_ids: The run; or that of each, which tell nothing of how both go together. None where
            there is none.
        name: The score.
        whose: Which columns of these they are.
        values: Their values by task.
    """

    run_ids: tuple[str, ...] = ()
    name: str = ""
    whose: tuple[Column, ...] = (Column(None),)
    values: tuple[ByTask, ...] = ({},)

    @cached_property
    def known(self) -> Variation | None:
        """How values vary; ``None`` where too few tasks tell, of two those that both have."""
        from ....scores.power.variation import LEAST, variation

        there = [{*scored_tasks(column)} for column in self.values]
        if len(self.run_ids) < 2:
            enough = len(set.intersection(*there)) >= LEAST
            return variation(self.values) if enough else None
        return _apart(self.values) if all(len(of) >= LEAST for of in there) else None


def are_versions(columns: Collection[Column]) -> bool:
    """Whether some columns are versions of one LLM."""
    return len({column.llm for column in columns}) < len(columns)


def _apart(columns: Sequence[ByTask]) -> Variation | None:
    """Tell how values vary of columns of which nobody knows how they go together.

    The difference varies as all of them do. Of a column of one repeat others are not known to
    differ, whatever those of another column do.
    """
    from ....scores.power.variation import variation

    apart: list[ByTask] = [
        {(place, task): of for task, of in column.items()} for place, column in enumerate(columns)
    ]
    whole, each = variation(apart), [variation([column]) for column in columns]
    if whole is None:
        return None
    squares = [of.sd**2 if of else 0.0 for of in each]
    alike = None
    if any(of and of.alike is not None for of in each):
        shares = [1.0 if of is None or of.alike is None else of.alike for of in each]
        alike = sum(map(mul, squares, shares)) / sum(squares)
    return whole._replace(sd=fmean(squares) ** 0.5, alike=alike, correlation=0.0)


class Losing(NamedTuple):
    """Columns that tell how many scores two others lose.

    Attributes:
        of: The two that they tell of.
        columns: Their values by task; none of one that nothing tells of, which loses none.
        run_ids: The run of each. Of two runs the one tells nothing of what the other one loses.
        is_whole: Whether they are all columns of one run.
    """

    of: tuple[Column, ...]
    columns: tuple[ByTask, ...]
    run_ids: tuple[str, ...]
    is_whole: bool

    @property
    def are_of_one_run(self) -> bool:
        """Whether their tasks are the same."""
        return len({*self.run_ids}) == 1


@dataclass(frozen=True)
class PastScores:
    """A score of a run.

    Attributes:
        run_id: The run.
        name: The score.
        measure: What its values are.
        columns: Its values by task, for each column that has it, or was to have it. A task has
            none where the answers have ended without a score, and is left out where they have not
            ended. What is answered and was not to be scored, or is not scored yet, is not lost. Of
            a column of which none is scored yet what failed tells nothing of the rest.
        stand_in: Whether they stand in for the columns that are compared.
        same: How many of those that are compared have it, and no other version in their place.
    """

    run_id: str
    name: str
    measure: Measure
    columns: Mapping[Column, ByTask]
    stand_in: bool = False
    same: int = 0

    @property
    def llms(self) -> set[str | None]:
        """The LLMs of its columns."""
        return {column.llm for column in self.columns}

    def standing(self, column: Column) -> Sequence[Column]:
        """Return which of its columns tell of one: itself, or else those of its LLM."""
        return standing_for(column, self.columns)

    @cached_property
    def enough(self) -> Sequence[Column]:
        """The columns that have it on enough tasks to tell how values vary."""
        from ....scores.power.variation import LEAST

        return [of for of, values in self.columns.items() if len(scored_tasks(values)) >= LEAST]

    @property
    def tells_of(self) -> int:
        """Of how many of the LLMs that are compared it tells; of none where it is of one column."""
        few = self.stand_in or len(self.enough) < 2
        return 0 if few else len({column.llm for column in self.enough})

    @property
    def kind(self) -> Kind | None:
        """What its values are; ``None`` where there are none."""
        return kind_of(self.measure.values, self.name, self.measure.scale)

    def may_be_like(self, own: Measure | None) -> bool:
        """Whether its numbers may be on the scale that a run's own score of its name is on."""
        if not own or not own.values or not self.measure.values:
            return True
        return own.is_like(self.measure) and own.may_be_like(self.measure)

    @cached_property
    def values(self) -> Mapping[Column, ByTask]:
        """Its values alone, for each of these."""
        return {
            column: {task: [*filter(is_number, each)] for task, each in scored_tasks(of).items()}
            for column, of in self.columns.items()
        }

    def share(self, column: Column) -> float:
        """Return which share of the tasks a column has it on, or may have: that have not ended."""
        of = [self.columns[own] for own in self.standing(column)]
        every = {*chain(*self.columns.values())}
        there = (task for each in of for task, values in each.items() if any(map(is_there, values)))
        own = every.difference(*of).union(there)
        return len(own) / max(1, len(every))

    @cached_property
    def precedents(self) -> Sequence[Precedent]:
        """Any two columns that tell, in either order, and any one alone."""
        there = [*self.values.items()]
        found = [
            Precedent((self.run_id,), self.name, *map(tuple, zip(*some, strict=True)))
            for some in (*permutations(there, 2), *permutations(there, 1))
        ]
        return [of for of in found if of.known is not None]

    def nearness(self, of: Precedent, columns: Sequence[Column]) -> tuple[int, int]:
        """Tell how many of two columns stand for themselves, one alone in either place; of two."""
        stand = [[own in self.standing(column) for column in columns] for own in of.whose]
        if len(stand) == 1:
            return int(any(stand[0])), 1
        return sum(each[place] for place, each in enumerate(stand)), 2

    def both(self, columns: Sequence[Column]) -> tuple[Column, ...] | None:
        """Return the two of its columns that tell of two; ``None`` if it has not both."""
        found = product(*map(self.standing, columns))
        return next((two for two in found if len({*two}) == len(two)), None)


class Past(NamedTuple):
    """What scores tell that are there already.

    Attributes:
        telling: The scores that tell how values vary: first that of the run itself, or else of
            another one, that tells most, then of other runs what is on the same scale.
        counted: The scores by which columns are compared: those of the run itself if it has any,
            or else of the first one that tells; by the first of them cells are counted.
        tried: The first of these, and then what other runs have of it on the same scale: they tell
            how many scores an LLM loses.
        are_versions: Whether several columns that are compared have the same LLM: then other runs
            tell only that have all of them.
        has_own: Whether the run itself has any scores.
        has_any: Whether any run has.
        apart: Runs that have the first of these on another scale, of the LLMs that are compared:
            where it is of the run itself, or the other stands in, of one of which it does not tell.
        far: Those that seem to: its whole numbers go much farther in one of both.
        failed: How many cells of columns failed in the latest other run that has any, of how many,
            and which run that is.
    """

    telling: Sequence[PastScores] = ()
    counted: Sequence[PastScores] = ()
    tried: Sequence[PastScores] = ()
    has_own: bool = False
    has_any: bool = False
    apart: Sequence[str] = ()
    far: Sequence[str] = ()
    failed: Mapping[Column, tuple[int, int, str]] = MappingProxyType({})
    are_versions: bool = False

    @property
    def has_zeros(self) -> bool:
        """Whether what the better column lost counts as 0: not of numbers."""
        return not self.telling or self.telling[0].kind in JUDGING

    @property
    def limits(self) -> tuple[float, float] | None:
        """The least and the most that a value can be; ``None`` where that is not known."""
        if not self.telling:
            return None
        return limits_of(self.telling[0].kind, self.telling[0].measure.scale)

    @property
    def untold(self) -> str:
        """Why values are not even taken to be 0 or 1; empty where they are, or where they vary."""
        if self.telling or not self.has_any:
            return ""
        if not self.counted and self.are_versions:
            return "no other run has scores of all these versions"
        if not self.counted:
            return "no score has a mean: score with True and False, or with numbers"
        of = self.counted[0]
        if of.kind in ("yes/no", None):
            return ""
        from ....scores.power.variation import LEAST

        told = "nothing tells yet" if of.enough else f"it takes {LEAST} tasks to tell"
        return f"{told} how much {of.name} varies"

    def precedents(self, *columns: Column) -> Sequence[Precedent]:
        """Return what tells how values of two columns vary.

        That are the two of the first run that has both, or else each one's of the first run that
        has it; and where this is of more of the versions that are compared, this first. Else that
        are the columns in which most of them stand for themselves, two before one alone; of several
        those with scores on the most tasks.
        """
        found = [
            ((stand, _exact(of.whose, columns), -place, many, of.known.tasks), of)
            for place, scores in enumerate(self.telling)
            for of in scores.precedents
            for stand, many in [scores.nearness(of, columns)]
            # Two versions of one LLM go together as no two LLMs do.
            if of.known is not None and are_versions(of.whose) <= are_versions(columns)
        ]
        best = max((how for how, _ in found), default=None)
        own = self._of_own(columns)
        if own and (best is None or best[:2] < (len(columns), _exact(own.whose, columns))):
            return [own]
        return [of for how, of in found if how == best] or [Precedent()]

    def _of_own(self, columns: Sequence[Column]) -> Precedent | None:
        """Return each of two columns, as the first run with enough of it has it."""
        found = [_first(column, ((of, of.enough) for of in self.telling)) for column in columns]
        there = [*filter(None, found)]
        if are_versions(columns) or len(there) < len(columns):
            return None
        two = Precedent(
            tuple(of.run_id for of, _ in there),
            there[0][0].name,
            tuple(own for _, own in there),
            tuple(of.values[own] for of, own in there),
        )
        return two if two.known is not None else None

    def losing(self, *columns: Column) -> Losing:
        """Return what tells how many scores two columns lose.

        That is the first run that has both, or else each one's own, of the first run that has it;
        and where this is of more of the versions that are compared, this first.
        """
        pairs = [(of, two) for of in self.tried for two in [of.both(columns)] if two]
        each = [_first(column, ((of, of.columns) for of in self.tried)) for column in columns]
        exact = _exact([of[1] if of else None for of in each], columns)
        of, two = max(pairs, key=lambda pair: _exact(pair[1], columns), default=(None, ()))
        if of is not None and _exact(two, columns) >= exact:
            values = tuple(of.columns[own] for own in two)
            return Losing(columns, values, (of.run_id,) * 2, len(of.columns) == 2)
        values = tuple(of[0].columns[of[1]] if of else {} for of in each)
        run_ids = tuple(of[0].run_id if of else "" for of in each)
        return Losing(columns, values, run_ids, is_whole=False)

    def share(self, scores: PastScores, column: Column) -> float:
        """Return which share of the tasks a column will have one of the counted scores on."""
        same = (of for of in (scores, *self.tried) if of.name == scores.name)
        first = _first(column, ((of, of.columns) for of in same))
        return (first[0] if first else scores).share(column)

    def run_ids(self, columns: Iterable[Column]) -> set[str]:
        """Return the runs that tell of any two of these columns."""
        pairs = [*permutations(columns, 2)]
        varying = {run for two in pairs for of in self.precedents(*two) for run in of.run_ids}
        return varying.union(*(self.losing(*two).run_ids for two in pairs))


def _exact(own: Iterable[Column | None], columns: Iterable[Column]) -> int:
    """Tell how many columns of past runs are those that are compared, and no other versions."""
    return sum(map(eq, own, columns))


def _first(
    column: Column, runs: Iterable[tuple[PastScores, Collection[Column]]]
) -> tuple[PastScores, Column] | None:
    """Return the first run that has a column among some of its own, or else a version, with that.

    A version is another one of its LLM, where the run has not the column itself.
    """
    found = ((of, own) for of, there in runs for own in of.standing(column) if own in there)
    return min(found, key=lambda of: of[1] != column, default=None)


def named(labels: Iterable[str]) -> str:
    """Name columns, or LLMs.

    >>> named(["small", "large"])
    'large and small'
    """
    return "".join(map(text_of, listed([[Part(label)] for label in sorted({*labels})])))


def standing_for(column: Column, there: Collection[Column]) -> list[Column]:
    """Return which of some columns tell of one: itself, or else those of its LLM."""
    return [column] if column in there else [one for one in there if one.llm == column.llm]
