"""What a reviewer decides: only of turns as they were shown, and said in a line."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ...errors import InvalidRequestError
from ...printable import printable
from ..lines import Mark, Note
from ..notes import Landmark, landmarks, noted
from ..recording import Recording, follows
from ..summary import count_of, notes_text
from ..turns import Turn
from ..words import Said, place_text
from .replacing import Placing

Change = Callable[[Callable[[Recording], str]], str]
"""Changes the tape in its file, and gives what is said of that."""
_Place = tuple[str, int, bool]


class Shown:
    """The turns of a tape as they were shown.

    Args:
        tape: The tape.

    Attributes:
        now: The tape as it was seen last: what was decided is in it.
        became: What became of new turns of which it was decided here, by their places.
    """

    def __init__(self, tape: Recording) -> None:
        self.now = tape
        self.became: dict[tuple[str, int], str] = {}
        self._places = {turn.place for turn in tape.turns}
        # What is adopted beside another answer is a further one then: its key stays.
        self._seen: dict[str, list[Any]] = {}
        for turn in tape.turns:
            self._seen.setdefault(turn.line.key, []).append(_content(turn))

    def change(self, change: Change, decide: Callable[[Recording], str]) -> str:
        """Change the tape in its file, and see it as it is then.

        Args:
            change: Changes it.
            decide: What is decided of it, which gives what is said of that.
        """
        seen: list[Recording] = []
        became = self.became

        def look(tape: Recording) -> str:
            self.became = {**became}
            told = decide(tape)
            seen.append(tape)
            return told

        try:
            told = change(look)
        except BaseException:
            self.became = became
            raise
        self.now = seen[-1]
        return Said(told)

    def going_on_from(self, turn: Turn) -> list[Turn]:
        """The recorded turns that were asked behind a new one, or behind one that was like it."""
        old = (one for one in self.now.turns if not one.line.new)
        return [one for one in old if follows(one, turn)]

    def decide(self, tape: Recording, change: Callable[[], Iterable[Placing]]) -> str:
        """Change a tape, and say what became of its turns.

        Args:
            tape: The tape as it is now.
            change: Changes it, and gives what became of which turns.

        Raises:
            InvalidRequestError: Nobody was shown what changes: the tape is not to be written.
        """
        names = {_place(turn): f"{turn.line.turn} of {turn.line.session}" for turn in tape.turns}
        before = {_place(turn): _content(turn) for turn in tape.turns}
        places = {id(turn): turn.place for turn in tape.turns}
        notes, stood = _notes(tape), _standing(tape)
        done = [*change()]
        after = {_place(turn): _content(turn) for turn in tape.turns}
        for place in (place for place, told in before.items() if after.get(place) != told):
            if before[place] not in self._seen.get(place[0], []):
                what = "changed" if place[:2] in self._places else "come"
                raise InvalidRequestError(
                    f"{names[place]} has {what} since: review again.", code="file_changed"
                )
        for each in done:
            self.became |= {places[id(one)]: "adopted" for one, _ in each.come}
            self.became |= {one.place: "rejected" for one in each.gone if one.line.new}
        return f"{_said(done, _without(notes, _notes(tape)))}{_look_at(stood, tape)}."


def _said(done: Iterable[Placing], notes: list[Note]) -> str:
    come = [pair for each in done for pair in each.come]
    lost = [one for each in done for one in each.lost]
    counts = {
        "replaced": sum(old is not None for _, old in come),
        "adopted": sum(old is None for _, old in come),
        "rejected": sum(one.line.new for one in lost),
        "taken off": sum(not one.line.new for one in lost),
    }
    told = [f"{count_of(count, 'turn')} {what}" for what, count in counts.items() if count]
    with_them = notes_text(notes)
    end = f"; {with_them} went with them" if with_them else ""
    return f"{', '.join(told)}{end}"


def _standing(tape: Recording) -> dict[int, tuple[Mark, Landmark | None]]:
    """The questions in the turns of a tape, by their ``id()``, and the event before each."""
    made = dict[int, tuple[Mark, Landmark | None]]()
    for turn in tape.turns:
        events = landmarks(turn.body)
        for at, *_, note in noted(turn.body):
            if isinstance(note, Mark) and note.ask:
                made[id(note)] = note, events[at - 1] if at else None
    return made


def _look_at(stood: dict[int, tuple[Mark, Landmark | None]], tape: Recording) -> str:
    """Name the questions before which another event stands now; empty where there are none."""
    stand = _standing(tape)
    moved = {key for key, (_, behind) in stood.items() if stand.get(key, (0, behind))[1] != behind}
    told = [
        f"“{note.ask}” stands {place_text(turn.events[:at])} {turn.line.turn} of "
        f"{turn.line.session}"
        for turn in tape.turns
        for at, *_, note in noted(turn.body)
        if id(note) in moved and isinstance(note, Mark)
    ]
    look = f"; look at {count_of(len(told), 'question')}: {', and '.join(told)}"
    return printable(look) if told else ""


def _notes(tape: Recording) -> list[Note]:
    """What people noted on a tape."""
    return [*(note for turn in tape.turns for note in turn.notes), *tape.tail]


def _without(notes: list[Note], left: list[Note]) -> list[Note]:
    """Those notes that are no longer there."""
    gone = list(notes)
    for note in left:
        if note in gone:
            gone.remove(note)
    return gone


def _place(turn: Turn) -> _Place:
    return (*turn.place, turn.line.new)


def _content(turn: Turn) -> Any:
    """What is shown of a turn, and what it goes on from."""
    line, told = turn.line, [(one.event, one.data) for one in turn.events]
    return line.asked, line.behind, turn.agent.agent, told
