"""A tape that is recorded on: its file follows what happens, and outlives whoever is killed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from pathlib import Path

from ...errors import InvalidRequestError
from ..lines import Comment, Line
from ..redaction import Scrubber
from ..turns import Taking, Turn
from ..writing import why_not_written
from .file import TapeFile
from .journal import Journal
from .takes import goes_with, in_other_conversations, places_not_replaced, stand_aside
from .worker import Worker

_LONG = 1.0
"""Seconds for which a turn's end waits for the disk; a slower one is not waited for."""
_LONGEST = 10.0
"""Seconds for which the disk is waited for at the end."""
_NOT_WRITTEN = (
    "The tape could not be written ({why}), and what is asked now would not be on it. "
    "Mend that and ask again, or take it out: %dari tape --eject."
)
_NOT_WHOLE = "The tape is not whole: {why}"
_IN_JOURNAL = "\nWhat it lacks is in {journal}, and comes onto it when it is put in again{again}."
_OR_OUT = ", or taken out again once that is mended"
_IN_MEMORY = (
    ". What it lacks is in no file yet: mend that, and take the tape out again. What is asked "
    "until then is on no tape."
)
_LOST = ". What it lacks could be kept in no file, and is lost."
_SLOW = "the disk does not answer"


class GrowingTape:
    """A tape's file while turns are recorded; used from one thread.

    What is not in the file yet is in a journal beside it, which waits for nobody. Whenever nothing
    runs, the file is whole: in the order in which turns were asked, and with its last line.

    Args:
        path: The file, which need not be there yet.
        scrubber: What takes the secrets out of the turns that are to come.
        times: Whether intervals and drafts are kept, where the file is new.
        replaces: Whether what is recorded takes the place of what was there before, unless that
            came further; else it is a further answer.

    Attributes:
        recording: What is on the tape, without what runs, and what others write meanwhile.
        own: What was recorded here, in the order in which it ended.
        scrubber: The one that it was given.

    Raises:
        TapeError: The file is no tape, or broken.
        InvalidRequestError: It cannot be read.
    """

    def __init__(
        self, path: Path, scrubber: Scrubber, *, times: bool = True, replaces: bool = False
    ) -> None:
        self.scrubber = scrubber
        self._path = path
        self._running: dict[Taking, _Run] = {}
        self._numbers = count(1)
        self._journal = Journal(path)
        self._noting, self._saving = Worker(), Worker()
        self._file = TapeFile(path, self._strike, times=times, replaces=replaces)
        self._replaces = replaces
        self._stored: Path | None = None
        self._taken_back: list[int] = []
        self.recording = self._file.view()
        self.own: list[Turn] = []

    def refresh(self) -> bool:
        """Take in what others have written into the file, while nothing runs.

        Returns:
            Whether there was something.

        Raises:
            TapeError: The file is no tape any more, or broken.
        """
        if self._running or not self._saving.is_idle or not self._file.is_changed:
            return False
        now = self._file.view()
        self.recording.turns, self.recording.tail = now.turns, now.tail
        return True

    @property
    def trouble(self) -> str | None:
        """Why something could not be written, unless it could be meanwhile."""
        trouble = self._saving.trouble or self._noting.trouble
        if trouble is None:
            return None
        return (trouble.strerror if isinstance(trouble, OSError) else None) or str(trouble)

    @property
    def why_read_only(self) -> str | None:
        """Why it cannot be recorded on, where that can be seen without writing."""
        return why_not_written(self._path)

    def check(self) -> None:
        """Make sure that what is asked next can be kept, and write what could not be written.

        Raises:
            InvalidRequestError: The file cannot be written.
        """
        self._noting.do(self._journal.open)
        self._noting.wait(_LONG)
        if self._saving.trouble is not None:
            self._save()
            self._wait()
        why = self.trouble or self.why_read_only
        if why is not None:
            raise InvalidRequestError(_NOT_WRITTEN.format(why=why), code="file_unwritable")

    def brings_back_before(self, turn: Turn) -> bool:
        """Whether the turn before one, which is no longer there, is written again with it."""
        return bool(self._file.own.before([turn]))

    def take_written(self) -> list[Turn] | None:
        """What is on the tape since others wrote into it, once; ``None`` if they did not."""
        written, self._file.written = self._file.written, None
        return written

    def begin(self, taking: Taking) -> None:
        """Take note of a turn that was asked."""
        run = self._running[taking] = _Run(next(self._numbers))
        self._note(run, [taking.turn.agent, taking.turn.line])

    def go_on(self, taking: Taking) -> None:
        """Take note of what came of a turn since the last time."""
        run = self._running[taking]
        new = taking.turn.body[run.seen :]
        run.seen += len(new)
        if new:
            self._note(run, [entry for entry in new if isinstance(entry, Line)])

    def end(self, taking: Taking) -> None:
        """Take note of a turn's end: who is told of it afterwards finds it in the file.

        Where the file cannot be written, or others write for long, it is in the journal.
        """
        self._end(taking)
        self._save()
        self._wait()

    def drop(self, taking: Taking) -> None:
        """Keep nothing of a turn that runs."""
        self._strike([self._running.pop(taking).number])
        self._save()

    @property
    def is_stored(self) -> bool:
        """Whether what could not be written when it was closed is in the journal."""
        return self._stored is not None

    @property
    def is_in_a_file(self) -> bool:
        """Whether what was recorded is in the file, or else in the journal."""
        return self.is_stored or not self._file.lacks

    def close(self, *, for_good: bool = False) -> None:
        """Write what is left, and what runs up to here; it can be closed again if that fails.

        Args:
            for_good: Whether it is let go of in any case.

        Raises:
            InvalidRequestError: The file could not be written; the text says what becomes of it.
        """
        for taking in list(self._running):
            self._end(taking)
        counts = dict(self.scrubber.counts)
        self._file.wait_again()
        self._saving.do(lambda: self._file.close(counts))
        if not self._saving.wait(_LONG):
            self._file.give_up()
        is_done = self._saving.wait(_LONGEST)
        trouble = self._saving.trouble if is_done else _SLOW
        if is_done:
            self._note_lost()
        if trouble is None and self._taken_back:
            self._strike(self._taken_back)
        is_last = for_good or trouble is None
        self._noting.do(self._close_journal if is_last else self._look_at_journal)
        self._noting.wait(_LONGEST)
        if is_last:
            for worker in (self._saving, self._noting):
                worker.close()
        if trouble is not None:
            raise InvalidRequestError(
                self._not_whole(trouble, for_good=for_good), code="file_unwritable"
            )

    def _note_lost(self) -> None:
        """Put into the journal what is no longer in the file."""
        for turn in self._file.take_lost():
            run = _Run(next(self._numbers))
            self._taken_back.append(run.number)
            self._note(run, [turn.agent, *turn.before, turn.line, *turn.body])

    def _not_whole(self, trouble: object, *, for_good: bool) -> str:
        told = _NOT_WHOLE.format(why=trouble)
        if self._stored is not None:
            return told + _IN_JOURNAL.format(
                journal=self._stored, again="" if for_good else _OR_OUT
            )
        if self.is_in_a_file:
            return told
        return told.rstrip(".") + (_LOST if for_good else _IN_MEMORY)

    def _end(self, taking: Taking) -> None:
        self.go_on(taking)
        run, turn = self._running.pop(taking), taking.turn
        running = [other.turn for other in self._running]
        there = [*self.recording.turns, *self._file.own.before([turn])]
        own = self.own if self._replaces else there
        kept = places_not_replaced(turn, own, running)
        kept |= in_other_conversations(turn, there, own)
        if turn.place in kept:
            answers = (one for one in [*there, *running] if one.is_answer or one.status is None)
            stand_aside(turn, {*kept, *(one.place for one in answers)})
        self.own.append(turn)
        self._note(run, [turn.line])  # with what is known of it only at its end
        self.recording.turns = [*self._left(turn, running), turn]
        self._saving.do(lambda: self._file.take(turn, run.number, kept))

    def _left(self, turn: Turn, running: Sequence[Turn]) -> list[Turn]:
        """Return what stays on the tape when a turn is recorded."""
        there = self.recording.turns
        left = [one for one in there if one.place != turn.place]
        goes = []
        if not self._replaces:
            goes = goes_with([one for one in there if one.place == turn.place], [*left, *running])
        return [one for one in left if all(one is not other for other in goes)]

    def _save(self) -> None:
        counts = None if self._running else dict(self.scrubber.counts)
        self._saving.do(lambda: self._file.save(counts))

    def _note(self, run: _Run, lines: Sequence[Line | Comment]) -> None:
        number = run.number
        self._noting.do(lambda: self._journal.write(number, lines))

    def _strike(self, numbers: Sequence[int]) -> None:
        self._noting.do(lambda: self._journal.strike(numbers))

    def _wait(self) -> None:
        self._noting.wait(_LONG)
        self._saving.wait(_LONG)
        self._noting.wait(_LONG)

    def _close_journal(self) -> None:
        self._stored = self._journal.close()

    def _look_at_journal(self) -> None:
        self._stored = None
        self._stored = self._journal.place()


class _Run:
    """How far the journal is with a turn."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.seen = 0
