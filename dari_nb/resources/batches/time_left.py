"""An honest estimate of the time that a batch still takes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Pace:
    """How one cell stands.

    Attributes:
        column: What its duration depends on.
        state: ``queued``, ``running`` or ``ended``.
        seconds: Time it was worked on so far, without waiting in the queue.
    """

    column: Hashable
    state: str
    seconds: float


def seconds_left(paces: Iterable[Pace]) -> float | None:
    """Estimate the seconds to the end; ``None`` when nothing has ended yet.

    A cell is taken to need the median of those that ended in its column, or in all columns when
    none has ended there. What is left is shared by as many cells as run at once now, and takes no
    less than the longest of them.

    >>> ended = [Pace("a", "ended", 10.0), Pace("a", "ended", 10.0)]
    >>> seconds_left([*ended, Pace("a", "running", 4.0), Pace("a", "queued", 0.0)])
    16.0
    >>> seconds_left([Pace("a", "running", 4.0)]) is None
    True
    """
    paces = list(paces)
    needed = _medians(paces)
    if needed is None:
        return None
    left = [max(0.0, needed(p.column) - p.seconds) for p in paces if p.state != "ended"]
    if not left:
        return 0.0
    at_once = max(1, sum(pace.state == "running" for pace in paces))
    return max(sum(left) / at_once, *left)


def _medians(paces: list[Pace]) -> Callable[[Hashable], float] | None:
    by_column: dict[Hashable, list[float]] = defaultdict(list)
    for pace in paces:
        if pace.state == "ended":
            by_column[pace.column].append(pace.seconds)
    if not by_column:
        return None
    overall = median([seconds for column in by_column.values() for seconds in column])
    return lambda column: median(by_column[column]) if by_column.get(column) else overall
