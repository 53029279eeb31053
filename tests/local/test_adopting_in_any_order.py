"""Recording, adopting, replacing and rejecting in any order: nothing vanishes without a word."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dari_nb.errors import InvalidRequestError
from dari_nb.local import LocalDari
from dari_nb.tapes import Mark, Recording, Tape, flaws_of, read_tape, write_tape
from dari_nb.tapes.tape import Mode
from dari_nb.workbench import Dari

Place = tuple[str, int, bool]
STEPS = 25


class Course:
    """A tape that somebody works on, and what was on it before the last step."""

    def __init__(self, path: Path, seed: int) -> None:
        self.path = path
        self.draw = random.Random(seed)
        self.asked = 0
        self.server = LocalDari().start()
        self.server.agent("shop")(self.answer)
        self.d = Dari(self.server.url, self.server.api_key, self.server)

    def answer(self, prompt: str) -> str:
        self.asked += 1
        if self.draw.random() < 0.1:
            raise RuntimeError(prompt)
        return f"{prompt} {self.asked}"

    def record(self, mode: Mode) -> None:
        self.server.insert(Tape(self.path, mode=mode, speed="instant"))
        session = self.d.agents["shop"].start()
        for number in range(1, self.draw.randint(3, 6)):
            variant = self.draw.choice(("", "", "", " then", " so"))
            session.send(f"step {number}{variant}").wait()
        self.server.eject()

    def mark(self) -> None:
        now = read_tape(self.path)
        turn = self.draw.choice(now.turns)
        mark = Mark(f"mark {self.draw.random()}", ask=self.draw.choice((None, "What now?")))
        if self.draw.random() < 0.5:
            turn.before.append(mark)
        else:
            turn.body.insert(0, mark)
        write_tape(now, self.path)

    def decide(self) -> str:
        """Adopt, replace or reject something; returns what was said of that."""
        review = Tape(self.path).review()
        among = [*review, review] if len(review) else [review]
        one, rest = self.draw.choice(among), self.draw.random() < 0.5
        ways: list[Callable[[], str]] = [one.adopt, one.reject, lambda: one.replace(rest=rest)]
        before = self.path.read_bytes()
        try:
            return self.draw.choice([*ways, ways[2], ways[2]])()
        except InvalidRequestError:
            assert self.path.read_bytes() == before
            return ""


@pytest.fixture
def course(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Course]:
    course = Course(tmp_path / "course.tape", request.param)
    yield course
    course.d.close()
    course.server.stop()


def said_of(what: str, told: str) -> int:
    return sum(int(n) for n in re.findall(rf"(\d+) (?:{what})\b", told))


def contents(tape: Recording) -> dict[Place, object]:
    return {
        (*turn.place, turn.line.new): [(one.event, one.data) for one in turn.events]
        for turn in tape.turns
    }


def marks(tape: Recording) -> Counter[object]:
    notes = [*(note for turn in tape.turns for note in turn.notes), *tape.tail]
    return Counter(note.mark for note in notes if isinstance(note, Mark))


def assert_sound(tape: Recording) -> None:
    assert [str(flaw) for flaw in flaws_of(tape)] == []
    sessions: dict[str, list[str]] = {}
    for turn in tape.turns:
        if not turn.line.new:
            before = sessions.setdefault(turn.line.session, [])
            assert not before or turn.line.parent == before[-1]
            before.append(turn.line.key)


@pytest.mark.parametrize("course", [0, 8, 10, 17, 18, 23, 29], indirect=True)
def test_nothing_vanishes_without_a_word(course: Course) -> None:
    course.record("auto")
    for _ in range(STEPS):
        before, told = read_tape(course.path), ""
        step = course.draw.random()
        if step < 0.3:
            course.record("auto")
        elif step < 0.45:
            course.record("record")
        elif step < 0.6:
            course.mark()
        else:
            told = course.decide()
        now = read_tape(course.path)
        assert_sound(now)
        old, new = contents(before), contents(now)
        assert sum((marks(before) - marks(now)).values()) == said_of("marks?|questions?", told)
        if step >= 0.45:
            lost = [place for place in old if new.get(place) != old[place]]
            waited = sum(is_new for *_, is_new in lost)
            assert waited == said_of(r"turns? (?:adopted|rejected)", told)
            assert len(lost) - waited == said_of("turns? replaced", told)
        else:
            lost = [place for place in old if place not in new]
            assert all(is_new and (*place, False) in new for *place, is_new in lost)
