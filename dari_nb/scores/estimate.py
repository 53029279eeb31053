"""A number with its interval, and how that was made."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple

Ends = tuple[float, float]
UNKNOWN: Ends = (math.nan, math.nan)

ByTask = Mapping[Hashable, Sequence[Any]]
"""The values of each task's repeats: numbers or yes and no; ``None`` and NaN are missing."""

NO_VALUES = "there are no values"
ONE_TASK = "one task alone does not tell how others vary"
ALL_EQUAL = "all tasks have the same value, which does not tell how others vary"
ALL_ALIKE = "all tasks have as good as the same value, which does not tell how others vary"


class _Numbers(NamedTuple):
    value: float
    low: float
    high: float
    tasks: int
    values: int


class Estimate(_Numbers):
    """A number with its interval.

    Attributes:
        value: The estimate; NaN when there is nothing to estimate it from.
        low: Lower end of the interval; NaN when the tasks cannot tell: there is one only, or all
            have the same value and nothing bounds what another could have.
        high: Upper end of the interval. It is never the lower one: no interval has no width.
        tasks: How many tasks it comes from.
        values: How many values it comes from.
        method: How the interval was made; ``none`` when there is none.
        why: Why it was made so, or why there is none.
        p_value: Of a difference: the chance of one as large or larger if there were none,
            two-sided, by the interval's own method; NaN for all else.
        p_method: How that was made: ``mid-p`` of sign flips, or as the interval; ``none`` where
            there is none.

    >>> found = dari.scores.mean({"a": [1, 0], "b": [1, 1]})
    >>> found.value, found.tasks, found.values
    (0.75, 2, 4)
    """

    method: str = "none"
    why: str = NO_VALUES
    p_value: float = math.nan
    p_method: str = "none"

    @classmethod
    def of(
        cls,
        value: float,
        ends: Ends,
        tasks: int,
        values: int,
        method: str,
        why: str,
        p_value: float = math.nan,
        p_method: str = "none",
    ) -> Estimate:
        """Make an estimate that knows its method; ends that are equal are none."""
        has_ends = ends[0] < ends[1]
        made = cls(value, *(ends if has_ends else UNKNOWN), tasks, values)
        made.method = method if has_ends else "none"
        made.why = why if has_ends else _why_none(tasks)
        made.p_value = p_value if has_ends else math.nan
        made.p_method = p_method if has_ends else "none"
        return made

    def within(self, scale: Ends | None) -> Estimate:
        """Return the estimate and its interval as far as they are on the scale of the score.

        Whatever tells the mean of a score ends its interval here, so that all tell the same.

        Args:
            scale: The worst and the best that it can be; ``None`` where that is not known.

        >>> dari.scores.mean({"a": [5], "b": [4]}).within((1, 5))[:3]
        (4.5, 1.0, 5.0)
        """
        if scale is None:
            return self
        least, most = map(float, scale)
        value, *ends = (x if math.isnan(x) else min(max(x, least), most) for x in self[:3])
        if math.isnan(self.low):
            return self._replace(value=value)
        how = (self.method, self.why, self.p_value, self.p_method)
        return Estimate.of(value, (ends[0], ends[1]), self.tasks, self.values, *how)

    def within_width(self, scale: Ends | None) -> Estimate:
        """Return a difference and its interval as far as two on the scale can be apart.

        Args:
            scale: The worst and the best that each can be; ``None`` where that is not known.

        >>> dari.scores.paired_difference({"a": [5], "b": [4]}, {"a": [1], "b": [5]}).within_width(
        ...     (1, 5)
        ... )[:3]
        (1.5, -4.0, 4.0)
        """
        return self if scale is None else self.within((scale[0] - scale[1], scale[1] - scale[0]))

    def with_note(self, note: str) -> Estimate:
        """Return the same with more to say of why its interval is as it is, if it has one.

        Args:
            note: What to say; nothing where it is empty.

        >>> dari.scores.wilson(8, 10).with_note("as counted by hand").why
        'asked for; as counted by hand'
        """
        made = self._replace()
        if note and not math.isnan(self.low):
            made.why = f"{self.why}; {note}"
        return made

    def _replace(self, **changed: Any) -> Estimate:
        made: Estimate = super()._replace(**changed)
        made.__dict__.update(self.__dict__)
        return made

    def __repr__(self) -> str:
        numbers = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._fields)
        return f"Estimate({numbers}, method={self.method!r}, why={self.why!r})"


def _why_none(tasks: int) -> str:
    return {0: NO_VALUES, 1: ONE_TASK}.get(tasks, ALL_EQUAL)
