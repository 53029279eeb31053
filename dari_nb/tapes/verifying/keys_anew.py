"""Keys made anew, where somebody has changed what a turn asks, or what was answered."""

from __future__ import annotations

from collections.abc import Sequence

from ..keys import key_of
from ..recording import Recording, parents_of
from ..turns import Turn


def make_keys_anew(tape: Recording) -> int:
    """Make the key of each turn anew, and with it those of the turns that go on from it.

    Each goes on from the answer that stands before it then. A turn that has become the same as
    another one is a further answer to that. One whose parent is not on the tape keeps the parent's
    key.

    Args:
        tape: The tape, which is changed.

    Returns:
        How many turns have another key, another place among the answers to it, or another answer
        before them.

    >>> from dari_nb.tapes import Recording, make_keys_anew
    >>> make_keys_anew(Recording())
    0
    """
    before = [*map(_keyed, tape.turns)]
    parents = parents_of(tape.turns)
    made: set[int] = set()
    for turn in tape.turns:
        for each in reversed(_unmade(turn, parents, made)):
            made.add(id(each))
            parent, line = parents.get(id(each)), each.line
            if parent is not None:
                line.parent = parent.line.key
                line.behind = parent.answers if line.behind is not None else None
            line.key = key_of(line.parent, each.agent, line.llm, line.asked)
    _make_takes_anew(tape.turns, [key for key, *_ in before])
    after = [*map(_keyed, tape.turns)]
    return sum(old != new for old, new in zip(before, after, strict=True))


def _keyed(turn: Turn) -> tuple[str, str | None, int, str | None]:
    line = turn.line
    return line.key, line.parent, line.take, line.behind


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


def _make_takes_anew(turns: Sequence[Turn], before: Sequence[str]) -> None:
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
