"""What scores say of the columns of a matrix: their means, and what sets the columns apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Container, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import combinations
from math import isnan
from statistics import fmean

from ....render.matrix.against import Against, seen_against
from ....render.matrix.matrix import Finding, Gap, Matrix, MatrixCell, Mean, lost_by
from ....score_kinds import JUDGING, Kind, is_number, limits_of
from ....score_values import difference

LEVEL = 0.95
MOST_FINDINGS = 3
"""Of more scores those are told that tell the columns apart."""
_LEAST_SHARE = 0.5  # of the tasks; a column with fewer would leave the others few to compare
_MOST_NEAR = 4
"""Of those that may be the best as well, so many are compared with the rest."""

Scale = tuple[float, float]
Values = tuple[tuple[str, float], ...]
"""A task with one of its values, as often as it was repeated."""
_Lost = Mapping[str, Sequence[tuple[str, str]]]
"""The task of each cell of a column that has no value though it was to have one, and why."""


def with_means(matrix: Matrix) -> Matrix:
    """Return a matrix with the means of its columns, and once all has ended with its findings."""
    kinds = {name: kind for name, kind in matrix.kinds.items() if kind != "label"}
    values = _values(matrix.cells, kinds)
    columns = [
        replace(
            column,
            means=[
                _mean(name, of, kind, matrix.scales.get(name))
                for name, kind in kinds.items()
                if (of := values.get((column.id, name)))
            ],
        )
        for column in matrix.columns
    ]
    lost = {name: _lost(matrix.cells, name, kind) for name, kind in kinds.items()}
    findings = _findings(values, lost, kinds, matrix.scales) if matrix.is_over else []
    return replace(matrix, columns=columns, findings=findings)


def compared_with(matrix: Matrix, baseline: str, score: str = "") -> Against | None:
    """Compare the columns of a matrix with a baseline; once all has ended with their intervals.

    Intervals are as wide as these comparisons take together: others are not looked at.
    """
    seen = seen_against(matrix, baseline, score)
    if seen is None or not matrix.is_over:
        return seen
    kind, scale = matrix.kinds[seen.score], matrix.scales.get(seen.score)
    values = _values(matrix.cells, [seen.score])
    lost = _lost(matrix.cells, seen.score, kind)
    by_column = {column: of for (column, _), of in values.items()}
    both = {
        column: {task for task, _ in by_column.get(column, ())}
        & {task for task, _ in by_column.get(base, ())}
        for column, base in seen.bases.items()
    }
    compared = [column for column, tasks in both.items() if tasks]
    judged = (_has_interval(by_column[one], by_column[seen.bases[one]], kind) for one in compared)
    level = 1 - (1 - LEVEL) / max(1, sum(judged))
    gaps = {}
    for column in compared:
        base = seen.bases[column]
        gap = _gap_on_both(base, by_column[column], by_column[base], kind, scale, level)
        gaps[column] = _bounded(gap, column, by_column, lost, kind, scale, level)
    return replace(seen, gaps=gaps, level=level)


def _values(cells: Iterable[MatrixCell], names: Iterable[str]) -> dict[tuple[str, str], Values]:
    """Collect the values by column and score."""
    found: dict[tuple[str, str], list[tuple[str, float]]] = {}
    for cell in cells:
        for name in names:
            if is_number(value := cell.scores.get(name)):
                found.setdefault((cell.column, name), []).append((cell.row, float(value)))
    return {key: tuple(values) for key, values in found.items()}


def _lost(cells: Iterable[MatrixCell], name: str, kind: Kind) -> _Lost:
    """Collect what failed or could not be scored, by column; nothing where no one knows the worst.

    What is missing of other numbers might have been any: their intervals are of what is there.
    """
    found: dict[str, list[tuple[str, str]]] = {}
    for cell in cells if kind in JUDGING else ():
        if why := lost_by(cell, name):
            found.setdefault(cell.column, []).append((cell.row, why))
    return found


@lru_cache(maxsize=1024)
def _mean(name: str, values: Values, kind: Kind, scale: Scale | None) -> Mean:
    from ....scores import mean

    found = mean(_by_task(values), kind=kind).within(limits_of(kind, scale))
    ends, counts = (found.low, found.high), (found.values, found.tasks)
    told = Mean(name, found.value, *ends, *counts, found.method, scale=scale)
    return replace(told, is_count=kind == "yes/no", is_by_task=not _is_even(values))


def _findings(
    values: Mapping[tuple[str, str], Values],
    lost: Mapping[str, _Lost],
    kinds: Mapping[str, Kind],
    scales: Mapping[str, Scale],
) -> list[Finding]:
    """Compare the columns by each score; of many those come first that tell them apart."""
    compared = columns_compared(values, kinds)
    comparisons = max(1, comparisons_of(compared, kinds))
    found = [
        _compared(name, kinds[name], of, lost[name], comparisons, scales.get(name))
        for name, of in compared.items()
    ]
    if len(found) > MOST_FINDINGS:
        found.sort(key=lambda finding: (not finding.settles, -finding.differ / finding.tasks))
    return found[:MOST_FINDINGS]


def columns_compared(
    values: Mapping[tuple[str, str], Values], names: Iterable[str]
) -> dict[str, dict[str, Values]]:
    """Find the columns that are compared by each score, with their values; by the others none are.

    Args:
        values: By column and score.
        names: The scores that have a mean.
    """
    columns = {name: _columns_of(name, values) for name in names}
    return {name: of for name, of in columns.items() if len(of) > 1 and _shared(of)}


def comparisons_of(compared: Mapping[str, Mapping[str, Values]], kinds: Mapping[str, Kind]) -> int:
    """Count the comparisons that are judged together, by the columns of each score.

    The best is chosen by what was seen, as are the scores that are told where there are many: any
    two columns might have been the ones compared, by any score. One of which no interval can be
    told judges nothing, and is none, such as that of one task.

    Args:
        compared: The columns by score with their values, as :func:`columns_compared` finds them.
        kinds: What the scores are.
    """
    return sum(
        _has_interval(one, other, kinds[name])
        for name, of in compared.items()
        for one, other in combinations(of.values(), 2)
    )


def _shared(by_column: Mapping[str, Values]) -> set[str]:
    """Return the tasks on which all columns have a score."""
    return set.intersection(*({task for task, _ in of} for of in by_column.values()))


def _columns_of(name: str, values: Mapping[tuple[str, str], Values]) -> dict[str, Values]:
    """Find the columns that have a score on enough tasks to be compared by it, or else all."""
    columns = {column: of for (column, score), of in values.items() if score == name}
    tasks = {task for of in columns.values() for task, _ in of}
    least = _LEAST_SHARE * len(tasks)
    enough = {column: of for column, of in columns.items() if len({t for t, _ in of}) >= least}
    return enough if len(enough) > 1 else columns


def _compared(
    name: str,
    kind: Kind,
    by_column: Mapping[str, Values],
    lost: _Lost,
    comparisons: int,
    scale: Scale | None,
) -> Finding:
    having = Counter(task for of in by_column.values() for task in {task for task, _ in of})
    tasks = _shared(by_column)
    # What columns have is said of the same tasks; two of them are compared on all that both have.
    common = {column: _only(values, tasks) for column, values in by_column.items()}
    by_task = {column: _by_task(values) for column, values in by_column.items()}
    ranked = sorted(
        by_column,
        key=lambda column: (
            -fmean(fmean(by_task[column][task]) for task in tasks),
            -fmean(map(fmean, by_task[column].values())),
        ),
    )
    level = 1 - (1 - LEVEL) / comparisons

    def gaps(one: str, others: Iterable[str]) -> list[Gap]:
        found = (_gap_on_both(o, by_column[one], by_column[o], kind, scale, level) for o in others)
        return [_bounded(gap, one, by_column, lost, kind, scale, level) for gap in found]

    def differ(columns: Collection[str]) -> int:
        told = ([by_task[c][task] for c in columns if task in by_task[c]] for task in having)
        return sum(any(difference(of[0], other) for other in of[1:]) for of in told)

    means = {column: _mean(name, common[column], kind, scale) for column in ranked}
    if any(mean.is_by_task for mean in means.values()):
        means = {column: replace(mean, is_by_task=True) for column, mean in means.items()}
    paired = sum(columns > 1 for columns in having.values())
    first = Finding(name, means, gaps(ranked[0], ranked[1:]), level, comparisons, 0, paired)
    tied = first.tied
    rest = [column for column in ranked if column not in tied]
    near = [gap.other for gap in first.gaps if gap.other in rest and not gap.is_settled]
    also = {one: gaps(one, rest) for one in tied[1:]}
    also |= {one: gaps(one, rest[rest.index(one) + 1 :]) for one in near[:_MOST_NEAR]}
    # On the tasks that two have, the one with less on those of all may be the better one.
    for one, found in [(ranked[0], first.gaps), *also.items()]:
        for gap in found:
            if gap.high < 0:
                also[gap.other] = [*also.get(gap.other, ()), gap.seen_from(one)]
    return replace(first, also=also, differ=differ(ranked), apart=differ(tied))


def _gap_on_both(
    other: str, ones: Values, others: Values, kind: Kind, scale: Scale | None, level: float
) -> Gap:
    """Return the difference on the tasks that both have."""
    both = {task for task, _ in ones} & {task for task, _ in others}
    return _gap(other, _only(ones, both), _only(others, both), kind, scale, level)


@lru_cache(maxsize=1024)
def _gap(
    other: str, ones: Values, others: Values, kind: Kind, scale: Scale | None, level: float
) -> Gap:
    from ....scores import paired_difference

    found = paired_difference(_by_task(ones), _by_task(others), level=level, kind=kind)
    found = found.within_width(limits_of(kind, scale))
    return Gap(other, *found[:3], found.method, tasks=len({task for task, _ in ones}))


@lru_cache(maxsize=4096)
def _has_interval(ones: Values, others: Values, kind: Kind) -> bool:
    """Whether there is an interval of a difference, at whichever level."""
    from ....scores import paired_difference

    # How many resamples there are makes it no other.
    found = paired_difference(_by_task(ones), _by_task(others), kind=kind, draws=1)
    return not isnan(found.low)


def _bounded(
    gap: Gap,
    one: str,
    by_column: Mapping[str, Values],
    lost: _Lost,
    kind: Kind,
    scale: Scale | None,
    level: float,
) -> Gap:
    """Say whether a difference would be settled no more if what is lost counted as 0."""
    # Of the one that is behind nothing counts as 0 that might have been right.
    better, other = (one, gap.other) if gap.low > 0 else (gap.other, one)
    if not (gap.low > 0 or gap.high < 0) or better not in lost:
        return gap
    ours = (*by_column[better], *((task, 0.0) for task, _ in lost[better]))
    bound = _gap_on_both(other, ours, by_column[other], kind, scale, level)
    if bound.low > 0:
        return gap
    there = {task for task, _ in by_column[other]}
    return replace(gap, turns=frozenset(why for task, why in lost[better] if task in there))


def _is_even(values: Values) -> bool:
    """Whether each task has as many values."""
    return len(set(Counter(task for task, _ in values).values())) == 1


def _only(values: Values, tasks: Container[str]) -> Values:
    return tuple((task, value) for task, value in values if task in tasks)


def _by_task(values: Values) -> dict[Hashable, list[float]]:
    tasks: dict[Hashable, list[float]] = {}
    for task, value in values:
        tasks.setdefault(task, []).append(value)
    return tasks
