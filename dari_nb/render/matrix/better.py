"""Which columns did better than others by a score, said of all that the intervals support."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence

from ..plain.words import count_text
from .conditions import both, condition
from .lacking import failures
from .matrix import LOST, Finding, Gap, Matrix, Mean
from .parts import MOST_NAMED, Part, listed, score_part
from .wording import mean_of, method_text, number_text, value_condition, values_text

Labels = dict[str, str]


def compared(
    matrix: Matrix, finding: Finding, said: Container[str] = (), apart: int = 0
) -> Iterator[Part]:
    """Say by how much the best is above the others, or that it is not settled which is.

    Failures of columns are told once: not of those of which they are ``said`` already. ``apart``
    is on how many tasks single cells differ, which are those that can be chosen.
    """
    labels = {column.id: column.label for column in matrix.columns}
    if not finding.differ:
        yield from _nothing_between(finding, labels)
    elif len(finding.tied) > 1 and finding.settles:
        yield from _settled_of_tied(finding, labels)
    elif finding.settles:
        yield from _settled(finding, labels)
    else:
        yield from _unsettled(finding, labels)
    yield from _also_better(finding, labels)
    yield from failures(matrix, finding.means, finding.score, said)
    yield _intervals(finding, labels)
    yield Part(".")
    if finding.differ:
        yield from _differing(matrix, finding, apart)
    left_out = [c for c in matrix.columns if c.id not in finding.means]
    for column in left_out:
        if mean := mean_of(column, finding.score):
            yield Part(" ")
            yield Part(column.label, "b")
            tasks = f"{mean.tasks} of {count_text(len(matrix.rows), 'task')}"
            yield Part(f" has it on {tasks} and is not compared.")
    which = "these" if left_out else "all"
    if finding.is_by_pair:
        counted = count_text(finding.counted, "task")
        yield Part(f" Figures are of the {counted} on which {which} have ")
        yield score_part(finding.score)
        yield Part(", each difference is of all on which both have it.")
    elif finding.tasks < len(matrix.rows):
        many = f"the {count_text(finding.tasks, 'task')} are compared"
        compared = "one task is compared: that" if finding.tasks == 1 else many
        yield Part(f" Only {compared} on which {which} have ")
        yield score_part(finding.score)
        yield Part(".")


def _differing(matrix: Matrix, finding: Finding, apart: int) -> Iterator[Part]:
    """Say on how many tasks columns differ, and single cells, where these are others."""
    where = condition("differs", finding.score)
    tasks = f"{finding.differ} of {count_text(finding.tasks, 'task')}"
    yield Part(" Their scores differ on ")
    yield Part(tasks, where=where if apart == finding.differ else "")
    if apart and apart != finding.differ:
        yield Part("; single ones on ")
        yield Part(f"{apart} of {count_text(len(matrix.rows), 'task')}", where=where)
    yield Part(".")


def _settled(finding: Finding, labels: Labels) -> Iterator[Part]:
    (best, mean), *_ = finding.means.items()
    better = [gap.other for gap in finding.gaps if gap.is_settled]
    yield Part(labels[best], "b")
    yield Part(f" {_did_better(mean)} than ")
    yield from listed([[Part(labels[other], "b")] for other in better])
    yield Part(" on ")
    yield score_part(finding.score)
    yield Part(": ")
    yield _figure(finding, labels, best)
    yield Part(" against ")
    yield from _values(finding, labels, better)
    yield Part(_on_average(finding))
    yield from _unsure(finding, labels)


def _settled_of_tied(finding: Finding, labels: Labels) -> Iterator[Part]:
    """Say of all that have the most which others they did better than."""
    tied, mean = finding.tied, finding.means[finding.tied[0]]
    claims = {one: finding.beaten_by(one) for one in tied}
    names = list(listed([[Part(labels[one], "b")] for one in tied], most=len(tied)))
    values = list(_each(finding, labels, tied))
    if len(set(claims.values())) == 1:
        others = claims[tied[0]]
        yield from names
        yield Part(f" {_did_better(mean, each=True)} than ")
        yield from listed([[Part(labels[other], "b")] for other in others])
        yield Part(" on ")
        yield score_part(finding.score)
        yield from (Part(": "), *values, Part(" against "))
        yield from _values(finding, labels, others)
        yield Part(_on_average(finding))
    else:
        yield Part("On ")
        yield score_part(finding.score)
        yield Part(", ")
        yield from names
        yield from (Part(" have "), *values, Part(_on_average(finding)))
        yield from _claims(finding, labels, tied)
    if finding.apart:
        gaps = [gap for gap in finding.gaps if gap.other in tied]
        yield Part(f"; {_left_open(finding, gaps, ' it')} between ")
    else:
        yield Part("; no task tells ")
    yield from listed([[Part(labels[one], "b")] for one in tied], most=len(tied))
    yield Part("" if finding.apart else " apart")
    yield from _unsure(finding, labels)


def _unsure(finding: Finding, labels: Labels) -> Iterator[Part]:
    """Say against which of those that have less it is not settled."""
    tied = finding.tied
    settled = {other for one in tied for other in finding.beaten_by(one)}
    settled |= {one for one in finding.also if {*tied}.intersection(finding.beaten_by(one))}
    unsure: dict[str, list[str]] = {}
    for other in finding.means:
        if other not in settled and other not in tied:
            gaps = [gap for one in tied for gap in finding.settled_gaps[one] if gap.other == other]
            unsure.setdefault(_left_open(finding, gaps, " it"), []).append(other)
    for words, others in unsure.items():
        yield Part(f"; {words} against ")
        yield from listed(
            [
                [Part(labels[other], "b"), Part(", "), _figure(finding, labels, other)]
                for other in others
            ]
        )


def _also_better(finding: Finding, labels: Labels) -> Iterator[Part]:
    """Say which others did better than any, although none of them has the most."""
    behind = [one for one in finding.also if one not in finding.tied]
    yield from _claims(finding, labels, behind, also=finding.settles)


def _claims(
    finding: Finding, labels: Labels, ones: Sequence[str], *, also: bool = False
) -> Iterator[Part]:
    for one in ones:
        others = finding.beaten_by(one)
        if others:
            yield Part("; ")
            yield Part(labels[one], "b")
            yield Part(f" {_did_better(finding.means[one])} than ")
            yield from listed([[Part(labels[other], "b")] for other in others])
            yield Part(", too" if also else "")


def _unsettled(finding: Finding, labels: Labels) -> Iterator[Part]:
    yield Part("On ")
    yield score_part(finding.score)
    yield Part(", ")
    has = [
        [
            Part(labels[column], "b"),
            Part(" " if place else " has "),
            _figure(finding, labels, column),
        ]
        for place, column in enumerate(finding.means)
    ]
    yield from listed(has)
    does = "does" if _is_count(finding) else "is"
    degree = "better" if _is_count(finding) else "higher"
    turning = [gap for gaps in finding.settled_gaps.values() for gap in gaps if gap.turns]
    if turning:
        does = "is"
    elif len(has) > 2:
        degree = "best" if _is_count(finding) else "highest"
    yield Part(f"{_on_average(finding)}; ")
    yield Part(_left_open(finding, turning or finding.gaps), "b")
    yield Part(f" which {does} {degree}")


def _nothing_between(finding: Finding, labels: Labels) -> Iterator[Part]:
    yield Part("No task tells ", "b")
    yield from listed([[Part(labels[column], "b")] for column in finding.means])
    yield Part(" apart on ")
    yield score_part(finding.score)
    yield Part(": ")
    yield from _each(finding, labels, list(finding.means))
    yield Part(_on_average(finding))


def _intervals(finding: Finding, labels: Labels) -> Part:
    """Say the differences and how sure they are, and what the unusual level is for."""
    pairs = [(one, gap) for one, gaps in finding.settled_gaps.items() for gap in gaps]
    shown = pairs[: MOST_NAMED * len(finding.tied)]
    told = [f"{_which(finding, labels, *pair)}{_interval(pair[1], finding)}" for pair in shown]
    methods = dict.fromkeys(method_text(gap.method) for _, gap in shown if gap.method != "none")
    parts = [
        *told,
        "…" if len(pairs) > len(shown) else "",
        together_text(finding.level, finding.comparisons)
        if finding.comparisons > 1 and any(gap.has_interval for _, gap in pairs)
        else "",
        f"paired by task{', ' if methods else ''}{', '.join(methods)}",
    ]
    return Part(f" (difference {'; '.join(part for part in parts if part)})", "small")


def _which(finding: Finding, labels: Labels, one: str, gap: Gap) -> str:
    """Name the two of a difference, as far as there are several."""
    of = f"of {labels[one]} " if len(finding.settled_gaps) > 1 else ""
    return f"{of}to {labels[gap.other]} " if len(finding.gaps) > 1 else ""


def _interval(gap: Gap, finding: Finding) -> str:
    on = f" on {count_text(gap.tasks, 'task')}" if finding.is_by_pair else ""
    return interval_text(
        gap, "" if finding.comparisons > 1 else f"{level_text(finding.level)} ", on
    )


def interval_text(gap: Gap, level: str = "", on: str = "") -> str:
    """Say a difference, what it is ``on``, and its interval, with its level before that."""
    ends = f"{number_text(gap.low)} to {number_text(gap.high)}"
    ends += ", which includes 0" if 0 in (gap.low, gap.high) else ""
    sure = f"{level}interval {ends}" if gap.has_interval else "no interval can be given"
    return f"{number_text(gap.value, signed=True)}{on}, {sure}"


def turned_text(why: Container[str], it: str = "", *, is_count: bool) -> str:
    """Say of what is lost, by why it is, that it leaves open what the rest would settle, or it.

    >>> turned_text(["failed"], " it", is_count=True)
    'counted as wrong, what failed leaves it open'
    """
    what = " or ".join(one for one in LOST if one in why)
    return f"counted as {'wrong' if is_count else '0'}, what {what} leaves{it} open"


def together_text(level: float, comparisons: int) -> str:
    """Say what the level of several intervals is for."""
    all_of = "both" if comparisons == 2 else f"all {comparisons:,}"
    return f"each at {level_text(level)}, so that {all_of} comparisons hold together at 95 %"


def level_text(level: float) -> str:
    """Say the coverage of an interval."""
    return f"{100 * level:.4g} %"


def _did_better(mean: Mean, *, each: bool = False) -> str:
    if mean.is_count:
        return "did better"
    return "are higher" if each else "is higher"


def _left_open(finding: Finding, gaps: Sequence[Gap], it: str = "") -> str:
    """Say of what these differences are of, or lack, that it does not settle something, or it."""
    if why := {why for gap in gaps for why in gap.turns}:
        return turned_text(why, it, is_count=_is_count(finding))
    tasks = {gap.tasks for gap in gaps} if finding.is_by_pair else {finding.tasks}
    least, most = min(tasks), max(tasks)
    several = f"{least} to " if least < most else ""
    return f"{several}{count_text(most, 'task')} {'does' if most == 1 else 'do'} not settle{it}"


def _on_average(finding: Finding) -> str:
    if any(mean.is_by_task for mean in finding.means.values()):
        return " on average, where each task counts once"
    return "" if _is_count(finding) else " on average"


def _each(finding: Finding, labels: Labels, columns: Sequence[str]) -> Iterator[Part]:
    told = values_text(finding.means)
    values = {told[column] for column in columns}
    if len(values) == 1:
        where = value_condition(finding.means[columns[0]])
        yield Part(f"{values.pop()} each", where=where)
    else:
        yield from _values(finding, labels, columns)


def _values(finding: Finding, labels: Labels, columns: Sequence[str]) -> Iterator[Part]:
    for place, column in enumerate(columns[:MOST_NAMED]):
        yield Part(", " if place else "")
        yield _figure(finding, labels, column)
    yield Part(" …" if len(columns) > MOST_NAMED else "")


def _figure(finding: Finding, labels: Labels, column: str) -> Part:
    """Say what a column has, over the cells behind it."""
    where = both(condition("column", labels[column]), value_condition(finding.means[column]))
    return Part(values_text(finding.means)[column], where=where)


def _is_count(finding: Finding) -> bool:
    return all(mean.is_count for mean in finding.means.values())
