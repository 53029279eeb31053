"""What is wrong with a tape, and what differs between two."""

from __future__ import annotations

import copy
import hashlib
import re

import msgspec
import pytest

from dari_nb.tapes import (
    AgentLine,
    EventLine,
    FileLine,
    Mark,
    Recording,
    Scrubber,
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


def test_a_turn_whose_beginning_is_gone(lesson: Recording) -> None:
    del lesson.turns[0]
    [flaw] = flaws(lesson)
    assert flaw == (
        "line 3, msg_2 of sess_1: 'And in Go?' goes on from a turn that is not in the tape "
        "(d0c2bef20a5278c9), so it never plays: take lines 3 to 5 out, and ask it again where it "
        "belongs"
    )


def test_a_turn_that_does_not_end() -> None:
    [flaw] = flaws(tape_of(taken("Hi", ends=False)))
    assert flaw == (
        "line 3, msg_1 of sess_1: it does not end: the recording of 'Hi' was cut off here: ask it "
        "again, or take line 3 out"
    )
    [flaw] = flaws(tape_of(taken("Hi", [said("Yes.")], ends=False)))
    assert flaw.endswith("ask it again, or take lines 3 to 4 out")


def test_a_turn_that_does_not_end_and_never_plays_is_told_in_one_line() -> None:
    first = taken("Hi", [said("Yes.")])
    cut = taken("And?", ends=False, parent=first.line.key, number=2)
    cut.line.behind = "of another answer"
    [flaw] = flaws(tape_of(first, cut))
    assert flaw == (
        "line 6, msg_2 of sess_1: it does not end: the recording of 'And?' was cut off here, and "
        "it goes on from another answer than those that stand before it, so it never plays: take "
        "line 6 out"
    )
    [flaw] = flaws(tape_of(cut))
    assert flaw.endswith(
        f"is not in the tape ({first.line.key}), so it never plays: take line 3 out"
    )


def test_the_same_answer_twice(lesson: Recording) -> None:
    lesson.turns.append(copy.deepcopy(lesson.turns[0]))
    assert "line 11, msg_1 of sess_1: the turn on line 3 is the same answer" in flaws(lesson)[0]


def test_a_result_that_nobody_asked_for() -> None:
    ended = ("tool.call_completed", {"tool_call_id": "call_x", "result": 1})
    assert flaws(tape_of(taken("Hi", [ended])))[0].endswith(
        "call_1 has a result, and nobody called it"
    )


CALLED_ONCE = ("tool.call_requested", {"tool_call_id": "call_x", "tool_name": "f"})
GIVEN = ("tool.call_completed", {"tool_call_id": "call_x", "result": 1})


def test_a_call_and_a_result_that_stand_twice() -> None:
    assert flaws(tape_of(taken("Hi", [CALLED_ONCE, GIVEN, CALLED_ONCE, GIVEN]))) == []
    assert flaws(tape_of(taken("Hi", [CALLED_ONCE, CALLED_ONCE, GIVEN]))) == [
        "line 5, msg_1 of sess_1: call_1 is called twice before it has a result: name one anew"
    ]
    assert flaws(tape_of(taken("Hi", [CALLED_ONCE, GIVEN, GIVEN]))) == [
        "line 6, msg_1 of sess_1: call_1 has a result already: take one of both out"
    ]


def test_files_and_marks_that_mean_nothing(lesson: Recording) -> None:
    digest = hashlib.sha256(b"a").hexdigest()
    file = FileLine(file="a.txt", text="a", sha256=digest, size=1)
    gone = FileLine(file="a.txt", gone=True)
    for entries, why in (
        ([file, gone], None),
        ([file, file], "'a.txt' stands twice among the files of this turn"),
        (
            [msgspec.structs.replace(file, base64="YQ==")],
            "more than one of text, base64 and beside",
        ),
        ([Mark("", "What?")], "a mark has no name"),
    ):
        tape = tape_of(taken("Hi", [said("Yes.")]))
        tape.turns[0].body[1:1] = entries
        found = flaws(tape)
        assert len(found) == (why is not None)
        assert why is None or why in found[0]


def test_a_second_answer_in_the_same_place_of_a_session(lesson: Recording) -> None:
    again = copy.deepcopy(lesson.turns[0])
    again.line.take = 2
    lesson.turns.append(again)
    [flaw] = flaws(lesson)
    assert "the turn on line 3 is msg_1 of sess_1, too: take one of both out" in flaw


EVENTS = "message.status_changed", "assistant.message_completed", "tool.call_requested"
STATUS, SAID, CALLED = EVENTS


@pytest.mark.parametrize(
    ("event", "data", "why"),
    [
        (STATUS, {"status": "flying"}, "status must be one of queued, running, .* and is 'flying'"),
        (STATUS, {"status": ["failed"]}, "status must be one of queued, running"),
        (STATUS, {"status": "running", "previous_status": 1}, "previous_status must be one of"),
        (STATUS, {}, "must have status, one of queued"),
        (STATUS, {"attempt": "2"}, "attempt must be a whole number from 1"),
        (
            STATUS,
            {"status": "running", "usage": {"input_tokens": -1}},
            "usage must be an object of",
        ),
        (SAID, {"content": "text"}, "content must be a list of content blocks"),
        (SAID, {"content": [{"text": "no type"}]}, "content must be a list of content blocks"),
        (SAID, {"content": [{"type": "text", "text": 42}]}, "content must be a list of content"),
        (SAID, {}, "must have content, a list of content blocks"),
        (CALLED, {"tool_name": "f"}, "must have tool_call_id, a text"),
        (
            CALLED,
            {"tool_call_id": "call_1", "tool_name": {}},
            "tool_name must be a text, and is {}",
        ),
        ("tool.call_completed", {"tool_call_id": 7}, "tool_call_id must be a text, and is 7"),
        (
            "tool.call_failed",
            {"tool_call_id": "call_9"},
            "call_9 has a result, and nobody called it",
        ),
        ("tool.result_submitted", {"tool_call_id": "call_9"}, "call_9 has a result, and nobody"),
        (
            "tool.call_completed",
            {"tool_call_id": "call_1", "is_error": "no"},
            "is_error must be true or false",
        ),
    ],
)
def test_a_payload_that_means_nothing_is_a_flaw_of_its_own_line(
    lesson: Recording, event: str, data: dict[str, object], why: str
) -> None:
    lesson.turns[1].body.insert(0, EventLine(event=event, data=data))
    found = flaws(lesson)
    assert found[0].startswith("line 9, msg_2 of sess_1: ")
    assert re.search(why, found[0])


def test_the_line_is_right_among_comments_and_agents(lesson: Recording) -> None:
    lines = tape_bytes(lesson).splitlines(keepends=True)
    bad = b'{"event":"message.status_changed","data":{"status":"flying"}}\n'
    written = b"".join([*lines[:4], b"# Look.\n", b"\n", lines[1], bad, *lines[4:]])
    assert [flaw.line for flaw in flaws_of(parsed(written, "x.tape"))] == [8]


def test_events_of_unknown_types_may_hold_anything(lesson: Recording) -> None:
    lesson.turns[0].body.insert(0, EventLine(event="plugin.did", data={"status": "flying"}))
    lesson.turns[0].body.insert(0, EventLine(event="session.status_changed", data={"status": 1}))
    assert flaws(lesson) == []


def test_a_cost_a_kind_of_draft_and_an_expectation_that_mean_nothing(lesson: Recording) -> None:
    first, second = lesson.turns
    for cost in ("0.01", "unknown", "12"):
        first.line.cost = cost
        assert flaws(lesson) == []
    for cost in ("abc", "-1", "nan", "1e999999", ""):
        first.line.cost = cost
        assert "is no amount of US dollars" in flaws(lesson)[0]
    first.line.cost = None
    first.body[0].draft = "gesture"  # type: ignore[union-attr]
    assert flaws(lesson)[0] == (
        "line 4, msg_1 of sess_1: a draft is text, reasoning, arguments, and not 'gesture'"
    )
    first.body[0].draft = "text"  # type: ignore[union-attr]
    second.line.metadata = {"expects": ["Go", 7]}
    assert flaws(lesson) == [
        "line 8, msg_2 of sess_1: its expects must be a text, or a list of texts"
    ]


def test_times_on_a_tape_that_keeps_none(lesson: Recording) -> None:
    lesson.times = False
    assert len(flaws(lesson)) == 6
    assert "the tape keeps no times, and this line has one" in flaws(lesson)[0]


def test_a_secret_that_was_written_in_by_hand(lesson: Recording) -> None:
    lesson.turns[0].line.metadata = {"key": "sk-canary0123456789abc"}
    assert flaws(lesson) == ["line 3, msg_1 of sess_1: it holds what looks like a secret"]


def test_ordinary_words_in_pieces_of_a_draft_are_no_secret() -> None:
    pieces = ["The ta", "sk-management-of-many-things and ri", "sk-averse-people-of-the-world"]
    assert flaws(tape_of(taken("Hi", [*map(piece, pieces), said("".join(pieces))]))) == []


def test_secret_in_pieces_of_a_draft_is_reported() -> None:
    tape = tape_of(taken("Hi", [piece("one"), piece("two"), said("I do.")]))
    for line, text in zip(tape.turns[0].body, ("sk-canary", "Canary0123456789"), strict=False):
        line.text = text  # type: ignore[union-attr]
    assert flaws(tape) == ["line 3, msg_1 of sess_1: it holds what looks like a secret"]


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


@pytest.mark.parametrize("field", ["key", "parent", "behind", "llm", "asked", "metadata"])
def test_a_secret_is_found_in_each_field_of_a_turn(lesson: Recording, field: str) -> None:
    secret = "sk-canary0123456789abc"
    value = {"key": secret} if field == "metadata" else secret
    setattr(lesson.turns[0].line, field, value)
    assert "line 3, msg_1 of sess_1: it holds what looks like a secret" in flaws(lesson)


def test_an_agent_is_looked_at_once_however_many_turns_it_has() -> None:
    class Noting(Scrubber):
        seen = 0

        def text(self, text: str) -> str:
            self.seen += len(text)
            return super().text(text)

    agent = AgentLine(agent="tour", description="the cat " * 1000)
    turns = [taken("Hi", agent=agent, session=f"sess_{number}") for number in range(20)]
    tape = Recording()
    tape.collect(turns)
    scrubber = Noting()
    assert flaws_of(tape, scrubber) == []
    assert scrubber.seen < 2 * len(agent.description)
    for turn in turns:
        turn.agent.description += "sk-canary0123456789abc"
    assert len(flaws_of(tape)) == 20
