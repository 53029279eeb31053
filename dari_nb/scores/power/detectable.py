"""What so many tasks can tell: the smallest difference between two columns that is likely seen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, combinations
from statistics import NormalDist
from typing import Any, NamedTuple

from ...errors import InvalidRequestError
from ...score_kinds import LARGEST
from ..checks import check_level, checked_list, is_by_task
from ..estimate import ByTask, Ends
from ..intervals import LEVEL
from ..student import t_quantile
from .asked import check_alone, check_between, check_size
from .lost import NOTHING, Lost
from .numbers import Numbers, least_mean
from .shares import least_share
from .tries import Tries, least_difference
from .variation import LEAST, Variation, variation

POWER = 0.8
RATE, ALIKE, CORRELATION = 0.5, 0.5, 0.3
"""What is assumed where nothing is known."""
_AS_ASSUMED = Variation(RATE, RATE, (0.0, 1.0), ALIKE, CORRELATION, 0)
_MOST_FOUND, _OF_SHARES = 8, 4
"""Of several differences so many are found, those that are about the largest: it takes a while, and
of shares of which some are lost as long as so many others."""
_ONE_REPEAT = "repeats not known to differ: as for one repeat"
_LEAVE_ROOM = "that rates so far apart leave room for"
_COUNTED_ON = "that is counted on where rates are so far apart and repeats have"
MOST_TASKS, MOST_REPEATS, MOST_COMPARISONS = 1_000_000, 1_000, 10_000
_SMALLEST = 1 / LARGEST
"""Of a standard deviation: the squares of smaller ones are nothing."""


@dataclass(frozen=True)
class Detectable:
    """The smallest difference that a comparison can show, and what that supposes.

    Attributes:
        difference: The difference of the means; ``None`` where none of any size is likely seen.
        tasks: How many tasks both columns have a score on.
        repeats: How many scores each has on each task. In a plan, where scores are missing, it is
            the whole number below what is counted with.
        power: How likely that difference is seen.
        level: What the interval of the difference, which leaves out 0 then, covers.
        assumption: What is supposed of how values vary, in words.

    >>> print(dari.scores.detectable(3))
    3 tasks x 1 can show no difference, however large (power 80 %; assumed: ...): give more tasks
    """

    difference: float | None
    tasks: int
    repeats: int
    power: float
    level: float
    assumption: str

    def __str__(self) -> str:
        tasks = "1 task" if self.tasks == 1 else f"{self.tasks:,} tasks"
        return f"{tasks} x {self.repeats} can show {self.found}"

    @property
    def found(self) -> str:
        """What they can show, in words."""
        given = f"(power {100 * self.power:g} %; {self.assumption})"
        if self.difference is None:
            return f"no difference, however large {given}: give more tasks"
        return f"a difference of {_rounded_up(self.difference)} or more {given}"


class Size(NamedTuple):
    """How much is compared.

    Attributes:
        tasks: How many tasks both columns have a score on, or the other one where it is lost.
        repeats: How many scores a column has there: the variance of its means is that of so many.
        power: How likely a difference is to be seen.
        level: Coverage of its interval.
        lost: What counts as 0 for the better column.
    """

    tasks: int
    repeats: float
    power: float
    level: float
    lost: Lost = NOTHING


def detectable(
    tasks: int,
    repeats: int = 1,
    *,
    power: float = POWER,
    level: float = LEVEL,
    comparisons: int = 1,
    rate: float | None = None,
    sd: float | None = None,
    alike: float | None = None,
    correlation: float | None = None,
    sd_of_differences: float | None = None,
    like: ByTask | Sequence[ByTask] | None = None,
) -> Detectable:
    """Tell the smallest difference between two columns that so many tasks are likely to show.

    A difference shows where the interval of :func:`paired_difference`, by its own choice of method,
    leaves out 0. With the power of 0.8 that happens in four of five such comparisons. The matrix of
    a batch names a better LLM by the same interval, and of yes and no, and of shares, only where it
    leaves out 0 as well if what failed or could not be scored of that LLM counts as 0.

    With several ``comparisons`` each interval leaves out so much less that all of them hold
    together, as the matrix has it: those of three columns are three, and ``batch.plan()`` says what
    ``comparisons=3`` does; by two scores they are six.

    Tasks and repeats are those that have a score in both columns: what failed, or could not be
    scored, shows nothing. ``batch.plan()`` counts them, and adds what it takes where the matrix
    counts them as 0, whichever LLM is ahead; of tasks to come it draws their repeats of those of a
    past run, and is right as far as scores are missing again as they were there. Shares of which
    some are lost it draws in steps, such as quarters, if all earlier ones are multiples of the same
    part, a twentieth or more: that many tasks then have one difference changes their interval. Of
    them no difference is told only where none is found that shows so often.

    Values are taken to be 0 or 1 unless ``sd`` or ``sd_of_differences`` is given. Without anything
    it is assumed that half of them are 1, that two tries of a column at a task have a
    correlation of 0.5, and tries of two columns one of 0.3: tasks differ in how hard they are, and
    a better column is not better at each of them, so that repeats help up to a point only. Of 0 and
    1 the correlation is phi. It cannot be large where rates are far apart (0.8 and 0.2 have 0.25 at
    most): where they leave no room for it, it is the most there can be, and that is told. A share
    ``alike`` of the tasks comes out the same at each try of a column, the other tries are coins; at
    as many tasks as ``correlation`` takes the one column does well where the other one does. Other
    values have
    ``2 sd² (alike + (1 - alike) / repeats - correlation)`` as the variance of a task's difference,
    and differences that are normal.

    For 0 and 1 tasks are drawn 3,000 times from a fixed seed and tested as
    :func:`paired_difference` does. Of other values it is the
    noncentral t, with 11 % more for 10 tasks and ever less for more, which is what redrawing tasks
    takes; where half of 10 to 15 tasks vary 2.6 times as much as the others it is seen up to 5
    points less often. How many percent of drawn comparisons show it
    (``tests/benchmarks/power.py``), beside 0 and 1 as assumed here with those of tasks whose rates
    are spread as a beta distribution:

        tasks x repeats    10 x 1    10 x 3    20 x 1    20 x 3    50 x 1    50 x 3
        0 and 1              80.0      78.4      79.6      80.5      80.7      79.9
        numbers              79.6      80.3      80.0      80.5      80.2      80.7
        0 and 1, beta        79.5      81.0      80.2      78.9      79.3      80.2

    Args:
        tasks: How many tasks both columns have a score on; 1,000,000 at most.
        repeats: How many scores each column has on each task; 1,000 at most.
        power: How likely the difference is to be seen.
        level: Coverage of the interval; the test's own level is what it leaves, 0.05.
        comparisons: How many differences hold together at the level; 10,000 at most. Each is then
            at ``1 - (1 - level) / comparisons``.
        rate: For 0 and 1: what lies midway between the rates of both columns. Where a difference
            is too large for that, what lies midway is told.
        sd: For other values: their standard deviation in a column.
        alike: Correlation of two repeats of a task in a column.
        correlation: That of two columns' values of a task, below 0 where each does well where the
            other one does not; no further from 0 than ``alike``, which is to be given with it
            beyond 0.5.
        sd_of_differences: For other values, in place of the three before: the standard deviation of
            the tasks' differences, with as many repeats.
        like: Values by task of an earlier column, of five tasks or more, or a list of several such
            columns: what they tell is taken, also a correlation below 0, and the rest assumed. Of
            three or more those two tell whose difference takes most to show. Where tasks have one
            value each, nothing tells how far repeats differ: they are taken to be alike, so that
            more of them show no more. Two values alone, such as 2 and 5, are as 0 and 1, times how
            far apart they are.

    Returns:
        The difference with its assumption; without a number where no difference is seen so often.

    Raises:
        InvalidRequestError: A number is not possible, or ``like`` tells nothing.

    >>> print(dari.scores.detectable(20, 3))
    20 tasks x 3 can show a difference of 0.28 or more (power 80 %; assumed: 0 or 1, ...)
    >>> print(dari.scores.detectable(20, sd_of_differences=1.5))
    20 tasks x 1 can show a difference of 1.01 or more (power 80 %; differences with an sd of 1.5)
    """
    check_size("tasks", tasks, MOST_TASKS)
    check_size("repeats", repeats, MOST_REPEATS)
    check_level(level)
    check_size("comparisons", comparisons, MOST_COMPARISONS)
    level = 1 - (1 - level) / comparisons
    check_between("power", power, 0, 1, ends=False)
    if power <= 1 - level:
        raise InvalidRequestError(
            f"power={power:g} is what chance alone shows at level={level:g}: give more.",
            code="invalid_number",
        )
    check_between("rate", rate, 0, 1, ends=False)
    check_between("alike", alike, 0, 1)
    check_between("correlation", correlation, -1, 1)
    for name, spread in (("sd", sd), ("sd_of_differences", sd_of_differences)):
        check_between(name, spread, _SMALLEST, LARGEST)
    said = {"rate": rate, "sd": sd, "alike": alike, "correlation": correlation}
    size = Size(tasks, repeats, power, level)
    if sd_of_differences is not None:
        check_alone("sd_of_differences", {**said, "like": like})
        words = f"differences with an sd of {sd_of_differences:g}"
        found = least_mean(tasks, sd_of_differences, power, level)
    elif like is not None:
        check_alone("like", said)
        found, words, _ = _largest([(size, known) for known in _known(like)])
    else:
        _check_said(rate, sd, alike, correlation)
        found, words = _by_said(size, rate, sd, alike, correlation)
    return _with_words(size, found, words, comparisons)


def planned(
    asked: Sequence[tuple[Size, Variation | None]], comparisons: int, limits: Ends | None = None
) -> tuple[Detectable, int]:
    """Tell the same of that comparison of a plan which takes the largest difference, and its place.

    Args:
        asked: How much is compared, at the level of all comparisons together, and how values vary;
            where that is not known, half of them are taken to be 1, others 0.
        comparisons: How many differences hold together at the level.
        limits: The least and the most that a value can be, if that is known: no difference is
            larger.
    """
    each = [
        (size._replace(level=1 - (1 - size.level) / comparisons), known) for size, known in asked
    ]
    found, words, place = _largest(each)
    size, _ = each[place]
    if found is not None and limits is not None and found > limits[1] - limits[0]:
        found = None
    return _with_words(size, found, words, comparisons), place


def _largest(
    asked: Sequence[tuple[Size, Variation | None]],
) -> tuple[float | None, str, int]:
    """Return the largest of several differences, in words what is supposed, and its place."""
    places = {each: place for place, each in reversed([*enumerate(asked)])}
    roughly = sorted(places, key=lambda each: (-_roughly(*each), places[each]))
    takes = accumulate(
        1 if size.lost == NOTHING or known is None or known.two else _OF_SHARES
        for size, known in roughly
    )
    most = [each for each, so_far in zip(roughly, takes, strict=True) if so_far <= _MOST_FOUND]
    told = [
        (*(_by_said(size) if known is None else _like(known, size)), places[size, known])
        for size, known in most
    ]
    return max(told, key=lambda of: math.inf if of[0] is None else of[0])


def _with_words(size: Size, found: float | None, words: str, comparisons: int) -> Detectable:
    if comparisons > 1:
        words += f"; of {comparisons} comparisons together: comparisons={comparisons}"
    return Detectable(found, size.tasks, int(size.repeats), size.power, size.level, words)


def _check_said(
    rate: float | None, sd: float | None, alike: float | None, correlation: float | None
) -> None:
    if rate is not None and sd is not None:
        raise InvalidRequestError(
            "Give rate, for values of 0 and 1, or sd, for others: not both.",
            code="conflicting_arguments",
        )
    if correlation is None:
        return
    if alike is None and abs(correlation) > ALIKE:
        raise InvalidRequestError(
            f"correlation={correlation:g} of columns is further from 0 than the {ALIKE:g} that "
            "is assumed of repeats: give alike, the correlation of repeats, too.",
            code="invalid_number",
        )
    if alike is not None and abs(correlation) > alike:
        raise InvalidRequestError(
            f"correlation={correlation:g} is further from 0 than alike={alike:g}: tries of two "
            "columns have no more in common than those of one.",
            code="invalid_number",
        )


def _by_said(
    size: Size,
    rate: float | None = None,
    sd: float | None = None,
    alike: float | None = None,
    correlation: float | None = None,
) -> tuple[float | None, str]:
    """Take what is said, and assume the rest."""
    of, midway = _together(alike, correlation), RATE if rate is None else rate
    found = _found(size, midway, sd, *of)
    values, columns, why = f"sd {sd:g}" if sd is not None else "", f"{of[1]:g}", ""
    if sd is None:
        tries = Tries(midway, *of, int(size.repeats))
        values = f"0 or 1, midway at {_midway(tries, found)}"
        least, why = _columns(tries, found)
        columns = least if why else columns
    words = f"{values}, correlation {of[0]:g} of repeats and {columns} of columns{why}"
    is_said = any(each is not None for each in (rate, sd, alike, correlation))
    return found, words if is_said else f"assumed: {words}"


def _like(known: Variation, size: Size) -> tuple[float | None, str]:
    """Take what earlier values tell, and assume the rest."""
    of = _of_known(known)
    # Beside 0 for what is lost two other values are two of three.
    two = known.two if known.two == (0, 1) or size.lost == NOTHING else None
    low, high = two or (0.0, 1.0)
    rate, sd = (known.mean - low) / (high - low), None if two else known.sd
    words, columns, why = "variance of earlier values", f"{of[1]:.2g}", ""
    found = _found(size, rate, sd, *of, known.steps)
    if sd is None:
        tries = Tries(rate, *of, int(size.repeats))
        midway, (columns, why) = _midway(tries, found, (low, high)), _columns(tries, found)
        words += f", midway at {midway}" if ", " in midway else ""
    if known.alike is None and max(size.repeats, size.lost.repeats) > 1:
        words += f", {_ONE_REPEAT}"
    if known.correlation is None:
        words += f", correlation of columns assumed {columns}{why}"
    elif why:
        words += f", correlation {columns} of columns{why}"
    return found if found is None else found * (high - low), words


def _of_known(known: Variation) -> tuple[float, float]:
    """Return both correlations; where one repeat tells nothing of others, they are alike."""
    return _together(1.0 if known.alike is None else known.alike, known.correlation)


def _roughly(size: Size, known: Variation | None) -> float:
    """Return about how large a difference shows, by which it is told which ones are found.

    That is as if all means were normal; what is lost of the better column takes so much more.
    """
    tasks, repeats, power, level, lost = size
    if tasks < 2:
        return math.inf
    told = known or _AS_ASSUMED
    varied = Numbers(told.mean, told.sd, *_of_known(told), repeats).variance
    parts = lost.parts(tasks)
    kept = sum(share * many for share, many in parts) / tasks
    varied += told.mean**2 * sum((share - kept) ** 2 * many for share, many in parts) / tasks
    errors = t_quantile((1 + level) / 2, tasks - 1) + NormalDist().inv_cdf(power)
    return 2 * (errors * math.sqrt(varied / tasks) + (1 - kept) * told.mean) / (1 + kept)


def _midway(of: Tries, difference: float | None, two: Ends = (0.0, 1.0)) -> str:
    """Say what lies midway between both means, where so large a difference moves it."""
    found, (low, high) = of.midway(difference or 0.0), two
    rate, moved = (low + (high - low) * each for each in (of.rate, found))
    if math.isclose(found, of.rate):
        return f"{rate:g}"
    return f"{moved:.2f}, since {rate:.3g} leaves no room"


def _columns(of: Tries, difference: float | None) -> tuple[str, str]:
    """Say how both columns are correlated, and why where so large a difference leaves less."""
    found = of.correlated(difference or 0.0)
    if math.isclose(found, of.correlation):
        return f"{of.correlation:.2g}", ""
    by_rates = of._replace(repeats=1).correlated(difference or 0.0)
    is_by_rates = math.isclose(found, by_rates)
    why = _LEAVE_ROOM if is_by_rates else f"{_COUNTED_ON} {of.alike:.2g}"
    return f"{found:.2g}", f", the {'least' if found < 0 else 'most'} {why}"


def _together(alike: float | None, correlation: float | None) -> tuple[float, float]:
    """Return both correlations: what is not known is assumed, as far as it goes with the other."""
    if alike is None:
        alike = max(ALIKE, correlation or 0.0)
    if correlation is None:
        correlation = min(CORRELATION, alike)
    return alike, correlation


def _found(
    size: Size, midway: float, sd: float | None, alike: float, correlation: float, steps: int = 0
) -> float | None:
    tasks, repeats, *how, lost = size
    if sd is None:
        tries = Tries(midway, alike, correlation, 1, lost)
        return least_difference(tries, repeats, tasks, *how)
    values = Numbers(midway, sd, alike, correlation, repeats, steps)
    if values.variance <= 0:
        raise InvalidRequestError(
            f"With alike={alike:g} and correlation={correlation:g} no two columns ever differ: "
            "give a smaller correlation.",
            code="invalid_number",
        )
    if lost == NOTHING:
        return least_mean(tasks, math.sqrt(values.variance), *how)
    return least_share(values, lost, tasks, *how)


def _rounded_up(difference: float) -> str:
    """Say a difference with two digits, or two behind the point, and never less than it is."""
    digits = 2 - math.floor(math.log10(difference)) if difference else 0
    parts = math.pow(10, 2 if 0.01 <= difference <= 1 else digits)
    return f"{math.ceil(difference * parts - 1e-9) / parts:g}"


def _known(like: ByTask | Sequence[ByTask]) -> Sequence[Variation]:
    columns: list[Any] = (
        [like] if is_by_task(like) else checked_list("columns, each with values by task", like)
    )
    told = map(variation, combinations(columns, 2) if len(columns) > 2 else [columns])
    known = [each for each in told if each is not None]
    if not known:
        raise InvalidRequestError(
            f"like tells nothing of how values vary: it takes a column of {LEAST} tasks that do.",
            code="invalid_values",
        )
    return known
