"""Turns that were asked otherwise, put where the recorded ones stood."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher

from ...errors import InvalidRequestError
from ..differences import MOST_CHARACTERS, nearest, text_asked
from ..lines import TurnLine
from ..recording import Recording
from ..turns import Turn

_WORDS_ALIKE, _LETTERS_ALIKE = 0.5, 0.75
"""How much of two first prompts is the same where one is the other with changes."""


def replaced_by(tape: Recording, turn: Turn) -> list[Turn]:
    """The recorded turns that go when a new one is put in place: one, and those behind it.

    Args:
        tape: The tape.
        turn: A turn on it that waits to be adopted.
    """
    line = _beginning(tape, turn).line
    there = [one for one in tape.turns if not one.line.new and _is_in_place(one, line)]
    found = nearest(there, line)
    if found is None:
        return []
    answers = [one for one in there if one.line.key == found.line.key]
    return [*answers, *_behind(tape, found, new=False)]


def put_in_place(tape: Recording, turn: Turn) -> list[Turn]:
    """Let a new turn, and those it belongs to, take the place of what was recorded there.

    Args:
        tape: The tape.
        turn: A turn on it that waits to be adopted.

    Returns:
        What is there now.

    Raises:
        InvalidRequestError: Nothing was recorded there.
    """
    gone = replaced_by(tape, turn)
    if not gone:
        raise InvalidRequestError(_nothing_there(tape, turn))
    beginning = _beginning(tape, turn)
    come = [beginning, *_behind(tape, beginning, new=True)]
    at, session = tape.turns.index(gone[0]), gone[0].line.session
    left, placed = list(gone), list[Turn]()
    for one in come:
        old = next((old for old in left if old.line.turn == one.line.turn), None)
        put = one.in_place_of(old) if old else one
        put.line.new, put.line.session = False, session
        placed.append(put)
        left = [other for other in left if other is not old]
    moved = {id(one) for one in (*come, *gone)}
    before, after = (
        [one for one in part if id(one) not in moved] for part in (tape.turns[:at], tape.turns[at:])
    )
    tape.turns = [*before, *placed, *after]
    notes = [note for old in left for note in old.notes]
    if after:
        after[0].before = [*notes, *after[0].before]
    else:
        tape.tail = [*notes, *tape.tail]
    return placed


def _nothing_there(tape: Recording, turn: Turn) -> str:
    line = turn.line
    before = next((one.line for one in tape.turns if one.line.key == line.parent), None)
    behind = f", which goes on from {before.turn} of {before.session}" if before else ""
    return f"Nothing was recorded in the place of {line.turn} of {line.session}{behind}: adopt it."


def _beginning(tape: Recording, turn: Turn) -> Turn:
    """The first new turn of those that lead to a new one."""
    new = {one.line.key: one for one in tape.turns if one.line.new}
    seen = {turn.line.key}
    # The one that is on this tape now, which was perhaps read anew since.
    turn = next((one for one in tape.turns if one.line.new and one.place == turn.place), turn)
    while (before := new.get(turn.line.parent or "")) and before.line.key not in seen:
        turn = before
        seen.add(turn.line.key)
    return turn


def _is_in_place(one: Turn, line: TurnLine) -> bool:
    """Whether a turn was asked of the same agent after the same; a first one must be alike."""
    if (one.line.parent, one.line.agent) != (line.parent, line.agent):
        return False
    return line.parent is not None or is_alike(one.line, line)


def is_alike(old: TurnLine, new: TurnLine) -> bool:
    """Whether one prompt is another with changes."""
    one, other = (text_asked(line.asked)[:MOST_CHARACTERS] for line in (old, new))
    words = SequenceMatcher(None, one.split(), other.split())
    return words.ratio() >= _WORDS_ALIKE or SequenceMatcher(None, one, other).ratio() >= (
        _LETTERS_ALIKE
    )


def _behind(tape: Recording, turn: Turn, *, new: bool) -> Iterator[Turn]:
    """Turns that go on from one, in their order."""
    keys = {turn.line.key}
    for one in tape.turns:
        if one.line.new == new and one.line.parent in keys and one is not turn:
            keys.add(one.line.key)
            yield one
