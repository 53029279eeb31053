"""A tape that is recorded on: its file follows what happens, and outlives whoever is killed."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from .journal import Journal, left_running
from .lines import Line, encoded
from .reading import read_tape
from .recording import Recording, Writer
from .scrubbing import Scrubber
from .turns import Taking, Turn
from .worker import Worker
from .writing import put, tape_bytes

_Place = tuple[str, int, bool]


class GrowingTape:
    """A tape's file while turns are recorded; used from one thread.

    What runs is in a journal beside the file, what has ended at the file's end. Whenever nothing
    runs, the file is whole: in the order in which turns were asked, and with its last line.

    Args:
        path: The file, which need not be there yet.
        scrubber: What takes the secrets out of the turns that are to come.
        times: Whether intervals and drafts are kept, where the file is new.

    Attributes:
        recording: What is on the tape, without what runs.
        scrubber: The one that it was given.

    Raises:
        TapeError: The file is no tape, or broken.
        InvalidRequestError: It cannot be read.
    """

    def __init__(self, path: Path, scrubber: Scrubber, *, times: bool = True) -> None:
        self.recording = _without_replaced(read_tape(path)) if path.exists() else Recording(times)
        self.scrubber = scrubber
        self._counted = dict(self.recording.scrubbed)
        self._running: dict[Taking, _Run] = {}
        self._numbers = count(1)
        self._asked: dict[_Place, int] = {}
        self._is_whole = True
        self._file = _File(path, self.recording)
        for turn in left_running(path):
            if turn.place not in self.recording.adopted:
                self._put(turn, next(self._numbers))
                self._is_whole = False
        self._worker = Worker()

    def begin(self, taking: Taking) -> None:
        """Take note of a turn that was asked."""
        run = self._running[taking] = _Run(next(self._numbers))
        self._write(run, [taking.turn.agent, taking.turn.line])

    def go_on(self, taking: Taking) -> None:
        """Take note of what came of a turn since the last time."""
        run = self._running[taking]
        new = taking.turn.body[run.seen :]
        run.seen += len(new)
        if new:
            self._write(run, [entry for entry in new if isinstance(entry, Line)])

    def end(self, taking: Taking) -> None:
        """Take note of a turn's end."""
        run = self._running.pop(taking)
        self._is_whole &= self._put(taking.turn, run.number)
        number, turn = run.number, taking.turn
        self._worker.do(lambda: self._file.append(turn, number))
        if not self._running:
            self._settle()

    def close(self) -> None:
        """Write what is left, and what runs up to here.

        Raises:
            InvalidRequestError: The file could not be written.
        """
        for taking in list(self._running):
            self.end(taking)
        if not self._is_whole:
            self._settle()
        self._worker.close()

    def _write(self, run: _Run, lines: list[Line]) -> None:
        number = run.number
        self._worker.do(lambda: self._file.journal.write(number, lines))

    def _put(self, turn: Turn, number: int) -> bool:
        """Put a turn where it was asked; returns whether that is the tape's end."""
        tape, place = self.recording, _place(turn)
        self._asked[place] = number
        if place in map(_place, tape.turns):
            tape.add(turn)
            return False
        at = len(tape.turns)
        while at and self._asked.get(_place(tape.turns[at - 1]), 0) > number:
            at -= 1
        if at < len(tape.turns):
            tape.turns.insert(at, turn)
            return False
        tape.add(turn)
        return True

    def _settle(self) -> None:
        tape = self.recording
        tape.scrubbed = dict(self._counted)
        tape.note_scrubbed(self.scrubber.counts)
        if self._is_whole:
            closing = encoded(tape.closing)
            self._worker.do(lambda: self._file.close_with(closing))
            return
        self._is_whole = True
        now = Recording(tape.times, list(tape.turns), list(tape.tail), tape.scrubbed)
        self._worker.do(lambda: self._file.write_anew(now))


class _Run:
    """How far the journal is with a turn."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.seen = 0


class _File:
    """The file itself, in the worker's thread; it is not touched before there is something new."""

    def __init__(self, path: Path, recording: Recording) -> None:
        self._path = path
        self._writer = Writer(recording.turns)
        self._start = recording if not path.exists() else None
        self._end = _end_of(path) if path.exists() else 0
        self.journal = Journal(path)

    def append(self, turn: Turn, number: int) -> None:
        """Put a turn at the end, in place of the last line, and strike it out of the journal."""
        if self._start is not None:
            self.write_anew(Recording(self._start.times))
            self._start = None
        # The notes in front of it stand there already.
        lines = self._writer.turn(Turn(turn.agent, turn.line, turn.body))
        data = b"".join(map(encoded, lines))
        self._replace_end(data)
        self._end += len(data)
        self.journal.strike(number)

    def close_with(self, closing: bytes) -> None:
        """Write the last line."""
        self._replace_end(closing)
        self.journal.remove()

    def write_anew(self, recording: Recording) -> None:
        """Write the whole file, and no journal."""
        data = tape_bytes(recording)
        put(data, self._path)
        self._end = len(data) - len(encoded(recording.closing))
        self._writer = Writer(recording.turns)
        self.journal.remove()

    def _replace_end(self, data: bytes) -> None:
        with self._path.open("r+b") as file:
            file.truncate(self._end)
            file.seek(self._end)
            file.write(data)


def _end_of(path: Path) -> int:
    """Where the last line begins, if there is one, or a line that was not finished."""
    data = path.read_bytes()
    end = data.rfind(b"\n") + 1
    last = data.rfind(b"\n", 0, end - 1) + 1
    return last if data[last:end].startswith(b'{"scrubbed"') else end


def _place(turn: Turn) -> _Place:
    return (*turn.place, turn.line.new)


def _without_replaced(tape: Recording) -> Recording:
    """A tape with each turn once, as it was recorded last."""
    if len({*map(_place, tape.turns)}) < len(tape.turns):
        turns, tail = tape.turns, tape.tail
        tape.turns, tape.tail = [], []
        tape.add(*turns)
        tape.tail = tail
    return tape
