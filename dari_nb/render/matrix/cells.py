"""The parts of a matrix as HTML: cells, and the headings of rows and columns."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from ...score_kinds import Kind
from ..plain.visible import visible_name
from .alike import answers_of, said_of
from .conditions import both, condition, has
from .figures import cell_facts, column_numbers, metadata_text, peek_text, state_word
from .matrix import ENDED, MatrixCell, MatrixColumn, MatrixRow, Mean
from .parts import number_html, without_buttons
from .verdict import notes_of, short_name, verdict_counts, verdicts
from .wording import number_text

_BAR = 200  # units from one end of a scale to the other
_LABEL = 300  # characters; a task is told by its beginning
_FAR = 4_000  # characters of answers that begin alike, by which they are told apart
_ABOUT = 1_000  # characters of what is known about it
_ANSWER = 24  # characters that tell one answer from another
_MOST_ANSWERS = 3  # that are named; of more the rest is counted
SAME_ANSWER = "Answers that differ in white space alone are one."
_SEEN = 60  # characters that surely are seen; of more the first lines are


def cell_html(
    *cells: MatrixCell,
    kinds: Mapping[str, Kind],
    calls: bool = True,
    among: int = 1,
) -> str:
    """Render what stands in a cell: the answer or the cause, scores or state, the figures.

    Args:
        *cells: The cell, with the repeats that gave its answer.
        kinds: What kind of values each score has in the whole matrix.
        calls: Whether to say how many calls there were.
        among: How many repeats there are at its place; of several each answer is counted.

    >>> print(cell_html(MatrixCell("c", "r", "l", state="completed", latency_s=3.2), kinds={}))
    <small><span class="dari-facts">3.2 s</span></small>
    """
    peek = peek_text(cells[0])
    words = "".join(_word(cells, kinds))
    times = f" <b>{len(cells)}\N{MULTIPLICATION SIGN}</b>" if max(len(cells), among) > 1 else ""
    facts = _safe(" · ".join(cell_facts(*cells, calls=calls)))
    facts = f' <span class="dari-facts">{facts}</span>' if facts else ""
    # How often an answer was given stands beside it; without one it is all there is to say.
    html = f"<p>{_safe(peek)}{times}</p>" if peek else ""
    below = f"{words}{'' if peek else times}{facts}".lstrip()
    return f"{html}<small>{below}</small>" if below else html


def tint_of(*cells: MatrixCell, kinds: Mapping[str, Kind]) -> str:
    """Return the tint of the score that judges cells; empty without one, or where some have none.

    Where they are not judged alike it is that of what is right in part.
    """
    said = [verdicts(cell, kinds) for cell in cells if cell.state != "failed"]
    tints = {of_one[0].tint if of_one else "" for of_one in said}
    return "part" if len(tints - {""}) > 1 else min(tints, default="")


def row_html(
    row: MatrixRow, number: int, cells: Sequence[MatrixCell] = (), *, live: bool = False
) -> str:
    """Render the heading of a row: the number of the task, its text, what is known about it.

    Where some of its cells gave the same answer, the answers are counted; live, each count is a
    button that shows its cells.
    """
    label, known = label_text(row.label), _short(metadata_text(row), _ABOUT)
    # Only the first lines are in sight; all of them are told to whoever points there.
    whole = escape(visible_name(f"{label} · {known}" if known else label))
    title = f' title="{whole}"' if len(label) + len(known) > _SEEN else ""
    about = f"<p{title}><small>{_safe(known)}</small></p>" if known else ""
    answers = _answers(cells, number)
    # Behind a button a comma might stand alone on a line.
    commas = [*[","] * (len(answers) - 1), ""]
    told = [
        number_html(_safe(text) + comma, where, tab=False)
        for (text, where), comma in zip(answers, commas, strict=False)
    ]
    counted = " ".join(told) if live else _safe(answers_text(cells))
    counted = f'<small title="{SAME_ANSWER}">{counted}</small>' if counted else ""
    return f"<p{title}><small>{number}</small> {_safe(label)}</p>{about}{counted}"


def answers_text(cells: Sequence[MatrixCell]) -> str:
    """Count the answers of a task, where some are the same and some are not.

    >>> answers_text([MatrixCell(str(n), "r", "l", state="completed", text=text)
    ...               for n, text in enumerate(["high", "low", "high"])])  # doctest: +ELLIPSIS
    'high 2..., low 1...'
    """
    return ", ".join(text for text, _ in _answers(cells))


def _answers(cells: Sequence[MatrixCell], number: int = 0) -> list[tuple[str, str]]:
    """Count answers, each with the condition that its cells meet, where one tells it from all."""
    groups = answers_of(cells)
    said = [peek_text(of[0]) or state_word(of[0].state) for of in groups]
    alike = Counter(text.lower() for text in said)
    wholes = (said_of(of[0], _FAR) for of in groups[:_MOST_ANSWERS])
    named = _distinguished(said[:_MOST_ANSWERS], wholes)
    told = [
        (
            f"{short} {len(of)}\N{MULTIPLICATION SIGN}",
            both(condition("number", str(number)), condition("answer", text))
            if alike[text.lower()] == 1 and peek_text(of[0])
            else "",
        )
        for short, text, of in zip(named, said, groups, strict=False)
    ]
    left = len(groups) - len(told)
    return [*told, *([(f"{left:,} more", "")] if left else [])]


def _distinguished(texts: Sequence[str], wholes: Iterable[str]) -> list[str]:
    """Shorten answers; those that begin alike are told from the first word that differs.

    Args:
        texts: How they begin.
        wholes: How they go on.
    """
    short = [_short(text, _ANSWER) for text in texts]
    if len(set(short)) == len(short):
        return short
    if len({*texts}) < len(texts):
        texts = [*wholes]
    letters = enumerate(zip(*texts, strict=False))
    differs = next((at for at, of in letters if len({*of}) > 1), min(map(len, texts)))
    begin = texts[0].rfind(" ", 0, differs) + 1
    return [_short(f"{'…' if begin else ''}{text[begin:]}", _ANSWER) for text in texts]


def column_html(
    column: MatrixColumn,
    cells: Sequence[MatrixCell],
    columns: Sequence[MatrixColumn] = (),
    *,
    live: bool = False,
) -> str:
    """Render the heading of a column: what it is, its means, and what its cells came to.

    Args:
        column: The column.
        cells: Its cells.
        columns: All columns, which give the bars of their means one scale.
        live: Whether figures are buttons that show the cells behind them.
    """
    about = f" <small>{_safe(column.about)}</small>" if column.about else ""
    means = "".join(
        _mean(
            mean,
            _ends(mean.score, columns or [column]),
            _of_column(column, has(mean.score)),
            share_text(mean, cells),
        )
        for mean in column.means
    )
    told = [
        number_html(_safe(text), _of_column(column, where)) for text, where in column_numbers(cells)
    ]
    facts = f" <small>{' · '.join(told)}</small>" if told else ""
    html = f"{_safe(column.label)}{about}{means}{facts}"
    return html if live else without_buttons(html)


def mean_text(mean: Mean, cells: Sequence[MatrixCell] = ()) -> str:
    """Say a mean with its interval, and on how many of the cells it stands if that is not all.

    >>> mean_text(Mean("right", 2 / 3, 0.12, 1.0))
    'right 0.67 (0.12 to 1)'
    """
    share = f" ({of})" if (of := share_text(mean, cells)) else ""
    ends = f" ({number_text(mean.low)} to {number_text(mean.high)})"
    name = short_name(mean.score)
    return f"{name} {number_text(mean.value)}{share}{'' if math.isnan(mean.low) else ends}"


def share_text(mean: Mean, cells: Sequence[MatrixCell]) -> str:
    """Say on how many of a column's cells a mean stands, where others have ended without a value.

    >>> ended = [MatrixCell(str(n), "r", "l", state="completed") for n in range(90)]
    >>> [share_text(Mean("rating", 5, values=values), ended) for values in (1, 90)]
    ['1 of 90', '']
    """
    ended = sum(cell.state in ENDED for cell in cells)
    return f"{mean.values:,} of {len(cells):,}" if 0 < mean.values < ended else ""


def label_text(label: str) -> str:
    """Say a task on one line."""
    return _short(visible_name(label[: 4 * _LABEL]), _LABEL)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _word(cells: Sequence[MatrixCell], kinds: Mapping[str, Kind]) -> Iterable[str]:
    """Say the scores; and the state where it says more than that the cell is done.

    What not all of them have in common is counted.
    """
    cell = cells[0]
    if cell.state != "completed":
        state, word = escape(visible_name(cell.state)), _safe(state_word(cell.state))
        yield f' <span class="dari-state" data-state="{state}">{word}</span>'
    for one, n in verdict_counts(cells, kinds).items():
        tint = f' class="dari-{one.tint}"' if one.tint else ""
        why = f' title="{escape(visible_name(one.why))}"' if one.why else ""
        times = f" {n}\N{MULTIPLICATION SIGN}" if n < len(cells) else ""
        yield f" <span{tint}{why}>{_safe(one.text)}{times}</span>"
    for note in notes_of(cells):
        yield f" <q>{_safe(note)}</q>"


def _of_column(column: MatrixColumn, where: str) -> str:
    return both(condition("column", column.label), where)


def _mean(mean: Mean, ends: tuple[float, float], where: str, share: str) -> str:
    """Render a mean in words, with a bar of its interval from one end of the scale to the other."""
    if math.isnan(mean.value):
        return ""
    interval = (
        "" if math.isnan(mean.low) else f"{number_text(mean.low)} to {number_text(mean.high)}"
    )
    words = f"{_safe(short_name(mean.score))} <b>{number_html(number_text(mean.value), where)}</b>"
    about = "".join(f" <span>{told}</span>" for told in (share and f"({share})", interval) if told)
    return f' <small class="dari-mean">{words}{about}{_bar(mean, ends)}</small>'


def _bar(mean: Mean, ends: tuple[float, float]) -> str:
    start, end = ends
    if not end > start:
        return ""

    def at(value: float) -> float:
        return round(_BAR * (value - start) / (end - start), 1)

    has_ends = not math.isnan(mean.low)
    span = f'<path class="dari-range" d="M{at(mean.low)} 5H{at(mean.high)}"/>' if has_ends else ""
    return (
        f'<svg viewBox="0 0 {_BAR} 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<path d="M0 5H{_BAR}"/>{span}<path class="dari-tick" d="M{at(mean.value)} 1V9"/></svg>'
    )


def _ends(score: str, columns: Sequence[MatrixColumn]) -> tuple[float, float]:
    """The ends of the scale that all columns share: known, or 0 and 1 where all lies between."""
    means = [mean for column in columns for mean in column.means if mean.score == score]
    known = {mean.scale for mean in means}
    if len(known) == 1 and (scale := known.pop()):
        return scale
    values = [x for m in means for x in (m.low, m.value, m.high) if not math.isnan(x)]
    low, high = min(values, default=0.0), max(values, default=0.0)
    return (0.0, 1.0) if low >= 0 and high <= 1 else (low, high)


def _safe(text: str) -> str:
    return escape(visible_name(text), quote=False)
