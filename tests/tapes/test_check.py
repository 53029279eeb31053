"""What is wrong with a tape, and what differs between two."""

from __future__ import annotations

from typing import Any

import pytest

from dari_nb.tapes import (
    EventLine,
    FileLine,
    Recording,
    differences,
    flaws_of,
    parsed,
    tape_bytes,
)

from .conftest import piece, said, taken, tape_of


def flaws(tape: Recording) -> list[str]:
    return [str(flaw) for flaw in flaws_of(parsed(tape_bytes(tape), "x.tape"))]


def test_a_tape_as_it_was_recorded_has_no_flaw(lesson: Recording) -> None:
    assert flaws(lesson) == []


EVENTS = "message.status_changed", "assistant.message_completed", "tool.call_requested"
STATUS, SAID, CALLED = EVENTS


def test_events_of_unknown_types_may_hold_anything(lesson: Recording) -> None:
    lesson.turns[0].body.insert(0, EventLine(event="plugin.did", data={"status": "flying"}))
    lesson.turns[0].body.insert(0, EventLine(event="session.status_changed", data={"status": 1}))
    assert flaws(lesson) == []


def test_ordinary_words_in_pieces_of_a_draft_are_no_secret() -> None:
    pieces = ["The ta", "sk-management-of-many-things and ri", "sk-averse-people-of-the-world"]
    assert flaws(tape_of(taken("Hi", [*map(piece, pieces), said("".join(pieces))]))) == []


def test_tapes_differ_by_their_turns_and_answers_alone(lesson: Recording) -> None:
    other = parsed(tape_bytes(lesson), "x.tape")
    assert differences(lesson, other) == []
    other.turns.reverse()
    other.turns[0].body[0].after = 9.0  # type: ignore[union-attr]
    assert differences(lesson, other) == []
    other.add(taken("What is a closure?", [said("A function that remembers.")]))
    other.add(taken("Why?", [said("So.")]))
    del other.turns[0]
    answered, added, removed = [str(each) for each in differences(lesson, other)]
    assert "A function{+ that remembers+}." in answered
    assert "Why?" in added
    assert "And in Go?" in removed


CALLED = ("tool.call_requested", {"tool_call_id": "call_x", "tool_name": "f"})
RESULT = ("tool.call_completed", {"tool_call_id": "call_x", "result": 1})
SECRET = "sk-canary0123456789abc"


def test_check_turn_without_its_beginning_is_reported(lesson: Recording) -> None:
    del lesson.turns[0]
    [flaw] = flaws_of(parsed(tape_bytes(lesson), "x.tape"))
    assert (flaw.line, flaw.turn) == (3, "msg_2 of sess_1")


def test_check_turn_without_an_end_is_reported() -> None:
    assert len(flaws(tape_of(taken("Hi", [said("Yes.")], ends=False)))) == 1


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
