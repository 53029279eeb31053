"""Which of several answers to one prompt a recorded turn is, and which ones it replaces."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set

from ..recording import are_apart, follows
from ..turns import Turn
from .sessions import Place


def stand_aside(turn: Turn, taken: Set[Place]) -> None:
    """Let a turn be a further answer, where others have its place."""
    while turn.place in taken:
        turn.line.take += 1


def places_not_replaced(
    turn: Turn, own: Sequence[Turn], running: Iterable[Turn] = ()
) -> set[Place]:
    """The places of other answers to the same that a turn does not replace.

    Those are what completed among ``own``, and what leads to something there that did so, or runs.

    Args:
        turn: A turn that has ended, or was cut off.
        own: The turns that were recorded together with it.
        running: What runs.
    """
    same, running = [one for one in own if one.line.key == turn.line.key], [*running]
    return {
        one.place
        for one in same
        if one.status == "completed"
        or (one.answers != turn.answers and _leads_on(one, own, running))
    }


def _leads_on(turn: Turn, own: Sequence[Turn], running: Sequence[Turn]) -> bool:
    """Whether something goes on from a turn that completed, or runs, or leads on itself."""
    way = [turn]
    for at in way:
        behind = [one for one in own if follows(one, at)]
        if any(one.status == "completed" for one in behind):
            return True
        if any(follows(one, at) for one in running):
            return True
        seen = {*map(id, way)}
        way += [one for one in behind if id(one) not in seen]
    return False


def in_other_conversations(turn: Turn, there: Sequence[Turn], own: Sequence[Turn]) -> set[Place]:
    """The places of what asks the same as a turn behind other answers, which are on the tape.

    Args:
        turn: The turn.
        there: What is on the tape.
        own: Those of it that count.
    """
    same = [one for one in own if one.line.key == turn.line.key and are_apart(one, turn)]
    return {one.place for one in same if any(follows(one, before) for before in there)}


def goes_with(gone: Sequence[Turn], left: Iterable[Turn]) -> list[Turn]:
    """What came to nothing behind turns that go, and behind none that stays, goes with them.

    What people noted something in stays.

    Args:
        gone: The turns that go.
        left: What is on the tape then.
    """
    way, left = [*gone], [*left]
    for at in way:
        behind = (one for one in left if one.status != "completed" and follows(one, at))
        goes = [
            one
            for one in behind
            if not one.notes and not any(follows(one, other) for other in left if other is not one)
        ]
        way += goes
        left = [one for one in left if all(one is not other for other in goes)]
    return way[len(gone) :]
