"""Means that people's ratings would have, from a judge of all cells and ratings of a few."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...errors import InvalidRequestError
from ...score_kinds import JUDGE, RATING, Kind, kind_of, limits_of
from ..checks import check_level
from ..columns import TASK, by_columns
from ..estimate import ByTask, Estimate
from ..intervals import LEVEL
from ..means import mean_of_cells, number
from ..resampling import Array
from .pairing import LEAST_RATED, Pair, Pairs, by_task, check_comparable, left_out_text, pairs_of
from .weighing import added, ends_of, parts, weighed

if TYPE_CHECKING:
    import pandas as pd

PPI = "ppi++"
LEAST_TASKS = 10
"""Tasks that the ratings of a column must come from."""
_ALL_RATED = "all cells are rated: their mean"
_AS_THE_OTHERS = "the judge's mean of the others"
_CONSTANT = "all ratings are the same: their mean, without the judge"


class Calibrated(NamedTuple):
    """A mean by a judge and ratings, and how much the judge counted in it.

    Attributes:
        estimate: The mean, with its interval.
        power: The lambda that the judge counts with; 0 leaves the ratings alone.
    """

    estimate: Estimate
    power: float


def calibrated(
    given: Any,
    judge: str,
    rating: str = "rating",
    *,
    by: str | None = None,
    task: str = TASK,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Tell the mean that people's ratings would have if all cells were rated; one row a column.

    It is :func:`calibrated_mean` of each column, which says how. A judge that is wrong, or likes
    one LLM more than people do, makes the interval wider and moves nothing: what counts is how the
    judge differs from the ratings that are there. Those must be a random part of all cells, as
    ``batch.sample(40)`` draws them; who rates only what looks odd gets an odd mean. Answers of
    which the judge says nothing are among all, too: it may be the bad ones that it gives no score.

    Args:
        given: A batch, or a frame with one row a cell, such as ``batch.to_frame()``.
        judge: The score that most cells have, such as ``"judge.helpful"``.
        rating: The score that people gave some of them.
        by: The column of the LLM, or whatever is compared; LLM and version when left out.
        task: The column of the task.
        level: Coverage of the intervals.

    Returns:
        ``by`` (``llm_id``), ``score`` (the rating), ``tasks``, ``cells`` (all that are answered),
        ``unjudged`` (how many of them lack the judge's score), ``ratings`` (how many are rated),
        ``mean``, ``low``, ``high``, ``method``, ``why``, ``lambda`` (how much the judge counts),
        ``judged`` and ``rated`` (the mean of each alone).
        All three means are of cells: each counts once, and in :func:`summary` each task does.
        Each interval has the level by itself. Columns that are neither judged nor rated are left
        out.
        The scale of a judge is lost by a CSV file, and by ``pd.concat`` of frames that tell
        different ones; nothing is refused for it then, ``why`` says so, and
        ``frame.attrs["scales"] = {"judge.h": (0, 100)}`` gives it back.

    Raises:
        InvalidRequestError: A score is not there or has no mean, the two are one, or the wrong way
            round, or of kinds that cannot agree, such as 1 to 5 and yes or no, or on two scales, as
            in :func:`agreement`, or a column has fewer than 20 ratings, or ratings of fewer than 10
            tasks.

    >>> import pandas as pd
    >>> rows = [
    ...     {"task_index": n, "llm_id": "small", "score.judge.good": n % 5 + 1,
    ...      "score.rating": max(1, n % 5) if n < 25 else None}
    ...     for n in range(60)
    ... ]
    >>> found = dari.scores.calibrated(pd.DataFrame(rows), "judge.good")
    >>> found[["ratings", "judged", "mean"]].round(2).values.tolist()
    [[25, 3.0, 2.2]]
    """
    import pandas as pd

    check_level(level)
    frame, by = by_columns(given, by)
    pairs = pairs_of(frame, judge, rating, by, task)
    _check_order(pairs)
    _check_numbers(pairs)
    check_comparable(pairs)
    kind = kind_of((pair.other for pair in pairs.cells), pairs.other, pairs.scales[1])
    scale = limits_of(kind, pairs.scales[1])
    _check_judged(pairs)
    groups = _groups(pairs.cells)
    _check_enough(groups)
    lost: Counter[Hashable] = Counter()
    for pair in pairs.cells:
        lost[pair.column] += pair.lost
    rows = [
        {by: name, "score": pairs.other, **_row(cells, kind, scale, level, lost[name], pairs.note)}
        for name, cells in groups.items()
    ]
    return pd.DataFrame(rows).astype(_types(by))


def calibrated_mean(
    judged: ByTask, rated: ByTask, *, level: float = LEVEL, kind: Kind | None = None
) -> Estimate:
    """Estimate the mean of ratings that only some cells have, with a judge that most have.

    With ``y`` the ratings and ``f`` what the judge says of the same cells, and ``F`` what it says
    of those without a rating, the mean is ``m = mean(y) - λ · (mean(f) - mean(F))``: the
    prediction-powered estimate of A. N. Angelopoulos, S. Bates, C. Fannjiang, M. I. Jordan and
    T. Zrnic, *Prediction-powered inference*, Science 382 (2023), with the λ that makes it most
    precise, of A. N. Angelopoulos, J. C. Duchi and T. Zrnic, *PPI++* (2023). It is right whatever
    the judge is like. So it is where the judge says nothing of some cells, be they the worst: its
    mean of the others stands for them in f and F, which tells nothing of them, and their ratings
    do. Where all cells are rated it is the mean of the ratings, whatever the judge lacks.

    Tasks are what varies freely. With ``a`` a task's part of ``mean(y)``, ``Σ (y - mean(y)) / n``
    over its n rated cells, and ``d`` its part of ``mean(f) - mean(F)`` likewise, ``λ = Σad / v``
    (0 at least) and ``se² = G / (G - 2) · Σ (a - λd)²`` over the G tasks with a rating, plus
    ``λ² · w``, plus ``G / (G - 2) · Σ (a - λd)² · (mean(f) - mean(F))² / (G · v)``, since λ is
    estimated. Here ``v`` is the variance of ``mean(f) - mean(F)``, by the variance that all cells
    have for the judge and their covariance in tasks, and ``w`` its part of tasks without a rating.
    The interval is ``m ± t(level; G - 2) · se``; of yes and no it is Wilson's (:func:`wilson`) of
    ``m(1 - m) / se²`` trials. It ends where the scale does.

    A few ratings that all agree with the judge do not show how it may err. So a third of a
    disagreement to either side is added to the sums of the G tasks: with ``g`` the mean square of
    those seen, ``g / 6Gn`` to ``Σa²`` and ``Σd²``, and that much less to ``Σad``. Where none is
    seen, or the judge speaks on another scale and never agrees, it is one and a half by a standard
    deviation of each.

    How many of all samples have a 95 % interval that holds the truth, in percent, where the judge
    agrees with so many ratings, and else says any other, or the next better one if it is kind.
    Ratings are yes for so many cells, or 1 to 5; 20 + 60 are 20 rated tasks and 60 others, with one
    cell each, or three that are alike. Each number is of 20,000 samples, and right to about 0.2
    (``tests/benchmarks/calibration.py`` draws fewer). It is above 97 mostly where 20 to 40 ratings
    hold a few disagreements: what holds where these are all to one side holds too often where they
    are not. With 60 ratings or more it was from 93 to 97.5 for all judges that were tried.

        agreement                    0.5     0.6     0.7     0.8     0.9
        half yes, 20 + 60           96.2    96.3    96.5    96.8    96.9
        half yes, 20 + 200          96.1    96.2    96.3    97.0    97.6
        80 % yes, 20 + 60           95.7    96.0    96.3    96.3    97.2
        80 % yes, 20 + 200          95.9    95.8    96.0    96.0    97.2
        90 % yes, 20 + 60           96.3    96.5    96.6    97.0    97.5
        90 % yes, 20 + 200          96.0    96.3    96.5    96.8    97.3
        1 to 5, 20 + 60             95.8    95.7    96.2    96.4    97.0
        1 to 5, 20 + 200            95.8    95.9    96.2    97.1    97.9
        mostly 5, 20 + 60           95.0    94.9    95.1    95.1    95.9
        mostly 5, 20 + 200          95.0    94.9    94.8    95.1    96.1
        half yes, 20 + 40 x 3       95.9    95.9    95.7    95.8    95.8
        80 % yes, 20 + 40 x 3       95.2    95.0    95.0    94.8    94.8
        90 % yes, 20 + 40 x 3       97.3    97.0    96.9    96.8    96.9
        1 to 5, 20 + 40 x 3         95.6    95.8    96.0    96.1    96.3
        mostly 5, 20 + 40 x 3       94.9    94.9    95.1    95.2    95.5
        half yes, kind, 20 + 200    95.7    96.1    95.5    94.8    97.0
        1 to 5, kind, 20 + 200      96.1    96.0    96.0    96.4    97.7
        mostly 5, kind, 20 + 200    95.0    94.6    94.2    94.8    95.9

    Of judges that say nothing of 30 % of all cells, of 70 % or all of those below the best rating,
    or of nearly all, it was from 94 to 98.5 in 96 settings as these, of 1,000 samples each.

    Args:
        judged: What the judge says, by task; ``None`` where it says nothing.
        rated: The ratings of the same cells in the same order; ``None`` where there is none.
        level: Coverage of the interval.
        kind: What the ratings are where these are a part of them only; see :func:`mean`.

    Raises:
        InvalidRequestError: A value is no number, the values of a task do not belong together, or
            there are fewer than 20 ratings, or ratings of fewer than 10 tasks.

    >>> judged = {n: [n % 2] for n in range(100)}
    >>> rated = {n: [n % 2 if n % 10 else 1] if n < 30 else [None] for n in range(100)}
    >>> found = dari.scores.calibrated_mean(judged, rated)
    >>> round(found.value, 2), round(found.low, 2), round(found.high, 2), found.method
    (0.6, 0.46, 0.73, 'ppi++')
    """
    check_level(level)
    pairs = pairs_of(judged, rated, None, None, TASK)
    _check_numbers(pairs)
    _check_judged(pairs)
    _check_enough({None: pairs.cells})
    kind = kind or kind_of(pair.other for pair in pairs.cells)
    found = _calibrated(pairs.cells, kind, limits_of(kind, pairs.scales[1]), level).estimate
    found.why = _why(found, pairs.lost)
    return found


def _why(found: Estimate, lost: int) -> str:
    return "; ".join(filter(None, (found.why, left_out_text(lost))))


def _row(
    cells: Sequence[Pair],
    kind: Kind | None,
    scale: tuple[float, float] | None,
    level: float,
    lost: int,
    note: str,
) -> dict[str, Any]:
    rated = [pair for pair in cells if pair.other is not None]
    (found, power) = _calibrated(cells, kind, scale, level)
    found.why = _why(found, lost)
    return {
        "tasks": len({pair.task for pair in cells}),
        "cells": len(cells),
        "unjudged": _unjudged(cells),
        "ratings": len(rated),
        "mean": found.value,
        "low": found.low,
        "high": found.high,
        "method": found.method,
        "why": found.with_note(note).why,
        "lambda": power,
        "judged": _judged(cells),
        "rated": float(np.mean([float(pair.other) for pair in rated])),
    }


def _calibrated(
    cells: Sequence[Pair],
    kind: Kind | None,
    scale: tuple[float, float] | None,
    level: float,
) -> Calibrated:
    rated = [pair for pair in cells if pair.other is not None]
    others = [pair for pair in cells if pair.other is None]
    y = np.array([number(pair.other) for pair in rated])
    if not others or np.ptp(y) == 0:
        found = mean_of_cells(by_task(rated, "other"), level=level, kind=kind)
        found.why = f"{_CONSTANT if others else _ALL_RATED}; {found.why}"
        return Calibrated(found.within(scale), 0.0)
    f, unrated = (_verdicts(some, _judged(cells)) for some in (rated, others))
    gap = float(f.mean() - unrated.mean())
    of_rated, spread = parts(rated, others, y, f, unrated)
    is_judged = np.array([pair.one is not None for pair in rated])
    power, error = weighed(of_rated, spread, added(y, f, is_judged), gap)
    value = float(y.mean() - power * gap)
    ends, tasks = ends_of(value, error, len(of_rated), kind, level), {pair.task for pair in cells}
    why = f"{len(rated)} of {len(cells)} cells are rated, the judge counts {power:.2f}"
    if unjudged := _unjudged(cells):
        why += f"; {unjudged} without a verdict count as {_AS_THE_OTHERS}"
    found = Estimate.of(value, ends, len(tasks), len(cells), PPI, why)
    return Calibrated(found.within(scale), power)


def _judged(cells: Iterable[Pair]) -> float:
    """Return the mean of what the judge says; NaN where it says nothing."""
    said = [number(pair.one) for pair in cells if pair.one is not None]
    return float(np.mean(said)) if said else math.nan


def _unjudged(cells: Iterable[Pair]) -> int:
    return sum(pair.one is None for pair in cells)


def _verdicts(cells: Sequence[Pair], mean: float) -> Array:
    """Return what the judge says of each cell, and of those without a verdict their mean."""
    least = 0.0 if math.isnan(mean) else mean
    return np.array([least if pair.one is None else number(pair.one) for pair in cells])


def _groups(cells: Iterable[Pair]) -> dict[Hashable, list[Pair]]:
    """Return the cells of each column that is judged or rated."""
    found: dict[Hashable, list[Pair]] = {}
    for pair in cells:
        found.setdefault(pair.column, []).append(pair)
    return {name: of for name, of in found.items() if any(pair.has_verdict for pair in of)}


def _check_enough(groups: Mapping[Hashable, Sequence[Pair]]) -> None:
    for name, cells in groups.items():
        rated = [pair.task for pair in cells if pair.other is not None]
        if len(rated) < LEAST_RATED or len(set(rated)) < LEAST_TASKS:
            column = "The column" if name is None else repr(str(name))
            raise InvalidRequestError(
                f"{column} has {len(rated)} ratings of {len(set(rated))} tasks, at least "
                f"{LEAST_RATED} of {LEAST_TASKS} tasks are needed. Rate more answers by hand.",
                code="too_few_ratings",
            )


def _check_order(pairs: Pairs) -> None:
    wrong = [f"{pairs.one!r} is what people give"] if pairs.one == RATING else []
    wrong += [f"{pairs.other!r} is what a judge says"] if pairs.other.startswith(JUDGE) else []
    if wrong:
        raise InvalidRequestError(
            f"{' and '.join(wrong)}: name the judge first, then what people gave.",
            code="conflicting_arguments",
        )


def _check_numbers(pairs: Pairs) -> None:
    for name, which in ((pairs.one, "one"), (pairs.other, "other")):
        if kind_of((getattr(pair, which) for pair in pairs.cells), name) == "label":
            raise InvalidRequestError(
                f"{name!r} has no mean: it holds texts.", code="score_not_numeric"
            )


def _check_judged(pairs: Pairs) -> None:
    if all(pair.one is None for pair in pairs.cells):
        raise InvalidRequestError(
            "No cell is judged: judge them first, as batch.judge(…) does.", code="missing_score"
        )


def _types(by: str) -> dict[str, str]:
    words = dict.fromkeys((by, "score", "method", "why"), "string")
    counts = dict.fromkeys(("tasks", "cells", "unjudged", "ratings"), "Int64")
    return {**words, **counts, **dict.fromkeys(("mean", "low", "high", "lambda"), "float64")}
