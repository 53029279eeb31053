"""Recording, adopting, replacing and rejecting in any order: nothing vanishes without a word."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from dari_nb.tapes import Mark, Recording, Turn, read_tape
from dari_nb.tapes.summary import prompt_of

from .courses import Course, answer_of, asked_behind_others, assert_sound, before, words_of

Place = tuple[str, int, bool]
Content = tuple[str | None, object]
STEPS = 25


@pytest.fixture
def course(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Course]:
    course = Course(tmp_path / "course.tape", request.param)
    yield course
    course.close()


def said_of(what: str, told: str) -> int:
    return sum(int(n) for n in re.findall(rf"(\d+) (?:{what})\b", told))


def contents(tape: Recording) -> dict[Place, Content]:
    """What came of each turn, and behind which answers."""
    return {
        (*turn.place, turn.line.new): (turn.line.behind, answer_of(turn)) for turn in tape.turns
    }


def marks(tape: Recording) -> Counter[object]:
    notes = [*(note for turn in tape.turns for note in turn.notes), *tape.tail]
    return Counter(note.mark for note in notes if isinstance(note, Mark))


def assert_stale_turns_named(old: Recording, now: Recording, said: str) -> None:
    """Whatever goes on from a turn that was answered otherwise, and was not itself, is named."""
    was, there = (
        {(*turn.place, turn.line.new): (turn.line.behind, words_of(turn)) for turn in one.turns}
        for one in (old, now)
    )
    changed = {place for place, told in there.items() if was.get(place) != told}
    replaced = {place for place in changed if {place, (*place[:2], True)} & was.keys()}
    named = set[tuple[str, str]]()
    for turn in now.turns:
        at: Turn | None = turn
        while at is not None and (*at.place, at.line.new) not in changed:
            at = before(now, at)
        if at is not None and at is not turn and (*at.place, at.line.new) in replaced:
            named.add((turn.line.session, prompt_of(turn)))
    count = re.findall(r"(\d+) turns? had been recorded behind", said)
    assert sum(map(int, count)) == len(named)
    assert not named or any(f"{session}, {asked}" in said for session, asked in named)


def assert_no_answer_went_for_less(was: Recording, now: Recording) -> None:
    """Where an answer is gone, nothing plays that failed, and waited, in its place."""
    old, new = contents(was), contents(now)
    for turn in was.turns:
        place = (*turn.place, False)
        if turn.line.new or turn.status != "completed" or new.get(place) == old[place]:
            continue
        playing = [one for one in now.turns if not one.line.new]
        come = [one for one in playing if old.get((*one.place, False)) != new[(*one.place, False)]]
        there = [one for one in come if one.line.parent == turn.line.parent]
        there = [one for one in there if one.line.key == turn.line.key or turn.line.parent]
        assert all(one.status == "completed" for one in there)


@pytest.mark.parametrize(
    "course", [0, 6, 8, 10, 14, 17, 18, 23, 25, 29, 32, 34, 35, 37, 50, 74], indirect=True
)
def test_nothing_vanishes_without_a_word(course: Course, caplog: pytest.LogCaptureFixture) -> None:
    course.record("auto")
    for _ in range(STEPS):
        was, told = read_tape(course.path), ""
        caplog.clear()
        step = course.draw.random()
        if step < 0.3:
            course.record("auto")
        elif step < 0.45:
            course.record("record")
        elif step < 0.6:
            course.mark()
        else:
            told = course.decide()
            if course.is_of_all:
                assert_no_answer_went_for_less(was, read_tape(course.path))
        now = read_tape(course.path)
        assert_sound(now)
        old, new = contents(was), contents(now)
        assert sum((marks(was) - marks(now)).values()) == said_of("marks?|questions?", told)
        if step >= 0.45:
            assert asked_behind_others(now) <= asked_behind_others(was)
            lost = [place for place in old if new.get(place) != old[place]]
            waited = sum(is_new for *_, is_new in lost)
            assert waited == said_of(r"turns? (?:adopted|rejected)", told)
            assert len(lost) - waited == said_of("turns? replaced", told)
        else:
            assert_stale_turns_named(was, now, caplog.text)
            lost = [place for place in old if place not in new]
            assert all(is_new and (*place, False) in new for *place, is_new in lost)
