"""The sentences above a matrix: which did better, by how much, how sure, and what is missing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from ..plain.words import count_text
from .alike import Said
from .better import compared
from .conditions import both, condition
from .lacking import failed, lacking, not_a_number, unlike
from .matrix import Matrix, MatrixCell, Mean
from .parts import Part, html_of, listed, markdown_of, score_part, text_of, without_buttons
from .sifting.sifting import differing
from .wording import mean_of, method_text, number_text, value_condition, value_text

_MOST_SCORES = 3
_WHOLE = "All columns beside each other"


def finding_html(matrix: Matrix, *, live: bool = False, folded: bool = False) -> str:
    """Render what was found, one ``p.dari-finding`` a score; empty when there is nothing to say.

    Args:
        matrix: The matrix.
        live: Whether figures are buttons that show the cells behind them.
        folded: Whether all columns beside each other are a click away, since a baseline is told.
    """
    html = _paragraphs(_left_out(matrix) if folded else finding_parts(matrix))
    if folded and (whole := _paragraphs(finding_parts(matrix))):
        html += f'<details class="dari-same"><summary>{_WHOLE}</summary>{whole}</details>'
    return html if live else without_buttons(html)


def finding_text(matrix: Matrix, *, folded: bool = False) -> str:
    """Say what was found as plain text, a line a score; empty when there is nothing to say."""
    told = _left_out(matrix) if folded else finding_parts(matrix)
    return "\n".join("".join(text_of(part) for part in parts) for parts in told)


def finding_markdown(matrix: Matrix, *, folded: bool = False) -> str:
    """Say what was found as Markdown, a paragraph a score."""
    told = _left_out(matrix) if folded else finding_parts(matrix)
    return "\n\n".join("".join(map(markdown_of, parts)) for parts in told)


def finding_parts(matrix: Matrix) -> list[list[Part]]:
    """Say what was found, a list of parts a score, and never more than the interval supports."""
    if matrix.is_blind or not matrix.is_over or not matrix.cells:
        return []
    told = [list(failed(matrix))]
    said: set[str] = set()
    for one in matrix.findings:
        sentence = list(compared(matrix, one, said, differing(matrix, one.score)))
        said.update(one.means)
        told.append([*sentence, *_further(lacking(matrix, one.score, said, one.means))])
    others = [name for name in _scores(matrix) if name not in {f.score for f in matrix.findings}]
    if len(matrix.findings) < _MOST_SCORES:
        told += [_uncompared(matrix, name) for name in others[:_MOST_SCORES]]
    else:
        # However many there are, no reader should miss that a score went wrong.
        wrong = [name for name in others if _has_errors(matrix, name)]
        told += [list(lacking(matrix, name)) for name in wrong]
        told += [list(_others([name for name in others if name not in wrong]))]
    labels = [name for name, kind in matrix.kinds.items() if kind == "label"]
    told += [list(not_a_number(matrix, name)) for name in labels if name not in matrix.unlike]
    told += [list(unlike(matrix, name)) for name in matrix.unlike]
    if not any(cell.scores for cell in matrix.cells):
        told += [list(_unscored(matrix))]
    return [parts for parts in told if parts]


def _paragraphs(paragraphs: Sequence[Sequence[Part]]) -> str:
    return "".join(f'<p class="dari-finding">{"".join(map(html_of, p))}</p>' for p in paragraphs)


def _left_out(matrix: Matrix) -> list[list[Part]]:
    """Say what a comparison with a baseline leaves out: what failed, and scores it cannot take."""
    if not matrix.is_over or not matrix.cells:
        return []
    everywhere = len(matrix.columns)
    some = [
        name
        for name in _scores(matrix)
        if sum(mean_of(column, name) is not None for column in matrix.columns) < everywhere
    ]
    names = [Part("Not in all columns: "), *listed([[score_part(name)] for name in some])]
    told = [list(failed(matrix)), [*names, Part(".")] if some else []]
    told += [list(lacking(matrix, name)) for name in some]
    told += [list(unlike(matrix, name)) for name in matrix.unlike]
    return [parts for parts in told if parts]


def _scores(matrix: Matrix) -> list[str]:
    """Name the scores that have a mean, and those that could not be given."""
    failed = (name for cell in matrix.cells for name in cell.score_errors)
    names = dict.fromkeys([*matrix.kinds, *failed])
    return [name for name in names if matrix.kinds.get(name) != "label"]


def _uncompared(matrix: Matrix, score: str) -> list[Part]:
    """Say a score by which no two columns can be compared, and where it is missing."""
    lacks = lacking(matrix, score)
    means = [(column, mean) for column in matrix.columns if (mean := mean_of(column, score))]
    if not means:
        return list(lacks)
    if len(matrix.columns) == 1:
        return [*_alone(means[0][1]), *_further(lacks)]
    told = [
        [
            Part(column.label, "b"),
            Part(" ("),
            Part(
                value_text(mean),
                where=both(condition("column", column.label), value_condition(mean)),
            ),
            Part(")"),
        ]
        for column, mean in means
    ]
    no_task = " alone" if len(means) == 1 else ", but on no task for all"
    there = [score_part(score), Part(" is there for "), *listed(told)]
    return [*there, Part(f"{no_task}: nothing to compare."), *_further(lacks)]


def _alone(mean: Mean) -> Iterator[Part]:
    yield score_part(mean.score)
    yield Part(": ")
    yield Part(value_text(mean), where=value_condition(mean))
    is_count = mean.is_count and not mean.is_by_task
    yield Part("" if is_count else " on average")
    if not math.isnan(mean.low):
        ends = f"{number_text(mean.low)} to {number_text(mean.high)}"
        how = method_text(mean.method)
        value = f"mean {number_text(mean.value)}, " if is_count else ""
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
    differ = sum(len(set(map(Said, cells))) > 1 for cells in compared)
    where = f"{differ or 'none'} of {count_text(len(compared), 'task')}"
    yield Part("Nothing is scored yet; the answers differ on ")
    yield Part(where, where="differs = answer" if differ else "")
    yield Part(".")
