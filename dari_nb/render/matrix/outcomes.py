"""What a task came to in a column by one score, and what became of it beside another one.

Here alone it is said what these words mean, for the matrix, its sentences and its frames:

- *failed* is a cell whose turn failed, *not scored* one that has no number for any other reason.
- *better*, *worse*, *alike* are means of the numbers that two columns have on a task. Of yes and no
  and of shares, whose worst everyone knows, what failed counts as 0 beside them, and can only make
  worse; of other numbers it counts for nothing.
- *not compared* is a task that has no number on one side, or of which something failed that could
  count as 0: in the baseline, or without making it worse.
- Cells *differ* in a score if those of them that have it do: what is missing says nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import fmean
from typing import Literal

from ...score_kinds import JUDGING, is_number
from ...score_values import difference
from .matrix import Matrix

Change = Literal["worse", "better", "alike", "none"]
"""What became of a task; ``none`` where nothing can be compared."""
PLAIN: Mapping[Change, str] = {"worse": "lower", "better": "higher"}
"""What it is called of numbers of which nobody can say whether more is better."""


@dataclass(frozen=True)
class Outcome:
    """What the cells of one task in one column came to: their numbers, and how many have none.

    Of numbers whose worst nobody can say, which are not ``is_judging``, what failed is no 0.
    """

    values: Sequence[float] = ()
    failed: int = 0
    unscored: int = 0
    is_judging: bool = True

    @cached_property
    def mean(self) -> float:
        """The mean of the numbers; NaN without any."""
        return fmean(self.values) if self.values else math.nan

    @property
    def with_failed(self) -> Sequence[float]:
        """The numbers with 0 for what failed, unless that is all there is beside the unscored."""
        is_known = self.values or not self.unscored
        return [*self.values, *[0.0] * self.zeros] if is_known else []

    @property
    def zeros(self) -> int:
        """How many cells failed that count as 0."""
        return self.failed if self.is_judging else 0

    def report(self, *, counts: bool = False) -> str:
        """Say how many cells have no number, and why; empty where there are some and all have one.

        >>> Outcome([1.0], failed=2).report(counts=True)
        '2 of 3 failed, counted as 0'
        """
        size = len(self.values) + self.failed + self.unscored
        counted = ", counted as 0" if counts and self.zeros else ""
        failed = f"{self.failed:,} of {size} failed{counted}"
        unscored = f"{self.unscored:,} of {size} not scored"
        if not size:
            return "not run"
        there = [(self.failed, failed), (self.unscored, unscored)]
        return ", ".join(text for n, text in there if n)


def outcomes_of(matrix: Matrix, score: str) -> dict[tuple[str, str], Outcome]:
    """Return what there is at each place by a score, by row and column."""
    is_judging = matrix.kinds.get(score) in JUDGING
    found: dict[tuple[str, str], tuple[list[float], list[str]]] = {}
    for cell in matrix.cells:
        values, without = found.setdefault((cell.row, cell.column), ([], []))
        if is_number(value := cell.scores.get(score)):
            values.append(float(value))
        else:
            without.append(cell.state)
    return {
        place: Outcome(values, failed := without.count("failed"), len(without) - failed, is_judging)
        for place, (values, without) in found.items()
    }


def change_of(ours: Outcome, theirs: Outcome) -> Change:
    """Say what became of a task beside the baseline's."""
    if theirs.zeros or not theirs.values or not ours.with_failed:
        return "none"
    apart = difference(ours.with_failed, theirs.values)
    change: Change = "worse" if apart < 0 else "better" if apart else "alike"
    return change if change == "worse" or not ours.zeros else "none"


def is_worse_by_failing(ours: Outcome, theirs: Outcome) -> bool:
    """Whether a task is worse beside the baseline's only by what failed, which no difference has.

    >>> is_worse_by_failing(Outcome(failed=1), Outcome([1.0]))
    True
    """
    without = replace(ours, failed=0)
    return change_of(ours, theirs) == "worse" and change_of(without, theirs) != "worse"
