"""New turns that are adopted or taken off a tape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ...errors import InvalidRequestError
from ..recording import Recording, counting, follows, parents_of, why_parted
from ..turns import Turn
from .replacing import names_of, new_up_to, refuse_lost

_LEFT_BEHIND = (
    "{turns} {go} on from an answer that would go, and would never play: replace() puts what is "
    "new in the place of {it}, too, or lets {it} go with rest=True."
)


def adopt_turn(tape: Recording, turn: Turn) -> None:
    """Let a turn play, with the new ones before it, in place of other answers to the same.

    Raises:
        InvalidRequestError: It goes on from a turn that is not on the tape, or others go on from an
            answer that would go.
    """
    refuse_lost(tape, turn)
    parted = _parted(tape)
    wanted = {one.place for one in new_up_to(tape, turn)}
    adopted = [one for one in tape.turns if one.line.new and one.place in wanted]
    here = {one.place for one in tape.turns if not one.line.new}
    tape.turns = [one for one in tape.turns if one not in adopted or one.place not in here]
    for one in adopted:
        one.line.new = False
    tape.add(*(one for one in adopted if one.place in here))
    left = [one for place, one in _parted(tape).items() if place not in parted]
    if left:
        raise InvalidRequestError(_left_behind(left))
    _fill(tape)


def _parted(tape: Recording) -> dict[tuple[str, int], Turn]:
    """The recorded turns that do not go on from the one before them, by their places."""
    parents = parents_of(counted := counting(tape.turns))
    old = (one for one in counted if not one.line.new)
    return {one.place: one for one in old if why_parted(one, parents.get(id(one)))}


def _left_behind(turns: Sequence[Turn]) -> str:
    is_one = len(turns) == 1
    go, it = ("goes", "it") if is_one else ("go", "them")
    return _LEFT_BEHIND.format(turns=names_of(turns), go=go, it=it)


def _fill(tape: Recording) -> None:
    """Put turns into the session that lacks them, between those that they belong to."""
    parents = parents_of(tape.turns)
    taken = {(one.line.session, one.line.turn) for one in tape.turns}
    for turn in [*tape.turns]:
        session, lacking = turn.line.session, list[Turn]()
        at = parents.get(id(turn))
        while at is not None and at.line.session != session and at not in lacking:
            lacking.append(at)
            at = parents.get(id(at))
        places = {(session, one.line.turn) for one in lacking}
        if at is None or at.line.session != session or places & taken:
            continue
        if not lacking or any(one.line.new for one in lacking):
            continue
        for one in lacking:
            one.line.session = session
        taken |= places
        moved = {*map(id, lacking)}
        left = [one for one in tape.turns if id(one) not in moved]
        place = next(place for place, one in enumerate(left) if one is turn)
        tape.turns = [*left[:place], *reversed(lacking), *left[place:]]


def reject_turn(tape: Recording, turn: Turn) -> None:
    """Take a new turn off, with those that go on from it, and from no other answer that stays."""
    gone = [one for one in tape.turns if one.line.new and one.place == turn.place]
    while gone:
        goes = {*map(id, gone)}
        tape.turns = [one for one in tape.turns if id(one) not in goes]
        left: dict[str, list[Turn]] = {}
        for one in tape.turns:
            left.setdefault(one.line.key, []).append(one)
        gone = [one for one in tape.turns if one.line.new and _went_with(one, gone, left)]


def _went_with(turn: Turn, gone: Iterable[Turn], left: Mapping[str, Sequence[Turn]]) -> bool:
    """Whether a turn went on from those that are gone, and goes on from nothing that is left."""
    parent = turn.line.parent
    before = left.get(parent or "", ())
    if any(follows(turn, one) for one in before):
        return False
    return any(one.line.key == parent and (not before or follows(turn, one)) for one in gone)
