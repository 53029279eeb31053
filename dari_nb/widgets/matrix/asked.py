"""What the pages of a matrix ask for, read and answered."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from ...errors import DariError, InvalidRequestError
from ...models import TimelineItem
from ...render import item_html
from ...render.matrix.matrix import ENDED, Matrix, MatrixCell
from ...score_kinds import scale_by_hand
from ..live.wire import Fragment
from .wire import Cell, StoredRating

Rate = Callable[[str, str, float | None, str], object]
ReadRating = Callable[[str, str], "Said"]

_REST = 0.4
"""Seconds without a rating after which all is drawn anew."""
_LONGEST = 2.0
"""Seconds after which it is drawn in any case."""
_BESIDE = "beside"
_BREAKS = re.compile(r"[\r\n]+")


class Given(NamedTuple):
    """What is given of a cell by a rating: its value, its note, or both."""

    cell: str
    name: str
    parts: Mapping[str, Any]


class Said(NamedTuple):
    """What is said of a cell by a rating, and when that was, where it is known.

    ``is_blind`` is whether the note was written without being told whose the answer is.
    """

    value: Any = None
    note: str = ""
    at: str = ""
    is_blind: bool = False

    def but(self, given: Given) -> Said:
        """Return it with what is given in place of its own."""
        is_blind = self.is_blind and "note" not in given.parts
        return self._replace(at="", is_blind=is_blind, **given.parts)

    def stored(self, n: int, cells: list[Cell]) -> StoredRating:
        """Return it as a page has it: the ``n``-th that was kept, and the cells that show it."""
        is_number = isinstance(self.value, int | float) and not isinstance(self.value, bool)
        return StoredRating(
            value=self.value if is_number else None,
            note=on_one_line(self.note),
            kept=n,
            cells=cells,
        )


class Since:
    """What was kept since a matrix was read, which whoever rated knows already."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._said: dict[tuple[str, str], tuple[int, Said]] = {}
        self._last = float("-inf")
        self.n = 0
        """How many were kept."""

    def note(self, cell_id: str, name: str, said: Said) -> int:
        """Take note of what a cell is rated now; returns the how many-th that is."""
        with self._lock:
            self.n += 1
            self._last = time.monotonic()
            self._said[cell_id, name] = self.n, said
            return self.n

    def rests(self) -> None:
        """Wait until whoever rates rests for a moment, though not for long."""
        until = time.monotonic() + _LONGEST
        while (now := time.monotonic()) < min(until, self._last + _REST):
            time.sleep(min(until, self._last + _REST) - now)

    def said(self, cell_id: str, name: str) -> Said | None:
        """Return the rating of a cell, if it was kept since."""
        _, said = self._said.get((cell_id, name), (0, None))
        return said

    def read(self, n: int) -> None:
        """Forget what is in a matrix that was read when so many were kept."""
        with self._lock:
            self._said = {key: told for key, told in self._said.items() if told[0] > n}


def rating_in(body: Any) -> Given:
    """Read a rating, or a note, that a page asks to keep."""
    body = body if isinstance(body, dict) else {}
    cell, name, value = body.get("cell"), body.get("name"), body.get("value")
    is_value = value is None or (isinstance(value, int | float) and 1 <= value <= 5)
    if not (isinstance(cell, str) and isinstance(name, str) and name and is_value):
        raise InvalidRequestError("A rating is a number from 1 to 5.", code="invalid_rating")
    parts = {"value": value, "note": str(body.get("note") or "")}
    return Given(cell, name, {part: said for part, said in parts.items() if part in body})


def said_in(matrix: Matrix, cell_id: str, name: str) -> Said:
    """Return the rating that a cell has."""
    cell = matrix.by_id.get(cell_id)
    if cell is None:
        return Said()
    note = str(cell.notes.get(name, ""))
    return Said(cell.scores.get(name), note, cell.rated.get(name, ""), name in cell.blind)


def with_rating(cell: MatrixCell, name: str, said: Said) -> MatrixCell:
    """Return a cell with this rating in place of the one that it had."""
    scores = {other: value for other, value in cell.scores.items() if other != name}
    notes = {other: note for other, note in cell.notes.items() if other != name}
    scales = {other: scale for other, scale in cell.scales.items() if other != name}
    if said.value is not None:
        scores[name] = said.value
    if scale := scale_by_hand(said.value):
        scales[name] = scale
    if said.note:
        notes[name] = said.note
    return replace(cell, scores=scores, notes=notes, scales=scales)


def on_one_line(note: str) -> str:
    """Return a note as its field has it, which breaks no lines: as long as that is so, it is left.

    >>> on_one_line("first," + chr(10) + "second")
    'first, second'
    """
    return _BREAKS.sub(" ", note)


def keep_rating(rate: Rate, given: Given, whole: Said) -> None:
    """Keep the rating of a cell, all that it is to say then."""
    try:
        rate(given.cell, given.name, whole.value, whole.note)
    except OSError as error:
        raise DariError(f"{error.strerror or error}.", code="file_unwritable") from error


def fragments_of(items: Sequence[TimelineItem], agent: str, after: str) -> list[Fragment]:
    """Render the items of a transcript as the live view has them.

    Args:
        items: The items.
        agent: Whose they are.
        after: HTML of what others say of it, which comes last; may be empty.
    """
    told = [
        (f"{n}-{i.id}", i.message_id or "", item_html(i, agent=agent)) for n, i in enumerate(items)
    ]
    if after:
        told.append((_BESIDE, told[-1][1] if told else "", after))
    ids = [None, *(id_ for id_, _, _ in told)]
    return [
        Fragment(id=id_, turn=turn, after=after, html=html, since=None, rev=0)
        for after, (id_, turn, html) in zip(ids, told, strict=False)
    ]


def is_busy(matrix: Matrix) -> bool:
    """Whether anything still runs or is to come."""
    return any(cell.state not in ENDED for cell in matrix.cells)


def ids_in(body: Any) -> list[str]:
    """Read the ids of cells in what a page says; nonsense names none."""
    ids = body.get("cells") if isinstance(body, dict) else None
    return [cell for cell in ids if isinstance(cell, str)] if isinstance(ids, list) else []
