"""Which answers to rate by hand where too few are rated, so that the advice leads somewhere."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence

from ...errors import InvalidRequestError
from ...score_kinds import RATING
from .pairing import OF_VALUES, Pair, Pairs

LEAST_BOTH = 10
"""Cells that both say something of; fewer tell nothing of how they agree."""
LEAST = 20
"""Ratings of a column that it takes; with fewer, intervals are not what they say."""
LEAST_TASKS = 10
"""Tasks that these ratings must come from."""


def check_both(pairs: Pairs) -> None:
    """Raise ``InvalidRequestError`` unless both say something of enough cells."""
    whole = len(pairs.whole)
    if whole >= LEAST_BOTH:
        return
    some = "cell has" if whole == 1 else "cells have"
    silent = sum(pair.is_unjudged for pair in pairs.cells)
    rated = whole + silent
    lost = f"; {silent} of {rated} with {pairs.other!r} lack {pairs.one!r} and do not count"
    raise InvalidRequestError(
        f"{whole} {some} both {pairs.one!r} and {pairs.other!r}; {LEAST_BOTH} are needed"
        f"{lost if silent else ''}: {_more_with_both(pairs, LEAST_BOTH - whole, rated)}.",
        code="too_few_ratings",
    )


def check_enough(groups: Mapping[Hashable, Sequence[Pair]], rating: str) -> None:
    """Raise ``InvalidRequestError`` unless each column has enough ratings, of enough tasks."""
    lacking = {name: said for name, cells in groups.items() if (said := _lacking(name, cells))}
    if not lacking:
        return
    raise InvalidRequestError(
        f"Too few ratings: {'; '.join(lacking.values())}. {_more(groups, rating)}.",
        code="too_few_ratings",
    )


def _more_with_both(pairs: Pairs, lacking: int, rated: int) -> str:
    unrated = [pair for pair in pairs.cells if pair.other is None]
    judged = sum(pair.one is not None for pair in unrated)
    if judged >= lacking:
        size = rated + math.ceil(lacking * len(unrated) / judged)
        return f"rate more by hand{_drawn(size, rated, pairs.other)}"
    if all(pair.one is not None for pair in pairs.cells):
        return "there are not so many answers, so run more tasks, or repeats of them"
    return f"have {pairs.one!r} given to more of them, as batch.judge(…, again=True) asks for it"


def _more(groups: Mapping[Hashable, Sequence[Pair]], rating: str) -> str:
    few = [name for name, cells in groups.items() if not _can_do(cells)]
    if few:
        return "There are not so many answers: run more tasks, or repeats of them"
    rated = sum(pair.other is not None for cells in groups.values() for pair in cells)
    size = LEAST * len(groups)
    if rated >= size:
        ratings = ([pair for pair in cells if pair.other is not None] for cells in groups.values())
        size = rated + sum(max(0, LEAST - len(of), _tasks_lacking(of)) for of in ratings)
    return f"Rate more by hand{_drawn(size, rated, rating)}"


def _can_do(cells: Sequence[Pair]) -> bool:
    return len(cells) >= LEAST and not _tasks_lacking(cells)


def _tasks_lacking(cells: Sequence[Pair]) -> int:
    return max(0, LEAST_TASKS - len({pair.task for pair in cells}))


def _drawn(size: int, rated: int, rating: str) -> str:
    """Say which sample draws some that are not rated yet: it holds more than there are ratings."""
    if rating == OF_VALUES[1]:
        return ""
    name = "" if rating == RATING else f", name={rating!r}"
    return f": batch.sample({size}{name}) draws {size - rated} or more that are not rated yet"


def _lacking(name: Hashable, cells: Sequence[Pair]) -> str:
    rated = [pair for pair in cells if pair.other is not None]
    of = "there are" if name is None else f"{name!r} has"
    if len(rated) < LEAST:
        return f"{of} {len(rated)}, {LEAST} are needed"
    tasks = len({pair.task for pair in rated})
    return f"{of} those of {tasks} tasks, {LEAST_TASKS} are needed" if tasks < LEAST_TASKS else ""
