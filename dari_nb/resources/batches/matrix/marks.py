"""What cells are worth: values from functions and ratings by people, kept in a file."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol

from ....errors import InvalidRequestError
from ....score_kinds import JUDGE, PARTS, RATING, SORTS, scale_by_hand, sort_of
from ...connection.background import background

if TYPE_CHECKING:
    from pathlib import Path

    from ....scores import Score, ScoreBook
    from ....scores.book import By, RunScores
    from ....scores.scoring import Place
    from ..cells import Cell


_LOOK_S = 1.0
"""Seconds between looks at a file that other processes may write into."""


State = tuple[int, ...] | None


class Marked(Protocol):
    """What has cells that are worth something, and the book in which that is kept."""

    run_id: str
    book: ScoreBook

    @property
    def cells(self) -> Sequence[Cell]:
        """The cells."""

    def _counts(self, score: Score, cell: Cell) -> bool:
        """Whether a score at the place of a cell is of what the cell shows."""

    def _cell_of(self, score: Score) -> Cell | None:
        """The cell that a score is of, if there is one of which it counts."""

    def _given(self, name: str) -> Iterable[Cell]:
        """The cells that came with a score of this name, which is in no book."""


@dataclass(frozen=True)
class Marks:
    """What one cell is worth, by name, why not, what people wrote, which names they gave, on what.

    ``by_hand`` has when they gave them; ``scales`` are those that judges and people were given, and
    ``blind`` are the names of which the note was written without being told whose the answer is.
    """

    scores: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    by_hand: Mapping[str, str] = field(default_factory=dict)
    scales: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    blind: frozenset[str] = frozenset()


def marks_of(batch: Marked, cells: Sequence[Cell]) -> dict[str, Marks]:
    """Return what is known of cells, by their ids."""
    held = batch.book._of_run(batch.run_id)
    return {cell.id: _marks_in(held, batch, cell) for cell in cells}


def _marks_in(held: RunScores, batch: Marked, cell: Cell) -> Marks:
    """Return what is known of a cell, as a book holds it."""
    scores = held.at((cell.task_index, cell.llm, cell.version, cell.repeat))
    return _marks(cell, (score for score in scores if batch._counts(score, cell)))


def is_of_session(score: Score, cell: Cell) -> bool:
    """Whether a score at the place of a cell is of its session, and not of an earlier attempt."""
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
    batch: Marked,
    cell: Cell,
    name: str,
    value: Any,
    note: str | None,
    *,
    is_blind: bool = False,
    is_on_scale: bool = False,
) -> None:
    """Keep a rating by a person; ``None``, or an empty text, without a note takes it back.

    Args:
        batch: The batch.
        cell: Its cell.
        name: The score's name.
        value: The rating.
        note: What there is to say of it; ``None`` lets stand with a value what was said before.
        is_blind: Whether that is said without being told whose the answer is.
        is_on_scale: Whether numbers from 1 to 5 are asked for, as they are by views and samples,
            and of each ``"rating"``.
    """
    from ....scores.scoring import score_of
    from ....scores.values import checked_name, checked_note, checked_rating, checked_value

    name = checked_name(name)
    checked = checked_rating if name == RATING else checked_value
    is_nothing = value is None or (isinstance(value, str) and not value.strip())
    value = None if is_nothing else checked(value)
    held = batch.book._of_run(batch.run_id)
    before = _marks_in(held, batch, cell)
    if note is None:
        note = "" if value is None else before.notes.get(name, "")
    scale = scale_by_hand(value) if is_on_scale or name == RATING else None
    said = {"value": value, "note": checked_note(note), "by": "person", "scale": scale}
    # A note that stays is of whoever wrote it.
    stays = name in before.blind and before.notes.get(name) == said["note"]
    rating = score_of(cell, name, batch.run_id, **said, is_blind=is_blind or stays)
    if value is not None or rating.note:
        check_no_name_of_judges(name, "rating by hand")
        check_no_function(batch, held, name)
    if value is not None:
        _check_has_answer(cell)
        check_is_free(name)
        others = (one for one in _of_other_kinds(batch, held, name, value) if one.id != cell.id)
        _check_kind((_marks_in(held, batch, one).scores.get(name) for one in others), name, value)
    batch.book.give([rating])
    _notify(batch)


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
            "give another name.",
            code="name_reserved",
        )


def check_no_function(batch: Marked, held: RunScores, name: str) -> None:
    """Raise ``InvalidRequestError`` if a function has given scores of this name."""
    given = [*held.named(name, "function"), *held.untold(name, "function")]
    for score in chain(given, _with_part(held, name, "function")):
        if batch._cell_of(score) is not None:
            raise InvalidRequestError(
                f"{name!r} is what a function has given: rate by hand under another name, or take "
                f"that back first, batch.score({score.name!r}, None).",
                code="name_taken",
            )


def _with_part(held: RunScores, name: str, by: By) -> Iterator[Score]:
    """Give the scores that are dicts, of which one part is called so as a whole."""
    for place, sign in enumerate(name):
        if sign == ".":
            stem, part = name[:place], name[place + 1 :]
            yield from (s for s in held.named(stem, by, (PARTS,)) if part in s.value)


def _of_other_kinds(batch: Marked, held: RunScores, name: str, value: Any) -> Iterator[Cell]:
    """Give the cells that may have a value of another kind under a name."""
    unlike = SORTS.keys() - SORTS[str(sort_of(value))]
    for score in chain(held.named(name, "person", unlike), _with_part(held, name, "person")):
        if (cell := batch._cell_of(score)) is not None:
            yield cell
    yield from batch._given(name)


def _check_has_answer(cell: Cell) -> None:
    """Raise ``InvalidRequestError`` unless there is an answer to be rated."""
    from ....render import state_text

    if cell.state != "completed":
        raise InvalidRequestError(
            f"There is no answer to rate: this cell is “{state_text(cell.state)}”.",
            code="missing_answer",
        )


def check_no_name_of_judges(name: Any, giver: str) -> None:
    """Raise ``InvalidRequestError`` if a name is such as only judges give, whoever ``giver`` is."""
    from ....scores.values import checked_name

    if checked_name(name).startswith(JUDGE):
        raise InvalidRequestError(
            f"{name!r} is what a judge says, which no {giver} replaces or takes back: "
            "give another name.",
            code="name_taken",
        )


def check_no_ratings(batch: Marked, name: str) -> None:
    """Raise ``InvalidRequestError`` if people have rated under this name: their word stands.

    A function may give a dict, so that names that begin with its own and a point are its own, too.
    """
    by_hand = [s for s in batch.book.scores(batch.run_id) if s.by == "person"]
    cells = ((score, batch._cell_of(score)) for score in by_hand)
    rated = Counter(
        score.name
        for score, cell in cells
        if cell is not None
        and (score.value is not None or (score.note and cell.state == "completed"))
    )
    for held, count in rated.items():
        if held == name or held.startswith(f"{name}."):
            what, them = ("1 rating", "it") if count == 1 else (f"{count} ratings", "them")
            raise InvalidRequestError(
                f"{held!r} holds {what} by hand, which no function replaces: give another name, or "
                f"take {them} back first, batch.rate(cell, {held!r}, None).",
                code="name_taken",
            )


def _check_kind(others: Iterable[Any], name: str, value: Any) -> None:
    """Raise ``InvalidRequestError`` if other cells have values of another kind under this name."""
    from ....scores.checks import shortened

    for other in others:
        if other is not None and sort_of(other) not in SORTS[str(sort_of(value))]:
            raise InvalidRequestError(
                f"{name!r} holds values such as {shortened(other)}, and {shortened(value)} is of "
                "another kind: "
                "give another name, or take back what is there.",
                code="not_comparable",
            )


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
            _notify(batch)
    of_batches = [batch for batch, _ in cells]
    return [
        [score for of, score in zip(of_batches, made, strict=True) if of is batch]
        for batch in batches
    ]


def keep_whole(
    batch: Marked, name: str, scores: Mapping[Cell, Mapping[str, Any]], failed: Container[Cell]
) -> int:
    """Keep what was said of cells, of some of them nothing yet, as :func:`scoring.keep_whole`.

    Of those that failed, who was to say it did.
    """
    from ....scores import scoring

    places = ((_to_score(batch, c, name, **said), c in failed) for c, said in scores.items())
    stay = scoring.keep_whole([place._replace(has_failed=fails) for place, fails in places])
    _notify(batch)
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
    holding = {_listener_key(batch): batch for batch in batches if _by_function(batch, name)}
    given = [score for batch in holding.values() for score in _by_function(batch, name)]
    if not given or any(score.value is not None for score in given):
        check_no_name_of_judges(name, "function")
    for batch in holding.values() or batches:
        batch.book.take_back(batch.run_id, name)
        _notify(batch)


def _by_function(batch: Marked, name: str) -> list[Score]:
    kept = batch.book.scores(batch.run_id)
    return [score for score in kept if score.name == name and score.by == "function"]


@contextlib.contextmanager
def listening(batch: Marked, changed: Callable[[], object]) -> Iterator[None]:
    """Call ``changed`` whenever cells of this run are scored or rated, by whichever object here.

    So it is soon after another process has written into their book. Enter and leave it on the
    background loop, where ``changed`` is called, too.
    """
    looking = background().run(_look(batch.book, changed, batch.book._state()))
    listeners = _listeners.setdefault(_listener_key(batch), [])
    listeners.append(changed)
    try:
        yield
    finally:
        looking.cancel()
        listeners.remove(changed)
        if not listeners:
            _listeners.pop(_listener_key(batch), None)


async def _look(book: ScoreBook, changed: Callable[[], object], before: State) -> None:
    """Call ``changed`` for what others have written into a book since it was in a state."""
    while True:
        await asyncio.sleep(_LOOK_S)
        state = book._state()
        if state not in (before, _written.get(book.path)):
            changed()
        before = state


_written: dict[Path, State] = {}
"""The state of each file after what was written here, of which all have been told."""

_listeners: dict[tuple[Path, str], list[Callable[[], object]]] = {}


def _listener_key(batch: Marked) -> tuple[Path, str]:
    return batch.book.path, batch.run_id


def _notify(batch: Marked) -> None:
    if _listener_key(batch) not in _listeners:
        return
    _written[batch.book.path] = batch.book._state()

    async def notify() -> None:
        for changed in list(_listeners.get(_listener_key(batch), ())):
            changed()

    background().run(notify())
