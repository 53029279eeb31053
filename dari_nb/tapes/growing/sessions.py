"""In which session of a tape's file a turn stands that is written to it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

from ..recording import follows
from ..turns import Turn

Place = tuple[str, int]
"""What tells a turn from all others of a tape: its key and its take."""


class Sessions:
    """Gives each turn a session, so that no two turns are the same one of a session.

    What goes on from a turn goes on in its session, unless another turn stands there already: then
    it is another session that begins in the same way.

    Attributes:
        there: The turns of the file by their places, with their sessions.
    """

    def __init__(self) -> None:
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
        place = turn.place
        session = self.there.get(place) or self._goes_on_in(turn, is_left=is_left)
        if session is None:
            names = {*self.there.values()}
            numbers = count(len(names) + 1)
            session = next(name for n in numbers if (name := f"sess_{n}") not in names)
        self._written.setdefault(turn.line.session, []).append(place)
        self._note(turn, session)
        return session

    def _goes_on_in(self, turn: Turn, *, is_left: bool) -> str | None:
        written = self._written.get(turn.line.session, [])
        places = [place for place in reversed(written) if place in self.there][:1]
        if any(not self._follows(turn, place) for place in places):
            # Another one stands there by now, and what this goes on from in another place.
            places = [place for place in self.there if self._follows(turn, place)]
        sessions = [self.there[place] for place in places]
        if not sessions and is_left:
            sessions = self._keys.get(turn.line.parent or "", [])
        return next((one for one in sessions if (one, turn.line.turn) not in self._taken), None)

    def _follows(self, turn: Turn, place: Place) -> bool:
        """Whether a turn goes on from the one in a place; a first one may stand behind any."""
        return turn.line.parent is None or follows(turn, self._turns[place])

    def _note(self, turn: Turn, session: str) -> None:
        self.there[turn.place] = session
        self._turns[turn.place] = turn
        self._taken.add((session, turn.line.turn))
        self._keys.setdefault(turn.line.key, []).append(session)
