"""What a player plays: turns as chapters, and what may be seen of them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import accumulate, groupby
from typing import TYPE_CHECKING

from ...models import text_of
from ...render import GrowingItems, Head, count_text
from ...render.page.session_lines import first_words
from ...render.plain.visible import bounded_name
from ...render.plain.words import cost_text
from ...render.timeline.marks import said_html
from ...tapes import Mark, Turn
from ...tapes.lines import dollars
from ...tapes.recording import parents_of
from ...tapes.summary import LeftOut
from ..live.outbox import Outbox
from .passed import MOST, asks, marked_items, passed
from .scenes import PAUSE, Marked, Plan, growth, plan_of
from .wire import Chapter, Outline, Step
from .wire import Mark as WireMark

if TYPE_CHECKING:
    from ...models import TimelineItem
    from ...tapes import Recording

Place = tuple[int, int]
"""A turn's number from 0, and after how many of its steps."""

TICKS = 1000
"""Parts of the whole of which each is told once that something is seen in it."""
_MOST_RENDERED = 64
_NAME = 100
"""Characters of a name that are shown."""
_END: Place = (2**31, 0)


@dataclass
class Scene:
    """A turn in its place.

    Attributes:
        turn: The turn.
        plan: What is known of its steps.
        begins: When it begins, in seconds of the whole.
        times: Seconds from there to each of its steps.
        spent: What all turns up to its end have cost.
        marks: Its marks by their ids.
        session: Its session, where that is another one than that of the turn above it.
        goes_on: From which turn it goes on then, if it does.
    """

    turn: Turn
    plan: Plan
    begins: float
    times: list[float]
    spent: str
    marks: dict[str, Marked]
    session: str
    goes_on: str

    @property
    def ends(self) -> float:
        """When it ends."""
        return self.begins + self.times[-1]

    def when(self, steps: int) -> float:
        """When so many of its steps are seen, in seconds from its beginning."""
        return self.times[max(0, steps - 1)]


class Score:
    """Recorded turns one after another, each with its steps and when they come.

    A question that nobody has answered is a barrier: nothing behind it is given to a page.

    Args:
        turns: The turns.
        notes: The notes behind the last of them.
        left_out: How many turns of the tape are not among them.
    """

    def __init__(
        self,
        turns: Sequence[Turn],
        notes: Iterable[object] = (),
        *,
        left_out: LeftOut | None = None,
    ) -> None:
        self.left_out = left_out or LeftOut()
        self.scenes: list[Scene] = []
        begins, spent = 0.0, _Spent()
        for turn, session, goes_on in _placed(turns):
            plan = plan_of(turn)
            times = list(accumulate(plan.waits))
            spent.add(turn.line.cost)
            scene = Scene(turn, plan, begins, times, spent.text, {}, session, goes_on)
            self.scenes.append(scene)
            begins += times[-1] + PAUSE
        self._has_parts = sum(bool(scene.session) for scene in self.scenes) > 1
        self._noted = {id(note): scene.turn for scene in self.scenes for note in scene.turn.notes}
        self._worded: Counter[tuple[int, str, str | None]] = Counter()
        self._mark(notes)
        self._rendered = lru_cache(_MOST_RENDERED)(self._render)

    @classmethod
    def of(cls, recording: Recording) -> Score:
        """Make one of a tape, without the turns that never play."""
        told = recording.for_others()
        return cls(told.turns, told.tail, left_out=LeftOut.of(recording))

    @property
    def seconds(self) -> float:
        """How long all of it takes."""
        return self.scenes[-1].ends if self.scenes else 0.0

    @property
    def questions(self) -> dict[str, tuple[Turn, Mark]]:
        """The marks that ask something, by their ids, with their turns."""
        return {
            mark_id: (scene.turn, marked.mark)
            for scene in self.scenes
            for mark_id, marked in scene.marks.items()
            if asks(marked.mark)
        }

    def turn_with(self, mark: Mark, turn: Turn) -> Turn:
        """The turn that a mark stands in or in front of, where it counts for another one.

        A player stops at one in front of a turn where the turn before has ended; in what is told of
        it it belongs to the one that it asks about.

        Args:
            mark: The mark.
            turn: The one that it counts for, where it stands in none.
        """
        return self._noted.get(id(mark), turn)

    def barrier(self, answers: Mapping[str, str]) -> Place:
        """The place of the first question that is not answered: what is behind it is not seen."""
        for number, scene in enumerate(self.scenes):
            for mark_id, marked in scene.marks.items():
                if asks(marked.mark) and mark_id not in answers:
                    return number, marked.steps
        return _END

    def end(self, answers: Mapping[str, str]) -> float:
        """When what may be seen ends, in seconds of the whole."""
        last, steps = self.barrier(answers)
        if last >= len(self.scenes):
            return self.seconds
        return self.scenes[last].begins + self.scenes[last].when(steps)

    def outline(self, answers: Mapping[str, str]) -> tuple[Outline, list[Chapter]]:
        """Tell what a page knows beforehand."""
        last, steps = self.barrier(answers)
        chapters = [
            self._chapter(number, scene, steps if number == last else len(scene.times), answers)
            for number, scene in enumerate(self.scenes[: last + 1])
        ]
        whole = Outline(
            seconds=round(self.seconds, 3),
            turns=len(self.scenes),
            left_out=" · ".join(self.left_out.counted_never()),
            nothing="" if self.scenes else self._nothing(),
            answered="",
        )
        return whole, chapters

    def _nothing(self) -> str:
        """Say why no turn plays."""
        told = " ".join(["Nothing plays here yet.", *self.left_out.sentences()])
        return told.replace("`", "")

    def steps(self, number: int, answers: Mapping[str, str]) -> list[Step]:
        """What changes with each step of a turn, as far as it may be seen."""
        last, steps = self.barrier(answers)
        if not 0 <= number < len(self.scenes) or number > last:
            return []
        made = self._rendered(number)
        return made[:steps] if number == last else made

    def open_question(self, answers: Container[str]) -> str | None:
        """The id of the first question that is not answered."""
        return next((mark_id for mark_id in self.questions if mark_id not in answers), None)

    def parts(self, answers: Mapping[str, str]) -> list[tuple[list[TimelineItem], Head]]:
        """All that may be seen: items and marks of a session in their order, with their head."""
        last, steps = self.barrier(answers)
        numbered = list(enumerate(self.scenes[: last + 1]))
        told: list[tuple[list[TimelineItem], Head]] = []
        for (session, agent), group in groupby(numbered, lambda one: _whose(one[1].turn)):
            items: list[TimelineItem] = []
            llms: dict[str, None] = {}
            count, goes_on = 0, ""
            for number, scene in group:
                goes_on = goes_on or scene.goes_on
                most = steps if number == last else len(scene.times)
                marks = list(passed(scene.marks, answers))
                items += marked_items(scene.turn, message_id(number), most, marks)
                llms |= dict.fromkeys(filter(None, [scene.turn.line.llm]))
                count += 1
            facts = ("recorded", _session_text(session), count_text(count, "turn"), goes_on)
            head = Head(agent, ", ".join(llms) or None, facts=[*filter(None, facts)])
            told.append((items, head))
        return told

    def _render(self, number: int) -> list[Step]:
        turn, times = self.scenes[number].turn, self.scenes[number].times
        growing = GrowingItems()
        outbox = Outbox(lambda item: growing.html(item, agent=turn.line.agent))
        return [
            Step(at=round(at, 3), changes=list(outbox.changes(items, place)))
            for at, (place, items) in zip(times, growth(turn, message_id(number)), strict=True)
        ]

    def _chapter(
        self, number: int, scene: Scene, steps: int, answers: Mapping[str, str]
    ) -> Chapter:
        turn, is_whole = scene.turn, steps >= len(scene.times)
        agent = bounded_name(turn.line.agent, _NAME)
        part = (scene.session, agent, scene.goes_on) if scene.session and self._has_parts else ()
        seen = [(step, is_error) for step, is_error in scene.plan.items if step < steps]
        return Chapter(
            begins=round(scene.begins, 3),
            seconds=round(scene.when(steps), 3),
            steps=steps,
            label=first_words(_asked(turn), 1) if steps else "",
            agent=agent,
            llm=bounded_name(turn.line.llm or "", _NAME),
            part=" · ".join(filter(None, part)),
            spent=scene.spent if is_whole else "",
            items=self._ticks(scene, [step for step, is_error in seen if not is_error]),
            errors=self._ticks(scene, [step for step, is_error in seen if is_error]),
            marks=list(self._passed(scene, answers)),
        )

    def _passed(self, scene: Scene, answers: Mapping[str, str]) -> Iterator[WireMark]:
        """Tell the marks of a scene up to the first question that is not answered."""
        for one in passed(scene.marks, answers):
            yield WireMark(
                id=one.id,
                steps=one.steps,
                at=round(scene.when(one.steps), 3),
                # What a question is called may tell what comes.
                text="" if one.is_open else bounded_name(one.mark.mark, MOST),
                ask=bounded_name(one.mark.ask or "", MOST) if asks(one.mark) else None,
                html=said_html(one.text),
                answer=one.answer,
            )

    def _ticks(self, scene: Scene, steps: Iterable[int]) -> list[float]:
        """When steps come, one for each part of the whole."""
        part = self.seconds / TICKS or 1.0
        ticks = {(scene.begins + scene.times[step]) // part: scene.times[step] for step in steps}
        return [round(time, 3) for time in ticks.values()]

    def _mark(self, notes: Iterable[object]) -> None:
        """Put each mark where the reader is when it counts: at the end of what is seen so far."""
        for number, scene in enumerate(self.scenes):
            front = [marked for marked in scene.plan.marks if marked.steps == 0]
            asked = [at for at, marked in enumerate(front, 1) if asks(marked.mark)]
            # In front of a session it belongs below what is said of that, if nothing is asked
            # behind it before that is seen.
            most = len(front) if not scene.session else asked[-1] if asked else 0
            for at, marked in enumerate(scene.plan.marks):
                if at < most and number > 0:
                    self._place_at_end(number - 1, marked.mark)
                else:
                    self._place(number, marked)
        for note in notes:
            if isinstance(note, Mark) and self.scenes:
                self._place_at_end(len(self.scenes) - 1, note)

    def _place_at_end(self, number: int, mark: Mark) -> None:
        self._place(number, Marked(len(self.scenes[number].times), mark))

    def _place(self, number: int, marked: Marked) -> None:
        scene, words = self.scenes[number], (number, marked.mark.mark, marked.mark.ask)
        scene.marks[id_of(scene.turn, self._worded[words], marked.mark)] = marked
        self._worded[words] += 1


def id_of(turn: Turn, number: int, mark: Mark) -> str:
    """What a mark is known by: its turn, its words, and how many of the same come before it."""
    named = (*turn.place, number, mark.mark, mark.ask)
    return hashlib.sha256(repr(named).encode("utf-8", "replace")).hexdigest()[:16]


def message_id(number: int) -> str:
    """What a turn is called on the page."""
    return f"turn-{number + 1}"


def _placed(turns: Sequence[Turn]) -> Iterator[tuple[Turn, str, str]]:
    """Give turns, each with its session and from which turn it goes on, where these are told."""
    parents, numbers = parents_of(turns), {id(turn): n for n, turn in enumerate(turns, 1)}
    above = None
    for turn in turns:
        session, before = turn.line.session, parents.get(id(turn))
        is_told = session != above
        goes_on = f"goes on from turn {numbers[id(before)]}" if is_told and before else ""
        yield turn, _session_text(session) if is_told else "", goes_on
        above = session


def _session_text(session: str) -> str:
    return session.replace("sess_", "session ")


def _whose(turn: Turn) -> tuple[str, str]:
    return turn.line.session, turn.line.agent


def _asked(turn: Turn) -> str:
    asked = turn.line.asked
    return asked if isinstance(asked, str) else text_of(asked)


class _Spent:
    """What turns have cost so far."""

    def __init__(self) -> None:
        self._dollars: Decimal | None = None
        self._unknown = 0

    def add(self, cost: str | None) -> None:
        told = dollars(cost)
        if told is None:
            self._unknown += 1
        else:
            self._dollars = (self._dollars or Decimal(0)) + told

    @property
    def text(self) -> str:
        if self._dollars is None:
            return ""
        costs = "cost is" if self._unknown == 1 else "costs are"
        rest = [f"{self._unknown} {costs} unknown"] if self._unknown else []
        return " · ".join([cost_text(self._dollars), *rest])
