"""New turns that came to less than what they would take the place of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..growing.waiting import reach_of
from ..recording import Recording
from ..turns import Turn
from .replacing import names_of, new_up_to, placing_of

Pair = tuple[Turn, Turn]
"""A new turn, and the recorded one that came further."""
_SHORT = (
    "{turns} did not complete, and {others} came further: what decides on all at once "
    "leaves {it} waiting, with what belongs to {it}. Adopt, replace or reject {it} by {itself}."
)


def falls_short(tape: Recording, turn: Turn) -> list[Pair]:
    """The turns for which a new one is not to be decided on together with all others.

    They are among those that lead to it, as other answers to the same, and among those that are put
    with it in the place of what was asked otherwise.
    """
    pairs = [*_answered_further(tape, new_up_to(tape, turn))]
    pairs += ((one, old) for one, old in placing_of(tape, turn).come if old is not None)
    return [(one, old) for one, old in pairs if reach_of(old) > reach_of(one)]


def why_not_with(tape: Recording, turn: Turn) -> str:
    """Why a turn takes no place by itself: those that it goes on from would, and fall short."""
    way = {id(one) for one in new_up_to(tape, turn) if one.place != turn.place}
    come = ((one, old) for one, old in placing_of(tape, turn).come if old is not None)
    pairs = [(one, old) for one, old in come if id(one) in way]
    return why_short((one, old) for one, old in pairs if reach_of(old) > reach_of(one))


def why_short(pairs: Iterable[Pair]) -> str:
    """Name turns that fall short, and what came further; empty where there are none."""
    news = dict[int, Turn]()
    olds = dict[int, Turn]()
    for one, old in pairs:
        news[id(one)], olds[id(old)] = one, old
    if not news:
        return ""
    it, itself = ("it", "itself") if len(news) == 1 else ("them", "themselves")
    turns, others = names_of(news.values()), names_of(olds.values())
    return _SHORT.format(turns=turns, others=others, it=it, itself=itself)


def _answered_further(tape: Recording, turns: Iterable[Turn]) -> Iterator[Pair]:
    """New turns, each with the recorded answers to the same, behind the same."""
    for one in turns:
        for old in tape.turns:
            is_same = old.line.key == one.line.key and not old.line.new
            if is_same and old.line.behind in (None, one.line.behind):
                yield one, old
