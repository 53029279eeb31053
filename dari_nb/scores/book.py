"""The journal of scores and ratings: a file of JSON lines that is only ever added to."""

from __future__ import annotations

import codecs
import contextlib
import logging
import os
import sys
import threading
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeVar

import msgspec

from ..descriptors import is_no_file, open_regular
from ..errors import InvalidRequestError
from ..models import parse_time
from ..score_kinds import PARTS, RATING, SORTS, sort_of
from ..tapes.reading import is_tape, refuse_no_name
from .checks import checked_each
from .values import checked_name, checked_rating, validate_value

if sys.platform != "win32":
    import fcntl

By = Literal["function", "person"]
Spot = tuple[int, str | None, str | None, int]
"""Where a score stands in its run: task, LLM, version, repeat."""
Key = tuple[str, int, str | None, str | None, int, str, str]

FILE = "dari-scores.jsonl"
"""Where scores are kept, beside the notebook, unless another file is named."""
_NO_FILE = "it is a folder, a pipe or a device"
_OF_ANOTHER_KIND = (
    "it is a file of another kind, of which no line can be used; name another one, or mend it: "
    "each line is JSON, in UTF-8"
)
_OTHERS = (".ipynb", ".py", ".tape", ".tape.running")
"""How notebooks, scripts, tapes and what is recorded on them end."""
_MOST_PLACES = 8
_TICKS_NS = 20_000_000
"""Two changes within it may leave a file with one time: that of file systems is coarse."""
_FIRST, _LAST = (time.replace(tzinfo=UTC) for time in (datetime.min, datetime.max))
_TICK = timedelta.resolution


class Score(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one cell of a batch was found to be worth, by a function or by a person.

    Attributes:
        run_id: What the sessions of the batch have in common; empty outside of batches.
        task_index: The task, from 0.
        llm_id: The LLM; ``None`` is the agent's default.
        version_id: The agent's version, when one was asked for.
        repeat: Which repetition, from 0.
        session_id: The session that was looked at; a retried cell has another one.
        name: The score's name.
        value: Yes or no, a number, a text, or a dict of these; ``None`` takes a rating back, or
            stands beside an ``error``.
        note: What a person wrote to it, or the reason that a judge gave.
        error: Why a function gave no value.
        scale: The worst and the best value that a judge, or a person, was told to give.
        by: Who gave it.
        is_blind: Whether the note was written without being told whose the answer is.
        at: When, ISO 8601 in UTC; where the clock is behind what was said before, just after that.
            Left out, when it is written down.

    >>> dari.scores.Score(name="correct", value=True, llm_id="small").value
    True
    """

    name: str
    run_id: str = ""
    task_index: int = 0
    llm_id: str | None = None
    version_id: str | None = None
    repeat: int = 0
    session_id: str | None = None
    value: Any = None
    note: str | None = None
    error: str | None = None
    scale: tuple[int, int] | None = None
    by: By = "function"
    is_blind: bool = False
    at: str = ""

    @property
    def key(self) -> Key:
        """What two scores have in common when the later one replaces the earlier."""
        return (self.run_id, *self.spot, self.name, self.by)

    @property
    def spot(self) -> Spot:
        """Where it stands in its run: task, LLM, version, repeat."""
        return self.task_index, self.llm_id, self.version_id, self.repeat

    @property
    def is_gone(self) -> bool:
        """Whether it only takes back what was said before."""
        return self.value is None and self.note is None and self.error is None


class RunScores:
    """What a book holds of one run, by place and by name: as of when the book was read last.

    To ask for a few scores costs as much as these are, however many there are besides.

    Args:
        reading: Held while the book is read.
    """

    def __init__(self, reading: threading.Lock) -> None:
        self._reading = reading
        self._latest: dict[Key, Score] = {}
        self._spots: dict[Spot, dict[Key, Score]] = {}
        self._names: dict[tuple[str, By, str | None], dict[Key, Score]] = {}

    def take(self, score: Score) -> None:
        """Take in a score that was read, unless a later one is there; its book calls this."""
        key = score.key
        known = self._latest.get(key)
        if known is not None:
            if _when(score) < _when(known):
                return
            del self._names[_heading(known)][key]
        self._latest[key] = score
        self._spots.setdefault(score.spot, {})[key] = score
        self._names.setdefault(_heading(score), {})[key] = score

    def after_known(self, score: Score) -> Score:
        """Return a score that is given now with a time behind what is known of the same.

        Clocks go wrong, and those of two machines differ: what is said last counts all the same.
        """
        known = self._latest.get(score.key)
        at = datetime.now(UTC)
        if known is not None and at <= (last := _when(known)):
            at = last + min(_TICK, _LAST - last)
        return msgspec.structs.replace(score, at=_time_text(at))

    def all(self) -> list[Score]:
        """Return all of them, without those that were taken back."""
        return self._there(self._latest)

    def at(self, spot: Spot) -> list[Score]:
        """Return those of one place."""
        return self._there(self._spots.get(spot))

    def named(self, name: str, by: By, sorts: Iterable[str] = (*SORTS, PARTS)) -> list[Score]:
        """Return those of a name and a giver whose values are of some sorts, as ``sort_of`` tells.

        What holds no value is none of these.
        """
        found = (self._there(self._names.get((name, by, sort))) for sort in sorts)
        return [score for each in found for score in each]

    def untold(self, name: str, by: By) -> list[Score]:
        """Return those of a name and a giver that hold a note, or an error, and no value."""
        return self._there(self._names.get((name, by, None)))

    def _there(self, scores: Mapping[Key, Score] | None) -> list[Score]:
        if not scores:
            return []
        with self._reading:
            there = list(scores.values())
        return [score for score in there if not score.is_gone]


def _as_it_is(status: os.stat_result) -> tuple[int, ...]:
    """Tell a file as it is from other ones, and from what it was and will be."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _when(score: Score) -> datetime:
    """Return when a score was given; what is no time is before all others."""
    return parse_time(score.at) or _FIRST


def _heading(score: Score) -> tuple[str, By, str | None]:
    return score.name, score.by, sort_of(score.value)


class ScoreBook:
    """Scores and ratings in a file, safe against restarts and against two kernels at once.

    Every :meth:`add` is one write at the end of the file, on disk when it returns. Nothing is
    ever rewritten: a line that cannot be used, such as the half of one that a crash left or one
    that holds no score, stays where it is, is counted, and the log says where it is: once, however
    many books a process has of the file.

    Args:
        path: The file; made with the first score.

    Attributes:
        path: The file.

    >>> book = dari.scores.ScoreBook("book.jsonl")
    >>> book.add([dari.scores.Score(run_id="run_1", name="correct", value=True)])
    >>> [score.value for score in dari.scores.ScoreBook("book.jsonl").scores("run_1")]
    [True]
    """

    _decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Score)
    what = "scores"
    """What is kept there, in words."""

    def __init__(self, path: str | Path) -> None:
        if not isinstance(path, str | Path) or not str(path):
            raise InvalidRequestError(
                f"A book of scores is a file, not {path!r}.", code="invalid_path"
            )
        self.path = Path(path)
        self._seen: tuple[int, ...] | None = None
        """The file as it was when it was read."""
        self._reading = threading.Lock()
        """Views read in threads of their own."""
        self._reset()

    @property
    def damaged(self) -> int:
        """How many lines could not be used.

        >>> dari.scores.ScoreBook("book.jsonl").damaged
        0
        """
        return len(self._unread) + self._is_torn

    def add(self, scores: Iterable[Score]) -> None:
        """Write scores down with the times that they have, else with that of now.

        Args:
            scores: What to write, in this order.

        Raises:
            InvalidRequestError: The file cannot be written, or has lines of which none can be used,
                such as a notebook; or one of them is no score: its name is empty or longer than 200
                characters, or its value is none of those that :class:`Score` names, or no rating
                from 1 to 5. Then none is written.

        >>> book = dari.scores.ScoreBook("added.jsonl")
        >>> book.add([dari.scores.Score(name="correct", value=True)])
        """
        given = checked_each("scores, such as [Score(name='right', value=True)]", scores, _is_score)
        lines = b"".join(_line(_timed(score)) for score in given)
        if not lines:
            return
        # Somebody may have put another file there meanwhile.
        if self.path.is_file() and self._is_of_another_kind():
            raise InvalidRequestError(f"{self._cannot}: {_OF_ANOTHER_KIND}.", code="invalid_file")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            _append(self.path, lines)
        except OSError as error:
            raise InvalidRequestError(
                f"{self._cannot}: {error.strerror or error}.", code="file_unwritable"
            ) from error

    def give(self, scores: Iterable[Score]) -> None:
        """Write down what is said here and now: it counts, whatever the book has of the same.

        Args:
            scores: What to write. The time of each is now, or just after that of what it replaces.

        Raises:
            InvalidRequestError: As in :meth:`add`, or the file cannot be read.

        >>> book = dari.scores.ScoreBook("given.jsonl")
        >>> book.add([dari.scores.Score(name="ok", value=1, at="2999-01-01T00:00:00Z")])
        >>> book.give([dari.scores.Score(name="ok", value=0)])
        >>> [score.value for score in book.scores()]
        [0]
        """
        runs, unknown = self._runs_now(), RunScores(self._reading)
        self.add([runs.get(score.run_id, unknown).after_known(score) for score in scores])

    @property
    def _cannot(self) -> str:
        return f"{self.what.capitalize()} cannot be kept in {self.path}"

    def take_back(self, run_id: str, name: str) -> None:
        """Take back what functions have given under a name; what people gave stays.

        Args:
            run_id: The run.
            name: The score's name.

        Raises:
            InvalidRequestError: There is nothing, or the file cannot be written.

        >>> book = dari.scores.ScoreBook("taken.jsonl")
        >>> book.add([dari.scores.Score(run_id="run_1", name="ok", value=1, by="function")])
        >>> book.take_back("run_1", "ok")
        >>> book.scores("run_1")
        []
        """
        given = [score for score in self.scores(run_id) if score.by == "function"]
        taken = [score for score in given if score.name == name]
        if not taken:
            known = ", ".join(dict.fromkeys(score.name for score in given)) or "nothing"
            raise InvalidRequestError(
                f"No function has scored {name!r}: there is {known}.", code="score_not_found"
            )
        gone = {"value": None, "error": None, "note": None}
        self.give(msgspec.structs.replace(score, **gone) for score in taken)

    def scores(self, run_id: str | None = None) -> list[Score]:
        """Return the latest score of each cell, name and kind of giver, also from other kernels.

        Of two scores for the same the one with the later time counts, or that further down in the
        file. One that was taken back, by a value of ``None`` without note and error, is gone.

        Args:
            run_id: Only those of this run; all when left out.

        Raises:
            InvalidRequestError: The file cannot be read.

        >>> book = dari.scores.ScoreBook("read.jsonl")
        >>> book.add(dari.scores.Score(run_id="run_1", name="ok", value=v) for v in (0, 1))
        >>> [score.value for score in book.scores("run_1")]
        [1]
        """
        if run_id is not None:
            return self._of_run(run_id).all()
        return [score for run in self._runs_now().values() for score in run.all()]

    def _state(self) -> tuple[int, ...] | None:
        """Tell the file as it is now from what it was and will be; ``None`` without one."""
        try:
            status = self.path.stat()
        except OSError:
            return None
        return _as_it_is(status)

    def _of_run(self, run_id: str) -> RunScores:
        """Return what there is of a run, by place and by name, also from other kernels."""
        return self._runs_now().get(run_id) or RunScores(self._reading)

    def _runs_now(self) -> dict[str, RunScores]:
        """Read what is new in the file, and return what there is of each run."""
        with self._reading:
            try:
                self._take_in()
            except FileNotFoundError:
                return {}
            except OSError as error:
                raise InvalidRequestError(
                    f"{self.path} cannot be read: {error}", code="file_unreadable"
                ) from error
            return dict(self._runs)

    def _is_of_another_kind(self) -> bool:
        """Whether there are lines in the file, and none that can be used.

        Raises:
            InvalidRequestError: The file cannot be read.
        """
        is_empty = True
        try:
            with open_regular(self.path) as file, _locked(file.fileno()):
                for line in file:
                    if self._score(line.removeprefix(codecs.BOM_UTF8)) is not None:
                        return False
                    is_empty = is_empty and not line.strip()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise InvalidRequestError(
                f"{self.path} cannot be read: {error}", code="file_unreadable"
            ) from error
        return not is_empty

    def __repr__(self) -> str:
        return f"ScoreBook({str(self.path)!r})"

    def _reset(self) -> None:
        self._runs: dict[str, RunScores] = {}
        self._read = self._sum = self._lines = 0
        self._taken_in = 0, 0
        """How much was read, half a line at the end included, and what tells it from other text."""
        self._unread: list[int] = []
        self._damage = 0
        """What tells the lines of ``_unread`` from others at their places."""
        self._is_torn = False
        """Whether the file ends in half a line."""

    def _take_in(self) -> None:
        if _as_it_is(self.path.stat()) == self._seen:
            return
        before = self.damaged
        with open_regular(self.path) as file:
            seen = _as_it_is(os.fstat(file.fileno()))
            if seen == self._seen:
                return
            # Editors, and git, may have changed what was read of it, in the same file.
            length, sum_of_all = self._taken_in
            if zlib.crc32(file.read(length)) != sum_of_all:
                self._reset()
                before = 0
            whole, rest = self._new(file)
            if self._score(rest) is None and rest.strip():
                # Another kernel may just be writing it.
                with _locked(file.fileno()):
                    whole, rest = self._new(file)
        # The next change may come within the same tick of the file system's clock.
        is_new = abs(time.time_ns() - seen[-1]) < _TICKS_NS
        self._seen = None if is_new else seen
        if whole:
            self._read += len(whole) + 1
            self._sum = zlib.crc32(whole + b"\n", self._sum)
            for line in whole.split(b"\n"):
                self._lines += 1
                self._take_line(line)
        self._taken_in = self._read + len(rest), zlib.crc32(rest, self._sum)
        # Some editors leave no line break at the end.
        self._is_torn = bool(rest.strip()) and not self._take(rest)
        if self.damaged > before:
            self._warn_unread()
        elif not self.damaged:
            _told.pop(self.path.absolute(), None)

    def _new(self, file: BinaryIO) -> tuple[bytes, bytes]:
        """Return the lines that are new, and what follows the last line break."""
        file.seek(self._read)
        whole, _, rest = file.read().rpartition(b"\n")
        return whole, rest

    def _take_line(self, line: bytes) -> None:
        line = line.removeprefix(codecs.BOM_UTF8) if self._lines == 1 else line
        if line.strip() and not self._take(line):
            self._unread.append(self._lines)
            self._damage = hash((self._damage, line))

    def _take(self, line: bytes) -> bool:
        score = self._score(line)
        if score is None:
            return False
        run = self._runs.get(score.run_id)
        if run is None:
            run = self._runs[score.run_id] = RunScores(self._reading)
        run.take(score)
        return True

    def _score(self, line: bytes) -> Score | None:
        """Read a line; ``None`` of what is no score."""
        try:
            return _checked(self._decoder.decode(line))
        except (InvalidRequestError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None

    def _warn_unread(self) -> None:
        places = [*self._unread, *([self._lines + 1] if self._is_torn else [])]
        shown = ", ".join(map(str, places[:_MOST_PLACES]))
        more = f" and {len(places) - _MOST_PLACES} more" if len(places) > _MOST_PLACES else ""
        lines, cannot = ("line", "it holds") if len(places) == 1 else ("lines", "they hold")
        text = (
            f"{self.path}: {lines} {shown}{more} cannot be used, and what {cannot} counts for "
            "nothing. Nothing is lost from the file, which is JSON lines in UTF-8."
        )
        if _told.get(self.path.absolute()) != (text, self._damage):
            _told[self.path.absolute()] = text, self._damage
            _log.warning(text)


_log = logging.getLogger(__name__)
_told: dict[Path, tuple[str, int]] = {}
"""What was said last of each file that has damage."""


Book = TypeVar("Book", bound=ScoreBook)


def book_in(path: str | Path | None, kind: type[Book]) -> Book:
    """Return the book in this file, or in the usual one of the working folder.

    Args:
        path: The file.
        kind: The book's class.

    Raises:
        InvalidRequestError: It is no path, or no file; its folder is not there; or the file is none
            of scores, such as a tape or a notebook, or cannot be read.
    """
    if path and not isinstance(path, str | Path):
        raise InvalidRequestError(
            f"{kind.what.capitalize()} are kept in a file: give its path, not {path!r:.80}.",
            code="invalid_path",
        )
    path = path or FILE
    refuse_no_name(path)
    file = Path(path).expanduser().absolute()
    cannot = f"{kind.what.capitalize()} cannot be kept in {path}"
    # A link may lead to where nothing can be.
    if not Path(os.path.realpath(file)).parent.is_dir():
        raise InvalidRequestError(f"{cannot}: its folder is not there.", code="file_not_found")
    if is_no_file(file):
        raise InvalidRequestError(f"{cannot}: {_NO_FILE}.", code="invalid_path")
    if is_tape(file):
        raise InvalidRequestError(
            f"{path} is a tape: keep {kind.what} in another file.", code="invalid_path"
        )
    book = kind(file)
    if book._is_of_another_kind():
        raise InvalidRequestError(f"{cannot}: {_OF_ANOTHER_KIND}.", code="invalid_file")
    if file.name.endswith(_OTHERS):
        raise InvalidRequestError(
            f"{cannot}: by its name it is no file of JSON lines, as x.jsonl.", code="invalid_file"
        )
    return book


def now() -> str:
    """Return the time as scores tell it, ISO 8601 in UTC."""
    return _time_text(datetime.now(UTC))


def _time_text(time: datetime) -> str:
    # Microseconds, so that the quick ratings of one person keep their order.
    return time.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _is_score(thing: Any) -> bool:
    return isinstance(thing, Score)


def _timed(score: Score) -> Score:
    return score if score.at else msgspec.structs.replace(score, at=now())


def _line(score: Score) -> bytes:
    name = checked_name(score.name)
    try:
        line = msgspec.json.encode(_checked(score))
        # What is written is read by other kernels: all that they would pass over is refused.
        msgspec.json.decode(line, type=Score)
    except (InvalidRequestError, TypeError, ValueError, RecursionError) as error:
        raise InvalidRequestError(
            f"The score {name!r} cannot be kept: {str(error).rstrip('.')}.", code="invalid_score"
        ) from None
    return line + b"\n"


def _checked(score: Score) -> Score:
    """Take a score whose name and value are such as can be kept.

    Raises:
        InvalidRequestError: They are not.
    """
    checked_name(score.name)
    if score.value is None:
        return score
    if score.name == RATING and score.by == "person":
        return msgspec.structs.replace(score, value=checked_rating(score.value))
    return msgspec.structs.replace(score, value=validate_value(score.value))


def _append(path: Path, lines: bytes) -> None:
    if is_no_file(path):
        raise OSError(_NO_FILE)
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        with _locked(descriptor):
            if _ends_in_half_a_line(descriptor):
                lines = b"\n" + lines
            _write_whole(descriptor, lines)
    finally:
        os.close(descriptor)


def _write_whole(descriptor: int, lines: bytes) -> None:
    """Write all at the end of a file, or nothing: a part would be no line, and take up room."""
    end, written = os.fstat(descriptor).st_size, 0
    try:
        while written < len(lines):
            written += os.write(descriptor, lines[written:])
        os.fsync(descriptor)
    except OSError:
        with contextlib.suppress(OSError):
            # Where files know no locks, others may have written behind it.
            if os.fstat(descriptor).st_size == end + written:
                os.ftruncate(descriptor, end)
        raise


def _ends_in_half_a_line(descriptor: int) -> bool:
    size = os.fstat(descriptor).st_size
    if not size:
        return False
    os.lseek(descriptor, size - 1, os.SEEK_SET)
    return os.read(descriptor, 1) != b"\n"


@contextlib.contextmanager
def _locked(descriptor: int) -> Iterator[None]:
    """Keep other kernels out; where files know no locks, one write at the end must do."""
    if sys.platform == "win32":
        yield
        return
    # Some network file systems refuse locks; the lock goes with the descriptor.
    with contextlib.suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    yield
