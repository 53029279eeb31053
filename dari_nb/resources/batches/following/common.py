"""What two columns of the past have in common, if each task has so many cells again."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from itertools import product
from typing import NamedTuple

from ....score_kinds import is_number

FAILED, ANSWERED = math.nan, math.inf
ByTask = dict[Hashable, list[float | None]]
"""Values of a column by task; ``FAILED`` of what did, ``None`` of an answer that could get no
score, and ``ANSWERED`` of one that was not to be scored, or not yet: it is not lost."""

_PARTS = 60


class Seen(NamedTuple):
    """How many cells of a task got a score, and how many have ended."""

    scored: int
    of: int


_NOTHING_LOST = Seen(1, 1)


class Loss(NamedTuple):
    """Which share of a column's cells got a score, and how far those of one task are alike."""

    share: float = 1.0
    alike: float = 1.0

    def chances(self, seen: Seen, repeats: int) -> list[float]:
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


class Common(NamedTuple):
    """What a column and another one have of a score; nothing is lacking where nothing is known.

    Attributes:
        both: How likely both of them have it on a task.
        ours: How likely the first one has.
        theirs: How likely the other one has.
        often: Which share of the answers to these has it: the mean that is right for variances.
        shares: Which share of its answers the first has it for, with the chance of each on tasks
            that the other one has it on, where the rest is 0; ``often`` is of the other one then.
        losses: How each of them loses scores.
        scored: How many past cells of each have it.
        cells: Of how many; a task without any counts as one.
    """

    both: float = 1.0
    ours: float = 1.0
    theirs: float = 1.0
    often: float = 1.0
    shares: tuple[tuple[float, float], ...] = ((1.0, 1.0),)
    losses: tuple[Loss, ...] = (Loss(), Loss())
    scored: tuple[int, ...] = (1, 1)
    cells: tuple[int, ...] = (1, 1)


def is_there(value: float | None) -> bool:
    """Whether an answer has a score, or lacks it only because nobody has given it one."""
    return value == ANSWERED or is_number(value)


def scored_tasks(column: ByTask) -> ByTask:
    """Return the tasks of a column that have a score."""
    return {task: values for task, values in column.items() if any(map(is_number, values))}


def rounded(share: float) -> float:
    """Return a share as one of few: whole sixtieths, as all of up to six are."""
    return round(_PARTS * share) / _PARTS


def common(
    one: ByTask,
    other: ByTask,
    repeats: int,
    answered: tuple[bool, bool],
    *,
    zeros: bool,
    are_of_one_run: bool = True,
) -> Common:
    """Return what two columns have in common if each has so many cells of a task.

    So many are drawn of each past task, see :meth:`Loss.chances`; where they are of two runs, each
    task of the one may go with each of the other. Of which of both there are answers already, none
    fails; with ``zeros`` what the one lost is 0 for it.
    """
    first, second = (_seen(*of) for of in zip((one, other), answered, strict=True))
    if are_of_one_run:
        same = [(first[task], second[task]) for task in first if task in second]
        pairs = Counter(pair for pair in same if any(seen.of for seen in pair))
        columns = [[*of] for of in zip(*pairs.elements(), strict=True)]
    else:
        columns = [[*of.values()] or [_NOTHING_LOST] for of in (first, second)]
        each = (Counter(of).items() for of in columns)
        pairs = Counter({(a, b): n * m for (a, n), (b, m) in product(*each)})
    if not pairs:
        return Common()
    total = pairs.total()
    losses = tuple(map(_loss, columns))
    both = ours = theirs = inverse = 0.0
    shares: dict[float, float] = defaultdict(float)
    for pair, many in pairs.items():
        mine, others = (
            loss.chances(seen, repeats) for loss, seen in zip(losses, pair, strict=True)
        )
        part = many / total
        have = part * (1 - mine[0]) * (1 - others[0])
        both += have
        ours += part * (1 - mine[0])
        theirs += part * (1 - others[0])
        thinned = [others] if zeros else [mine, others]
        inverse += have * sum(map(_inverse, thinned)) / len(thinned)
        for count, chance in enumerate(mine if pair[0].of else ()):
            if weight := part * (1 - others[0]) * chance:
                shares[rounded(count / repeats)] += weight
    cells = tuple(sum(max(1, seen.of) for seen in of) for of in columns)
    scored = tuple(sum(seen.scored for seen in of) for of in columns)
    often = both / inverse / repeats if both else 1.0
    all_ = sum(shares.values())
    told = tuple((share, part / all_) for share, part in sorted(shares.items())) or ((0.0, 1.0),)
    return Common(both, ours, theirs, often, told, losses, scored, cells)


def _seen(column: ByTask, is_answered: bool) -> dict[Hashable, Seen]:
    """Return what was seen of each task; of answers alone nothing is where all of it failed."""
    found = {}
    for task, values in column.items():
        scored = sum(map(is_there, values))
        of = scored + values.count(None) if is_answered else len(values)
        if of:
            found[task] = Seen(scored, of)
    return found


def _inverse(chances: Sequence[float]) -> float:
    """Return the mean of one by the number of scores, where there are any."""
    some = 1 - chances[0]
    return sum(chance / k for k, chance in enumerate(chances) if k) / some if some else 0.0


def _loss(of: Sequence[Seen]) -> Loss:
    """Tell how a column loses scores; where too few tasks have several cells, these are alike."""
    from ....scores.power.variation import LEAST

    share = sum(seen.scored for seen in of) / max(1, sum(seen.of for seen in of))
    spread = share * (1 - share)
    if not spread or sum(seen.of > 1 for seen in of) < LEAST:
        return Loss(share, 1.0)
    gaps = sum((seen.scored - seen.of * share) ** 2 for seen in of)
    single = sum(s.scored * (1 - share) ** 2 + (s.of - s.scored) * share**2 for s in of)
    alike = (gaps - single) / (spread * sum(seen.of * (seen.of - 1) for seen in of))
    return Loss(share, min(1.0, max(0.0, alike)))
