"""What two columns of a past run have in common, if each task has so many cells again."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from typing import NamedTuple

ByTask = dict[Hashable, list[float | None]]
"""Values of a column by task; ``None`` of an answer that got no score, nothing of one to come."""

_PARTS = 60


class Common(NamedTuple):
    """What a column and another one have of a score; nothing is lacking where nothing is known.

    Attributes:
        both: On how many tasks each of them is likely to have it.
        ours: On how many the first one is.
        theirs: On how many the other one is.
        of: Of how many tasks.
        often: Which share of the answers to these has it: the mean that is right for variances.
        shares: Which share of its answers the first has it for, on how many tasks that the other
            one has it on, where the rest is 0 for it; ``often`` is of the other one then.
        lost: How many past cells of these tasks got none; a task without any counts as one.
        cells: Of how many.
        llms: The LLMs whose cells they are; empty where those are all.
        run_id: Their run.
    """

    both: float = 1
    ours: float = 1
    theirs: float = 1
    of: int = 1
    often: float = 1.0
    shares: tuple[tuple[float, float], ...] = ((1.0, 1),)
    lost: int = 0
    cells: int = 2
    llms: tuple[str | None, ...] = ()
    run_id: str = ""

    @property
    def compared(self) -> float:
        """On how many tasks the other one has it."""
        return sum(tasks for _, tasks in self.shares)

    @property
    def kept(self) -> float:
        """Which share of its answers to these the first has it for."""
        return sum(share * tasks for share, tasks in self.shares) / (self.compared or 1)


class _Seen(NamedTuple):
    """How many cells of a task got a score, and how many there are."""

    scored: int
    of: int


class _Loss(NamedTuple):
    """Which share of a column's cells got a score, and how far those of one task are alike."""

    share: float
    alike: float

    def chances(self, seen: _Seen, repeats: int) -> list[float]:
        """Return the chances of no score, of one and so on in so many cells of a task.

        They are drawn of those that were seen. Where it takes more, the others get a score as often
        as all did, and the more as those of the task did the more alike these are.
        """
        import numpy as np

        scored, of = seen
        if not of:
            return [1.0] + [0.0] * repeats
        few = min(repeats, of)
        ways = [math.comb(scored, k) * math.comb(of - scored, few - k) for k in range(few + 1)]
        found = np.array([way / math.comb(of, few) for way in ways])
        for many in range(few, repeats):
            own, weight = self.alike * np.arange(many + 1), 1 - self.alike + self.alike * many
            more = found * ((1 - self.alike) * self.share + own) / weight
            found = np.append(found - more, 0.0) + np.append(0.0, more)
        return [float(chance) for chance in found]


def scored_tasks(column: ByTask) -> ByTask:
    """Return the tasks of a column that have a score."""
    return {task: values for task, values in column.items() if {*values} - {None}}


def rounded(share: float) -> float:
    """Return a share as one of few: whole sixtieths, as all of up to six are."""
    return round(_PARTS * share) / _PARTS


def common(one: ByTask, other: ByTask, repeats: int, *, zeros: bool) -> Common:
    """Return what two columns have in common if each has so many cells of a task.

    So many are drawn of each past task, see :meth:`_Loss.chances`.

    Args:
        one: The values of the one.
        other: Those of the other.
        repeats: How many.
        zeros: Whether what the one lost is 0 for it.
    """
    tasks = [task for task in one.keys() & other.keys() if one[task] or other[task]]
    if not tasks:
        return Common()
    pairs = [(_seen(one[task]), _seen(other[task])) for task in tasks]
    losses = [_loss(of) for of in zip(*pairs, strict=True)]
    both = ours = theirs = inverse = 0.0
    shares: dict[float, float] = defaultdict(float)
    for pair, many in Counter(pairs).items():
        first, second = (
            loss.chances(seen, repeats) for loss, seen in zip(losses, pair, strict=True)
        )
        have = many * (1 - first[0]) * (1 - second[0])
        both += have
        ours += many * (1 - first[0])
        theirs += many * (1 - second[0])
        thinned = [second] if zeros else [first, second]
        inverse += have * sum(map(_inverse, thinned)) / len(thinned)
        for count, chance in enumerate(first if pair[0].of else ()):
            if weight := many * (1 - second[0]) * chance:
                shares[rounded(count / repeats)] += weight
    counted = [seen for pair in pairs for seen in (pair[:1] if one is other else pair)]
    cells = sum(max(1, seen.of) for seen in counted)
    lost = cells - sum(seen.scored for seen in counted)
    often = both / inverse / repeats if both else 1.0
    told = tuple(sorted(shares.items())) if zeros else ((1.0, both),)
    return Common(both, ours, theirs, len(tasks), often, told if both else (), lost, cells)


def _seen(values: Sequence[float | None]) -> _Seen:
    return _Seen(sum(value is not None for value in values), len(values))


def _inverse(chances: Sequence[float]) -> float:
    """Return the mean of one by the number of scores, where there are any."""
    some = 1 - chances[0]
    return sum(chance / k for k, chance in enumerate(chances) if k) / some if some else 0.0


def _loss(of: Sequence[_Seen]) -> _Loss:
    """Tell how a column loses scores; where too few tasks have several cells, these are alike."""
    from ....scores.power.variation import LEAST

    share = sum(seen.scored for seen in of) / max(1, sum(seen.of for seen in of))
    spread = share * (1 - share)
    if not spread or sum(seen.of > 1 for seen in of) < LEAST:
        return _Loss(share, 1.0)
    gaps = sum((seen.scored - seen.of * share) ** 2 for seen in of)
    single = sum(s.scored * (1 - share) ** 2 + (s.of - s.scored) * share**2 for s in of)
    alike = (gaps - single) / (spread * sum(seen.of * (seen.of - 1) for seen in of))
    return _Loss(share, min(1.0, max(0.0, alike)))
