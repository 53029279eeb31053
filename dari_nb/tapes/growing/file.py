"""The file of a tape that is recorded on."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from contextlib import suppress
from io import FileIO
from pathlib import Path
from threading import Event

from msgspec.structs import replace

from ...errors import DariError
from ..lines import Closing, encoded
from ..reading import bytes_of, parsed
from ..recording import Recording, Writer
from ..summary import count_of, names_of
from ..turns import Turn
from ..writing import put, tape_bytes
from .left import Left, missing
from .locks import alone_in
from .own_turns import OwnTurns
from .replaced import Replaced
from .sessions import Place, Sessions
from .takes import goes_with, in_other_conversations, places_not_replaced, stand_aside

_log = logging.getLogger(__name__)
_GOES_WITH = (
    "%s: what had failed or was ended is asked again, and what had come to nothing behind it goes: "
    "%s, %s."
)
_MOST_NAMES = 4
_CLOSING = b'{"scrubbed"'
_OF_OTHERS = 0
"""The number of turns that a killed process has left."""


class TapeFile:
    """Writes what is new, in one thread; before there is something new, nothing is touched.

    The file is the only truth: what others write meanwhile stays, since people edit their tapes,
    and git puts other ones in place. What cannot be written is written with the next turn.

    Args:
        path: The file.
        saved: Is told of turns that are in it now, by their numbers.
        times: Whether intervals and drafts are kept, where the file is new.
        replaces: Whether what is recorded takes the place of what was there before. What others
            write meanwhile stays.

    Attributes:
        own: The turns that were written here.
        written: What is there since others have written into it, with what is not there yet;
            ``None`` until they do.
    """

    def __init__(
        self,
        path: Path,
        saved: Callable[[Sequence[int]], None],
        *,
        times: bool = True,
        replaces: bool = False,
    ) -> None:
        self._path = path
        self._saved = saved
        self._times = times
        self._replaces = replaces
        self._given_up = Event()
        self._replaced = Replaced(path)
        self._sessions = Sessions()
        self._numbers: dict[Place, int] = {}
        self._went_with: set[Place] = set()
        self._known: set[Place] = set()
        self._there: dict[Place, Turn] = {}
        self.own = OwnTurns(path)
        self.written: list[Turn] | None = None
        self._seen: tuple[int, ...] | None = None
        self._has_news = self._is_open = False
        self._is_in_order = self._is_closed = True
        self._has_notes_after = False
        self._counted: Counter[str] = Counter()
        self._scrubbed: Counter[str] = Counter()
        self._pending: list[tuple[int, Turn]] = []
        self._left = Left(path)
        self._lost: list[Turn] = []

    @property
    def lacks(self) -> bool:
        """Whether there are turns that are not in it yet."""
        return bool(self._pending)

    @property
    def is_changed(self) -> bool:
        """Whether somebody else has written the file since it was last viewed."""
        return self._has_news or self._state() != self._seen

    def view(self) -> Recording:
        """Give what is there now, and what is not there yet, as what killed processes have left.

        Raises:
            TapeError: It is no tape, or broken.
            InvalidRequestError: It cannot be read.
        """
        now = self._read()
        self._put_left(self._left.turns_for(now), now)
        self._replaced.begin(now.turns)
        self._known = {*self._sessions.there}
        self._has_news, self._is_open = False, True
        now.turns += [turn for _, turn in self._pending]
        return now

    def give_up(self) -> None:
        """Wait no longer for others who write in the same folder."""
        self._given_up.set()

    def wait_again(self) -> None:
        """Wait for them again."""
        self._given_up.clear()

    def take_lost(self) -> list[Turn]:
        """Give the turns that others have put something else in the place of, each once."""
        lost, self._lost = self._lost, []
        return lost

    def take(self, turn: Turn, number: int, stored: Iterable[Place]) -> None:
        """Take in a turn that has ended; :meth:`save` writes it.

        Args:
            turn: The turn.
            number: Its number in the journal, in the order in which turns were asked.
            stored: The places of what is no longer replaced.
        """
        self._replaced.keep(stored)
        self._pending.append((number, turn))

    def save(self, counts: Mapping[str, int] | None) -> None:
        """Put what has ended at the end of the file, in place of the last line.

        Args:
            counts: What was scrubbed here, by kind, where nothing else runs: then the turns of this
                process are put in the order in which they were asked, with the last line behind.

        Raises:
            TapeError: Somebody else has broken the file: it is left alone.
            InvalidRequestError: It cannot be written.
            OSError: It cannot be written.
        """
        if not self._pending and (self._is_closed or counts is None):
            return
        with alone_in(self._path.parent, self._given_up):
            while not self._is_saved(counts):
                pass  # git, and others who wait for nobody, put another one there just now

    def _is_saved(self, counts: Mapping[str, int] | None) -> bool:
        """Save, unless the file is replaced while it is written; returns whether that is done."""
        if self._state() != self._seen:
            self._take_in_others()
        if self._seen is None and self._pending:
            self._write(Recording(self._times))
        if self._seen is None:  # somebody removed it, and nothing is new
            self._settle()
            return True
        self._bring_back()
        if self._has_notes_after:
            self._write(self._read())
        if not self._is_appended(counts):
            return False
        if counts is not None and not self._is_in_order:
            self._put_in_order(counts)
        return True

    def close(self, counts: Mapping[str, int]) -> None:
        """Save for the last time, and tell of turns that went, stayed, or stand behind others now.

        What others have broken says so when it is read, unless turns went by that: these are taken
        in again.

        Raises:
            TapeError: As :meth:`save` does.
            InvalidRequestError: As :meth:`save` does.
            OSError: As :meth:`save` does.
        """
        try:
            self.save(counts)
        except DariError:
            self._take_back()
            raise
        try:
            self._notify()
        except DariError:
            self._take_back()
            if self._pending:
                raise

    def _notify(self) -> None:
        if self.own and self._state() is None:
            self.own.look((), is_gone=True)
        elif self._replaced:
            self._replaced.report(self._read())
        elif self.own and self._state() != self._seen:
            self._read()

    def _take_back(self) -> None:
        """Take in again what was in the file and is nowhere in what others made of it."""
        data = b""
        with suppress(DariError):
            data = bytes_of(self._path)
        lost = self.own.take_lost(data)
        self._lost += lost
        self._pending = [*((_OF_OTHERS, turn) for turn in lost), *self._pending]

    def _take_in_others(self) -> None:
        now = self._read()
        self._has_news = True
        gone = {*map(id, self._left.take_gone())}
        left = [turn for number, turn in self._pending if number == _OF_OTHERS]
        self._put_left([turn for turn in left if id(turn) not in gone], now)
        if self._seen is not None:
            self.written = [*now.turns, *(turn for _, turn in self._pending)]

    def _put_left(self, turns: Iterable[Turn], now: Recording) -> None:
        """Let those come first which others have left, and which are not on the tape yet."""
        own = [(number, turn) for number, turn in self._pending if number != _OF_OTHERS]
        self._pending = [*((_OF_OTHERS, turn) for turn in missing(turns, now)), *own]

    def _is_appended(self, counts: Mapping[str, int] | None) -> bool:
        self._leave_theirs()
        replaced = set[Place]()
        for number, turn in self._pending:
            replaced |= self._note_order(turn, number)
        replaced |= self._go_with(replaced)
        turns = [self._put(turn, is_left=number == _OF_OTHERS) for number, turn in self._pending]
        data = b"".join(encoded(line) for turn in turns for line in self._writer.turn(turn))
        is_closed = counts is not None and self._is_in_order
        end = encoded(self._closing(counts)) if counts is not None and is_closed else b""
        if not self._is_end_replaced(data + end):
            return False
        self._end += len(data)
        self._is_closed = False
        if is_closed:
            self._settle()
        self._known |= {turn.place for turn in turns}
        self._there |= {turn.place: turn for turn in turns}
        self._went_with -= {turn.place for turn in turns}
        self._replaced.note(turns)
        self.own.add(turns, replaced)
        self._strike()
        return True

    def _leave_theirs(self) -> None:
        """Let what is recorded be further answers to what others have recorded meanwhile."""
        there, own = [*self._there.values()], set[Place]()
        goes = {*self._replaced} if self._replaces else self._known
        stay = [one for one in there if not self._replaces or one.place not in goes]
        theirs = {*self._there} - goes
        for number, turn in self._pending:
            kept = theirs | own | places_not_replaced(turn, stay)
            kept |= in_other_conversations(turn, there, stay)
            if turn.place in kept:
                stand_aside(turn, kept | {*self._there})
            own |= {turn.place} if number != _OF_OTHERS else set()

    def _go_with(self, replaced: Set[Place]) -> set[Place]:
        """The places of what goes with turns that are replaced, as the file is put in order."""
        if not replaced or self._replaces:
            return set()
        there, new = self._there.items(), [turn for _, turn in self._pending]
        left = [*(turn for place, turn in there if place not in replaced), *new]
        goes = goes_with([turn for place, turn in there if place in replaced], left)
        if goes:
            told = count_of(len(goes), "turn"), names_of(goes, _MOST_NAMES)
            _log.warning(_GOES_WITH, self._path.name, *told)
        places = {turn.place for turn in goes}
        self.own.forget({turn.place for turn in goes})
        self._went_with |= places
        self._is_in_order &= not goes
        return places

    def _put(self, turn: Turn, *, is_left: bool) -> Turn:
        """A turn as it is written; the notes in front of what is recorded stand there already."""
        session = self._sessions.put(turn, is_left=is_left)
        before = turn.before if is_left else []
        return Turn(turn.agent, replace(turn.line, session=session), turn.body, before)

    def _bring_back(self) -> None:
        """Write again what went with the file, where that which is new goes on from it."""
        back = self.own.before(turn for _, turn in self._pending)
        for turn in back:
            while turn.place in self._sessions.there:
                turn.line.take += 1
        self._pending = [*((_OF_OTHERS, turn) for turn in back), *self._pending]
        self._has_news |= bool(back)
        if self.written is not None:
            self.written += back

    def _strike(self) -> None:
        self._saved([number for number, _ in self._pending if number != _OF_OTHERS])
        self._pending.clear()
        self._left.remove()

    def _note_order(self, turn: Turn, number: int) -> set[Place]:
        """Take note of where a turn was asked; returns the places of what goes for it."""
        place = turn.place
        replaced = {place} & self._sessions.there.keys()
        self._is_in_order &= not replaced and self._numbers.get(place, number) == number
        self._is_in_order &= number >= max(self._numbers.values(), default=0)
        if not replaced:
            self._numbers[place] = number
        return replaced

    def _put_in_order(self, counts: Mapping[str, int]) -> None:
        """Write the whole file, with each turn of this process where it was asked."""
        now = self._read()
        own = [at for at, turn in enumerate(now.turns) if turn.place in self._numbers]
        turns = sorted((now.turns[at] for at in own), key=lambda t: self._numbers[t.place])
        notes = [now.turns[at].before for at in own]  # these stay behind what stands before them
        for at, turn, before in zip(own, turns, notes, strict=True):
            now.turns[at] = turn
            turn.before = before
        now.scrubbed = self._closing(counts).scrubbed
        self._write(now)
        self._settle()

    def _settle(self) -> None:
        self._numbers.clear()
        self._went_with.clear()
        self._is_in_order = self._is_closed = True

    def _closing(self, counts: Mapping[str, int]) -> Closing:
        """The last line, with what others have scrubbed."""
        self._counted = Counter(counts)
        told = Recording()
        told.note_scrubbed(self._scrubbed + self._counted)
        return told.closing

    def _read(self) -> Recording:
        """Read the file, with each turn once."""
        seen = self._state()
        data = bytes_of(self._path) if seen is not None else b""
        now = parsed(data, str(self._path)) if seen is not None else Recording(self._times)
        now = now.each_once()
        now.turns = [turn for turn in now.turns if turn.place not in self._went_with]
        end = _end_of(data)
        last = data[end:]
        is_last_alone = last.startswith(_CLOSING) and b"\n" not in last.rstrip(b"\n")
        has_notes = now.is_closed or bool(now.tail and last)
        self._has_notes_after = has_notes and not is_last_alone
        self._go_on_from(now, end)
        self.own.look(now.turns, is_gone=seen is None and self._seen is not None)
        self._replaced.look(now.turns)
        self._seen = seen
        if now.is_closed:
            self._scrubbed = Counter(now.scrubbed) - self._counted
        return now

    def _write(self, recording: Recording) -> None:
        writer = Writer()
        for turn in recording.turns:
            turn.line.session = writer.session_of(turn)
        data = tape_bytes(recording)
        put(data, self._path)
        self._has_notes_after = False
        self._go_on_from(recording, len(data) - len(encoded(recording.closing)))
        self._seen = self._state()

    def _go_on_from(self, now: Recording, end: int) -> None:
        self._sessions.see(now.turns)
        self._there = {turn.place: turn for turn in now.turns}
        self._writer, self._end = Writer(now.turns), end

    def _is_end_replaced(self, data: bytes) -> bool:
        """Write the end anew; returns whether it is in the file that is there now."""
        with FileIO(self._path, "r+") as file:
            found = os.fstat(file.fileno())
            if self._seen is None or self._seen[:2] != (found.st_ino, found.st_size):
                return False
            file.seek(self._end)
            before = file.readall()
            try:
                _write_at(file, self._end, data)
            except OSError:
                self._seen = None  # so that it is read again
                with suppress(OSError):
                    _write_at(file, self._end, before)
                raise
        now = self._state()
        if now is None or now[0] != found.st_ino:
            return False
        self._seen = now
        return True

    def _state(self) -> tuple[int, ...] | None:
        """What shows that a file is another one; ``None`` where there is none, or none any more."""
        try:
            found = self._path.stat()
        except OSError:
            return None
        if self._is_open and not found.st_size:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns


def _write_at(file: FileIO, at: int, data: bytes) -> None:
    """Let a file end with this."""
    file.truncate(at)
    file.seek(at)
    while data:
        data = data[file.write(data) :]


def _end_of(data: bytes) -> int:
    """Where the last line begins, if there is one, or a line that was not finished."""
    end = data.rfind(b"\n") + 1
    last = data.rfind(b"\n", 0, max(0, end - 1)) + 1
    return last if data[last:end].startswith(_CLOSING) else end
