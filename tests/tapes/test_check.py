"""What is wrong with a tape, and what differs between two."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from dari_nb.tapes import (
    AgentLine,
    EventLine,
    FileLine,
    Recording,
    differences,
    flaws_of,
    key_of,
    nearest,
    parsed,
    tape_bytes,
    words_between,
)

from .conftest import TOUR, piece, said, taken, tape_of


def flaws(tape: Recording) -> list[str]:
    return [str(flaw) for flaw in flaws_of(parsed(tape_bytes(tape), "x.tape"))]


def test_a_tape_as_it_was_recorded_has_no_flaw(lesson: Recording) -> None:
    assert flaws(lesson) == []


def test_a_prompt_that_was_edited_no_longer_has_its_key(lesson: Recording) -> None:
    lesson.turns[1].line.asked = "And in Rust?"
    [flaw] = flaws(lesson)
    assert flaw.startswith("line 8, msg_2 of sess_1: ")


EVENTS = "message.status_changed", "assistant.message_completed", "tool.call_requested"
STATUS, SAID, CALLED = EVENTS


def test_events_of_unknown_types_may_hold_anything(lesson: Recording) -> None:
    lesson.turns[0].body.insert(0, EventLine(event="plugin.did", data={"status": "flying"}))
    lesson.turns[0].body.insert(0, EventLine(event="session.status_changed", data={"status": 1}))
    assert flaws(lesson) == []


def test_ordinary_words_in_pieces_of_a_draft_are_no_secret() -> None:
    pieces = ["The ta", "sk-management-of-many-things and ri", "sk-averse-people-of-the-world"]
    assert flaws(tape_of(taken("Hi", [*map(piece, pieces), said("".join(pieces))]))) == []


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


CALLED = ("tool.call_requested", {"tool_call_id": "call_x", "tool_name": "f"})
RESULT = ("tool.call_completed", {"tool_call_id": "call_x", "result": 1})
SECRET = "sk-canary0123456789abc"


def test_check_turn_without_its_beginning_is_reported(lesson: Recording) -> None:
    del lesson.turns[0]
    [flaw] = flaws_of(parsed(tape_bytes(lesson), "x.tape"))
    assert (flaw.line, flaw.turn) == (3, "msg_2 of sess_1")


def test_check_turn_after_another_answer_is_reported(lesson: Recording) -> None:
    lesson.turns[1].line.behind = "of another answer"
    assert len(flaws(lesson)) == 1


def test_check_turn_without_an_end_is_reported() -> None:
    assert len(flaws(tape_of(taken("Hi", [said("Yes.")], ends=False)))) == 1


def test_check_same_answer_twice_is_reported(lesson: Recording) -> None:
    lesson.turns.append(copy.deepcopy(lesson.turns[0]))
    assert [flaw.partition(":")[0] for flaw in flaws(lesson)] == ["line 3, msg_1 of sess_1"]


def test_check_second_answer_in_one_place_is_reported(lesson: Recording) -> None:
    again = copy.deepcopy(lesson.turns[0])
    again.line.take = 2
    lesson.turns.append(again)
    assert [flaw.partition(":")[0] for flaw in flaws(lesson)] == ["line 11, msg_1 of sess_1"]


@pytest.mark.parametrize(
    ("steps", "lines"),
    [
        ([CALLED, RESULT, CALLED, RESULT], []),
        ([RESULT], [4]),
        ([CALLED, RESULT, RESULT], [6]),
    ],
)
def test_check_results_that_fit_no_call_are_reported(steps: list[Any], lines: list[int]) -> None:
    tape = parsed(tape_bytes(tape_of(taken("Hi", steps))), "x.tape")
    assert [flaw.line for flaw in flaws_of(tape)] == lines


@pytest.mark.parametrize("field", ["llm", "asked", "metadata"])
def test_check_secret_in_a_field_is_reported(lesson: Recording, field: str) -> None:
    value = {"key": SECRET} if field == "metadata" else SECRET
    setattr(lesson.turns[0].line, field, value)
    assert any("secret" in flaw for flaw in flaws(lesson))


def test_check_secret_in_pieces_of_a_draft_is_reported() -> None:
    tape = tape_of(taken("Hi", [piece("one"), piece("two"), said("I do.")]))
    for line, text in zip(tape.turns[0].body, (SECRET[:9], SECRET[9:]), strict=False):
        line.text = text  # type: ignore[union-attr]
    assert len(flaws(tape)) == 1


def test_check_other_content_of_a_file_is_reported() -> None:
    tape = tape_of(taken("Hi", [said("Yes.")]))
    tape.turns[0].body.insert(0, FileLine(file="a.txt", text="a", sha256="0" * 64, size=1))
    assert len(flaws(tape)) == 1
