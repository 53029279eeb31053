"""The parts of a matrix as HTML: cells, and the headings of rows and columns."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from ...score_kinds import Kind
from ..plain.visible import visible_name
from .figures import cell_facts, column_facts, metadata_text, peek_text, state_word
from .matrix import MatrixCell, MatrixColumn, MatrixRow, Mean
from .verdict import verdicts
from .wording import number_text

_BAR = 200  # units from one end of a scale to the other
_LABEL = 300  # characters; a task is told by its beginning
_ABOUT = 1_000  # characters of what is known about it
_SEEN = 60  # characters that surely are seen; of more the first lines are


def cell_html(*cells: MatrixCell, kinds: Mapping[str, Kind], calls: bool = True) -> str:
    """Render what stands in a cell: the answer or the cause, scores or state, the figures.

    Args:
        *cells: The cell, with the repeats that came out like it.
        kinds: What kind of values each score has in the whole matrix.
        calls: Whether to say how many calls there were.

    >>> print(cell_html(MatrixCell("c", "r", "l", state="completed", seconds=3.2), kinds={}))
    <small><span class="dari-facts">3.2 s</span></small>
    """
    cell, peek = cells[0], peek_text(cells[0])
    words = "".join(_word(cell, kinds))
    times = f" <b>{len(cells)}\N{MULTIPLICATION SIGN}</b>" if len(cells) > 1 else ""
    facts = _safe(" · ".join(cell_facts(*cells, calls=calls)))
    facts = f' <span class="dari-facts">{facts}</span>' if facts else ""
    html = f"<p>{_safe(peek)}</p>" if peek else ""
    below = f"{words}{times}{facts}".lstrip()
    return f"{html}<small>{below}</small>" if below else html


def tint_of(cell: MatrixCell, kinds: Mapping[str, Kind]) -> str:
    """Return the tint of the score that judges a cell; empty without one."""
    said = verdicts(cell, kinds) if cell.state != "failed" else []
    return said[0].tint if said else ""


def row_html(row: MatrixRow, number: int) -> str:
    """Render the heading of a row: the number of the task, its text, what is known about it."""
    label, known = label_text(row.label), _short(metadata_text(row), _ABOUT)
    about = f"<br><small>{_safe(known)}</small>" if known else ""
    # Only the first lines are in sight; all of them are told to whoever points there.
    whole = escape(visible_name(f"{label} · {known}" if known else label))
    title = f' title="{whole}"' if len(label) + len(known) > _SEEN else ""
    return f"<p{title}><small>{number}</small> {_safe(label)}{about}</p>"


def column_html(
    column: MatrixColumn, cells: Sequence[MatrixCell], columns: Sequence[MatrixColumn] = ()
) -> str:
    """Render the heading of a column: what it is, its means, and what its cells came to.

    Args:
        column: The column.
        cells: Its cells.
        columns: All columns, which give the bars of their means one scale.
    """
    about = f" <small>{_safe(column.about)}</small>" if column.about else ""
    means = "".join(_mean(mean, _ends(mean.score, columns or [column])) for mean in column.means)
    facts = f" <small>{_safe(' · '.join(facts))}</small>" if (facts := column_facts(cells)) else ""
    return f"{_safe(column.label)}{about}{means}{facts}"


def mean_text(mean: Mean) -> str:
    """Say a mean with its interval.

    >>> mean_text(Mean("right", 2 / 3, 0.12, 1.0))
    'right 0.67 (0.12 to 1)'
    """
    ends = f" ({number_text(mean.low)} to {number_text(mean.high)})"
    name = visible_name(mean.score)
    return f"{name} {number_text(mean.value)}{'' if math.isnan(mean.low) else ends}"


def label_text(label: str) -> str:
    """Say a task on one line."""
    return _short(visible_name(label[: 4 * _LABEL]), _LABEL)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _word(cell: MatrixCell, kinds: Mapping[str, Kind]) -> Iterable[str]:
    """Say the scores; and the state where it says more than that the cell is done."""
    said = verdicts(cell, kinds)
    if cell.state != "completed":
        state = escape(visible_name(cell.state))
        yield f' <span class="dari-state" data-state="{state}">{_safe(state_word(cell))}</span>'
    for one in said:
        tint = f' class="dari-{one.tint}"' if one.tint else ""
        why = f' title="{escape(visible_name(one.why))}"' if one.why else ""
        yield f" <span{tint}{why}>{_safe(one.text)}</span>"
    for note in cell.notes.values():
        yield f" <q>{_safe(note)}</q>"


def _mean(mean: Mean, ends: tuple[float, float]) -> str:
    """Render a mean in words, with a bar of its interval from one end of the scale to the other."""
    if math.isnan(mean.value):
        return ""
    interval = (
        "" if math.isnan(mean.low) else f"{number_text(mean.low)} to {number_text(mean.high)}"
    )
    words = f"{_safe(mean.score)} <b>{number_text(mean.value)}</b>"
    about = f" <span>{interval}</span>" if interval else ""
    return f' <small class="dari-mean">{words}{about}{_bar(mean, ends)}</small>'


def _bar(mean: Mean, ends: tuple[float, float]) -> str:
    start, end = ends
    if not end > start:
        return ""

    def at(value: float) -> float:
        # An interval may reach beyond what a score can be.
        return round(_BAR * (min(max(value, start), end) - start) / (end - start), 1)

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
