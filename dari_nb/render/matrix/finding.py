"""The sentences above a matrix: which did better, by how much, how sure, and what is missing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from ..plain.words import count_text
from .alike import said_of
from .lacking import failed, lacking, not_a_number
from .matrix import Finding, Gap, Matrix, MatrixCell, MatrixColumn, Mean
from .parts import (
    MOST_NAMED,
    Part,
    html_of,
    listed,
    markdown_of,
    score_part,
    text_of,
)

_MOST_SCORES = 3
_MINUS = "\N{MINUS SIGN}"
_METHODS = {
    "half-task": "half a task added to each side",
    "agresti-min": "Agresti-Min",
    "wilson": "Wilson",
    "wilson-effective": "Wilson with effective trials",
    "wilson-poisson": "Wilson, Poisson near the ends",
    "t": "Student's t",
    "normal": "normal quantile",
}


def finding_html(matrix: Matrix) -> str:
    """Render what was found, one ``p.dari-finding`` a score; empty when there is nothing to say."""
    return "".join(
        f'<p class="dari-finding">{"".join(map(html_of, parts))}</p>'
        for parts in finding_parts(matrix)
    )


def finding_text(matrix: Matrix) -> str:
    """Say what was found as plain text, a line a score; empty when there is nothing to say."""
    told = finding_parts(matrix)
    return "\n".join("".join(text_of(part) for part in parts) for parts in told)


def finding_markdown(matrix: Matrix) -> str:
    """Say what was found as Markdown, a paragraph a score."""
    told = finding_parts(matrix)
    return "\n\n".join("".join(map(markdown_of, parts)) for parts in told)


def finding_parts(matrix: Matrix) -> list[list[Part]]:
    """Say what was found, a list of parts a score, and never more than the interval supports."""
    if not matrix.is_over or not matrix.cells:
        return []
    told = [list(failed(matrix))]
    told += [
        [*_compared(matrix, one), *_further(lacking(matrix, one.score))] for one in matrix.findings
    ]
    others = [name for name in _scores(matrix) if name not in {f.score for f in matrix.findings}]
    if len(matrix.findings) < _MOST_SCORES:
        told += [_uncompared(matrix, name) for name in others[:_MOST_SCORES]]
    else:
        # However many there are, no reader should miss that a score went wrong.
        wrong = [name for name in others if _has_errors(matrix, name)]
        told += [list(lacking(matrix, name)) for name in wrong]
        told += [list(_others([name for name in others if name not in wrong]))]
    labels = [name for name, kind in matrix.kinds.items() if kind == "label"]
    told += [list(not_a_number(matrix, name)) for name in labels]
    if not any(cell.scores for cell in matrix.cells):
        told += [list(_unscored(matrix))]
    return [parts for parts in told if parts]


def method_text(method: str) -> str:
    """Name how an interval was made as the literature does.

    >>> method_text("agresti-min")
    'Agresti-Min'
    """
    return _METHODS.get(method, method)


def number_text(value: float, *, signed: bool = False) -> str:
    """Say a number to two digits behind the point at most, or three that count.

    >>> number_text(0.66667), number_text(33.333), number_text(0.5, signed=True)
    ('0.67', '33.3', '+0.5')
    """
    if math.isnan(value):
        return "unknown"
    size = abs(value)
    text = f"{size:.2f}" if size < 10 else f"{size:.1f}" if size < 100 else f"{size:,.0f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    if text == "0" and size:
        text = f"{size:.1g}"
    sign = _MINUS if value < 0 else "+" if signed and value > 0 else ""
    return sign + text


def _scores(matrix: Matrix) -> list[str]:
    """Name the scores that have a mean, and those that could not be given."""
    failed = (name for cell in matrix.cells for name in cell.score_errors)
    names = dict.fromkeys([*matrix.kinds, *failed])
    return [name for name in names if matrix.kinds.get(name) != "label"]


def _compared(matrix: Matrix, finding: Finding) -> Iterator[Part]:
    labels = {column.id: column.label for column in matrix.columns}
    if not finding.differ:
        yield from _nothing_between(finding, labels)
    elif finding.settles:
        yield from _settled(finding, labels)
    else:
        yield from _unsettled(finding, labels)
    yield _intervals(finding, labels)
    yield Part(".")
    if finding.differ:
        where = f"{finding.differ} of {count_text(finding.tasks, 'task')}"
        yield Part(f" Their scores differ on {where}.")
    left_out = [c for c in matrix.columns if c.id not in finding.means]
    for column in left_out:
        if mean := _mean_of(column, finding.score):
            yield Part(" ")
            yield Part(column.label, "b")
            tasks = f"{mean.tasks} of {count_text(len(matrix.rows), 'task')}"
            yield Part(f" has it on {tasks} and is not compared.")
    if finding.tasks < len(matrix.rows):
        are = "is" if finding.tasks == 1 else "are"
        compared = f"{count_text(finding.tasks, 'task')} {are} compared"
        which = "these" if left_out else "all"
        yield Part(f" Only the {compared} on which {which} have ")
        yield score_part(finding.score)
        yield Part(".")


def _settled(finding: Finding, labels: dict[str, str]) -> Iterator[Part]:
    (best, mean), *_ = finding.means.items()
    better = [gap for gap in finding.gaps if gap.is_settled]
    unsure = [gap for gap in finding.gaps if not gap.is_settled]
    yield Part(labels[best], "b")
    yield Part(f" {'did better' if mean.is_count else 'is higher'} than ")
    yield from listed([[Part(labels[gap.other], "b")] for gap in better])
    yield Part(" on ")
    yield score_part(finding.score)
    against = _joined(_value(finding.means[gap.other]) for gap in better)
    yield Part(f": {_value(mean)} against {against}{'' if mean.is_count else ' on average'}")
    if unsure:
        verb = "does" if finding.tasks == 1 else "do"
        yield Part(f"; {count_text(finding.tasks, 'task')} {verb} not settle it against ")
        yield from listed(
            [
                [Part(labels[gap.other], "b"), Part(f", {_value(finding.means[gap.other])}")]
                for gap in unsure
            ]
        )


def _unsettled(finding: Finding, labels: dict[str, str]) -> Iterator[Part]:
    yield Part("On ")
    yield score_part(finding.score)
    yield Part(", ")
    has = [
        [Part(labels[column], "b"), Part(f" {'' if place else 'has '}{_value(mean)}")]
        for place, (column, mean) in enumerate(finding.means.items())
    ]
    yield from listed(has)
    does = "does" if _is_count(finding) else "is"
    degree = "better" if _is_count(finding) else "higher"
    if len(has) > 2:
        degree = "best" if _is_count(finding) else "highest"
    verb = "does" if finding.tasks == 1 else "do"
    yield Part("; " if _is_count(finding) else " on average; ")
    yield Part(f"{count_text(finding.tasks, 'task')} {verb} not settle", "b")
    yield Part(f" which {does} {degree}")


def _nothing_between(finding: Finding, labels: dict[str, str]) -> Iterator[Part]:
    yield Part("No task tells ", "b")
    yield from listed([[Part(labels[column], "b")] for column in finding.means])
    yield Part(" apart on ")
    yield score_part(finding.score)
    values = [_value(mean) for mean in finding.means.values()]
    each = f"{values[0]} each" if len(set(values)) == 1 else _joined(values)
    yield Part(f": {each}{'' if _is_count(finding) else ' on average'}")


def _intervals(finding: Finding, labels: dict[str, str]) -> Part:
    """Say the differences and how sure they are, and what the unusual level is for."""
    gaps = finding.gaps[:MOST_NAMED]
    told = [
        f"{f'to {labels[gap.other]} ' if len(finding.gaps) > 1 else ''}{_interval(gap, finding)}"
        for gap in gaps
    ]
    methods = dict.fromkeys(method_text(gap.method) for gap in gaps if gap.method != "none")
    all_of = f"all {finding.comparisons} comparisons"
    parts = [
        *told,
        "…" if len(finding.gaps) > len(gaps) else "",
        f"each at {_level(finding)}, so that {all_of} hold together at 95 %"
        if finding.comparisons > 1
        else "",
        f"paired by task{', ' if methods else ''}{', '.join(methods)}",
    ]
    return Part(f" (difference {'; '.join(part for part in parts if part)})", "small")


def _interval(gap: Gap, finding: Finding) -> str:
    ends = f"{number_text(gap.low)} to {number_text(gap.high)}"
    level = "" if finding.comparisons > 1 else f"{_level(finding)} "
    sure = "no interval can be given" if math.isnan(gap.low) else f"{level}interval {ends}"
    return f"{number_text(gap.value, signed=True)}, {sure}"


def _level(finding: Finding) -> str:
    return f"{100 * finding.level:.4g} %"


def _uncompared(matrix: Matrix, score: str) -> list[Part]:
    """Say a score by which no two columns can be compared, and where it is missing."""
    lacks = lacking(matrix, score)
    means = [(column, mean) for column in matrix.columns if (mean := _mean_of(column, score))]
    if not means:
        return list(lacks)
    if len(matrix.columns) == 1:
        return [*_alone(means[0][1]), *_further(lacks)]
    told = [[Part(column.label, "b"), Part(f" ({_value(mean)})")] for column, mean in means]
    no_task = " alone" if len(means) == 1 else ", but on no task for all"
    there = [score_part(score), Part(" is there for "), *listed(told)]
    return [*there, Part(f"{no_task}: nothing to compare."), *_further(lacks)]


def _alone(mean: Mean) -> Iterator[Part]:
    yield score_part(mean.score)
    yield Part(f": {_value(mean)}{'' if mean.is_count else ' on average'}")
    if not math.isnan(mean.low):
        ends = f"{number_text(mean.low)} to {number_text(mean.high)}"
        how = method_text(mean.method)
        value = f"mean {number_text(mean.value)}, " if mean.is_count else ""
        yield Part(f" ({value}95 % interval {ends} by task, {how})", "small")
    yield Part(f", over {count_text(mean.tasks, 'task')}.")


def _has_errors(matrix: Matrix, score: str) -> bool:
    return any(score in cell.score_errors for cell in matrix.cells)


def _further(sentence: Iterator[Part]) -> list[Part]:
    """Set a sentence apart from the one before it, if there is one."""
    parts = list(sentence)
    return [Part(" "), *parts] if parts else []


def _others(names: Sequence[str]) -> Iterator[Part]:
    if not names:
        return
    yield Part(f"{count_text(len(names), 'further score')}: see the heads of the columns.")


def _unscored(matrix: Matrix) -> Iterator[Part]:
    by_row: dict[str, list[MatrixCell]] = {}
    for cell in matrix.cells:
        if cell.state == "completed":
            by_row.setdefault(cell.row, []).append(cell)
    compared = [cells for cells in by_row.values() if len(cells) > 1]
    if not compared:
        return
    differ = sum(len(set(map(said_of, cells))) > 1 for cells in compared)
    where = f"{differ or 'none'} of {count_text(len(compared), 'task')}"
    yield Part(f"Nothing is scored yet; the answers differ on {where}.")


def _joined(texts: Iterable[str]) -> str:
    told = list(texts)
    return ", ".join(told[:MOST_NAMED]) + (" …" if len(told) > MOST_NAMED else "")


def _value(mean: Mean) -> str:
    if mean.is_count:
        return f"{round(mean.value * mean.values):,} of {mean.values:,}"
    return number_text(mean.value)


def _mean_of(column: MatrixColumn, score: str) -> Mean | None:
    return next((mean for mean in column.means if mean.score == score), None)


def _is_count(finding: Finding) -> bool:
    return all(mean.is_count for mean in finding.means.values())
