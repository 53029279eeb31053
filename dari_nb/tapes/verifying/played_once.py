"""What of a tape plays for who asks all of it once, in one session."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..recording import Recording, counting, parents_first, parents_of, why_never
from ..turns import Turn


class Missed(NamedTuple):
    """A turn that does not play for who asks once what comes before it.

    Attributes:
        turn: The turn.
        before: The one that it goes on from, be it by way of others, which does not play then.
        instead: What plays in its place: an answer to the same, from which nothing goes on, or
            only what stops before the turn.
        leads_on: Whether something goes on from that.
        in_session: Whether it plays since it goes on in its session, however often one asks.
    """

    turn: Turn
    before: Turn
    instead: Turn
    leads_on: bool
    in_session: bool


class PlayedOnce:
    """Plays what is on a tape, each question once.

    Args:
        tape: The tape.
    """

    def __init__(self, tape: Recording) -> None:
        counted = counting(tape.turns)
        never = why_never(counted)
        turns = [turn for turn in counted if id(turn) not in never]
        self._parents = parents_of(turns)
        self._turns = parents_first(turns, self._parents)
        self._by_key: dict[str, list[Turn]] = {}
        for turn in sorted(turns, key=lambda one: (not one.is_answer, one.line.take)):
            self._by_key.setdefault(turn.line.key, []).append(turn)
        self._plays: dict[str, Turn | None] = {}
        for turn in self._turns:
            if turn.line.key not in self._plays:
                self._plays[turn.line.key] = self._plays_for(turn)
        self._leading = {id(parent) for parent in self._parents.values()}
        self._ending = self._leading_to_an_end()

    def missed(self) -> Iterator[Missed]:
        """Give what does not play then, the first behind each answer that does not."""
        told = set[int]()
        for turn in self._turns:
            line = turn.line
            if line.parent is None or self._plays[line.key] or not self._plays.get(line.parent):
                continue
            before, instead = self._parting(turn) or (turn, turn)
            if before is turn or id(before) in told or id(instead) in self._ending:
                continue
            told.add(id(before))
            above = self._plays.get(instead.line.parent or "")
            in_session = above is not None and above.line.session == instead.line.session
            yield Missed(turn, before, instead, id(instead) in self._leading, in_session)

    def _plays_for(self, turn: Turn) -> Turn | None:
        """What plays for what a turn asks, behind what played for all that comes before it.

        That is what stands in the session of the turn that played last, or else the first answer.
        """
        parent, behind, session = turn.line.parent, None, None
        if parent is not None:
            if (above := self._plays.get(parent)) is None:
                return None
            behind, session = above.answers, above.line.session
        turns = self._by_key[turn.line.key]
        turns = [one for one in turns if one.line.behind in (None, behind)]
        own = (one for one in turns if one.line.session == session)
        return next(own, turns[0] if turns else None)

    def _parting(self, turn: Turn) -> tuple[Turn, Turn] | None:
        """The first turn on the way to one that does not play, and what plays in its place."""
        way = reversed(self._up_from(turn, set()))
        pairs = ((one, self._plays[one.line.key]) for one in way)
        return next(((one, to) for one, to in pairs if to and to.answers != one.answers), None)

    def _up_from(self, turn: Turn, seen: set[int]) -> Sequence[Turn]:
        """A turn and those before it, up to one that was seen."""
        way = list[Turn]()
        at: Turn | None = turn
        while at is not None and id(at) not in seen:
            seen.add(id(at))
            way.append(at)
            at = self._parents.get(id(at))
        return way

    def _leading_to_an_end(self) -> set[int]:
        """The turns that lead to an end of their own, and are no mere beginning of another way."""
        begun = {turn.line.parent for turn in self._turns}
        found = set[int]()
        for turn in self._turns:
            if turn.line.key not in begun:
                self._up_from(turn, found)
        return found
