"""New turns that are adopted or taken off a tape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..recording import Recording, follows, leave_notes, parents_of
from ..turns import Turn
from .replacing import Placing, let_play, new_up_to, refuse_lost


def adopting_of(tape: Recording, turn: Turn) -> Placing:
    """See which turns play when a new one is adopted: it, and the new ones that lead to it."""
    return Placing([(one, None) for one in reversed(new_up_to(tape, turn))], [], [])


def adopt_turn(tape: Recording, turn: Turn) -> Placing:
    """Let a turn play, with the new ones before it, beside all that is recorded.

    Where something is recorded as the same answer to the same, it is a further one.

    Returns:
        What became of which turns.

    Raises:
        InvalidRequestError: It goes on from a turn that is not on the tape.
    """
    refuse_lost(tape, turn)
    adopting = adopting_of(tape, turn)
    wanted = {one.place for one, _ in adopting.come}
    let_play(tape, [one for one in tape.turns if one.line.new and one.place in wanted])
    _fill(tape)
    return adopting


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


def rejecting_of(tape: Recording, turn: Turn) -> Placing:
    """See which turns go when a new one is rejected: it, and those behind no other that stays."""
    gone = [one for one in tape.turns if one.line.new and one.place == turn.place]
    goes, left = dict[int, Turn](), tape.turns
    while gone:
        goes |= {id(one): one for one in gone}
        left = [one for one in left if id(one) not in goes]
        by_key: dict[str, list[Turn]] = {}
        for one in left:
            by_key.setdefault(one.line.key, []).append(one)
        gone = [one for one in left if one.line.new and _went_with(one, gone, by_key)]
    return Placing([], [*goes.values()], [*goes.values()])


def reject_turn(tape: Recording, turn: Turn) -> Placing:
    """Take a new turn off, with those that go on from it, and from no other answer that stays.

    Returns:
        What became of which turns.
    """
    rejecting = rejecting_of(tape, turn)
    goes = {*map(id, rejecting.gone)}
    tape.tail = [*leave_notes(tape.turns, goes), *tape.tail]
    tape.turns = [one for one in tape.turns if id(one) not in goes]
    return rejecting


def _went_with(turn: Turn, gone: Iterable[Turn], left: Mapping[str, Sequence[Turn]]) -> bool:
    """Whether a turn went on from those that are gone, and goes on from nothing that is left."""
    parent = turn.line.parent
    before = left.get(parent or "", ())
    if any(follows(turn, one) for one in before):
        return False
    return any(one.line.key == parent and (not before or follows(turn, one)) for one in gone)
