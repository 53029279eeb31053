"""How often chance alone sets those that succeeded apart as clearly as a split of the runs does."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[np.float64]]

LIKELY = 0.05
"""From here on a split may be chance, as it is commonly said."""
_DEALS = 999  # with the one that came they are a thousand
_MOST_WORK = 200_000_000  # deals times runs times splits
_AT_ONCE = 500_000  # deals times splits
_SEED = 0
_ROUNDING = 1e-9


class Chance:
    """Fisher's exact test of success by side, for splits of which the clearest is looked for.

    The test is two-sided: R. A. Fisher, *The logic of inductive inference*, Journal of the Royal
    Statistical Society 98 (1935). Since many splits are looked at, the outcomes are dealt out anew
    over the runs, in all ways there are up to 999, else in 999 ways drawn with one seed; what a
    split is told is the share of these in which the clearest of all is as clear: the minimum of
    p-values in P. H. Westfall and S. S. Young, *Resampling-based multiple testing* (1993). What is
    drawn is kept within what is exact: it is no less than the p-value of the split itself, and no
    more than the sum of what all of them reach alone. Of one split it is the p-value itself.

    Args:
        success: Whether each run succeeded; ``None`` where that is not known, and does not count.
        splits: The splits: a number whose bits, the lowest first, are the runs of one side.

    >>> Chance([True] * 4 + [False] * 4, [0b1111]).of(0b1111)  # doctest: +ELLIPSIS
    0.0285...
    """

    def __init__(self, success: Sequence[bool | None], splits: Iterable[int]) -> None:
        self._succeeded = sum(1 << place for place, told in enumerate(success) if told)
        self._known = sum(1 << place for place, told in enumerate(success) if told is not None)
        self.runs = self._known.bit_count()
        self._yes = self._succeeded.bit_count()
        self._tables: dict[int, Array] = {}
        self._splits = {self._side(split) for split in splits} - {0}
        self._sizes = Counter(side.bit_count() for side in self._splits)

    @property
    def can_differ(self) -> bool:
        """Whether so few runs could tell anything from chance, whatever came of them."""
        return any(self._best(self.runs, yes) < LIKELY for yes in range(1, self.runs))

    def alone(self, split: int) -> float:
        """The p-value of a split, as if no other had been looked at; 1 where it splits nothing."""
        side = self._side(split)
        if not side or not 0 < self._yes < self.runs:
            return 1.0
        return float(self._table(side.bit_count())[(side & self._succeeded).bit_count()])

    def of(self, split: int) -> float | None:
        """How often the clearest of all splits is as clear; ``None`` where all came out alike."""
        if not 0 < self._yes < self.runs:
            return None
        if len(self._splits) == 1:
            return self.alone(split)
        least, is_drawn = self._least
        alone = self.alone(split)
        reached = int(least.searchsorted(alone * (1 + _ROUNDING), "right"))
        told = (reached + is_drawn) / (len(least) + is_drawn)
        return min(max(told, alone), self._most(alone)) if is_drawn else told

    def _most(self, alone: float) -> float:
        """How often any split is as clear at the most: the sum of how often each is."""
        reach, most = alone * (1 + _ROUNDING), 0.0
        for size, splits in self._sizes.items():
            table = self._table(size)
            most += splits * float(table[table <= reach].max(initial=0))
        return most

    def _side(self, split: int) -> int:
        """The smaller side of a split, of the runs of which success is known; 0 if that is none."""
        side = split & self._known
        return min(side, self._known ^ side, key=lambda one: (one.bit_count(), one))

    @staticmethod
    def _best(runs: int, yes: int) -> float:
        """The p-value of the split that has all that succeeded on one side."""
        return (2 if 2 * yes == runs else 1) / math.comb(runs, yes)

    def _table(self, size: int) -> Array:
        """The p-values of a side of so many runs, by how many of them succeeded."""
        if size not in self._tables:
            self._tables[size] = _p_values(self.runs, self._yes, size)
        return self._tables[size]

    @cached_property
    def _least(self) -> tuple[Array, bool]:
        """The least p-value of all splits in each deal, in order, and whether deals were drawn.

        Of one size the least is where the fewest or the most of a side succeeded.
        """
        import numpy as np

        splits = sorted(self._splits, key=int.bit_count)
        if not splits:
            return np.ones(1), False
        places = [place for place in range(self._known.bit_length()) if self._known >> place & 1]
        sides = np.array([[side >> place & 1 for side in splits] for place in places], float)
        sizes = [side.bit_count() for side in splits]
        begins = [at for at, size in enumerate(sizes) if not at or size != sizes[at - 1]]
        tables = [self._table(sizes[begin]) for begin in begins]
        deals, is_drawn = self._deals(len(splits))
        least = np.ones(len(deals))
        for at in range(0, len(deals), step := max(1, _AT_ONCE // len(splits))):
            counts = deals[at : at + step] @ sides
            for reach in (np.minimum, np.maximum):
                ends = reach.reduceat(counts, begins, axis=1).astype(np.int64)
                told = [table[ends[:, n]] for n, table in enumerate(tables)]
                np.minimum(least[at : at + step], np.min(told, axis=0), out=least[at : at + step])
        return np.sort(least), is_drawn

    def _deals(self, splits: int) -> tuple[Array, bool]:
        """Deal out who succeeded: a row each, and whether these are drawn from all there are."""
        import numpy as np

        if math.comb(self.runs, self._yes) <= _DEALS:
            chosen = np.array(list(combinations(range(self.runs), self._yes)))
            is_drawn = False
        else:
            count = min(_DEALS, max(_DEALS // 10, _MOST_WORK // (self.runs * splits)))
            lots = np.random.default_rng(_SEED).random((count, self.runs))
            chosen = np.argpartition(lots, self._yes - 1, axis=1)[:, : self._yes]
            is_drawn = True
        deals = np.zeros((len(chosen), self.runs))
        np.put_along_axis(deals, chosen, 1, axis=1)
        return deals, is_drawn


def _p_values(runs: int, yes: int, size: int) -> Array:
    """Return Fisher's p-values of a side, by how many of it succeeded: 0 to its size."""
    import numpy as np

    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, runs + 1)))])
    least, most = max(0, yes + size - runs), min(size, yes)
    of = np.arange(least, most + 1)
    chances = np.exp(
        logs[size]
        - logs[of]
        - logs[size - of]
        + logs[runs - size]
        - logs[yes - of]
        - logs[runs - size - yes + of]
        - (logs[runs] - logs[yes] - logs[runs - yes])
    )
    order = np.sort(chances)
    upto = np.concatenate([[0.0], np.cumsum(order)])
    found = np.ones(size + 1)
    found[of] = np.minimum(1, upto[np.searchsorted(order, chances * (1 + _ROUNDING), "right")])
    return found
