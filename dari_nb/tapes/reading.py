"""Reading tapes, which may be anything: what stands before a broken line can be used."""

from __future__ import annotations

import difflib
import re
from contextlib import suppress
from errno import ENAMETOOLONG
from pathlib import Path

from ..descriptors import is_no_file
from ..errors import InvalidRequestError, TapeError
from .complaints import NO_UTF8, WIDE
from .lines import (
    VERSION,
    AgentLine,
    AnyLine,
    Closing,
    Comment,
    DraftLine,
    Entry,
    EventLine,
    FileLine,
    Header,
    Mark,
    Note,
    TurnLine,
    as_line,
    decoded,
    object_in,
)
from .recording import Recording
from .turns import Turn, end_of

CONFLICT = (b"<<<<<<<", b"|||||||", b">>>>>>>")
"""What lines begin with where git left a conflict."""
_MOST_NAMES = 5
"""Tapes of a folder that are named."""
_DIGITS = re.compile(r"\d")
_LOOKED_AT = 200
"""Bytes in which a tape says that it is one."""
_SHOWN = 60
"""Characters of a name that is too long."""
_FIRST = f'a tape begins with {{"dari_tape":{VERSION},"times":true}}'
_CONFLICTED = (
    "git left a conflict here: keep the lines of one side, then record the turns of the other again"
)
_OUTSIDE = "it belongs to no turn: a line with the prompt must come first"
_NEWER = (
    "it is of version {version} of the format, and this dari_nb reads version {own}: use the "
    "dari_nb that wrote it"
)


def read_tape(path: str | Path) -> Recording:
    """Read the tape in a file.

    Raises:
        InvalidRequestError: The file cannot be read.
        TapeError: It is no tape, or a line is broken; ``so_far`` is what stands before that.
    """
    return parsed(bytes_of(path), str(path))


def bytes_of(path: str | Path) -> bytes:
    """What is in a file.

    Raises:
        InvalidRequestError: The file cannot be read.
    """
    refuse_no_name(path)
    file = Path(path).expanduser()
    if is_no_file(file):
        raise InvalidRequestError(
            f"The tape {path} is a folder, a pipe or a device, and no file.", code="invalid_path"
        )
    try:
        return file.read_bytes()
    except OSError as error:
        why = error.strerror or type(error).__name__
        if isinstance(error, FileNotFoundError):
            why = f"{why}; {instead_of(file.resolve())}"
        raise InvalidRequestError(
            f"The tape {path} cannot be read: {why}.",
            code="tape_not_found" if isinstance(error, FileNotFoundError) else "file_unreadable",
        ) from None


def refuse_no_name(path: str | Path) -> None:
    """Refuse a name that no file can have on this system.

    Raises:
        InvalidRequestError: It is such a one.

    >>> refuse_no_name("lesson.tape")
    """
    name = str(path)
    if "\0" in name:
        raise InvalidRequestError(
            f"No file can be called {name!r}: take the \\0 out of its name.", code="invalid_path"
        )
    try:
        Path(path).expanduser().lstat()
    except OSError as error:
        if error.errno == ENAMETOOLONG:
            shown = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…"
            raise InvalidRequestError(
                f"{shown!r} is too long a name: shorten it.", code="invalid_path"
            ) from None
    except RuntimeError:
        raise InvalidRequestError(
            f"There is no home {name.split('/')[0]} for {name}.", code="invalid_path"
        ) from None


def file_of(path: str | Path) -> Path:
    """Where a tape is, free of symbolic links.

    Raises:
        InvalidRequestError: The links lead in a circle, the folder that the process works in is
            gone, or no file can be called so.

    >>> file_of("./lesson.tape").name
    'lesson.tape'
    """
    refuse_no_name(path)
    try:
        return Path(path).expanduser().resolve()
    except FileNotFoundError:
        raise InvalidRequestError(
            f"The tape {path} is nowhere: the folder that this runs in has been deleted. Give a "
            "whole path, or go to another folder.",
            code="invalid_path",
        ) from None
    except (OSError, RuntimeError):
        raise InvalidRequestError(
            f"The tape {path} cannot be read: symbolic links lead in a circle.", code="invalid_path"
        ) from None


def instead_of(file: Path, none: str = "there is no tape") -> str:
    """Say in which folder a tape is missing, and which tapes are there.

    Args:
        file: The tape.
        none: What is said where there are none.

    >>> instead_of(Path("/nowhere/lesson.tape"))
    'in the folder nowhere there is no tape'
    """
    names = tapes_in(file.parent)
    close = close_to(file.name, names)
    shown = [*close, *(name for name in names if name not in close)][:_MOST_NAMES]
    more = ", …" if len(names) > len(shown) else ""
    there = f"there is {', '.join(shown)}{more}" if shown else none
    return f"in {_short(file.parent)} {there}"


def tapes_in(folder: Path) -> list[str]:
    """The names of the tapes in a folder."""
    with suppress(OSError):
        names = (each.name for each in folder.glob("*.tape") if each.is_file())
        return sorted(name for name in names if name.isprintable())
    return []


def close_to(name: str, names: list[str]) -> list[str]:
    """Those names for which one is perhaps a slip, the likeliest first."""
    longer = [other for other in names if Path(other).stem == name]
    close = difflib.get_close_matches(name, names, n=_MOST_NAMES, cutoff=0.75)
    return [*dict.fromkeys([*longer, *close])][:_MOST_NAMES]


def differs_in_numbers(name: str, other: str) -> bool:
    """Whether two names are alike but for their numbers, so that none is a slip for the other.

    >>> differs_in_numbers("lesson 1.tape", "lesson 12.tape")
    True
    """
    return _DIGITS.sub("", name) == _DIGITS.sub("", other)


def _short(folder: Path) -> str:
    """A folder below one's own as ``~/…``, and of another one no more than its name."""
    with suppress(OSError, RuntimeError, ValueError):
        below = folder.relative_to(Path.home().resolve())
        return "~" if below == Path() else f"~/{below.as_posix()}"
    return f"the folder {folder.name}" if folder.name else str(folder)


def is_tape(path: Path) -> bool:
    """Whether a file begins as tapes do."""
    try:
        if not path.is_file():  # a pipe would be waited for
            return False
        with path.open("rb") as file:
            return b'"dari_tape"' in file.read(_LOOKED_AT)
    except (OSError, ValueError):
        return False


def parsed(data: bytes, name: str) -> Recording:
    """Read a tape; ``name`` is what errors call it.

    Raises:
        TapeError: It is no tape, or a line is broken; ``so_far`` is what stands before that.
    """
    *lines, last = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    lines += [last] if last else []
    reading = _Reading()
    for number, line in enumerate(lines, 1):
        try:
            reading.take(number, line)
        except ValueError as error:
            if last and number == len(lines) > 1:
                break  # whoever wrote it was stopped in the middle of this line
            why = _CONFLICTED if line.startswith(CONFLICT) else str(error)
            end = "" if why.endswith("?") else "."
            raise TapeError(
                f"{name}, line {number}: {why}{end}", number, reading.tape, code="invalid_tape"
            ) from None
    if not lines:
        raise TapeError(f"{name} is empty: {_FIRST}.", 1, reading.tape, code="invalid_tape")
    reading.end()
    return reading.tape


class _Reading:
    """Puts the lines of a tape together."""

    def __init__(self) -> None:
        self.tape = Recording()
        self._agents: dict[str, AgentLine] = {}
        self._open: Turn | None = None
        self._notes: list[Note] = []

    def take(self, number: int, line: bytes) -> None:
        if number == 1:
            self.tape.times = _header(line).times
            return
        told = decoded(line)
        if isinstance(told, TurnLine):
            self._turn(told, number)
        elif isinstance(told, EventLine | DraftLine | FileLine):
            self._entry(told, number)
        else:
            self._other(told, number)

    def end(self) -> None:
        """Leave notes that no turn follows at the end."""
        self.tape.tail, self._notes = self._notes, []

    def _other(self, line: AnyLine, number: int) -> None:
        if isinstance(line, AgentLine):
            self._agents[line.agent] = line
        elif isinstance(line, Closing):
            self.tape.is_closed = True
            before = self.tape.scrubbed
            counts = {kind: max(before.get(kind, 0), n) for kind, n in line.scrubbed.items()}
            self.tape.scrubbed = {**before, **counts}
        elif isinstance(line, Mark | Comment):
            if self._open is None:
                self._notes.append(line)
            else:
                self._put(self._open, line, number)

    def _turn(self, line: TurnLine, number: int) -> None:
        agent = self._agents.get(line.agent)
        if agent is None:
            raise ValueError(f"no line above tells of its agent {line.agent!r}")
        self._open = Turn(agent, line, [], self._notes, number)
        self._notes = []
        self.tape.turns.append(self._open)

    def _put(self, turn: Turn, entry: Entry, number: int) -> None:
        turn.body.append(entry)
        turn.numbers.append(number)

    def _entry(self, entry: EventLine | DraftLine | FileLine, number: int) -> None:
        if self._open is None:
            raise ValueError(_OUTSIDE)
        self._put(self._open, entry, number)
        if isinstance(entry, EventLine) and end_of(entry):
            self._open = None


def _header(line: bytes) -> Header:
    if line.startswith(WIDE):
        raise ValueError(NO_UTF8)
    try:
        told = object_in(line)
    except ValueError:
        raise ValueError(f"this is no tape; {_FIRST}") from None
    version = told.get("dari_tape")
    if version is None:
        raise ValueError(f"this is no tape; {_FIRST}")
    if type(version) in (int, float) and version != VERSION:
        raise ValueError(_NEWER.format(version=version, own=VERSION))
    return as_line(told, Header)
