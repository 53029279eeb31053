"""What one side of a merged tape has and the other took out of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ..growing.sessions import Place, place_of
from ..lines import Mark
from ..recording import Recording
from ..summary import prompt_of
from ..turns import Turn


class Content:
    """The names of the turns and notes of a tape, whatever becomes of it.

    Args:
        tape: The tape.
    """

    def __init__(self, tape: Recording) -> None:
        self._names = {place_of(turn): name_of(turn) for turn in tape.turns}
        self._events = {place_of(turn): turn.events for turn in tape.turns}
        self._notes = Counter(_noted(tape))

    def without(self, other: Content) -> list[str]:
        """What another tape has not of it.

        A mark whose question is otherwise is the same one.
        """
        gone = [name for place, name in self._names.items() if not self._is_in(other, place)]
        return [*gone, *(self._notes - other._notes).elements()]

    def back_in(self, side: Content, now: Recording) -> list[Turn]:
        """The turns that a side has taken out, and that are there all the same."""
        gone = {place for place in self._names if not self._is_in(side, place)}
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


def name_of(turn: Turn) -> str:
    """A turn by its ordinals and what it asks."""
    return f"{turn.line.turn} of {turn.line.session}, {prompt_of(turn)}"


def _noted(tape: Recording) -> Iterator[str]:
    for note in [*(note for turn in tape.turns for note in turn.notes), *tape.tail]:
        if isinstance(note, Mark):
            yield f"mark {note.mark!r}"
        elif note.text.strip():
            yield f"comment {note.text.strip()!r}"
