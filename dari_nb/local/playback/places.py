"""Which answer to the same question a turn is that is recorded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import count

from ...tapes import Turn
from ...tapes.growing.takes import in_other_conversations
from ...tapes.recording import follows


def further(turn: Turn, there: Sequence[Turn], running: Iterable[Turn]) -> int:
    """Return the first free take; what did not complete is asked again in its place.

    Args:
        turn: The turn.
        there: What is on the tape.
        running: What is being recorded.
    """
    key = turn.line.key
    same = [one for one in there if one.line.key == key]
    answers = {one.line.take for one in same if one.is_answer}
    answers |= {take for _, take in in_other_conversations(turn, there, same)}
    taken = {one.line.take for one in running if one.line.key == key}
    return _free(answers | taken)


class Places:
    """The places of turns that are recorded anew: of several conversations, each has its own."""

    def __init__(self) -> None:
        self._here: set[tuple[str, int]] = set()
        self._was: dict[str, set[str]] = {}

    def next_take(self, turn: Turn, there: Sequence[Turn], running: Iterable[Turn]) -> int:
        """The next recorded take that was asked behind what this goes on from, or a further one.

        What this goes on from is what was recorded before in the place of the turns before it. What
        never plays gives way, too.

        Args:
            turn: The turn.
            there: What is on the tape.
            running: What is being recorded.
        """
        key, parent = turn.line.key, turn.line.parent
        same = [one for one in there if one.line.key == key]
        before = self._before(turn, there, running)
        parents = [one for one in there if one.line.key == parent]
        stale = [one for one in same if parent and not any(follows(one, p) for p in parents)]
        own = [one for one in same if one.line.behind is None or one.line.behind in before]
        takes = [
            [one.line.take for one in found if one.place not in self._here]
            for found in (own, [*own, *stale])
        ]
        taken = {one.line.take for one in same} | {take for k, take in self._here if k == key}
        take = min(takes[0] or takes[1], default=_free(taken))
        self._here.add((key, take))
        return take

    def leave(self, place: tuple[str, int]) -> None:
        """Give up a place, of which nothing is kept, or which is to be asked again."""
        self._here.discard(place)

    def note(self, turn: Turn, there: Iterable[Turn]) -> None:
        """Take note of what is answered now, where something else was answered before."""
        if turn.place in self._here:
            was = (one.answers for one in there if one.place == turn.place)
            self._was.setdefault(turn.answers, set()).update(was)

    def _before(self, turn: Turn, there: Iterable[Turn], running: Iterable[Turn]) -> set[str]:
        """What had been answered before a turn, and before that was recorded anew."""
        line = turn.line
        if line.behind is not None:
            return {line.behind, *self._was.get(line.behind, ())}
        own = (line.session, line.parent)
        places = {one.place for one in running if (one.line.session, one.line.key) == own}
        return {one.answers for one in there if one.place in places}


def _free(taken: set[int]) -> int:
    return next(take for take in count(1) if take not in taken)
