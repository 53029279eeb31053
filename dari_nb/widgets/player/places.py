"""Where questions stand, by which their answers are found again when the tape was changed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from ...tapes import AgentLine, Mark
from ...tapes.keys import digest_of, key_of

if TYPE_CHECKING:
    from .score import Score


class About(TypedDict):
    """What an answer tells of its question.

    That is where it stood, in words, and hashes of what its turn asked and of what was answered.
    """

    note: str
    asked: str
    answered: str


class Place(NamedTuple):
    """Where a question stands.

    Attributes:
        session: The session of its turn.
        turn: The turn that it stands in or in front of.
        asked: What tells that turn from others, whatever was asked before it: a hash of its
            session, of what it asks of whom, and of which it is there of how many that ask this.
        answered: What was answered in that turn: a hash.
    """

    session: str
    turn: str
    asked: str
    answered: str

    @property
    def where(self) -> str:
        """The session and the turn in words."""
        return f"{self.session} {self.turn}"

    def about(self, mark: Mark) -> About:
        """What an answer to a question there tells of it."""
        return About(
            note=f"{self.where}: {mark.mark}: {mark.ask}",
            asked=self.asked,
            answered=self.answered,
        )


def places_of(score: Score) -> dict[str, Place]:
    """The places of all questions, by their ids."""
    questions = score.questions
    if not questions:
        return {}
    numbers = Counter[tuple[str, str]]()
    told = dict[int, tuple[tuple[str, str], int]]()
    for scene in score.scenes:
        line = scene.turn.line
        asked = line.session, key_of(None, AgentLine(agent=line.agent), None, line.asked)
        numbers[asked] += 1
        told[id(scene.turn)] = asked, numbers[asked]
    found = dict[int, Place]()
    places = {}
    for mark_id, (turn, mark) in questions.items():
        own = score.turn_with(mark, turn)
        if id(own) not in found:
            asked, number = told[id(own)]
            which = digest_of([*asked, number, numbers[asked]])
            found[id(own)] = Place(own.line.session, own.line.turn, which, own.own_answer)
        places[mark_id] = found[id(own)]
    return places
