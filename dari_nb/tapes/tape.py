"""A tape as people name it: a file, and how it is recorded."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar, cast, get_args

from ..descriptors import is_no_file
from ..errors import InvalidRequestError
from .growing import GrowingTape, alone_with
from .reading import file_of, instead_of, read_tape
from .recording import Recording
from .redaction import Scrubber, compiled
from .runs import turns_of_run
from .writing import write_tape

Mode = Literal["auto", "play", "record"]
MODES: tuple[str, ...] = get_args(Mode)
Speed = Literal["real", "instant"]
SPEEDS: dict[str, float] = {"real": 1.0, "instant": math.inf}
"""Speeds that have a name."""
VARIABLE = "DARI_TAPE_MODE"
"""The variable that says how tapes are used whose mode nobody named."""
_NO_MODE = f"{{!r}} is no mode of a tape: {', '.join(MODES)} are."

C = TypeVar("C", covariant=True)
Recorded = Any
"""A transcript of a run from elsewhere, or a list of them: ``dari_nb.Transcript.from_file``."""


class Checking(Protocol[C]):
    """What can ask again what is on a tape."""

    def check(self, tape: Tape, **options: Any) -> C:
        """Name what no longer holds."""


_ANY = "Any prompt: 1 and 2?"
_ALL_VOLATILE = (
    "volatile={0!r} matches any text, or none: name what does not count, such as a date."
)
_NO_PATTERN = (
    "secrets={0!r} matches where nothing stands: name what is secret, such as CASE-[0-9]+."
)


@dataclass(frozen=True)
class Tape:
    """A file of recorded turns, and how it is recorded and played.

    In the mode ``auto``, recorded turns play, and missing ones are asked live and recorded. Turns
    that failed, were cancelled or were cut off are asked again. ``play`` asks nobody: a missing
    turn is a ``TapeMissError``. ``record`` asks everything live and replaces what it asks again;
    later turns that continue another answer are named when the tape is taken out.

    An answer that was recorded n times plays in the same order, and then from the beginning. A
    repeat of a batch's task that wasn't recorded is missing. If nobody can be asked, because the
    agent's code, model or key is missing, a missing turn is a ``TapeMissError`` in each mode.

    Attributes:
        path: The file; it is made by the first turn that is recorded.
        mode: ``auto``, ``play`` or ``record``; the variable ``DARI_TAPE_MODE`` by default, or else
            ``auto``.
        speed: ``real``, as recorded, ``instant``, without waiting, or how many times as fast.
        idle_limit: Seconds that a turn waits at most for what comes next, at its recorded speed.
            For the result of a kernel tool, which somebody may have had to approve, it is never
            more than two.
        volatile: Regular expressions of what does not count in what is asked, such as a date, or in
            results of tools that are run again, as a tape writes them: ``"at":"[^"]*"``. What is
            passed over is told once. A repeat within a repeat, as in ``(a+)+$``, may take forever.
        times: Whether intervals and drafts are kept: as in the file that is there, and in a new one
            unless told otherwise. Without them, the same agents asked the same make the same bytes.
        secrets: Regular expressions of what must not be in it, besides the keys of this process,
            the values of variables whose names say so, such as ``API_KEY`` or ``DB_PASSWORD``,
            what looks like a key of a known provider, and keys and passwords behind their name,
            such as ``x-api-key: …``; ``dari_nb/tapes/FORMAT.md`` has the list. A password in plain
            words is on the tape unless a pattern matches it. The format's own words, such as
            statuses and names of its fields, stay. The name of an agent, an LLM option or a tool
            that one matches is not whole on the tape, which is said once.
        run_tools: Whether calls that the caller of the API has answered are answered anew when they
            play, by functions of the kernel for one. A result that is not as it was recorded ends
            the turn as failed, and the error shows both: what follows was an answer to another.
            Otherwise the recorded results are used, and nothing runs.
        files: Whether files are kept that are attached or that turns leave in their workspaces, up
            to 16 MiB each: small ones in the file, larger ones in a folder beside it, named as it
            with ``.files`` behind. When such a turn plays, its workspace is as it was.

    Raises:
        InvalidRequestError: A setting is of no use; the text says which.

    >>> server.insert(dari.Tape("brief.tape", times=False, secrets=["CASE-[0-9]+"]))
    >>> server.eject()
    """

    path: str | Path
    mode: Mode | None = None
    speed: float | Speed = "real"
    idle_limit: float | None = None
    volatile: Sequence[str] = ()
    times: bool | None = None
    secrets: Sequence[str] = ()
    run_tools: bool = False
    files: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.path, str | Path) or not str(self.path).strip():
            raise InvalidRequestError(
                "A tape needs a file: name one, such as lesson.tape.", code="invalid_path"
            )
        if self.mode not in (None, *MODES):
            raise InvalidRequestError(_NO_MODE.format(self.mode), code="invalid_mode")
        if not self._has_speed():
            raise InvalidRequestError(
                f"speed is real, instant, or above 0, not {self.speed!r}.", code="invalid_speed"
            )
        if self.idle_limit is not None and not (
            isinstance(self.idle_limit, int | float) and self.idle_limit >= 0
        ):
            raise InvalidRequestError(
                f"idle_limit must be 0 or more, not {self.idle_limit!r}.", code="invalid_max_wait"
            )
        for name in ("times", "run_tools", "files"):
            value = getattr(self, name)
            if not isinstance(value, bool) and (name != "times" or value is not None):
                raise InvalidRequestError(
                    f"{name} is True or False, not {value!r}.", code="invalid_boolean"
                )
        self._refuse_patterns()

    def _refuse_patterns(self) -> None:
        """Refuse patterns that match anything."""
        for pattern in _patterns("volatile", self.volatile):
            if any(map(pattern.fullmatch, ("", _ANY))):
                raise InvalidRequestError(
                    _ALL_VOLATILE.format(pattern.pattern), code="invalid_pattern"
                )
        for pattern in _patterns("secrets", self.secrets):
            if pattern.fullmatch(""):
                raise InvalidRequestError(
                    _NO_PATTERN.format(pattern.pattern), code="invalid_pattern"
                )

    def _has_speed(self) -> bool:
        try:
            return self.factor > 0
        except (TypeError, ValueError, OverflowError):
            return False

    @property
    def factor(self) -> float:
        """How many times as fast as it was recorded a turn plays.

        >>> tape.factor, dari.Tape("lesson.tape", speed="instant").factor
        (1.0, inf)
        """
        speed = SPEEDS.get(self.speed, 0.0) if isinstance(self.speed, str) else self.speed
        return float(speed)

    @property
    def file(self) -> Path:
        """Where it is, free of symbolic links.

        >>> tape.file.name
        'lesson.tape'

        Raises:
            InvalidRequestError: The links lead in a circle, or no file can be called so.
        """
        return file_of(self.path)

    def add(self, *runs: Recorded) -> Tape:
        """Put runs from elsewhere at the end of it, each as a session; secrets are taken out.

        They play as what was recorded does, and are runs again wherever runs are read:
        ``Transcript.from_file("x.tape")``, ``d.batches.from_runs``, ``server.load_runs``. What
        was asked before has further answers then.

        Args:
            *runs: Transcripts of runs, or lists of them.

        Returns:
            The tape.

        Raises:
            InvalidRequestError: One is no run from elsewhere, or the file cannot be written.
            TapeError: It is no tape, or a line is broken.

        >>> runs = dari.Transcript.from_file("runs.jsonl")
        >>> tape = dari.Tape("runs.tape").add(runs)
        >>> len(dari.Transcript.from_file("runs.tape"))
        2
        """
        given: list[Any] = []
        for each in runs:
            given += each if isinstance(each, list) else [each]
        scrubber = Scrubber(self.secrets)
        with alone_with(self.file):
            now = read_tape(self.file) if self.file.exists() else Recording(self.times is not False)
            for number, one in enumerate(given):
                run = getattr(one, "run", None)
                if run is None:
                    raise InvalidRequestError(
                        f"{one!r:.80} is no run: Transcript.from_file reads some.",
                        code="invalid_run",
                    )
                agent = one.resource.agent.name or "Agent"
                now.collect(turns_of_run(run, agent, scrubber, f"run {number}"))
            now.note_scrubbed(scrubber.counts)
            write_tape(now, self.file)
        return self

    def check(self, connection: Checking[C], **options: Any) -> C:
        """Ask again what is on it, and name what no longer holds; nothing is written to it.

        Args:
            connection: Who is asked, a :class:`dari_nb.Dari`.
            **options: As for :meth:`dari_nb.Dari.check`: ``score``, ``timeout``, ``report``.

        Returns:
            What no longer holds, as a list: ``to_frame()``, ``to_markdown()``.

        Raises:
            InvalidRequestError: The file cannot be read, or it is no connection.
            TapeError: It is no tape, or a line is broken.
            DariError: The server cannot be reached, or refuses.

        >>> tape.check(d)
        Asks ...
        lesson.tape: ...
        """
        if not hasattr(connection, "check"):
            raise InvalidRequestError(
                "check() takes a connection, such as dari_nb.connect(), "
                f"not {type(connection).__name__}.",
                code="invalid_connection",
            )
        return connection.check(self, **options)


def _patterns(name: str, patterns: object) -> list[re.Pattern[str]]:
    if isinstance(patterns, str):
        raise InvalidRequestError(
            f"{name} is a list of patterns: {name}=[{patterns!r}].", code="invalid_pattern"
        )
    if not isinstance(patterns, Collection):
        raise InvalidRequestError(
            f"{name} is a list of patterns, not {patterns!r}.", code="invalid_pattern"
        )
    return [*map(compiled, patterns)]


def mode_of(tape: Tape) -> Mode:
    """How a tape is used.

    Raises:
        InvalidRequestError: The variable names no mode.
    """
    named = tape.mode or os.environ.get(VARIABLE) or "auto"
    if named not in MODES:
        raise InvalidRequestError(f"{VARIABLE}: {_NO_MODE.format(named)}", code="invalid_mode")
    return cast(Mode, named)


def opened(tape: Tape) -> GrowingTape:
    """Open a tape to play it and to record on it.

    Raises:
        InvalidRequestError: The file cannot be read, or is not there to be played, or its folder is
            not there, or it keeps times and should not or the reverse, or nothing can be recorded
            on it and nothing plays.
        TapeError: It is no tape, or a line is broken.
    """
    if mode_of(tape) == "play" and not tape.file.exists():
        instead = instead_of(tape.file)
        by = "" if tape.mode else f", as {VARIABLE} says"
        raise InvalidRequestError(
            f"There is no tape {tape.path} to play{by}: {instead}.", code="tape_not_found"
        )
    if is_no_file(tape.file):
        raise InvalidRequestError(
            f"The tape {tape.path} is a folder, a pipe or a device.", code="invalid_path"
        )
    if not tape.file.parent.is_dir():
        raise InvalidRequestError(
            f"There is no folder {tape.file.parent} for the tape.", code="file_not_found"
        )
    growing = GrowingTape(
        *(tape.file, Scrubber(tape.secrets)),
        times=tape.times is not False,
        replaces=mode_of(tape) == "record",
    )
    nothing_plays = mode_of(tape) == "record" or not tape.file.exists()
    if mode_of(tape) != "play" and nothing_plays and (why := growing.why_read_only):
        raise InvalidRequestError(
            f"The tape {tape.path} cannot be recorded on: {why}.", code="file_unwritable"
        )
    if tape.times not in (None, growing.recording.times):
        has = "keeps times" if growing.recording.times else "keeps no times"
        raise InvalidRequestError(
            f"{tape.path} {has}: leave times={tape.times} out.", code="conflicting_arguments"
        )
    return growing
