"""The trajectories of several runs: aligned once, with those that are alike together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ...models import ToolCallItem
from ..calls.alignment import Key, Step, key_of, rows_of, steps_of
from ..matrix.verdict import Verdict
from ..plain.values import one_line
from .chance import LIKELY, Chance
from .splits import Divergence, Split, divergences, splits_of


@dataclass(frozen=True)
class Trajectory:
    """One run.

    Attributes:
        number: Its place among the runs, from 1.
        label: What tells it from the others, besides its number; may be empty.
        session_id: Its session.
        calls: Its tool calls, in order.
        success: Whether it succeeded; ``None`` while that is not known.
        verdict: The same as sign, word and tint.
    """

    number: int
    label: str
    session_id: str
    calls: Sequence[ToolCallItem]
    success: bool | None = None
    verdict: Verdict = field(default_factory=lambda: Verdict("", ""))


@dataclass(frozen=True)
class Rate:
    """How many of some runs succeeded, of those of which it is known."""

    runs: int
    known: int
    succeeded: int

    @property
    def share(self) -> float | None:
        """The part that succeeded; ``None`` where it is known of none."""
        return self.succeeded / self.known if self.known else None

    @property
    def is_all(self) -> bool:
        """Whether all of them succeeded."""
        return 0 < self.runs == self.succeeded

    @property
    def is_none(self) -> bool:
        """Whether none of them did, and that is known of all."""
        return self.runs == self.known > self.succeeded == 0


def rate_of(runs: Iterable[Trajectory]) -> Rate:
    """Count who succeeded."""
    told = [run.success for run in runs]
    return Rate(len(told), len(told) - told.count(None), told.count(True))


@dataclass(frozen=True)
class Cluster:
    """Runs that make the same calls in the same order; ``runs`` are their places from 0."""

    number: int
    runs: Sequence[int]
    rate: Rate


class Trajectories:
    """Runs with their trajectories aligned.

    Args:
        runs: Two or more.
        title: What they are runs of; may be empty.
        criterion: What success is, in words, such as ``reward is 1``; empty when nobody knows.
        tasks: How many tasks they are runs of, as far as that is known.
    """

    def __init__(
        self,
        runs: Sequence[Trajectory],
        *,
        title: str = "",
        criterion: str = "",
        tasks: int = 1,
    ) -> None:
        self.runs = runs
        self.title = title
        self.criterion = criterion
        self.tasks = tasks
        self.keys: list[list[Key]] = [[key_of(call) for call in run.calls] for run in runs]
        self.rows = rows_of(self.keys)

    @cached_property
    def steps(self) -> list[Step]:
        """The steps, as :func:`~dari_nb.render.calls.alignment.aligned` gives them."""
        return steps_of([run.calls for run in self.runs], self.keys, self.rows)

    @cached_property
    def first_divergence(self) -> int | None:
        """The number of the first step that is not the same for all, from 1."""
        kinds = (number for number, step in enumerate(self.steps, 1) if step.kind != "same")
        return next(kinds, None)

    @cached_property
    def divergences(self) -> list[Divergence]:
        """Where they diverge first, and in what they call where that is later."""
        if self.first_divergence is None:
            return []
        return list(divergences(self.keys, self.rows, self.first_divergence - 1))

    @cached_property
    def chance(self) -> Chance | None:
        """How surely a split is more than chance; ``None`` for runs of several tasks.

        Of those one task may be harder than another, whatever is called.
        """
        if self.tasks > 1:
            return None
        sides = [side for divergence in self.divergences for side in divergence.sides()]
        return Chance([r.success for r in self.runs], [*sides, *(s.side for s in self._splits)])

    @cached_property
    def telling(self) -> Split | None:
        """The split that tells more of success than those where they diverge, if one does.

        It is one that is hardly chance, or leaves none that succeeded on the other side.
        """
        chance = self.chance
        if chance is None or not self._splits:
            return None
        told = [side for each in self.divergences if each.is_counted for side in each.sides()]
        alone = [chance.alone(split.side) for split in self._splits]
        least = min(alone)
        if least > (1 - 1e-9) * min(map(chance.alone, told), default=1.0):
            return None
        found = [s for s, p in zip(self._splits, alone, strict=True) if p <= (1 + 1e-9) * least]
        # Where a call at one step tells as much as one anywhere, the step tells where to look.
        best = min(found, key=lambda s: (s.row is None, s.row or 0, -self._share(s)))
        is_sure = (chance.of(best.side) or 0) < LIKELY
        sides = [rate_of(runs) for runs in self.divided(best)]
        is_whole = any(r.is_all for r in sides) and any(r.is_none for r in sides)
        return best if is_sure or is_whole else None

    def chance_at(self, row: int) -> float | None:
        """How often chance sets those that succeeded apart as clearly as what differs at a row."""
        sides = [side for each in self.divergences if each.row == row for side in each.sides()]
        sides += [split.side for split in self._splits_at.get(row, ())]
        if self.chance is None or not sides:
            return None
        return self.chance.of(min(sides, key=self.chance.alone))

    def divided(self, split: Split) -> tuple[list[Trajectory], list[Trajectory]]:
        """The runs of the one kind, and the others."""
        sides: tuple[list[Trajectory], list[Trajectory]] = [], []
        for place, run in enumerate(self.runs):
            sides[0 if split.side >> place & 1 else 1].append(run)
        return sides

    @cached_property
    def _splits(self) -> list[Split]:
        told = {run.success for run in self.runs}
        return list(splits_of(self.keys, self.rows)) if {True, False} <= told else []

    @cached_property
    def _splits_at(self) -> dict[int, list[Split]]:
        at: dict[int, list[Split]] = {}
        for split in self._splits:
            if split.row is not None:
                at.setdefault(split.row, []).append(split)
        return at

    def _share(self, split: Split) -> float:
        return _or_least(rate_of(self.divided(split)[0]).share)

    @cached_property
    def clusters(self) -> list[Cluster]:
        """Runs of equal trajectories, the most successful first, then the largest."""
        by_trajectory: dict[tuple[Key, ...], list[int]] = {}
        for place, trajectory in enumerate(self.keys):
            by_trajectory.setdefault(tuple(trajectory), []).append(place)
        groups = [
            (places, rate_of(self.runs[p] for p in places)) for places in by_trajectory.values()
        ]
        groups.sort(key=lambda group: (-_or_least(group[1].share), -len(group[0]), group[0]))
        return [Cluster(number, *group) for number, group in enumerate(groups, 1)]

    @cached_property
    def cluster_of(self) -> list[int]:
        """The number of the cluster of each run."""
        numbers = {place: cluster.number for cluster in self.clusters for place in cluster.runs}
        return [numbers[place] for place in range(len(self.runs))]

    def usual(self, row: int) -> int:
        """The place of a run whose call most have at a row."""
        there = [(p, self.keys[p][i]) for p, i in enumerate(self.rows[row]) if i is not None]
        [(most, _)] = Counter(key for _, key in there).most_common(1)
        return next(place for place, key in there if key == most)

    def call(self, row: int, run: int) -> ToolCallItem | None:
        """The call of a run at a row."""
        return self.steps[row].calls[run]

    def is_same_call(self, row: int, one: int, other: int) -> bool:
        """Whether two runs have the same call at a row."""
        i, j = self.rows[row][one], self.rows[row][other]
        return i is not None and j is not None and self.keys[one][i] == self.keys[other][j]

    def results_differ(self, row: int) -> bool:
        """Whether what is the same call has not given all the same at a row."""
        told = {come_of(call) for call in self.steps[row].calls if call is not None}
        return self.steps[row].kind == "same" and len(told) > 1


def come_of(call: ToolCallItem) -> tuple[str, bool, str]:
    """What came of a call, to be compared."""
    return call.status, bool(call.is_error), one_line(call.result)


def _or_least(share: float | None) -> float:
    return -1.0 if share is None else share
