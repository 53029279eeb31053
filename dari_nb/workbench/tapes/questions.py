"""Which question of a tape an answer was given to, also where its words were changed since."""

from __future__ import annotations

from collections.abc import Mapping

from ...scores import Score
from ...tapes import Mark, Turn
from ...widgets.player.score import id_of

OF = "mark:"
"""What stands in front of a question's id where answers name it."""
_MOST_MARKS = 64
"""Marks of a turn among which one is found that stood elsewhere before others came."""


class Questions:
    """The questions of a tape, also as they were before their words were changed.

    Args:
        asked: Its marks that ask, by their ids, each with its turn.
    """

    def __init__(self, asked: Mapping[str, tuple[Turn, Mark]]) -> None:
        self.asked = asked
        self._found: dict[tuple[str, str], str | None] = {}

    def of(self, answer: Score) -> str | None:
        """Find the id of an answer's question by its own, else by the words it had, at its turn.

        Its name or what it asks may be another one by now, not both. An answer to another tape is
        told apart by the id, which is made of the turn, too.
        """
        told = answer.run_id.removeprefix(OF), _words(answer)
        if told not in self._found:
            self._found[told] = told[0] if told[0] in self.asked else self._changed(*told)
        return self._found[told]

    def _changed(self, told: str, words: str) -> str | None:
        by_ask, by_name = list[str](), list[str]()
        for mark_id, (turn, mark) in self.asked.items():
            name, ask = words.removesuffix(f": {mark.ask}"), words.removeprefix(f"{mark.mark}: ")
            if name != words and _was_at(turn, name, str(mark.ask), told):
                by_ask.append(mark_id)
            elif ask != words and _was_at(turn, mark.mark, ask, told):
                by_name.append(mark_id)
        found = by_ask or by_name
        return found[0] if len(found) == 1 else None


def asked_as(answer: Score, mark_id: str, mark: Mark) -> str | None:
    """What was asked when an answer was given; ``None`` where that is what is asked now."""
    words = _words(answer)
    ask = words.removeprefix(f"{mark.mark}: ")
    is_same = answer.run_id == f"{OF}{mark_id}" or ask in (words, mark.ask)
    return None if is_same else ask


def _words(answer: Score) -> str:
    """The name of the question and what it asked, without its session."""
    return (answer.note or "").partition(": ")[2]


def _was_at(turn: Turn, name: str, ask: str, mark_id: str) -> bool:
    return any(id_of(turn, number, Mark(name, ask)) == mark_id for number in range(_MOST_MARKS))
