"""What one side of a merged tape has and the other took out of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ..lines import Mark
from ..recording import Recording
from ..summary import prompt_of


class Content:
    """The names of the turns and notes of a tape, whatever becomes of it.

    Args:
        tape: The tape.
    """

    def __init__(self, tape: Recording) -> None:
        self._turns = {
            turn.place: f"{turn.line.turn} of {turn.line.session}, {prompt_of(turn)}"
            for turn in tape.turns
        }
        self._notes = Counter(_noted(tape))

    def without(self, other: Content) -> list[str]:
        """What another tape has not of it.

        A mark whose question is otherwise is the same one.
        """
        gone = [name for place, name in self._turns.items() if place not in other._turns]
        return [*gone, *(self._notes - other._notes).elements()]


def _noted(tape: Recording) -> Iterator[str]:
    for note in [*(note for turn in tape.turns for note in turn.notes), *tape.tail]:
        if isinstance(note, Mark):
            yield f"mark {note.mark!r}"
        elif note.text.strip():
            yield f"comment {note.text.strip()!r}"
