"""How far a judge says what people say of the same cells."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import InvalidRequestError
from ...score_kinds import kind_of
from ..checks import check_level
from ..columns import TASK
from ..comparisons import paired_difference
from ..estimate import Ends, Estimate
from ..intervals import LEVEL, unseen
from ..means import mean_of_cells, number
from ..resampling import Array
from .agreeing import alpha, estimated, kappa, nominal, powers, without_ends
from .favour import Favour, favours_of
from .more_ratings import check_both
from .pairing import Pair, Pairs, by_task, kinds_of_pairs, left_out_text, pairs_of
from .trust import ENOUGH, Excess, Favours, Sides, check_alike, trust

if TYPE_CHECKING:
    import pandas as pd

UNSEEN = "unseen"
"""Says that the interval of a difference is that of what may differ and was not seen."""
_LEFT_UNSEEN = "as far as differences may that so many tasks leave unseen"
_NONE_SEEN = f"no task differs; {_LEFT_UNSEEN}"
_MOST_LEVELS = 50
RANKED = 0.9
"""Spearman's correlation from which two rank cells alike, whatever their scales."""
_TWO_SCALES = "both rank the cells alike (Spearman {:.2f}), so they may be of two scales"
_MEASURES = (
    "kappa",
    "kappa_linear",
    "kappa_quadratic",
    "alpha_nominal",
    "alpha_ordinal",
    "alpha_interval",
)


@dataclass(frozen=True)
class Agreement:
    """How two agree on the cells of which both say something; shown, it is a table.

    Attributes:
        one: The name of the one.
        other: The name of the other.
        cells: How many cells both say something of.
        tasks: How many tasks those belong to.
        exact: The share of cells of which they say the same.
        kappa: Cohen's kappa: the same beyond what chance would make the same.
        kappa_linear: With disagreements that weigh as they are far apart; ``None``, as all below
            but ``alpha_nominal``, where texts were given.
        kappa_quadratic: With disagreements that weigh as the square of that.
        alpha_nominal: Krippendorff's alpha, where what is not the same is apart.
        alpha_ordinal: Where only the order counts.
        alpha_interval: Where disagreements weigh as the square of how far apart they are.
        level: Coverage of the intervals.
        left_out: How many values are no finite numbers, and so count for nothing.
        lacking: How many cells only one of them says something of.
        unjudged: Of how many of these the one says nothing, as a judge does that gives no score.
        difference: By how much the one gives more than the other on average, where each task counts
            once: see :func:`agreement`. ``None`` where texts were given.
        sd: The standard deviation of what the other gives; NaN where texts were given.
        unvaried: Which of the two, by name, say one and the same of all these cells.
        by_column: That difference in each column, where there are several, by its name.
        favours: By how much more the one gives to a column than to another beside what the other
            gives, for each two of them, those that are no chance first; see :func:`agreement`.
        unseen: Columns that one of them says something of, and of which no cell has both.
        ranks: Spearman's correlation of what the two say; NaN where texts were given, or one says
            the same of every cell.
        is_one_scale: Whether it is known that both are on one scale, as ratings and a judge of 1
            to 5 are.

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
    lacking: int = 0
    unjudged: int = 0
    difference: Estimate | None = None
    sd: float = math.nan
    unvaried: tuple[str, ...] = ()
    by_column: Mapping[str, Estimate] = field(default_factory=dict)
    favours: Sequence[Favour] = ()
    unseen: Sequence[str] = ()
    ranks: float = math.nan
    is_one_scale: bool = False

    @property
    def sentence(self) -> str:
        """Whether the one may stand for the other, as far as the intervals tell.

        It is by ``kappa`` for yes and no and for texts, and by ``kappa_quadratic`` for a scale,
        whose whole interval must be 0.6 or more. These forgive one who gives a little more to each
        answer, so that ``difference`` must be small, too, with all of its interval: 0.2 of a
        standard deviation of what the other gives, at most. So must each of ``favours``, since one
        who gives more to one column than to another misleads about which does better. And it must
        say something of 95 % of what the other does: what it would say of the rest nobody knows.
        Where there is no interval, as where one of them says one and the same of every cell,
        nothing is known, however much they agree.
        A judge that ranks as people do and gives more than they can be put right by
        :func:`calibrated`. Where ``kappa_quadratic`` is below 0.6, and yet ``ranks`` 0.9 or more,
        the two may be of two scales, and it says so, unless they are known to be of one.

        >>> found = dari.scores.agreement(
        ...     {n: [n % 3] for n in range(90)}, {n: [n % 3] for n in range(90)}
        ... )
        >>> found.sentence[:43]
        'the one may stand for the other: kappa 1.00'
        """
        name, kappa = "kappa_quadratic", self.kappa_quadratic
        if kappa is None or kappa[:3] == self.kappa[:3]:
            name, kappa = "kappa", self.kappa
        more = self.difference and Excess(self.difference, self.sd, self.level)
        of = Sides(
            self.one,
            self.other,
            self.cells,
            self.unjudged,
            self.lacking - self.unjudged,
            self.unvaried,
        )
        favours = Favours(self.favours, self.sd, self.level, self.unseen)
        said = trust(of, name, kappa, self.level, more, favours)
        may_differ = self.ranks >= RANKED and kappa.value < ENOUGH and not self.is_one_scale
        return f"{said}; {_TWO_SCALES.format(self.ranks)}" if may_differ else said

    def to_frame(self) -> pd.DataFrame:
        """Return one row a measure, each with its value, interval, and how that was made.

        >>> found = dari.scores.agreement(
        ...     {n: [n % 3] for n in range(20)}, {n: [n % 2] for n in range(20)}
        ... )
        >>> found.to_frame()["measure"].to_list()[:3]
        ['exact', 'kappa', 'kappa_linear']
        """
        import pandas as pd

        told = ("exact", *_MEASURES, "difference")
        found = [(name, getattr(self, name)) for name in told]
        rows = [
            (name, *of[:3], self.tasks, self.cells, of.method, of.why) for name, of in found if of
        ]
        rows += [
            (f"difference in {name}", *of[:4], of.values // 2, of.method, of.why)
            for name, of in self.by_column.items()
        ]
        names = ["measure", "value", "low", "high", "tasks", "cells", "method", "why"]
        return pd.DataFrame(rows, columns=names)

    def __repr__(self) -> str:
        return f"{self._said}\n{self.to_frame().to_string(index=False)}"

    def _repr_html_(self) -> str:
        # What is rounded to 0 has no sign.
        style = self.to_frame().style.format("{:z.2f}", subset=["value", "low", "high"])
        table = style.hide(axis="index").to_html()
        return f"<p>{escape(self._said)}</p>{table}"

    @property
    def _said(self) -> str:
        return "; ".join(filter(None, (self.sentence, left_out_text(self.left_out)))) + "."


def agreement(
    given: Any,
    one: Any,
    other: str | None = None,
    *,
    by: str | None = None,
    task: str = TASK,
    level: float = LEVEL,
) -> Agreement:
    """Tell how far two scores say the same of the same cells, such as a judge and people.

    ``exact`` is the share of cells of which both say the same, with an interval over tasks.
    Cohen's kappa is ``1 - D / E``: D of the cells are apart, E of them would be by chance, each
    with its own use of the scale: J. Cohen, *A coefficient of agreement for nominal scales*,
    Educational and Psychological Measurement 20 (1960), and *Weighted kappa*, Psychological
    Bulletin 70 (1968). ``kappa`` counts all that is not the same alike, ``kappa_linear`` by
    ``|x - y|``, ``kappa_quadratic`` by ``(x - y)²``: of the values themselves, not of their ranks.
    Krippendorff's alpha is the same with the chance that both share, for few cells too:
    K. Krippendorff, *Content analysis* (2004), with his nominal, ordinal and interval distances.

    The intervals of kappa and alpha leave out each task once (the jackknife, of the logarithm of
    ``1 - kappa``, with Student's quantile), and reach at least as far as the share of cells they
    disagree on may: with few disagreements little is known. Where one of the two says one and the
    same of every cell, kappa is 0 whatever the other says, and has no interval. Of samples of 10,
    20 and 50 cells, with an agreement from 0.5 to 0.9, 92 to 100 % have a 95 % interval that holds,
    most about 96 %.

    ``difference`` is that of :func:`paired_difference`. As long as its interval holds 0 it reaches
    as far as it may without a difference being seen: as ``half-task`` does there, where no task
    differs, times the range of the values, since an unseen difference may be as large as that.

    ``favours`` are differences of these between columns: of two, with the tasks' means as ``x`` and
    ``y`` and G and H tasks, ``mean(x) - mean(y) ± t(level; min(G, H) - 1) · se``, where what a task
    adds to both goes together in ``se``, and the spread is that of both columns, if that is more.
    It reaches to 0 where signs of tasks flipped, as there, do not speak against that, and then as
    far as both columns may differ unseen. Each holds so much more often that all hold together
    (Bonferroni). Of judges who treat columns alike at most 6 % were said to favour one of two, of
    10 to 100 tasks.

    Args:
        given: A batch, a frame with one row a cell, or what one says, by task.
        one: A score's name; or, with values by task, what the other says of the same cells in the
            same order, with ``None`` where nothing is said.
        other: The other score's name, such as ``"rating"``.
        by: The column of the LLM, or whatever is compared; LLM and version when left out.
        task: The column of the task.
        level: Coverage of the intervals.

    Raises:
        InvalidRequestError: A score is not there, fewer than 10 cells have both, they are of kinds
            that cannot agree, such as yes or no and 1 to 5, or on two scales, such as that of a
            judge and another one, where these are known (see :func:`summary`), or they have more
            than 50 different values, which is no scale. The scale of a judge is lost by a CSV
            file, and by ``pd.concat`` of frames that tell different ones; nothing is refused for it
            then, each ``why`` says so, and ``frame.attrs["scales"] = {"judge.h": (0, 100)}`` gives
            it back.

    >>> judged = {"a": [5, 4], "b": [3, 3], "c": [1, 2], "d": [4, 4], "e": [2, 5]}
    >>> rated = {"a": [5, 5], "b": [3, 2], "c": [1, 1], "d": [4, 4], "e": [2, 4]}
    >>> found = dari.scores.agreement(judged, rated)
    >>> found.exact.value, round(found.kappa_quadratic.value, 3)
    (0.6, 0.893)
    """
    check_level(level)
    pairs = pairs_of(given, one, other, by, task)
    whole = pairs.whole
    check_both(pairs)
    check_alike(pairs)
    levels, tables = _tables(whole)
    unvaried = _unvaried(pairs)
    exact = mean_of_cells(_agreed(whole), level=level, kind="yes/no")
    has_texts = "label" in kinds_of_pairs(pairs)
    measures = {"kappa": kappa(nominal(levels)), "alpha_nominal": alpha(nominal(levels))}
    if not has_texts:
        measures["kappa_linear"] = kappa(powers(levels, 1))
        measures["kappa_quadratic"] = kappa(powers(levels, 2))
        measures["alpha_ordinal"] = alpha(None)
        measures["alpha_interval"] = alpha(powers(levels, 2))
    found = {name: estimated(measure, tables, exact, level) for name, measure in measures.items()}
    if unvaried:
        found |= {n: without_ends(of, unvaried) for n, of in found.items() if n.startswith("kappa")}
    found = {name: of.with_note(pairs.note) for name, of in found.items()}
    told = {name: found.get(name) for name in _MEASURES}
    lacking = sum((pair.one is None) != (pair.other is None) for pair in pairs.cells)
    unjudged = sum(pair.is_unjudged for pair in pairs.cells)
    more: dict[str, Any] = {**told, "level": level, "left_out": pairs.lost, "lacking": lacking}
    more |= {"unvaried": unvaried, "unjudged": unjudged, "is_one_scale": all(pairs.scales)}
    if not has_texts:
        more["difference"] = _difference(whole, levels, pairs.scale, level).with_note(pairs.note)
        more["sd"] = float(np.std([number(pair.other) for pair in whole]))
        more["ranks"] = _ranks(whole)
        more |= _columns(pairs, levels, level)
    exact = exact.with_note(pairs.note)
    return Agreement(pairs.one, pairs.other, len(whole), len(tables), exact, **more)


def _unvaried(pairs: Pairs) -> tuple[str, ...]:
    """Name those who say one and the same of every cell."""
    said = [
        (pairs.one, {pair.one for pair in pairs.whole}),
        (pairs.other, {pair.other for pair in pairs.whole}),
    ]
    return tuple(name for name, values in said if len(values) == 1)


def _ranks(whole: Sequence[Pair]) -> float:
    """Return Spearman's correlation: that of ranks, where equal values share theirs."""
    said = np.array([(number(pair.one), number(pair.other)) for pair in whole])
    if not np.ptp(said, axis=0).all():
        return math.nan
    ones, others = (_off_middle(values) for values in said.T)
    return float(ones @ others) / math.sqrt(float(ones @ ones) * float(others @ others))


def _off_middle(values: Array) -> Array:
    """Return how far the rank of each value is from the middle one."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    return np.asarray(ranks - ranks.mean(), dtype=np.float64)


def _columns(pairs: Pairs, levels: Sequence[Any], level: float) -> dict[str, Any]:
    """Tell the difference of each column, and between these, where there are several."""
    columns: dict[Hashable, list[Pair]] = {}
    for pair in pairs.cells:
        if pair.has_verdict:
            columns.setdefault(pair.column, []).extend([pair] if pair.is_whole else [])
    if len(columns) < 2:
        return {}
    most = number(levels[-1]) - number(levels[0])
    seen = {str(name): cells for name, cells in columns.items() if cells}
    return {
        "by_column": {
            name: _difference(cells, levels, pairs.scale, level).with_note(pairs.note)
            for name, cells in seen.items()
        },
        "favours": favours_of(pairs.whole, most, level),
        "unseen": tuple(str(name) for name, cells in columns.items() if not cells),
    }


def _difference(
    whole: list[Pair], levels: Sequence[Any], scale: Ends | None, level: float
) -> Estimate:
    """Estimate by how much the one gives more, and never surer than what may go unseen."""
    ones, others = by_task(whole, "one"), by_task(whole, "other")
    found = paired_difference(ones, others, level=level, kind=kind_of(map(number, levels)))
    found = found.within_width(scale)
    most = number(levels[-1]) - number(levels[0])
    reach = unseen(found.tasks, level) * most
    has_ends = not math.isnan(found.low)
    if found.tasks < 2 or found.low > 0 or found.high < 0 or (found.value and not has_ends):
        return found
    if not has_ends:
        return Estimate.of(0.0, (-reach, reach), found.tasks, found.values, UNSEEN, _NONE_SEEN)
    ends = min(found.low, -reach), max(found.high, reach)
    if ends != found[1:3]:
        found.why = f"{found.why}; {_LEFT_UNSEEN}"
    return found._replace(low=ends[0], high=ends[1])


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
