"""What one side of a merged tape has and the other took out of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from ..growing.sessions import Place, place_of
from ..lines import Mark, Note
from ..recording import Recording
from ..summary import place_named, prompt_of
from ..turns import Turn
from .changes import without_notes


class Content:
    """The names of the turns and notes of a tape, whatever becomes of it.

    Args:
        tape: The tape.
    """

    def __init__(self, tape: Recording) -> None:
        self._names = {place_of(turn): name_of(turn) for turn in tape.turns}
        self._stands = {place_of(turn): place_named(turn) for turn in tape.turns}
        self._asked = {place_of(turn): _asked(turn) for turn in tape.turns}
        self._events = {place_of(turn): turn.events for turn in tape.turns}
        self._notes = Counter(_noted(tape))

    def without(self, other: Content, side: Content, known: Iterable[Note]) -> list[str]:
        """What another tape has not of it, but for what a side has asked anew.

        Args:
            other: The tape.
            side: The side.
            known: Notes that are there, perhaps otherwise.
        """
        anew = self._again_in(other, side)
        gone = [self._names[place] for place in self._gone_from(other) if place not in anew]
        lost = self._notes - other._notes - Counter(map(note_named, known))
        return [*gone, *lost.elements()]

    def asked_again_in(self, other: Content, side: Content) -> list[str]:
        """The turns that a side has asked anew, and where they stand on another tape if elsewhere.

        What is asked behind other turns, or of an agent that was changed, is another turn.
        """
        anew = [(*each, other._stands[each[1]]) for each in self._again_in(other, side).items()]
        return [
            self._names[old] + (f", now {there}" if there != self._stands[old] else "")
            for old, _, there in anew
        ]

    def _again_in(self, other: Content, side: Content) -> dict[Place, Place]:
        """The places of turns that another tape has not, and of those that ask the same there."""
        come = dict[bytes, list[Place]]()
        for place, asked in other._asked.items():
            if other._is_in(side, place) and not other._is_in(self, place):
                come.setdefault(asked, []).append(place)
        gone = [(place, come.get(self._asked[place])) for place in self._gone_from(other)]
        return {place: found.pop(0) for place, found in gone if found}

    def _gone_from(self, other: Content) -> list[Place]:
        return [place for place in self._names if not self._is_in(other, place)]

    def back_in(self, side: Content, now: Recording) -> list[Turn]:
        """The turns that a side has taken out, and that are there all the same."""
        gone = {*self._gone_from(side)}
        return [
            turn
            for turn in now.turns
            if place_of(turn) in gone
            or ((was := (*turn.place, True)) in gone and self._events[was] == turn.events)
        ]

    def _is_in(self, other: Content, place: Place) -> bool:
        """Whether another tape has a turn, perhaps adopted."""
        key, take, _ = place
        return (
            place in other._events or other._events.get((key, take, False)) == (self._events[place])
        )


class Known:
    """What git has of both sides of a tape, whatever becomes of them.

    Args:
        *sides: The sides.
    """

    def __init__(self, *sides: Recording) -> None:
        self._sides = {content for side in sides for content in contents(side)}

    def besides(self, there: Contents) -> list[str]:
        """The names of what is on a tape and stands on neither side."""
        return [*dict.fromkeys(name for one, name in there.items() if one not in self._sides)]


Contents = dict[bytes, str]
"""What is on a tape, piece by piece, with what it is called."""


def contents(tape: Recording) -> Contents:
    """Take apart what is on a tape: what was recorded of turns and is known of them, and notes."""
    found = dict[bytes, str]()
    for turn in tape.turns:
        found[_content_of(turn)] = name_of(turn)
        for name, value in turn.line.metadata.items():
            found[_encoded(_asked(turn), name, value)] = f"{name!r} of {name_of(turn)}"
    for note in [*(note for turn in tape.turns for note in turn.notes), *tape.tail]:
        if isinstance(note, Mark) or note.text.strip():
            name = note_named(note)
            found[_encoded(name)] = name
        if isinstance(note, Mark) and note.ask is not None:
            found[_encoded("ask", note.ask)] = f"{name}, which asks {note.ask!r}"
    return found


def _content_of(turn: Turn) -> bytes:
    """What was asked and what came of it, whatever its place and its key are by now."""
    return _encoded(turn.agent.agent, turn.line.asked, without_notes(turn))


def _asked(turn: Turn) -> bytes:
    """Who is asked, and what."""
    return _encoded(turn.line.agent, turn.line.asked)


def _encoded(*values: Any) -> bytes:
    return msgspec.json.encode(values, order="deterministic")


def name_of(turn: Turn) -> str:
    """A turn by its ordinals and what it asks."""
    return f"{turn.line.turn} of {turn.line.session}, {prompt_of(turn)}"


def note_named(note: Note) -> str:
    """A mark by its name, a comment by its words."""
    if isinstance(note, Mark):
        return f"mark {note.mark!r}"
    return f"comment {note.text.strip()!r}"


def _noted(tape: Recording) -> Iterator[str]:
    for note in [*(note for turn in tape.turns for note in turn.notes), *tape.tail]:
        if isinstance(note, Mark) or note.text.strip():
            yield note_named(note)
