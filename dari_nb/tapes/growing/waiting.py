"""Turns that are recorded anew, and wait beside what was recorded: they came to less."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence, Set
from pathlib import Path

from ...models import events as ev
from ..recording import Recording, are_apart, follows
from ..summary import count_of, names_of
from ..turns import Turn
from .sessions import Place, place_of

_log = logging.getLogger(__name__)
_MOST_NAMES = 4
_STAYS = (
    "%s: %s did not complete this time, so what was recorded stays: %s. What came now waits, "
    "with what goes on from it: tape.review() shows it, to adopt or to reject it."
)
_NO_END, _FAILED, _COMPLETED = range(3)


def let_wait(turn: Turn, there: Sequence[Turn], stored: Set[Place]) -> None:
    """Let a turn wait to be adopted that would take the place of one that came further.

    What goes on from one that waits does so, too.

    Args:
        turn: A turn that has ended, or was cut off.
        there: What is on the tape.
        stored: The places that others keep.
    """
    before = [one for one in there if follows(turn, one)]
    # Of failures that are alike nobody can tell from which one it goes on.
    is_behind = any(one.line.new and not one.is_answer for one in before)
    is_behind |= bool(before) and all(one.line.new for one in before)
    further = [one for one in there if reach_of(one) > reach_of(turn)]
    if not is_behind and all(one.place != turn.place for one in further):
        return
    turn.line.new = True
    # What completed behind other answers waits in a conversation of its own.
    others = [one for one in there if one.line.new and one.line.behind != turn.line.behind]
    stay = [*further, *(one for one in others if one.status == "completed")]
    stand_aside(turn, {*stored, *map(place_of, stay)})


def stand_aside(turn: Turn, taken: Set[Place]) -> None:
    """Let a turn be a further answer, where others have its place."""
    while place_of(turn) in taken:
        turn.line.take += 1


def places_not_replaced(
    turn: Turn, there: Iterable[Turn], own: Sequence[Turn], running: Iterable[Turn] = ()
) -> set[Place]:
    """The places of other answers to the same that a turn does not replace.

    Those are what completed among ``own``, and what leads to something there that did so, or runs.
    Of all else only what waits may be one.

    Args:
        turn: A turn that has ended, or was cut off.
        there: What is on the tape.
        own: Those of it that were recorded together with the turn.
        running: What runs.
    """
    key, running = turn.line.key, [*running]
    mine = {place_of(one): one for one in own if one.line.key == key}
    waiting = {place_of(one): one for one in there if one.line.new and one.line.key == key}

    def stays(place: Place, one: Turn) -> bool:
        is_completed = place in mine and one.status == "completed"
        if is_completed and not one.line.new:
            return True
        return one.answers != turn.answers and (is_completed or _leads_on(one, own, running))

    return {place for place, one in (waiting | mine).items() if stays(place, one)}


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
    return {place_of(one) for one in same if any(follows(one, before) for before in there)}


def goes_for(turns: Sequence[Turn], there: Sequence[Turn]) -> list[Turn]:
    """What waits for nothing once turns are recorded, besides what waited in their own places.

    That came to nothing, and no further than one of them in its conversation, or is in none any
    more. What stands beside another answer of its own stays, what leads on, and what people noted
    something in.

    Args:
        turns: Turns that have ended, or were cut off.
        there: What is on the tape.
    """
    keys = {turn.line.key for turn in turns if not turn.line.new}
    waiting = [one for one in there if one.line.new and one.line.key in keys and not one.is_answer]
    recorded = {one.place for one in [*there, *turns] if not one.line.new} if waiting else set()
    return [
        one
        for one in waiting
        if not (one.place in recorded or one.notes or _leads_on(one, there, ()))
        and any(_goes_for(one, turn, there) for turn in turns)
    ]


def _goes_for(waiting: Turn, turn: Turn, there: Sequence[Turn]) -> bool:
    if turn.line.new or turn.line.key != waiting.line.key or reach_of(waiting) > reach_of(turn):
        return False
    return not in_other_conversations(turn, there, [waiting])


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


def reach_of(turn: Turn) -> int:
    """How far a turn came; who ends one leaves it without an end of its own."""
    if turn.status == "completed":
        return _COMPLETED
    was_ended = turn.status is None or turn.events[-1].data.get("error") == ev.CANCELLED
    return _NO_END if was_ended else _FAILED


class Waiting:
    """Says which recordings stayed, as nothing that came as far was recorded in their place.

    Args:
        path: The tape's file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places: dict[Place, None] = {}

    def __bool__(self) -> bool:
        """Whether a turn that was written here waits, or did."""
        return bool(self._places)

    def note(self, turns: Iterable[Turn]) -> None:
        """Take note of those of these turns that wait."""
        self._places |= {place_of(turn): None for turn in turns if turn.line.new}

    def report(self, tape: Recording) -> None:
        """Name the recorded turns that stayed, for those that wait still."""
        waiting = [turn for turn in tape.turns if place_of(turn) in self._places]
        by_key: dict[str, list[Turn]] = {}
        for turn in tape.turns:
            by_key.setdefault(turn.line.key, []).append(turn)
        found = (_stays_before(turn, by_key[turn.line.key]) for turn in waiting)
        stay = [turn for turn in found if turn is not None]
        if stay:
            names = names_of([*{place_of(one): one for one in stay}.values()], _MOST_NAMES)
            told = count_of(len(stay), "turn"), names
            _log.warning(_STAYS, self._path.name, *told)


def _stays_before(turn: Turn, same: Iterable[Turn]) -> Turn | None:
    """What stays as a turn that waits came to less: what was recorded, rather than what waits, too.

    Args:
        turn: The turn.
        same: All that is recorded of what it asks.
    """
    further = [one for one in same if reach_of(one) > reach_of(turn)]
    before = [one for one in further if one.line.take <= turn.line.take]
    return max(before, key=lambda one: (not one.line.new, one.line.take), default=None)
