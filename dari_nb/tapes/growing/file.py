"""The file of a tape that is recorded on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..lines import Closing, encoded
from ..reading import read_tape
from ..recording import Recording, Writer
from ..turns import Turn
from ..writing import put, tape_bytes
from .journal import Journal
from .locks import alone_in

_CLOSING = b'{"scrubbed"'

Place = tuple[str, int, bool]
"""What tells a turn from all others of a tape: its key, its take, and whether it is new."""


class TapeFile:
    """Writes what is new, in one thread; before there is something new, nothing is touched.

    What others write meanwhile stays: people edit their tapes, and git puts other ones in place.

    Args:
        path: The file.
        recording: What is in it, if it is there, or else what a new one begins with.
        left: Journals whose turns were taken in.
        replaces: Whether what is recorded takes the place of what others have recorded meanwhile.
    """

    def __init__(
        self, path: Path, recording: Recording, left: Sequence[Path] = (), *, replaces: bool = False
    ) -> None:
        self._path = path
        self._times = recording.times
        self._replaces = replaces
        self._known = {*map(place_of, recording.turns)}
        self._sessions: dict[str, Place] = {}
        self._scrubbed = Counter(recording.scrubbed)
        self._counted: Counter[str] = Counter()
        self._writer = Writer(recording.turns)
        self._end = _end_of(path)
        self._seen = self._state()
        self.journal = Journal(path, left)

    @property
    def is_changed(self) -> bool:
        """Whether somebody else has written the file."""
        return self._state() != self._seen

    def read(self) -> Recording:
        """Take in what is there now.

        Raises:
            TapeError: It is no tape, or broken.
            InvalidRequestError: It cannot be read.
        """
        seen = self._state()
        now = without_replaced(read_tape(self._path)) if seen else Recording(self._times)
        self._writer, self._end, self._seen = Writer(now.turns), _end_of(self._path), seen
        there = {place_of(turn): turn.line.session for turn in now.turns}
        for session, place in self._sessions.items():
            if place in there:
                self._writer.continue_session(session, there[place])
        if now.is_closed:
            self._scrubbed = Counter(now.scrubbed) - self._counted
        return now

    def append(self, turn: Turn, number: int, counts: Mapping[str, int] | None = None) -> None:
        """Put a turn at the end, in place of the last line, and strike it out of the journal.

        Args:
            turn: The turn.
            number: Its number in the journal.
            counts: What was scrubbed here, by kind, where nothing else runs: the last line stands
                behind it then, and there is no journal any more.

        Raises:
            TapeError: Somebody else has broken the file: it is left alone.
            OSError: It cannot be written.
        """
        with alone_in(self._path.parent):
            self._append(turn, counts)
        if counts is None:
            self.journal.strike(number)
        else:
            self.journal.remove()

    def _append(self, turn: Turn, counts: Mapping[str, int] | None) -> None:
        if self.is_changed:
            theirs = {*map(place_of, self.read().turns)} - self._known
            while not self._replaces and place_of(turn) in theirs:
                turn.line.take += 1
        if self._seen is None:
            self._write(Recording(self._times))
        # The notes in front of it stand there already.
        lines = self._writer.turn(Turn(turn.agent, turn.line, turn.body))
        data = b"".join(map(encoded, lines))
        self._replace_end(data if counts is None else data + encoded(self._closing(counts)))
        self._end += len(data)
        self._known.add(place_of(turn))
        self._sessions[turn.line.session] = place_of(turn)

    def close_with(self, counts: Mapping[str, int]) -> None:
        """Write the last line, and no journal.

        Args:
            counts: What was scrubbed here, by kind.

        Raises:
            TapeError: Somebody else has broken the file: it is left alone.
            OSError: It cannot be written.
        """
        with alone_in(self._path.parent):
            if self.is_changed:
                self.read()
            if self._seen is not None:
                self._replace_end(encoded(self._closing(counts)))
        self.journal.remove()

    def write_anew(self, recording: Recording, counts: Mapping[str, int]) -> None:
        """Write the whole file, and no journal.

        Raises:
            TapeError: Somebody else has broken the file: it is left alone.
            InvalidRequestError: It cannot be written.
        """
        with alone_in(self._path.parent):
            if self.is_changed:
                # What was in it, and is not any more, somebody took out.
                now = self.read()
                there = {*map(place_of, now.turns)} | self._known
                now.add(*(turn for turn in recording.turns if place_of(turn) not in there))
                recording = now
            recording.scrubbed = self._closing(counts).scrubbed
            self._write(recording)
        self.journal.remove()

    def _closing(self, counts: Mapping[str, int]) -> Closing:
        """The last line, with what others have scrubbed."""
        self._counted = Counter(counts)
        told = Recording()
        told.note_scrubbed(self._scrubbed + self._counted)
        return told.closing

    def _write(self, recording: Recording) -> None:
        data = tape_bytes(recording)
        put(data, self._path)
        self._end = len(data) - len(encoded(recording.closing))
        self._writer = Writer(recording.turns)
        self._known |= {*map(place_of, recording.turns)}
        self._seen = self._state()

    def _replace_end(self, data: bytes) -> None:
        with self._path.open("r+b") as file:
            file.truncate(self._end)
            file.seek(self._end)
            file.write(data)
        self._seen = self._state()

    def _state(self) -> tuple[int, ...] | None:
        """What shows that a file is another one; ``None`` where there is none."""
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns


def place_of(turn: Turn) -> Place:
    """The place of a turn."""
    return (*turn.place, turn.line.new)


def without_replaced(tape: Recording) -> Recording:
    """A tape with each turn once, as it was recorded last."""
    if len({*map(place_of, tape.turns)}) < len(tape.turns):
        turns, tail = tape.turns, tape.tail
        tape.turns, tape.tail = [], []
        tape.add(*turns)
        tape.tail = tail
    return tape


def _end_of(path: Path) -> int:
    """Where the last line begins, if there is one, or a line that was not finished."""
    if not path.is_file():
        return 0
    data = path.read_bytes()
    end = data.rfind(b"\n") + 1
    last = data.rfind(b"\n", 0, max(0, end - 1)) + 1
    return last if data[last:end].startswith(_CLOSING) else end
