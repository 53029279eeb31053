"""What the better of two columns lost of its scores: a comparison has to hold with 0 for these."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

_HALVINGS = 40
_NEAR = 0.001
ALL = ((1.0, 1.0),)
"""Any task has all of it."""


class Lost(NamedTuple):
    """What counts as 0 for the better column, and for it alone.

    Attributes:
        known: Which share of its tries it has on how many tasks, where that is known.
        others: Which it may have on any other task, with the chance of each; else all.
        repeats: How many tries it has at each task, with those that are lost; 0 if as the other.
    """

    known: tuple[tuple[float, int], ...] = ()
    others: tuple[tuple[float, float], ...] = ()
    repeats: int = 0

    def parts(self, tasks: int) -> list[tuple[float, float]]:
        """Return which share it has on how many of so many tasks, on those of others as is likely.

        >>> Lost(known=((0.5, 2),), others=((0.0, 0.25), (1.0, 0.75))).parts(6)
        [(0.5, 2), (0.0, 1.0), (1.0, 3.0)]
        """
        rest = tasks - sum(many for _, many in self.known)
        return [*self.known, *((share, rest * chance) for share, chance in self.others or ALL)]


NOTHING = Lost()


def means_apart(midway: float, difference: float) -> tuple[float, float]:
    """Return two means from 0 to 1, the lower one first; one too far off ``midway`` moves it.

    >>> means_apart(0.5, 0.5), means_apart(0.75, 1.0)
    ((0.25, 0.75), (0.0, 1.0))
    """
    high = max(min(1.0, midway + difference / 2), difference)
    return high - difference, high


def least_that(
    shows: Callable[[float], bool], most: float = 1.0, near: float = _NEAR, least: float = 0.0
) -> float:
    """Return the smallest difference that shows, so near, where the most does, the least not."""
    low, high = least, most
    for _ in range(_HALVINGS):
        if high - low < near * high:
            break
        middle = (low + high) / 2
        low, high = (low, middle) if shows(middle) else (middle, high)
    return high
