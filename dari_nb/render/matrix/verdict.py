"""How a score reads: a sign, a word and a tint, so that no colour speaks alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Literal, NamedTuple

from ...score_kinds import JUDGE, JUDGING, Kind, is_missing, is_number, kind_of
from ..plain.visible import visible_name
from ..plain.words import figure_text
from .matrix import MatrixCell

ABSENT = "—"
"""Stands where there is nothing."""
_LONGEST = 24  # characters of a score that is a text
_LARGEST = 1e15
_NAME = 32  # characters of the name of a score
_NOTE = 100  # characters by which a note is told; all of it is in what is opened

Tint = Literal["yes", "no", "part", ""]
_SIGNS: dict[Tint, str] = {"yes": "✓", "no": "✗", "part": "◐", "": ""}


class Verdict(NamedTuple):
    """What one score says of a cell; of what no one can call good or bad, without a tint.

    ``why`` says why a function gave no value.
    """

    tint: Tint
    words: str
    why: str = ""

    @property
    def text(self) -> str:
        """Sign and words."""
        return f"{_SIGNS[self.tint]} {self.words}".lstrip()


def verdict(name: str, value: Any, kind: Kind | None = None) -> Verdict:
    """Say a score; more is better, as everywhere in :mod:`dari_nb.scores`.

    Args:
        name: The score's name.
        value: Its value.
        kind: What the score is in the whole matrix; told by the value when left out.

    >>> [verdict("right", value).text for value in (True, False)]
    ['✓ right', '✗ not right']
    >>> [verdict("reward", value, "share").text for value in (1, 0.25)]
    ['✓ reward 1', '◐ reward 0.25']
    >>> verdict("words", 12).text
    'words 12'
    """
    kind, word = kind or kind_of([value]), short_name(name)
    if isinstance(value, bool) and kind == "yes/no":
        return Verdict("yes", word) if value else Verdict("no", f"not {word}")
    if isinstance(value, bool) and kind != "label":
        value = int(value)
    words = f"{word} {score_text(value)}"
    if kind not in JUDGING or is_missing(value):
        return Verdict("", words)
    return Verdict("yes" if value == 1 else "no" if value == 0 else "part", words)


def verdicts(cell: MatrixCell, kinds: Mapping[str, Kind]) -> list[Verdict]:
    """Say all scores of a cell, those that judge it first; and which only other cells have.

    What no cell has is told once, above the matrix.
    """
    given = {name: value for name, value in cell.scores.items() if not is_missing(value)}
    said = [verdict(name, value, kinds.get(name)) for name, value in given.items()]
    errors = [
        Verdict("", f"{short_name(name)}: error", why)
        for name, why in cell.score_errors.items()
        if name in kinds
    ]
    return [*sorted(said, key=lambda one: not one.tint), *errors]


def verdict_counts(cells: Sequence[MatrixCell], kinds: Mapping[str, Kind]) -> dict[Verdict, int]:
    """Say all scores of several cells, those that judge first, and of how many cells each is."""
    counts = Counter(one for cell in cells for one in verdicts(cell, kinds))
    return dict(sorted(counts.items(), key=lambda item: not item[0].tint))


def notes_of(cells: Sequence[MatrixCell]) -> list[str]:
    """Return how what was written beside scores begins; what a judge wrote is told as that.

    >>> notes_of([MatrixCell("c", "r", "l", notes={"rating": "short", "judge.kind": "It is."})])
    ['short', 'judge.kind: It is.']
    """
    told = (
        f"{short_name(name)}: {note}" if name.startswith(JUDGE) else note
        for cell in cells
        for name, note in cell.notes.items()
    )
    return list(dict.fromkeys(_short(note, _NOTE) for note in told))


def score_details(name: str, cell: MatrixCell) -> str:
    """Say all that is known of one score of a cell: its value and its note, or why it has none.

    >>> cell = MatrixCell("c", "r", "l", scores={"kind": 4}, notes={"kind": "It is."})
    >>> score_details("kind", cell)
    '4 “It is.”'
    """
    if name in cell.score_errors:
        return f"error: {cell.score_errors[name]}"
    value, note = cell.scores.get(name), cell.notes.get(name)
    sign = {True: "✓ ", False: "✗ "}.get(value, "") if isinstance(value, bool) else ""
    return f"{sign}{score_text(value)}{f' “{note}”' if note else ''}"


def reasons_html(cell: MatrixCell, but: str) -> str:
    """Say in whole what was noted beside a cell's scores, and why one has none, in one element.

    Args:
        cell: The cell.
        but: The score whose note the reader sees elsewhere.
    """
    names = dict.fromkeys([*cell.notes, *cell.score_errors])
    names.pop(but, None)
    told = (f"{short_name(name)} {visible_name(score_details(name, cell))}" for name in names)
    html = "".join(f'<p class="dari-more">{escape(text, quote=False)}</p>' for text in told)
    return f"<div>{html}</div>" if html else ""


def short_name(name: str) -> str:
    """Say what a score or a column is called where there is little room, or its beginning.

    >>> short_name("right"), len(short_name("r" * 200))
    ('right', 32)
    """
    return _short(name, _NAME)


def _short(text: str, most: int) -> str:
    word = visible_name(text[: 4 * most])
    return word if len(word) <= most else f"{word[: most - 1].rstrip()}…"


def score_text(value: Any) -> str:
    """Say a score on one short line.

    >>> [score_text(value) for value in (True, 1.0, 0.66667, "good", None)]
    ['yes', '1', '0.667', 'good', '—']
    """
    if value is None:
        return ABSENT
    if isinstance(value, bool):
        return "yes" if value else "no"
    # What is counted with is a float; digits that it has not would seem to tell cells apart.
    is_float = isinstance(value, float) or (is_number(value) and abs(value) >= _LARGEST)
    text = figure_text(value) if is_float else visible_name(str(value))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
