"""What waits to be adopted on a tape, beside what it would take the place of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import overload

from ...errors import InvalidRequestError
from ..differences import is_alike, nearest
from ..recording import Recording, counting
from ..summary import count_of
from ..turns import Turn
from ..words import Said
from .adopting import adopt_turn, reject_turn
from .deciding import Change, Shown
from .falling_short import falls_short, why_short
from .proposal import Proposal
from .replacing import Placing, depth_of, placing_of, put_in_place, why_lost

_NOTHING = Said("Nothing on the tape is new.")


class Review(Sequence[Proposal]):
    """All turns of a tape that wait to be adopted.

    >>> len(tape.review())
    0
    """

    def __init__(self, tape: Recording, change: Change) -> None:
        self._change = change
        self._shown = Shown(tape)
        old = [turn for turn in tape.turns if not turn.line.new]
        by_place = {turn.place: turn for turn in old}
        self._recorded = {*by_place}
        self.news = [turn for turn in counting(tape.turns) if turn.line.new]
        self._proposals = [
            self._proposal(tape, turn, by_place.get(turn.place)) for turn in self.news
        ]

    def adopt(self) -> str:
        """Let all of them play, beside what was recorded.

        What goes on from a turn that is not on the tape waits on, and is named. So does what failed
        or was cut off where a turn in its place came further, with what belongs to it:
        :meth:`Proposal.adopt` takes such a turn by itself.

        Returns:
            What became of how many turns, in a line.

        Raises:
            InvalidRequestError: A turn has changed since it was shown, or all of them wait on, or
                the file cannot be written.
            TapeError: It is broken.

        >>> tape.review().adopt()
        Nothing on the tape is new.
        """
        return self._change_all(_adopted)

    def replace(self, *, rest: bool = False) -> str:
        """Let all of them play, those that have one in the place of a recorded turn.

        What goes on from a turn that is not on the tape waits on, and is named. So does what failed
        or was cut off where a turn in its place came further, with what belongs to it:
        :meth:`Proposal.replace` puts such a turn there by itself.

        Args:
            rest: Whether turns go, too, in whose place nothing new stands, recorded or waiting.

        Returns:
            What became of how many turns, in a line.

        Raises:
            InvalidRequestError: A turn would go in whose place nothing new stands, or all of them
                wait on, or one has changed since it was shown, or the file cannot be written.
            TapeError: It is broken.

        >>> tape.review().replace()
        Nothing on the tape is new.
        """
        own = {turn.place for turn in self.news} - self._recorded

        def put(tape: Recording, turn: Turn) -> Placing | None:
            # Of several that were asked in one place the first is put there, the others beside it.
            placing = placing_of(tape, turn)
            gone = [one.place for one in placing.gone if not one.line.new]
            if not gone or own.intersection(gone) or _waits_on(tape, turn):
                return None
            placing = put_in_place(tape, turn, rest=rest)
            own.update(one.place for one, _ in placing.come)
            return placing

        return self._change_all(put, _adopted)

    def reject(self) -> str:
        """Take all of them off the tape.

        Returns:
            What became of how many turns, in a line.

        Raises:
            InvalidRequestError: A turn has changed since it was shown, or the file cannot be
                written.
            TapeError: It is broken.

        >>> tape.review().reject()
        Nothing on the tape is new.
        """
        return self._change_all(reject_turn)

    def _proposal(self, tape: Recording, turn: Turn, same: Turn | None) -> Proposal:
        """A turn beside another answer to the same, what it may replace, or the nearest."""
        gone = placing_of(tape, turn).gone
        in_place = same or next((old for old in gone if old.line.turn == turn.line.turn), None)
        old = in_place or nearest((one for one in tape.turns if not one.line.new), turn.line)
        if old is not in_place and old is not None and not is_alike(old.line, turn.line):
            old = None
        return Proposal(turn, old, self._shown, self._change, gone)

    def _change_all(self, *changes: Callable[[Recording, Turn], Placing | None]) -> str:
        """Change the tape once for all that still wait on it, those first that others go on from.

        Args:
            *changes: Each is made of all before the next one.
        """
        parents = {turn.line.key: turn.line.parent or "" for turn in self._shown.now.turns}
        news = sorted(self.news, key=lambda turn: depth_of(turn, parents))
        places = {turn.place for turn in self.news}

        def decide(tape: Recording) -> str:
            if not (before := waiting(tape)):
                return _NOTHING
            told = self._shown.decide(tape, lambda: filter(None, change_all(tape)))
            if not (left := waiting(tape)):
                return told
            why = _why(tape, left)
            if len(left) == len(before):
                raise InvalidRequestError(why, code="tape_conflict")
            return f"{told} {count_of(len(left), 'turn')} left waiting: {why}"

        def waiting(tape: Recording) -> list[Turn]:
            return [one for one in counting(tape.turns) if one.line.new and one.place in places]

        def change_all(tape: Recording) -> Iterator[Placing | None]:
            for change, turn in product(changes, news):
                if any(one.line.new and one.place == turn.place for one in tape.turns):
                    yield change(tape, turn)

        return self._shown.change(self._change, decide) if self.news else _NOTHING

    @overload
    def __getitem__(self, place: int) -> Proposal: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Proposal]: ...

    def __getitem__(self, place: int | slice) -> Proposal | Sequence[Proposal]:
        return self._proposals[place]

    def __len__(self) -> int:
        return len(self._proposals)

    def __repr__(self) -> str:
        return "\n\n".join(map(repr, self)) or _NOTHING


def _adopted(tape: Recording, turn: Turn) -> Placing | None:
    """Let a turn play, but for one that is left waiting when all are decided on."""
    return None if _waits_on(tape, turn) else adopt_turn(tape, turn)


def _waits_on(tape: Recording, turn: Turn) -> bool:
    """Whether a turn goes on from none of the tape, or takes no place in passing."""
    return bool(why_lost(tape, [turn]) or falls_short(tape, turn))


def _why(tape: Recording, left: Sequence[Turn]) -> str:
    """Why turns are left waiting when all are decided on."""
    found = (pair for turn in left for pair in falls_short(tape, turn))
    return " ".join(filter(None, (why_lost(tape, left), why_short(found))))
