"""Scoring by a function: all cells side by side, errors kept as errors."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeGuard, TypeVar

import msgspec

from ..errors import InvalidRequestError
from ..interrupts import Interrupted, deferred
from .book import Key, Score, ScoreBook, now
from .checks import check_whole, checked_each
from .values import checked_name, checked_parts, validate_value

T = TypeVar("T")
WORKERS = 8
_LONGEST_ERROR = 500


class Outcome(NamedTuple):
    """What a function said of one thing: a value, or why there is none.

    Attributes:
        value: Yes or no, a number, a text or a dict of these; ``None`` beside an error, or what
            of a dict can be kept.
        error: Why there is no value, or not all of them; else ``None``.

    >>> dari.scores.Outcome(True, None).value
    True
    """

    value: Any
    error: str | None = None


class ScoredCell(Protocol):
    """What is scored: anything with these attributes."""

    @property
    def task_index(self) -> int:
        """The task, from 0."""

    @property
    def llm(self) -> str | None:
        """The LLM."""

    @property
    def version(self) -> str | None:
        """The agent's version, when one was asked for."""

    @property
    def repeat(self) -> int:
        """Which repetition, from 0."""

    @property
    def session_id(self) -> str | None:
        """The session that ran it."""


Cell = TypeVar("Cell", bound=ScoredCell)


def run_scores(
    cells: Sequence[Cell],
    name: str,
    fn: Callable[[Any], Any],
    *,
    turn_of: Callable[[Cell], Any] | None = None,
    run_id: str = "",
    book: ScoreBook | None = None,
    workers: int = WORKERS,
    on_done: Callable[[int, int], object] | None = None,
) -> list[Score]:
    """Score cells by a function of the turn, side by side.

    Each score is in the book as soon as it is there, so that an interrupt loses none. Where cells
    have scores under this name, of another function perhaps, those stay until all are there: what
    is interrupted leaves one function's scores under one name.

    Args:
        cells: What to score.
        name: The score's name.
        fn: Called with each turn, in several threads; or a coroutine function, awaited on a loop
            of its own. It returns yes or no, a number, a text, or a dict of these.
        turn_of: Makes what ``fn`` is called with from a cell; the cell itself by default.
        run_id: Goes into the scores.
        book: Where to keep them.
        workers: How many calls of ``fn`` run at once.
        on_done: Called in this thread with how many are done and how many there are.

    Returns:
        The scores in the order of the cells. One whose function failed has an ``error``.

    Raises:
        InvalidRequestError: The name is no text of 1 to 200 characters, or ``fn`` cannot be called.
        KeyboardInterrupt: The user stopped it; the error says which scores there are then.

    >>> cells = batch.wait().cells
    >>> scores = dari.scores.run_scores(
    ...     cells, "short", lambda turn: len(turn.text) < 80, turn_of=lambda cell: cell.turn
    ... )
    >>> [score.value for score in scores]
    [True, True, True, True]
    """
    checked_name(name)
    cells = checked_each("cells, such as batch.cells", cells, _is_cell)
    turns = [partial(turn_of, cell) if turn_of else partial(_itself, cell) for cell in cells]
    places = [Place(book, score_of(cell, name, run_id)) for cell in cells]
    return score_places(places, turns, fn, workers=workers, on_done=on_done)


class Place(NamedTuple):
    """A cell that gets a score, and where that is kept.

    Attributes:
        book: Keeps it; ``None`` keeps nothing.
        score: The score; it says nothing before that is known.
        is_given: Whether the cell came with a score of this name, which is in no book.
        has_failed: Whether who was to give it failed, so that all there is to say is why.
    """

    book: ScoreBook | None
    score: Score
    is_given: bool = False
    has_failed: bool = False

    @property
    def is_open(self) -> bool:
        """Whether nothing is said yet."""
        score = self.score
        return score.value is None and score.note is None and score.error is None


def score_places(
    places: Sequence[Place],
    turns: Sequence[Callable[[], Any]],
    fn: Callable[[Any], Any],
    *,
    workers: int = WORKERS,
    on_done: Callable[[int, int], object] | None = None,
) -> list[Score]:
    """Score what is anywhere by a function of the turn; see :func:`run_scores`.

    Args:
        places: What gets a score, all of one name.
        turns: Make the turns of these.
        fn: The function.
        workers: How many calls of ``fn`` run at once.
        on_done: Called with how many are done and how many there are.
    """
    told, done = list(places), 0
    outcomes = score_each(turns, fn, workers=workers)
    are_kept_back = any(place.is_given or _is_of(was, place) for place, was in _with_known(places))
    try:
        for at, outcome in outcomes:
            found = {"value": outcome.value, "error": outcome.error, "at": now()}
            score = msgspec.structs.replace(places[at].score, **found)
            told[at], done = places[at]._replace(score=score), done + 1
            book = places[at].book
            if book is not None and not are_kept_back:
                book.give([score])
            if on_done is not None:
                on_done(done, len(told))
    except BaseException as error:
        stay = keep_whole(told) if are_kept_back and done else 0
        if isinstance(error, KeyboardInterrupt) and any(place.book is not None for place in told):
            raise Interrupted(_stopped(told, done, stay)) from None
        raise
    if are_kept_back:
        keep_whole(told)
    return [place.score for place in told]


def keep_whole(places: Sequence[Place]) -> int:
    """Keep what is said of cells in place of what was, or nothing beside what would stay.

    A score of a cell that is open is of another function or judge. Then all stays as it was, as two
    under one name could not be told apart; returns how many scores these are. Errors of cells that
    are open hold up nothing, and go. What has failed in part takes the place of nothing else.
    """
    before = _with_known(places)
    there = [
        (place, was)
        for place, was in before
        if place.is_given or (_is_of(was, place) and was.value is not None)
    ]
    has_failed = any(place.has_failed for place in places)
    if any(
        place.is_open or (has_failed and not _says_it_already(place, was)) for place, was in there
    ):
        return len(there)
    new: dict[ScoreBook, list[Score]] = {}
    for place, was in before:
        if place.book is not None and not _says_it_already(place, was):
            new.setdefault(place.book, []).append(place.score)
    with deferred():
        for book, scores in new.items():
            book.give(scores)
    return 0


def _with_known(places: Iterable[Place]) -> list[tuple[Place, Score | None]]:
    """Return each with what its book has of it, also of an earlier session."""
    known: dict[tuple[ScoreBook, str], dict[Key, Score]] = {}
    found: list[tuple[Place, Score | None]] = []
    for place in places:
        was = None
        if place.book is not None:
            run = place.book, place.score.run_id
            if run not in known:
                known[run] = {score.key: score for score in place.book.scores(run[1])}
            was = known[run].get(place.score.key)
        found.append((place, was))
    return found


def _is_of(was: Score | None, place: Place) -> TypeGuard[Score]:
    """Whether this was said of the same session, and not of an earlier attempt."""
    return was is not None and was.session_id in (None, place.score.session_id)


def _says_it_already(place: Place, was: Score | None) -> bool:
    if was is None:
        return place.is_open
    return _said(was) == _said(place.score)


def _said(score: Score) -> tuple[Any, ...]:
    # As text, yes and 1 are not the same.
    value = msgspec.json.encode((score.value, score.scale))
    return score.session_id, value, score.note, score.error


def _stopped(places: Sequence[Place], done: int, stay: int) -> str:
    """Say which scores there are after an interrupt."""
    name, of = places[0].score.name, f"{done} of {len(places)} answers"
    if not done:
        return f"no answer was scored, and {name!r} is as it was"
    if stay:
        return f"{of} were scored, and {name!r} keeps what it had until all are: score again"
    return f"{of} were scored, and {name!r} holds these alone: score again for all"


def score_each(
    turns: Sequence[Callable[[], Any]], fn: Callable[[Any], Any], *, workers: int = WORKERS
) -> Iterator[tuple[int, Outcome]]:
    """Call a function, plain or async, for each turn; yields place and outcome as they come.

    Args:
        turns: Make the turns; each is called where ``fn`` is, so that it may take its time.
        fn: The function.
        workers: How many calls run at once.

    Raises:
        InvalidRequestError: ``fn`` cannot be called, or ``workers`` is less than 1.

    >>> outcomes = dari.scores.score_each([lambda: "4", lambda: "5"], lambda text: text == "4")
    >>> sorted((place, outcome.value) for place, outcome in outcomes)
    [(0, True), (1, False)]
    """
    if not callable(fn):
        raise InvalidRequestError(
            f"A score needs a function of the turn, not {fn!r}.", code="not_a_function"
        )
    check_whole("workers", workers, 1)
    turns = checked_each("functions that make the turns", turns, callable)
    is_async = inspect.iscoroutinefunction(fn) or inspect.iscoroutinefunction(
        getattr(fn, "__call__", None)  # noqa: B004 - an object may have an async __call__
    )
    return (_awaited if is_async else _threaded)(turns, fn, workers)


def _threaded(
    turns: Sequence[Callable[[], Any]], fn: Callable[[Any], Any], workers: int
) -> Iterator[tuple[int, Outcome]]:
    pool = ThreadPoolExecutor(workers, thread_name_prefix="dari-score")
    try:
        places = {pool.submit(_outcome, turn, fn): place for place, turn in enumerate(turns)}
        for done in as_completed(places):
            yield places[done], done.result()
    finally:
        # After an interrupt, calls that run already end by themselves; nobody waits for them.
        pool.shutdown(wait=False, cancel_futures=True)


def _awaited(
    turns: Sequence[Callable[[], Any]], fn: Callable[[Any], Any], workers: int
) -> Iterator[tuple[int, Outcome]]:
    # The calling thread may be a kernel's, whose own loop is running.
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="dari-score", daemon=True)
    thread.start()
    free = asyncio.Semaphore(workers)
    places: dict[Future[Outcome], int] = {}
    try:
        for place, turn in enumerate(turns):
            work = _outcome_async(turn, fn, free)
            places[asyncio.run_coroutine_threadsafe(work, loop)] = place
        for done in as_completed(places):
            yield places[done], done.result()
    finally:
        asyncio.run_coroutine_threadsafe(_cancel_all(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _cancel_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _outcome(turn: Callable[[], Any], fn: Callable[[Any], Any]) -> Outcome:
    try:
        return _checked(fn(turn()))
    except Exception as error:  # noqa: BLE001 - whatever a user's function raises is its outcome
        return Outcome(None, _error_text(error))


async def _outcome_async(
    turn: Callable[[], Any], fn: Callable[[Any], Any], free: asyncio.Semaphore
) -> Outcome:
    async with free:
        try:
            return _checked(await fn(await asyncio.to_thread(turn)))
        except Exception as error:  # noqa: BLE001 - as above
            return Outcome(None, _error_text(error))


def _checked(value: Any) -> Outcome:
    """Take a value as it is kept: plain Python, and nothing that JSON has no word for."""
    if value is None:
        return Outcome(None, "the function returned nothing")
    try:
        return Outcome(validate_value(value))
    except InvalidRequestError as error:
        is_flat = isinstance(value, dict) and not any(isinstance(v, dict) for v in value.values())
        parts = checked_parts(value)[0] if is_flat else {}
        return Outcome(parts or None, str(error))


def _error_text(error: Exception) -> str:
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return text if len(text) <= _LONGEST_ERROR else text[: _LONGEST_ERROR - 1] + "…"


def score_of(cell: ScoredCell, name: str, run_id: str, **found: Any) -> Score:
    """Make the score of a cell; ``found`` are the fields of :class:`Score` that tell its worth."""
    return Score(
        name=name,
        run_id=run_id,
        task_index=cell.task_index,
        llm_id=cell.llm,
        version_id=cell.version,
        repeat=cell.repeat,
        session_id=cell.session_id,
        **found,
    )


def _is_cell(cell: Any) -> bool:
    return all(hasattr(cell, name) for name in ("task_index", "llm", "version", "repeat"))


def _itself(cell: T) -> T:
    return cell
