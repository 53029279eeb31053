"""What is wrong with a tape, and what differs between two."""

from __future__ import annotations

import copy

import pytest

from dari_nb.tapes import (
    AgentLine,
    Recording,
    differences,
    flaws_of,
    key_of,
    nearest,
    parsed,
    tape_bytes,
    words_between,
)

from .conftest import TOUR, said, taken, tape_of


def flaws(tape: Recording) -> list[str]:
    return [str(flaw) for flaw in flaws_of(parsed(tape_bytes(tape), "x.tape"))]


def test_a_tape_as_it_was_recorded_has_no_flaw(lesson: Recording) -> None:
    assert flaws(lesson) == []


def test_a_prompt_that_was_edited_no_longer_has_its_key(lesson: Recording) -> None:
    lesson.turns[1].line.asked = "And in Rust?"
    [flaw] = flaws(lesson)
    assert flaw.startswith("line 8, msg_2 of sess_1: what is asked here, or before it, is not what")


def test_a_turn_whose_beginning_is_gone(lesson: Recording) -> None:
    del lesson.turns[0]
    [flaw] = flaws(lesson)
    assert "the turn before it, d0c2bef20a5278c9, is not in the tape" in flaw


def test_a_turn_that_does_not_end() -> None:
    assert flaws(tape_of(taken("Hi", ends=False))) == [
        "line 3, msg_1 of sess_1: it does not end: the recording was cut off here"
    ]


def test_the_same_answer_twice(lesson: Recording) -> None:
    lesson.turns.append(copy.deepcopy(lesson.turns[0]))
    assert "line 11, msg_1 of sess_1: the turn on line 3 is the same answer" in flaws(lesson)[0]


def test_a_result_that_nobody_asked_for() -> None:
    ended = ("tool.call_completed", {"tool_call_id": "call_x", "result": 1})
    assert flaws(tape_of(taken("Hi", [ended])))[0].endswith(
        "call_1 has a result, and nobody called it"
    )


def test_a_secret_that_was_written_in_by_hand(lesson: Recording) -> None:
    lesson.turns[0].line.metadata = {"key": "sk-canary0123456789abc"}
    assert flaws(lesson) == ["line 3, msg_1 of sess_1: it holds what looks like a secret"]


@pytest.mark.parametrize(
    "other",
    [
        key_of("parent", TOUR, "small", "Hi"),
        key_of(None, AgentLine(agent="other", llms=TOUR.llms), "small", "Hi"),
        key_of(None, AgentLine(agent="tour", prompt="ab", llms=TOUR.llms), "small", "Hi"),
        key_of(None, AgentLine(agent="tour", llms={"small": {"model": "x"}}), "small", "Hi"),
        key_of(None, TOUR, None, "Hi"),
        key_of(None, TOUR, "small", "Hi!"),
        key_of(None, TOUR, "small", [{"type": "file", "sha256": "1"}]),
    ],
)
def test_a_key_stands_for_all_that_counts(other: str) -> None:
    assert other != key_of(None, TOUR, "small", "Hi")


def test_a_key_does_not_stand_for_what_does_not_count() -> None:
    file = {"type": "file", "file_id": "file_1", "filename": "a.csv", "sha256": "77"}
    same = {**file, "file_id": "file_2", "filename": "b.csv"}
    richer = AgentLine(agent="tour", description="?", llms={**TOUR.llms, "large": {}}, default="x")
    assert key_of(None, TOUR, "small", [file]) == key_of(None, richer, "small", [same])


def test_tapes_differ_by_their_turns_and_answers_alone(lesson: Recording) -> None:
    other = parsed(tape_bytes(lesson), "x.tape")
    assert differences(lesson, other) == []
    other.turns.reverse()
    other.turns[0].body[0].after = 9.0  # type: ignore[union-attr]
    assert differences(lesson, other) == []
    other.add(taken("What is a closure?", [said("A function that remembers.")]))
    other.add(taken("Why?", [said("So.")]))
    del other.turns[0]
    answered, *rest = [str(each) for each in differences(lesson, other)]
    assert answered.startswith("answered otherwise: msg_1 of sess_1, tour: ")
    assert "A function{+ that remembers+}." in answered
    assert rest == [
        "added: msg_1 of sess_a1, tour: Why?",
        "removed: msg_2 of sess_a1, tour: And in Go?",
    ]


def test_long_texts_show_what_is_around_their_differences() -> None:
    same = "word " * 400
    assert words_between(f"{same}old {same}", f"{same}new {same}") == (
        " … " + " word" * 12 + "[- old-]{+ new+}" + " word" * 12 + " … "
    )
    assert words_between("same", "same") == "same"


def test_the_nearest_turn_is_of_the_same_agent_and_in_the_same_place(lesson: Recording) -> None:
    other = AgentLine(agent="other")
    lesson.add(taken("And in Rust?", agent=other), taken("And in Lua?", session="sess_b"))
    asked = taken("And in Rust?", number=2, parent=lesson.turns[0].line.key)
    found = nearest(lesson.turns, asked.line)
    assert found is lesson.turns[1]
    assert nearest([], asked.line) is None
