"""A tape that is recorded on: its file follows what happens, and outlives whoever is killed."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from ...errors import InvalidRequestError
from ..lines import Line
from ..reading import read_tape
from ..recording import Recording
from ..scrubbing import Scrubber
from ..turns import Taking, Turn
from .file import Place, TapeFile, place_of, without_replaced
from .journal import left_running
from .worker import Worker

_LONG = 1.0
"""Seconds for which a turn's end waits for the disk; a slower one is not waited for."""


class GrowingTape:
    """A tape's file while turns are recorded; used from one thread.

    What runs is in a journal beside the file, what has ended at the file's end. Whenever nothing
    runs, the file is whole: in the order in which turns were asked, and with its last line.

    Args:
        path: The file, which need not be there yet.
        scrubber: What takes the secrets out of the turns that are to come.
        times: Whether intervals and drafts are kept, where the file is new.
        replaces: Whether what is recorded takes the place of what others record meanwhile; else it
            is a further answer.

    Attributes:
        recording: What is on the tape, without what runs.
        scrubber: The one that it was given.

    Raises:
        TapeError: The file is no tape, or broken.
        InvalidRequestError: It cannot be read.
    """

    def __init__(
        self, path: Path, scrubber: Scrubber, *, times: bool = True, replaces: bool = False
    ) -> None:
        self.recording = without_replaced(read_tape(path)) if path.exists() else Recording(times)
        self.scrubber = scrubber
        self._running: dict[Taking, _Run] = {}
        self._numbers = count(1)
        self._asked: dict[Place, int] = {}
        self._is_whole = True
        self._places = {*map(place_of, self.recording.turns)}
        turns, left = left_running(path)
        self._file = TapeFile(path, self.recording, left, replaces=replaces)
        adopted = self.recording.adopted
        self._left = [turn for turn in turns if turn.place not in adopted]
        self._take_in_left()
        self._worker = Worker()

    def refresh(self) -> bool:
        """Take in what others have written into the file, while nothing runs.

        Returns:
            Whether there was something.

        Raises:
            TapeError: The file is no tape any more, or broken.
        """
        if self._running or not self._worker.is_idle or not self._file.is_changed:
            return False
        now = self._file.read()
        self.recording.turns, self.recording.tail = now.turns, now.tail
        self._places = {*map(place_of, now.turns)}
        self._asked.clear()
        self._take_in_left()
        return True

    def _take_in_left(self) -> None:
        """Put what a killed process left on the tape; in the file it is with the next turn."""
        for turn in self._left:
            self._put(turn, next(self._numbers))
            self._is_whole = False

    def check(self) -> None:
        """Make sure that what is recorded can be kept.

        Raises:
            InvalidRequestError: The file could not be written before.
        """
        trouble = self._worker.trouble
        if trouble is not None:
            why = (trouble.strerror if isinstance(trouble, OSError) else None) or trouble
            raise InvalidRequestError(
                f"The tape could not be written ({why}), and what is asked now would not be on it."
                " Put it in again when that is mended, or take it out: %dari tape --eject."
            )

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
        """Take note of a turn's end: who is told of it afterwards finds it in the file."""
        run = self._running.pop(taking)
        self._is_whole &= self._put(taking.turn, run.number)
        number, turn = run.number, taking.turn
        counts = None if self._running or not self._is_whole else dict(self.scrubber.counts)
        self._worker.do(lambda: self._file.append(turn, number, counts))
        if not self._running and not self._is_whole:
            self._settle()
        self._worker.wait(_LONG)

    def drop(self, taking: Taking) -> None:
        """Keep nothing of a turn that runs."""
        run = self._running.pop(taking)
        self._worker.do(lambda: self._file.journal.strike(run.number))
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
        tape, place = self.recording, place_of(turn)
        self._asked[place] = number
        if place in self._places:
            tape.add(turn)
            return False
        self._places.add(place)
        at = len(tape.turns)
        while at and self._asked.get(place_of(tape.turns[at - 1]), 0) > number:
            at -= 1
        if at < len(tape.turns):
            tape.turns.insert(at, turn)
            return False
        tape.append(turn)
        return True

    def _settle(self) -> None:
        tape, counts = self.recording, dict(self.scrubber.counts)
        if self._is_whole:
            self._worker.do(lambda: self._file.close_with(counts))
            return
        self._is_whole = True
        self._left = []
        now = Recording(tape.times, list(tape.turns), list(tape.tail), tape.scrubbed)
        self._worker.do(lambda: self._file.write_anew(now, counts))


class _Run:
    """How far the journal is with a turn."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.seen = 0
