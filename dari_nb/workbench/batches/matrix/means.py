"""What scores say of the columns of a matrix: their means, and what sets the columns apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Container, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from math import comb
from statistics import fmean

from ....render.matrix.against import Against, seen_against
from ....render.matrix.matrix import Finding, Gap, Matrix, MatrixCell, Mean, is_lost
from ....score_kinds import JUDGING, Kind, is_number
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
    lost = _lost(matrix.cells, kinds)
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
    lost = _lost(matrix.cells, [seen.score])
    failed = {column: tasks for (column, _), tasks in lost.items()}
    by_column = {column: of for (column, _), of in values.items()}
    worst = _worst(kind, scale, by_column)
    both = {
        column: {task for task, _ in by_column.get(column, ())}
        & {task for task, _ in by_column.get(base, ())}
        for column, base in seen.bases.items()
    }
    compared = [column for column, tasks in both.items() if tasks]
    level = 1 - (1 - LEVEL) / max(1, len(compared))
    gaps = {}
    for column in compared:
        base = seen.bases[column]
        gap = _gap_on_both(base, by_column[column], by_column[base], kind, scale, level)
        ends = _ends(gap, column)
        gaps[column] = _bounded(gap, *ends, by_column, failed, kind, scale, worst, level)
    return replace(seen, gaps=gaps, level=level)


def _values(cells: Iterable[MatrixCell], names: Iterable[str]) -> dict[tuple[str, str], Values]:
    """Collect the values by column and score."""
    found: dict[tuple[str, str], list[tuple[str, float]]] = {}
    for cell in cells:
        for name in names:
            if is_number(value := cell.scores.get(name)):
                found.setdefault((cell.column, name), []).append((cell.row, float(value)))
    return {key: tuple(values) for key, values in found.items()}


def _lost(cells: Iterable[MatrixCell], names: Iterable[str]) -> dict[tuple[str, str], list[str]]:
    """Collect the tasks of the cells that failed, by column and score."""
    found: dict[tuple[str, str], list[str]] = {}
    for cell in cells:
        for name in names:
            if is_lost(cell, name):
                found.setdefault((cell.column, name), []).append(cell.row)
    return found


@lru_cache(maxsize=1024)
def _mean(name: str, values: Values, kind: Kind, scale: Scale | None) -> Mean:
    from ....scores import mean

    found = mean(_by_task(values), kind=kind).within(scale)
    ends, counts = (found.low, found.high), (found.values, found.tasks)
    told = Mean(name, found.value, *ends, *counts, found.method, scale=scale)
    return replace(told, is_count=kind == "yes/no", is_by_task=not _is_even(values))


def _findings(
    values: Mapping[tuple[str, str], Values],
    lost: Mapping[tuple[str, str], Sequence[str]],
    kinds: Mapping[str, Kind],
    scales: Mapping[str, Scale],
) -> list[Finding]:
    """Compare the columns by each score; of many those come first that tell them apart."""
    compared = columns_compared(values, kinds)
    comparisons = comparisons_of(compared)
    found = [
        _compared(name, kinds[name], of, lost, comparisons, scales.get(name))
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


def comparisons_of(compared: Mapping[str, Collection[str]]) -> int:
    """Count the comparisons that are judged together, by the columns of each score.

    The best is chosen by what was seen, as are the scores that are told where there are many: any
    two columns might have been the ones compared, by any score.
    """
    return sum(comb(len(of), 2) for of in compared.values())


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
    lost: Mapping[tuple[str, str], Sequence[str]],
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

    failed = {column: tasks for (column, of), tasks in lost.items() if of == name}
    worst = _worst(kind, scale, by_column)

    def gaps(one: str, others: Iterable[str]) -> list[Gap]:
        found = (_gap_on_both(o, by_column[one], by_column[o], kind, scale, level) for o in others)
        return [
            _bounded(gap, *_ends(gap, one), by_column, failed, kind, scale, worst, level)
            for gap in found
        ]

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


def _ends(gap: Gap, one: str) -> tuple[str, str]:
    """Return who is ahead by a difference, and who is behind."""
    # Of the one that is behind nothing is taken for wrong that might have been right.
    return (one, gap.other) if gap.low > 0 else (gap.other, one)


@lru_cache(maxsize=1024)
def _gap(
    other: str, ones: Values, others: Values, kind: Kind, scale: Scale | None, level: float
) -> Gap:
    from ....scores import paired_difference

    found = paired_difference(_by_task(ones), _by_task(others), level=level, kind=kind)
    found = found.within_width(scale)
    return Gap(other, *found[:3], found.method, tasks=len({task for task, _ in ones}))


def _bounded(
    gap: Gap,
    better: str,
    other: str,
    by_column: Mapping[str, Values],
    failed: Mapping[str, Sequence[str]],
    kind: Kind,
    scale: Scale | None,
    worst: float,
    level: float,
) -> Gap:
    """Say whether a difference would not be settled any more, were all that failed the worst."""
    if not (gap.low > 0 or gap.high < 0) or better not in failed:
        return gap
    ours = (*by_column[better], *((task, worst) for task in failed[better]))
    bound = _gap_on_both(other, ours, by_column[other], kind, scale, level)
    return replace(gap, turns=not bound.low > 0)


def _is_even(values: Values) -> bool:
    """Whether each task has as many values."""
    return len(set(Counter(task for task, _ in values).values())) == 1


def _worst(kind: Kind, scale: Scale | None, by_column: Mapping[str, Values]) -> float:
    """Return the least that a score can be, or else what it has been."""
    if kind in JUDGING:
        return 0.0
    return scale[0] if scale else min(value for of in by_column.values() for _, value in of)


def _only(values: Values, tasks: Container[str]) -> Values:
    return tuple((task, value) for task, value in values if task in tasks)


def _by_task(values: Values) -> dict[Hashable, list[float]]:
    tasks: dict[Hashable, list[float]] = {}
    for task, value in values:
        tasks.setdefault(task, []).append(value)
    return tasks
