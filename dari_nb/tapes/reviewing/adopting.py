"""New turns that are adopted or taken off a tape."""

from __future__ import annotations

from ..recording import Recording, parents_of
from ..turns import Turn
from .replacing import refuse_lost


def adopt_turn(tape: Recording, turn: Turn) -> None:
    """Let a turn play, with the new ones before it, in place of other answers to the same.

    Raises:
        InvalidRequestError: It goes on from a turn that is not on the tape.
    """
    refuse_lost(tape, turn)
    wanted, parents = set[tuple[str, int]](), parents_of(tape.turns)
    at = next((one for one in tape.turns if one.line.new and one.place == turn.place), None)
    while at is not None and at.line.new and at.place not in wanted:
        wanted.add(at.place)
        at = parents.get(id(at))
    adopted = [one for one in tape.turns if one.line.new and one.place in wanted]
    here = {one.place for one in tape.turns if not one.line.new}
    tape.turns = [one for one in tape.turns if one not in adopted or one.place not in here]
    for one in adopted:
        one.line.new = False
    tape.add(*(one for one in adopted if one.place in here))
    _fill(tape)


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
    """Take a new turn off, with those that go on from it."""
    left = [one for one in tape.turns if not one.line.new or one.place != turn.place]
    gone = {turn.line.key} - {one.line.key for one in left}
    while lost := [one for one in left if one.line.new and one.line.parent in gone]:
        left = [one for one in left if one not in lost]
        gone |= {one.line.key for one in lost} - {one.line.key for one in left}
    tape.turns = left
