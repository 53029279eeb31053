"""In which session of a tape's file a turn stands that is written to it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Set
from itertools import count

from msgspec.structs import replace

from ..recording import Recording, follows, leave_notes
from ..turns import Turn

Place = tuple[str, int, bool]
"""What tells a turn from all others of a tape: its key, its take, and whether it is new."""


def place_of(turn: Turn) -> Place:
    """The place of a turn."""
    return (*turn.place, turn.line.new)


def without_waiting(tape: Recording, places: Set[Place]) -> Recording:
    """A tape where recorded turns stand in the place of the same that waited, with their notes."""
    at = {place_of(turn): number for number, turn in enumerate(tape.turns)}
    pairs = [((key, take, True), (key, take, False)) for key, take, _ in places]
    found = [(at[old], at[new]) for old, new in pairs if old in at and new in at]
    moved = {id(tape.turns[max(pair)]) for pair in found}
    tape.tail = [*leave_notes(tape.turns, moved), *tape.tail]
    gone = set[int]()
    for old, new in found:
        turn = tape.turns[new]
        told = turn.in_place_of(tape.turns[old])
        told.line = replace(told.line, session=turn.line.session, turn=turn.line.turn)
        tape.turns[min(old, new)] = told
        gone.add(max(old, new))
    tape.turns = [turn for number, turn in enumerate(tape.turns) if number not in gone]
    return tape


class Sessions:
    """Gives each turn a session, so that no two turns are the same one of a session.

    What goes on from a turn goes on in its session, unless another turn stands there already: then
    it is another session that begins in the same way.

    Attributes:
        there: The turns of the file by their places, with their sessions.

    Args:
        replaced: The places of turns that are replaced, also of such as wait to be adopted.
    """

    def __init__(self, replaced: Container[Place] = ()) -> None:
        self._replaced = replaced
        self._written: dict[str, list[Place]] = {}
        self.see([])

    def see(self, turns: Iterable[Turn]) -> None:
        """Take note of what is in the file now."""
        self.there: dict[Place, str] = {}
        self._turns: dict[Place, Turn] = {}
        self._taken: set[tuple[str, str]] = set()
        self._keys: dict[str, list[str]] = {}
        for turn in turns:
            self._note(turn, turn.line.session)

    def put(self, turn: Turn, *, is_left: bool) -> str:
        """Give the session of a turn that is written now.

        Args:
            turn: The turn, with the session that it was asked in, by whichever name.
            is_left: Whether a killed process has left it: then nobody knows that name.
        """
        place = place_of(turn)
        session = self.there.get(place) or self.there.get(self.waiting(turn) or place)
        session = session or self._goes_on_in(turn, is_left=is_left)
        if session is None:
            names = {*self.there.values()}
            numbers = count(len(names) + 1)
            session = next(name for n in numbers if (name := f"sess_{n}") not in names)
        self._written.setdefault(turn.line.session, []).append(place)
        self._note(turn, session)
        return session

    def waiting(self, turn: Turn) -> Place | None:
        """The same turn that waits to be adopted and goes, if there is one."""
        place = (*turn.place, True)
        is_replaced = place in self._replaced and not turn.line.new
        return place if is_replaced and place in self.there else None

    def _goes_on_in(self, turn: Turn, *, is_left: bool) -> str | None:
        written = self._written.get(turn.line.session, [])
        places = [place for place in reversed(written) if place in self.there][:1]
        if any(not self._follows(turn, place) for place in places):
            # Another one stands there by now, and what this goes on from in another place.
            places = [place for place in self.there if self._follows(turn, place)]
        sessions = [self.there[place] for place in places]
        if not sessions and is_left and not turn.line.new:
            sessions = self._keys.get(turn.line.parent or "", [])
        return next((one for one in sessions if (one, turn.line.turn) not in self._taken), None)

    def _follows(self, turn: Turn, place: Place) -> bool:
        """Whether a turn goes on from the one in a place; a first one may stand behind any."""
        return turn.line.parent is None or follows(turn, self._turns[place])

    def _note(self, turn: Turn, session: str) -> None:
        self.there[place_of(turn)] = session
        self._turns[place_of(turn)] = turn
        self._taken.add((session, turn.line.turn))
        self._keys.setdefault(turn.line.key, []).append(session)
