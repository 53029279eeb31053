"""Keys made anew where somebody has changed what a turn asks; answers taken as they stand now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..keys import key_of
from ..recording import Recording, counting, parents_of
from ..turns import Turn


def renew_keys(tape: Recording, *, answers: bool = False, of: Iterable[Turn] | None = None) -> int:
    """Make the key of each turn anew, and with it those of the turns that go on from it.

    A turn that has become the same as another one is a further answer to that. One whose parent is
    not on the tape keeps the parent's key. What a turn was asked behind stays, as no key counts in
    it: what goes on from an answer that was replaced does not come to play.

    Args:
        tape: The tape, which is changed.
        answers: Whether the answers that stand before a turn now are taken for those that it was
            asked behind, as is right where somebody has changed one by hand. Those are the ones
            of its own session. Where that has none, and nothing else tells which it was
            (:func:`in_doubt`), what it was asked behind stays.
        of: Those of its turns whose keys are made anew, with what goes on from them: else all.

    Returns:
        How many turns have another key, or another place among the answers to it.

    >>> from dari_nb.tapes import Recording, renew_keys
    >>> renew_keys(Recording())
    0
    """
    before = [*map(_keyed, tape.turns)]
    counted = counting(tape.turns)
    parents = {**parents_of(tape.turns), **parents_of(counted)}
    told = parents_of(counted, guessed=False)
    due = {*map(id, tape.turns if of is None else of)}
    made: set[int] = set()
    for turn in tape.turns:
        for each in reversed(_unmade(turn, parents, made)):
            made.add(id(each))
            parent, line = parents.get(id(each)), each.line
            if id(parent) in due:
                due.add(id(each))
            if id(each) not in due:
                continue
            if parent is not None:
                line.parent = parent.line.key
                if answers and line.behind is not None and id(each) in told:
                    line.behind = parent.answers
            line.key = key_of(line.parent, each.agent, line.llm, line.asked)
    _renew_takes(tape.turns, [key for key, *_ in before])
    after = [*map(_keyed, tape.turns)]
    return sum(old != new for old, new in zip(before, after, strict=True))


def in_doubt(tape: Recording) -> list[Turn]:
    """The turns that go on from another answer than those before them, and nothing tells which.

    An answer that was changed is in their session, or others that go on from it tell which it is.
    What was taken out is told by nothing.

    >>> in_doubt(Recording())
    []
    """
    parents = parents_of(counted := counting(tape.turns))
    told = parents_of(counted, guessed=False)
    parted = (turn for turn in counted if id(turn) in parents and id(turn) not in told)
    return [turn for turn in parted if turn.line.behind is not None]


def _keyed(turn: Turn) -> tuple[str, str | None, int]:
    line = turn.line
    return line.key, line.parent, line.take


def _unmade(turn: Turn, parents: dict[int, Turn], made: set[int]) -> list[Turn]:
    """A turn and those before it whose keys are still the old ones, last first."""
    chain: list[Turn] = []
    at: Turn | None = turn
    seen: set[int] = set()
    while at is not None and id(at) not in made | seen:
        seen.add(id(at))
        chain.append(at)
        at = parents.get(id(at))
    return chain


def _renew_takes(turns: Sequence[Turn], before: Sequence[str]) -> None:
    """Give turns whose key is another one the next place among the answers to it."""
    taken = {
        (*turn.place, turn.line.new)
        for turn, key in zip(turns, before, strict=True)
        if turn.line.key == key
    }
    for turn, key in zip(turns, before, strict=True):
        if turn.line.key == key:
            continue
        turn.line.take = 1
        while (*turn.place, turn.line.new) in taken:
            turn.line.take += 1
        taken.add((*turn.place, turn.line.new))
