"""How far a judge agrees with people on the same cells."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from html import escape
from itertools import combinations
from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import InvalidRequestError
from ...score_kinds import kind_of
from ..checks import check_level
from ..columns import TASK
from ..comparisons import paired_difference
from ..estimate import UNKNOWN, ByTask, Ends, Estimate
from ..intervals import LEVEL
from ..means import mean_of_cells, number
from ..resampling import Array
from ..student import t_quantile
from .agreeing import alpha, estimated, kappa, nominal, powers, without_ends
from .pairing import (
    LEAST_RATED,
    Pair,
    Pairs,
    by_task,
    check_comparable,
    kinds_of_pairs,
    left_out_text,
    pairs_of,
)

if TYPE_CHECKING:
    import pandas as pd

LEAST_BOTH = 10
"""Cells with both scores that an agreement needs."""
ENOUGH = 0.6
"""Kappa from which agreement is commonly called substantial (Landis and Koch 1977)."""
SMALL = 0.2
"""Standard deviations up to which a difference is commonly called small (Cohen 1988)."""
FEW = 0.05
"""Share of rated cells that a judge may leave out without consequence."""
CLUSTERED_T = "clustered-t"
_CLUSTERED = "cells of a task vary together"
_MOST_LEVELS = 50
_KAPPAS = ("kappa", "kappa_linear", "kappa_quadratic")
_MEASURES = (*_KAPPAS, "alpha_nominal", "alpha_ordinal", "alpha_interval")


class AgreementConclusion(StrEnum):
    """What the intervals of an agreement support.

    Attributes:
        AGREES: The one can replace the other.
        BIASED: The one ranks answers as the other does and gives more or less, on average or to
            one column; use :func:`calibrated`.
        DISAGREES: The one can't replace the other.
        OPEN: There are too few cells to tell.
        UNKNOWN: Kappa has no interval, as where one of the two is constant; its ``why`` says why.

    >>> found = dari.scores.agreement(
    ...     {n: [n % 3] for n in range(90)}, {n: [n % 3] for n in range(90)}
    ... )
    >>> found.conclusion == dari.scores.AgreementConclusion.AGREES
    True
    """

    AGREES = "agrees"
    BIASED = "biased"
    DISAGREES = "disagrees"
    OPEN = "open"
    UNKNOWN = "unknown"


_TEXTS = {
    AgreementConclusion.AGREES: "{one} agrees with {other}",
    AgreementConclusion.BIASED: (
        "{one} ranks answers as {other} does but is biased: use calibrated()"
    ),
    AgreementConclusion.DISAGREES: "{one} doesn't agree enough with {other}",
    AgreementConclusion.OPEN: "too few cells to tell whether {one} agrees with {other}",
    AgreementConclusion.UNKNOWN: "unknown whether {one} agrees with {other}, see why of kappa",
}


@dataclass(frozen=True)
class Agreement:
    """How far two scores agree on the cells that have both; it shows itself as a table.

    Attributes:
        one: Name of the one score.
        other: Name of the other score.
        cells: Number of cells that have both.
        tasks: Number of tasks of these cells.
        exact: Share of cells on which both are equal.
        kappa: Cohen's kappa.
        kappa_linear: Kappa with linear weights; ``None`` for texts, as all below except
            ``alpha_nominal``.
        kappa_quadratic: Kappa with quadratic weights.
        alpha_nominal: Krippendorff's alpha with nominal distances.
        alpha_ordinal: Krippendorff's alpha with ordinal distances.
        alpha_interval: Krippendorff's alpha with interval distances.
        level: Coverage of the intervals.
        left_out: Number of values that aren't finite numbers and don't count.
        unjudged: Number of cells that have the other score only.
        difference: How much more the one gives than the other on average, each task counting once.
        sd: Standard deviation of the other score; NaN for texts.
        by_column: ``difference`` of each column, if there are several.
        between_columns: How much more the one favors the first column over the second than the
            other does, by the names of each two columns.

    >>> found = dari.scores.agreement({n: [n % 3] for n in range(20)}, {n: [1] for n in range(20)})
    >>> found.cells, round(found.exact.value, 2), found.kappa.value
    (20, 0.35, 0.0)
    """

    one: str
    other: str
    cells: int
    tasks: int
    exact: Estimate
    kappa: Estimate
    kappa_linear: Estimate | None
    kappa_quadratic: Estimate | None
    alpha_nominal: Estimate
    alpha_ordinal: Estimate | None
    alpha_interval: Estimate | None
    level: float = LEVEL
    left_out: int = 0
    unjudged: int = 0
    difference: Estimate | None = None
    sd: float = math.nan
    by_column: Mapping[str, Estimate] = field(default_factory=dict)
    between_columns: Mapping[tuple[str, str], Estimate] = field(default_factory=dict)

    @property
    def conclusion(self) -> AgreementConclusion:
        """Whether the one can replace the other, as far as the intervals tell.

        It goes by ``kappa`` for yes and no and for texts, and by ``kappa_quadratic`` for numbers.
        ``AGREES`` needs all of its interval at 0.6 or above, all of the intervals of
        ``difference`` and ``between_columns`` within 0.2 standard deviations of the other score,
        at least 20 cells with both in each column, and the one score in 95 % of rated cells.

        >>> judged = {n: [n % 5 + 1] for n in range(60)}
        >>> dari.scores.agreement(judged, {n: [n % 5] for n in range(60)}).conclusion.value
        'biased'
        """
        kappa = self.kappa_quadratic or self.kappa
        if math.isnan(kappa.low):
            return AgreementConclusion.UNKNOWN
        if kappa.high < ENOUGH:
            return AgreementConclusion.DISAGREES
        if kappa.low < ENOUGH:
            return AgreementConclusion.OPEN
        differences = [*filter(None, [self.difference]), *self.between_columns.values()]
        if any(of.low > 0 or of.high < 0 for of in differences):
            return AgreementConclusion.BIASED
        sizes = [of.values // 2 for of in self.by_column.values()] or [self.cells]
        is_rated = min(sizes) >= LEAST_RATED
        is_judged = self.unjudged <= FEW * (self.cells + self.unjudged)
        if is_rated and is_judged and all(_is_small(of, SMALL * self.sd) for of in differences):
            return AgreementConclusion.AGREES
        return AgreementConclusion.OPEN

    def to_frame(self) -> pd.DataFrame:
        """Return one row a measure, each with its value, interval, and method.

        >>> found = dari.scores.agreement(
        ...     {n: [n % 3] for n in range(20)}, {n: [n % 2] for n in range(20)}
        ... )
        >>> found.to_frame()["measure"].to_list()[:3]
        ['exact', 'kappa', 'kappa_linear']
        """
        import pandas as pd

        names = ("exact", *_MEASURES, "difference")
        found = [(name, getattr(self, name)) for name in names]
        rows = [
            (name, *of[:3], self.tasks, self.cells, of.method, of.why) for name, of in found if of
        ]
        differences = [(f"difference in {name}", of) for name, of in self.by_column.items()]
        differences += [
            (f"difference in {one} vs {other}", of)
            for (one, other), of in self.between_columns.items()
        ]
        rows += [(name, *of[:4], of.values // 2, of.method, of.why) for name, of in differences]
        columns = ["measure", "value", "low", "high", "tasks", "cells", "method", "why"]
        return pd.DataFrame(rows, columns=columns)

    def __repr__(self) -> str:
        return f"{self._headline}\n{self.to_frame().to_string(index=False)}"

    def _repr_html_(self) -> str:
        # Zero has no sign when rounded.
        style = self.to_frame().style.format("{:z.2f}", subset=["value", "low", "high"])
        table = style.hide(axis="index").to_html()
        return f"<p>{escape(self._headline)}</p>{table}"

    @property
    def _headline(self) -> str:
        text = _TEXTS[self.conclusion].format(one=self.one, other=self.other)
        return "; ".join(filter(None, (text, left_out_text(self.left_out)))) + "."


def agreement(
    given: Any,
    one: Any,
    other: str | None = None,
    *,
    by: str | None = None,
    task: str = TASK,
    level: float = LEVEL,
) -> Agreement:
    """Estimate how far two scores of the same cells agree, such as a judge and people.

    ``exact`` is the share of cells on which both are equal, with an interval over tasks.
    Cohen's kappa is ``1 - D / E`` with the observed disagreement D and that of chance E:
    J. Cohen, *A coefficient of agreement for nominal scales*, Educational and Psychological
    Measurement 20 (1960), and *Weighted kappa*, Psychological Bulletin 70 (1968). ``kappa_linear``
    weighs by ``|x - y|``, ``kappa_quadratic`` by ``(x - y)²``, of the values and not of their
    ranks. Krippendorff's alpha is that of K. Krippendorff, *Content analysis* (2004).

    The intervals of kappa and alpha are a jackknife over tasks of ``log(1 - kappa)`` with Student's
    quantile. They reach at least as far as the interval of ``exact`` implies. If one of the two is
    constant, kappa is 0 whatever the other is, and has no interval. Of samples of 10, 20 and 50
    cells with an agreement from 0.5 to 0.9, 92 to 100 % of 95 % intervals hold the truth.

    ``difference`` is that of :func:`paired_difference`. ``between_columns`` compares the tasks'
    mean differences of two columns with G and H tasks: ``mean(x) - mean(y) ± t · se`` with
    ``min(G, H) - 1`` degrees of freedom and a standard error clustered by task. That is the error
    of the paired t-test if the columns have all tasks in common, and of Welch's if they have none.
    All of these intervals hold together (Bonferroni).
    Columns with fewer than 20 cells are not compared.

    Args:
        given: A batch, a frame with one row a cell, or the values of the one by task.
        one: A score's name; or, with values by task, the values of the other for the same cells in
            the same order, with ``None`` where one is missing.
        other: The other score's name, such as ``"rating"``.
        by: The column of the LLM, or whatever is compared; LLM and version when left out.
        task: The column of the task.
        level: Coverage of the intervals.

    Raises:
        InvalidRequestError: A score is missing, fewer than 10 cells have both, the scores are of
            different kinds or scales, such as yes or no and 1 to 5, or they have more than 50
            different values. The scale of a judge gets lost in a CSV file, and by ``pd.concat`` of
            frames with different ones. Then it isn't checked, each ``why`` says so, and
            ``frame.attrs["scales"] = {"judge.h": (0, 100)}`` restores it.

    >>> judged = {"a": [5, 4], "b": [3, 3], "c": [1, 2], "d": [4, 4], "e": [2, 5]}
    >>> rated = {"a": [5, 5], "b": [3, 2], "c": [1, 1], "d": [4, 4], "e": [2, 4]}
    >>> found = dari.scores.agreement(judged, rated)
    >>> found.exact.value, round(found.kappa_quadratic.value, 3)
    (0.6, 0.893)
    """
    check_level(level)
    pairs = pairs_of(given, one, other, by, task)
    whole = pairs.whole
    if len(whole) < LEAST_BOTH:
        raise InvalidRequestError(
            f"{len(whole)} cells have both {pairs.one!r} and {pairs.other!r}, {LEAST_BOTH} are "
            "needed. Rate more answers by hand, or judge more of them.",
            code="too_few_ratings",
        )
    check_comparable(pairs)
    levels, tables = _tables(whole)
    exact = mean_of_cells(_agreed(whole), level=level, kind="yes/no")
    has_texts = "label" in kinds_of_pairs(pairs)
    measures = {"kappa": kappa(nominal(levels)), "alpha_nominal": alpha(nominal(levels))}
    if not has_texts:
        measures["kappa_linear"] = kappa(powers(levels, 1))
        measures["kappa_quadratic"] = kappa(powers(levels, 2))
        measures["alpha_ordinal"] = alpha(None)
        measures["alpha_interval"] = alpha(powers(levels, 2))
    found = {name: estimated(measure, tables, exact, level) for name, measure in measures.items()}
    if constant := _constant(pairs):
        found |= {name: without_ends(of, constant) for name, of in found.items() if name in _KAPPAS}
    results: dict[str, Any] = {name: found.get(name) for name in _MEASURES}
    if not has_texts:
        kind = kind_of(map(number, levels))
        results["difference"] = _difference(whole, kind, pairs.scale, level)
        results["sd"] = float(np.std([number(pair.other) for pair in whole]))
        columns = _columns(pairs)
        results["by_column"] = {
            name: _difference(cells, kind, pairs.scale, level).with_note(pairs.note)
            for name, cells in columns.items()
        }
        results["between_columns"] = _between_columns(columns, level)
    for name, of in results.items():
        if isinstance(of, Estimate):
            results[name] = of.with_note(pairs.note)
    return Agreement(
        pairs.one,
        pairs.other,
        len(whole),
        len(tables),
        exact.with_note(pairs.note),
        level=level,
        left_out=pairs.lost,
        unjudged=sum(pair.is_unjudged for pair in pairs.cells),
        **results,
    )


def _is_small(difference: Estimate, most: float) -> bool:
    """Whether all of the interval is small, or no task differs."""
    if math.isnan(difference.low):
        return difference.value == 0
    return max(-difference.low, difference.high) <= most


def _constant(pairs: Pairs) -> list[str]:
    """Return the names of scores that are the same for every cell."""
    values = {
        pairs.one: {pair.one for pair in pairs.whole},
        pairs.other: {pair.other for pair in pairs.whole},
    }
    return [name for name, different in values.items() if len(different) == 1]


def _columns(pairs: Pairs) -> dict[str, list[Pair]]:
    """Return the cells with both scores by column, if there are several."""
    columns: dict[str, list[Pair]] = {}
    for pair in pairs.cells:
        if pair.has_verdict:
            columns.setdefault(str(pair.column), []).extend([pair] if pair.is_whole else [])
    return columns if len(columns) > 1 else {}


def _difference(cells: list[Pair], kind: Any, scale: Ends | None, level: float) -> Estimate:
    ones, others = by_task(cells, "one"), by_task(cells, "other")
    return paired_difference(ones, others, level=level, kind=kind).within_width(scale)


def _between_columns(
    columns: Mapping[str, Sequence[Pair]], level: float
) -> dict[tuple[str, str], Estimate]:
    differences: dict[str, dict[Hashable, list[float]]] = {name: {} for name in columns}
    for name, cells in columns.items():
        for pair in cells:
            apart = number(pair.one) - number(pair.other)
            differences[name].setdefault(pair.task, []).append(apart)
    rated = [name for name, cells in columns.items() if len(cells) >= LEAST_RATED]
    both = list(combinations(rated, 2))
    own_level = 1 - (1 - level) / max(1, len(both))
    return {
        (one, other): _clustered(differences[one], differences[other], own_level)
        for one, other in both
    }


def _clustered(ones: ByTask, others: ByTask, level: float) -> Estimate:
    """Estimate the difference of two means of tasks, some of which may be the same."""
    columns = [{task: fmean(of) for task, of in column.items()} for column in (ones, others)]
    means = [fmean(column.values()) for column in columns]
    value, fewest = means[0] - means[1], min(map(len, columns))
    ends = UNKNOWN
    if fewest > 1:
        parts: defaultdict[Hashable, float] = defaultdict(float)
        for sign, column, mean in zip((1, -1), columns, means, strict=True):
            size = len(column)
            for task, of in column.items():
                parts[task] += sign * (of - mean) / math.sqrt(size * (size - 1))
        reach = t_quantile((1 + level) / 2, fewest - 1) * math.hypot(*parts.values())
        ends = value - reach, value + reach
    values = 2 * sum(map(len, (*ones.values(), *others.values())))
    tasks = len({*ones, *others})
    return Estimate.of(value, ends, tasks, values, CLUSTERED_T, _CLUSTERED)


def _tables(whole: list[Pair]) -> tuple[list[Any], Array]:
    """Return the values there are, and a table for each task of how often two were said together.

    Raises:
        InvalidRequestError: There are too many values.
    """
    said = {value for pair in whole for value in (pair.one, pair.other)}
    levels = sorted(said, key=lambda value: (isinstance(value, str), value))
    if len(levels) > _MOST_LEVELS:
        raise InvalidRequestError(
            f"There are {len(levels)} different values: agreement is of scales with "
            f"{_MOST_LEVELS} at most. Round them first.",
            code="too_large",
        )
    places = {value: n for n, value in enumerate(levels)}
    tasks = {key: n for n, key in enumerate(dict.fromkeys(pair.task for pair in whole))}
    tables = np.zeros((len(tasks), len(levels), len(levels)))
    counts = Counter((tasks[p.task], places[p.one], places[p.other]) for p in whole)
    for place, count in counts.items():
        tables[place] = count
    return levels, tables


def _agreed(whole: list[Pair]) -> dict[Any, list[bool]]:
    found: dict[Any, list[bool]] = {}
    for pair in whole:
        found.setdefault(pair.task, []).append(pair.one == pair.other)
    return found
