"""What cells are worth: values from functions and ratings by people, kept in a file."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from ....errors import InvalidRequestError
from ....score_kinds import RATED, RATING, scale_of
from ...link.background import background

if TYPE_CHECKING:
    from pathlib import Path

    from ....scores import Score, ScoreBook
    from ..cells import Cell


class Marked(Protocol):
    """What has cells that are worth something, and the book in which that is kept."""

    run_id: str
    book: ScoreBook

    @property
    def cells(self) -> Sequence[Cell]:
        """The cells."""


@dataclass(frozen=True)
class Marks:
    """What one cell is worth, by name, why not, and what people wrote beside it."""

    scores: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)


def marks_of(
    batch: Marked, cells: Sequence[Cell], *, of_any_session: bool = False
) -> dict[str, Marks]:
    """Return what is known of cells, by their ids.

    Args:
        batch: Whose cells they are.
        cells: The cells.
        of_any_session: Whether it counts, too, what was said of another session at the same
            place, which otherwise is an earlier attempt.
    """
    by_place = defaultdict(list)
    for score in batch.book.scores(batch.run_id):
        place = (score.task_index, score.llm_id, score.version_id, score.repeat)
        by_place[place].append(score)
    return {
        cell.id: _marks(
            cell,
            (s for s in by_place.get(_place(cell), ()) if of_any_session or _is_of(s, cell)),
        )
        for cell in cells
    }


def _place(cell: Cell) -> tuple[int, str | None, str | None, int]:
    return cell.task_index, cell.llm, cell.version, cell.repeat


def _is_of(score: Score, cell: Cell) -> bool:
    return score.session_id in (None, cell.session_id)


def _marks(cell: Cell, scores: Iterable[Score]) -> Marks:
    values = dict(cell.given)
    errors: dict[str, str] = {}
    notes: dict[str, str] = {}
    # A person's word stands where a function has said something under the same name.
    for score in sorted(scores, key=lambda score: score.by == "person"):
        if isinstance(score.value, dict):
            values |= {f"{score.name}.{part}": value for part, value in score.value.items()}
        else:
            values[score.name] = score.value
        if score.error:
            errors[score.name] = score.error
        elif score.value is not None:
            errors.pop(score.name, None)
        if score.note:
            notes[score.name] = score.note
    return Marks(values, errors, notes)


def rate(batch: Marked, cell: Cell, name: str, value: Any, note: str) -> None:
    """Keep a rating by a person; ``None`` without a note takes it back."""
    from ....scores.scoring import score_of
    from ....scores.worth import checked_name, checked_value

    name = checked_name(name)
    value = value if value is None else checked_value(value)
    if name == RATING and value is not None and scale_of(name, [value]) is None:
        worst, best = RATED
        raise InvalidRequestError(
            f"A {RATING!r} is a number from {worst} to {best}, not {value!r}: "
            "give what is another kind of value another name."
        )
    rating = score_of(cell, name, batch.run_id, value=value, note=note or None, by="person")
    batch.book.add([rating])
    _tell(batch)


def score(
    batch: Marked,
    name: str,
    function: Callable[[Any], Any],
    on_done: Callable[[int, int], object] | None = None,
) -> list[Score]:
    """Score all cells that have an answer; see :meth:`Batch.score`."""
    from ....scores import run_scores

    answered = [cell for cell in batch.cells if cell.state == "completed"]
    try:
        return run_scores(
            answered,
            name,
            function,
            turn_of=lambda cell: cell.turn,
            run_id=batch.run_id,
            book=batch.book,
            on_done=on_done,
        )
    finally:
        _tell(batch)


def keep(batch: Marked, scores: Sequence[Score]) -> None:
    """Keep scores that were given elsewhere."""
    if scores:
        batch.book.add(scores)
        _tell(batch)


def take_back(batch: Marked, name: str) -> None:
    """Take back what functions have given under a name."""
    batch.book.take_back(batch.run_id, name)
    _tell(batch)


@contextlib.contextmanager
def listening(batch: Marked, changed: Callable[[], object]) -> Iterator[None]:
    """Call ``changed`` whenever cells of this run are scored or rated, by whichever object here.

    Enter and leave it on the background loop, where ``changed`` is called, too.
    """
    listeners = _listeners.setdefault(_kept_at(batch), [])
    listeners.append(changed)
    try:
        yield
    finally:
        listeners.remove(changed)
        if not listeners:
            _listeners.pop(_kept_at(batch), None)


_listeners: dict[tuple[Path, str], list[Callable[[], object]]] = {}


def _kept_at(batch: Marked) -> tuple[Path, str]:
    return batch.book.path, batch.run_id


def _tell(batch: Marked) -> None:
    async def tell() -> None:
        for changed in list(_listeners.get(_kept_at(batch), ())):
            changed()

    background().run(tell())
