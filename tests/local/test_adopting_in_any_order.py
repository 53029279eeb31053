"""Recording, adopting, replacing and rejecting in any order: nothing vanishes without a word."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from dari_nb.models.events import ASSISTANT_MESSAGE_COMPLETED as SAID
from dari_nb.tapes import Mark, Recording, Turn, read_tape
from dari_nb.tapes.recording import unreachable
from dari_nb.tapes.summary import prompt_of
from dari_nb.tapes.words import content_text

from .courses import Course, answer_of, asked_after_others, assert_sound, before, words_of

Place = tuple[str, int, bool]
Content = tuple[str | None, object]
STEPS = 25
TIMES = 4
"""Each conversation is asked so often that all answers to the same come."""


@pytest.fixture
def course(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Course]:
    course = Course(tmp_path / "course.tape", *request.param)
    yield course
    course.close()


def said_of(what: str, text: str) -> int:
    return sum(int(n) for n in re.findall(rf"(\d+) (?:{what})\b", text))


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


def named_as_going(words: Iterable[str]) -> Counter[str]:
    """The turns that words name as going, and how many of a session they count besides."""
    named = Counter[str]()
    for text in words:
        found = re.findall(r"in the place of ([^.]*)\.", text)
        for names, more, session in re.findall(
            r"(msg_\d+(?:, msg_\d+)*)(?: and (\d+) more)? of (sess_\d+)", " ".join(found)
        ):
            named.update(f"{name} of {session}" for name in names.split(", "))
            named[session] += int(more or 0)
    return named


def assert_what_is_not_named_stays_and_plays(
    course: Course, was: Recording, now: Recording
) -> None:
    """What was recorded is there as it was, and plays as before, unless it was named to go."""
    named = named_as_going(course.words) if course.way == "replace" else Counter[str]()
    stays = Counter((turn.line.key, str(answer_of(turn))) for turn in recorded_on(now))
    for turn in recorded_on(was):
        told = (turn.line.key, str(answer_of(turn)))
        if stays[told]:
            stays[told] -= 1
            continue
        name = f"{turn.line.turn} of {turn.line.session}"
        name = name if named[name] else turn.line.session
        assert named[name]
        named[name] -= 1

    played = {str(answer_of(turn)) for turn in reached_on(was)}
    never = {str(answer_of(turn)) for turn in recorded_on(now)}
    never -= {str(answer_of(turn)) for turn in reached_on(now)}
    assert not played & never


def said_to_go(caplog: pytest.LogCaptureFixture) -> str:
    """What was logged of turns that came to nothing, and went."""
    told = (record.getMessage() for record in caplog.records)
    return "".join(text for text in told if "had come to nothing" in text)


def recorded_on(tape: Recording) -> list[Turn]:
    return [turn for turn in tape.turns if not turn.line.new]


def reached_on(tape: Recording) -> list[Turn]:
    """What is recorded where a session gets to it."""
    never = {id(turn) for turn in unreachable(tape.turns)}
    return [turn for turn in recorded_on(tape) if id(turn) not in never]


def conversations_on(tape: Recording) -> Iterator[list[Turn]]:
    """The turns up to each that a session gets to that asks them in their order.

    Where a session was recorded with an answer of its own, that plays in it, and no other.
    """
    reached = Recording(turns=reached_on(tape))
    ways = {id(turn): [turn] for turn in reached.turns}
    for turn in reached.turns:
        while parent := before(reached, ways[id(turn)][0]):
            ways[id(turn)].insert(0, parent)
    own = {
        (turn.line.key, turn.line.behind)
        for first, turn in (way[-2:] for way in ways.values() if len(way) > 1)
        if first.line.session == turn.line.session
    }
    for way in ways.values():
        pairs = pairwise(way)
        if all(
            first.line.session == turn.line.session or (turn.line.key, turn.line.behind) not in own
            for first, turn in pairs
        ):
            yield way


def assert_plays(course: Course) -> None:
    """Each answer that a session gets to is one that plays, sooner or later."""
    ways = [*conversations_on(read_tape(course.path))]
    said = [event for way in ways for event in way[-1].events if event.event == SAID]
    wanted = {content_text(event.data["content"]) for event in said}
    asked = [[str(one.line.asked) for one in way] for way in ways for _ in range(TIMES)]
    assert wanted <= course.played(asked)


ORDERS = [0, 6, 8, 10, 14, 17, 18, 23, 25, 29, 32, 34, 35, 37, 50, 74]
CANCELLING = [*range(12), 82]


@pytest.mark.parametrize(
    "course", [*((n, 0) for n in ORDERS), *((n, 0.15) for n in CANCELLING)], indirect=True, ids=str
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
            assert asked_after_others(now) <= asked_after_others(was)
            assert_what_is_not_named_stays_and_plays(course, was, now)
            lost = [place for place in old if new.get(place) != old[place]]
            waited = sum(is_new for *_, is_new in lost)
            assert waited == said_of(r"turns? (?:adopted|rejected|replaced)", told)
            assert len(lost) - waited == said_of("turns? (?:replaced|taken off)", told)
        else:
            assert_stale_turns_named(was, now, caplog.text)
            lost = [place for place in old if place not in new]
            lost = [(*place, is_new) for *place, is_new in lost if (*place, False) not in new]
            went = [one for one in was.turns if (*one.place, one.line.new) in lost]
            assert all(one.status != "completed" and not one.notes for one in went)
            assert all(prompt_of(one) in said_to_go(caplog) for one in went)
    if course.ends:
        assert_plays(course)
