"""What cells are worth: values from functions and ratings by people, kept in a file."""

from __future__ import annotations

import contextlib
from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from ....errors import InvalidRequestError
from ....score_kinds import JUDGE, RATING
from ...link.background import background

if TYPE_CHECKING:
    from pathlib import Path

    from ....scores import Score, ScoreBook
    from ....scores.scoring import Place
    from ..cells import Cell


class Marked(Protocol):
    """What has cells that are worth something, and the book in which that is kept."""

    run_id: str
    book: ScoreBook

    @property
    def cells(self) -> Sequence[Cell]:
        """The cells."""

    def _marks(self, cells: Sequence[Cell] | None = None) -> Mapping[str, Marks]:
        """What is known of cells, by their ids; of all when left out."""


@dataclass(frozen=True)
class Marks:
    """What one cell is worth, by name, why not, what people wrote, which names they gave, on what.

    ``by_hand`` has when they gave them; ``scales`` are those that judges were given, and
    ``blind`` are the names of which the note was written without being told whose the answer is.
    """

    scores: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    by_hand: Mapping[str, str] = field(default_factory=dict)
    scales: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    blind: frozenset[str] = frozenset()


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
        by_place[_place_of(score)].append(score)
    return {
        cell.id: _marks(
            cell,
            (s for s in by_place.get(_place(cell), ()) if of_any_session or _is_of(s, cell)),
        )
        for cell in cells
    }


def _place(cell: Cell) -> tuple[int, str | None, str | None, int]:
    return cell.task_index, cell.llm, cell.version, cell.repeat


def _place_of(score: Score) -> tuple[int, str | None, str | None, int]:
    return score.task_index, score.llm_id, score.version_id, score.repeat


def _is_of(score: Score, cell: Cell) -> bool:
    return score.session_id in (None, cell.session_id)


def _marks(cell: Cell, scores: Iterable[Score]) -> Marks:
    values = dict(cell.given)
    errors: dict[str, str] = {}
    notes: dict[str, str] = {}
    scales: dict[str, tuple[int, int]] = {}
    by_hand: dict[str, str] = {}
    blind = set()
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
        if score.scale:
            scales[score.name] = score.scale
        if score.by == "person":
            by_hand[score.name] = score.at
        if score.is_blind:
            blind.add(score.name)
    return Marks(values, errors, notes, by_hand, scales, frozenset(blind))


def rate(
    batch: Marked, cell: Cell, name: str, value: Any, note: str | None, *, is_blind: bool = False
) -> None:
    """Keep a rating by a person; ``None`` without a note takes it back.

    Args:
        batch: The batch.
        cell: Its cell.
        name: The score's name.
        value: The rating.
        note: What there is to say of it; ``None`` lets stand with a value what was said before.
        is_blind: Whether that is said without being told whose the answer is.
    """
    from ....scores.scoring import score_of
    from ....scores.worth import checked_name, checked_note, checked_rating, checked_value

    name = checked_name(name)
    checked = checked_rating if name == RATING else checked_value
    value = value if value is None else checked(value)
    before = marks_of(batch, [cell])[cell.id]
    if note is None:
        note = "" if value is None else before.notes.get(name, "")
    said = {"value": value, "note": checked_note(note), "by": "person"}
    # A note that stays is of whoever wrote it.
    stays = name in before.blind and before.notes.get(name) == said["note"]
    rating = score_of(cell, name, batch.run_id, **said, is_blind=is_blind or stays)
    if value is not None or rating.note:
        check_no_name_of_judges(name, "rating by hand")
        check_no_function(batch, name)
    if value is not None:
        _check_has_answer(cell)
        check_is_free(name)
        others = [one for one in _with_name(batch, name) if one.id != cell.id]
        told = batch._marks(others).values()
        _check_kind((marks.scores.get(name) for marks in told), name, value)
    batch.book.add([rating])
    _tell(batch)


def lost_ratings(batch: Marked, there: Container[str | None], *, ends_with_kernel: bool) -> str:
    """Say how many ratings the book has of answers that are gone; empty of none.

    Args:
        batch: The batch.
        there: The sessions of its run that there are.
        ends_with_kernel: Whether its server keeps nothing.
    """
    given = [score for score in batch.book.scores(batch.run_id) if score.by == "person"]
    lost = sum(s.session_id is not None and s.session_id not in there for s in given)
    if not lost:
        return ""
    ratings, are = ("rating", "is") if lost == 1 else ("ratings", "are")
    keeps = '; connect("local", path=…) keeps answers' if ends_with_kernel else ""
    return f"{lost} {ratings} in {batch.book.path.name} {are} of answers that are gone{keeps}"


def check_is_free(name: str) -> None:
    """Raise ``InvalidRequestError`` if conditions call something else of a cell so."""
    from ....render.matrix.sifting.facts import NAMES

    if name.lower() in NAMES:
        raise InvalidRequestError(
            f'{name!r} is what conditions such as where="{name} = 1" call something else already: '
            "give another name."
        )


def check_no_function(batch: Marked, name: str) -> None:
    """Raise ``InvalidRequestError`` if a function has given scores of this name."""
    for score in _given(batch, "function"):
        parts = score.value if isinstance(score.value, dict) else ()
        if name not in (score.name, *(f"{score.name}.{part}" for part in parts)):
            continue
        raise InvalidRequestError(
            f"{name!r} is what a function has given: rate by hand under another name, or take "
            f"that back first, batch.score({score.name!r}, None)."
        )


def _with_name(batch: Marked, name: str) -> list[Cell]:
    """Return the cells that may have a value under a name."""
    given = batch.book.scores(batch.run_id)
    places = {_place_of(score) for score in given if name.startswith(score.name)}
    return [cell for cell in batch.cells if name in cell.given or _place(cell) in places]


def _given(batch: Marked, by: str) -> Iterator[Score]:
    """Give what functions, or people, have said of the answers that there are."""
    cells = {_place(cell): cell for cell in batch.cells}
    for score in batch.book.scores(batch.run_id):
        cell = cells.get(_place_of(score))
        if cell is not None and score.by == by and _is_of(score, cell):
            yield score


def _check_has_answer(cell: Cell) -> None:
    """Raise ``InvalidRequestError`` unless there is an answer to be rated."""
    from ....render import state_text

    if cell.state != "completed":
        raise InvalidRequestError(
            f"There is no answer to rate: this cell is “{state_text(cell.state)}”."
        )


def check_no_name_of_judges(name: Any, giver: str) -> None:
    """Raise ``InvalidRequestError`` if a name is such as only judges give, whoever ``giver`` is."""
    from ....scores.worth import checked_name

    if checked_name(name).startswith(JUDGE):
        raise InvalidRequestError(
            f"{name!r} is what a judge says, which no {giver} replaces or takes back: "
            "give another name."
        )


def check_no_ratings(batch: Marked, name: str) -> None:
    """Raise ``InvalidRequestError`` if people have rated under this name: their word stands.

    A function may give a dict, so that names that begin with its own and a point are its own, too.
    """
    answered = {_place(cell) for cell in batch.cells if cell.state == "completed"}
    rated = Counter(
        s.name
        for s in _given(batch, "person")
        if s.value is not None or (s.note and _place_of(s) in answered)
    )
    for held, count in rated.items():
        if held == name or held.startswith(f"{name}."):
            what, them = ("1 rating", "it") if count == 1 else (f"{count} ratings", "them")
            raise InvalidRequestError(
                f"{held!r} holds {what} by hand, which no function replaces: give another name, or "
                f"take {them} back first, batch.rate(cell, {held!r}, None)."
            )


def _check_kind(others: Iterable[Any], name: str, value: Any) -> None:
    """Raise ``InvalidRequestError`` if other cells have values of another kind under this name."""
    for other in others:
        if other is not None and not _are_alike(other, value):
            raise InvalidRequestError(
                f"{name!r} holds values such as {other!r}, and {value!r} is of another kind: "
                "give another name, or take back what is there."
            )


def _are_alike(one: Any, other: Any) -> bool:
    """Whether both are texts, or both numbers; of yes or no, numbers from 0 to 1 are that, too."""
    if isinstance(one, str) or isinstance(other, str):
        return isinstance(one, str) and isinstance(other, str)
    if isinstance(one, bool) == isinstance(other, bool):
        return True
    return bool(0 <= one <= 1 and 0 <= other <= 1)


def score(
    batches: Sequence[Marked],
    name: str,
    function: Callable[[Any], Any],
    on_done: Callable[[int, int], object] | None = None,
) -> list[list[Score]]:
    """Score all cells of batches that have an answer; see :meth:`Batch.score`.

    What they had before stays with each of them until all are scored.
    """
    from ....scores.scoring import score_places

    check_no_name_of_judges(name, "function")
    check_is_free(name)
    for batch in batches:
        check_no_ratings(batch, name)
    cells = [
        (batch, cell) for batch in batches for cell in batch.cells if cell.state == "completed"
    ]
    places = [_to_score(batch, cell, name) for batch, cell in cells]
    turns = [partial(getattr, cell, "turn") for _, cell in cells]
    try:
        made = score_places(places, turns, function, on_done=on_done)
    finally:
        for batch in batches:
            _tell(batch)
    of_batches = [batch for batch, _ in cells]
    return [
        [score for of, score in zip(of_batches, made, strict=True) if of is batch]
        for batch in batches
    ]


def keep_whole(batch: Marked, name: str, told: Mapping[Cell, Mapping[str, Any]]) -> int:
    """Keep what was said of cells, of some of them nothing yet, as :func:`scoring.keep_whole`."""
    from ....scores import scoring

    stay = scoring.keep_whole([_to_score(batch, c, name, **said) for c, said in told.items()])
    _tell(batch)
    return stay


def _to_score(batch: Marked, cell: Cell, name: str, **said: Any) -> Place:
    from ....scores.scoring import Place, score_of

    is_given = any(
        value is not None and (held == name or held.startswith(f"{name}."))
        for held, value in cell.given.items()
    )
    return Place(batch.book, score_of(cell, name, batch.run_id, **said), is_given)


def take_back(batches: Sequence[Marked], name: str) -> None:
    """Take back what functions have given under a name, and what judges gave no value for."""
    holding = {_kept_at(batch): batch for batch in batches if _by_function(batch, name)}
    given = [score for batch in holding.values() for score in _by_function(batch, name)]
    if not given or any(score.value is not None for score in given):
        check_no_name_of_judges(name, "function")
    for batch in holding.values() or batches:
        batch.book.take_back(batch.run_id, name)
        _tell(batch)


def _by_function(batch: Marked, name: str) -> list[Score]:
    kept = batch.book.scores(batch.run_id)
    return [score for score in kept if score.name == name and score.by == "function"]


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
