"""What is written is read again as it was, and is the same bytes whenever it is written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dari_nb import tapes
from dari_nb.tapes import (
    AgentLine,
    Comment,
    Mark,
    Recording,
    flaws_of,
    parsed,
    read_tape,
    tape_bytes,
    write_tape,
)

from .conftest import DONE, TOUR, piece, said, taken, tape_of

ROOT = Path(__file__).parents[2]
TEXTS = st.text(st.characters(exclude_categories=()), max_size=30)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
EVENTS = st.tuples(TEXTS, st.dictionaries(TEXTS, VALUES, max_size=4))
DRAFTS = st.builds(
    piece, TEXTS, st.sampled_from(["text", "reasoning", "arguments"]), anew=st.booleans()
)
STEPS = st.lists(EVENTS | DRAFTS | st.builds(said, TEXTS), max_size=6)
MORE = st.dictionaries(TEXTS.map(lambda text: f"x{text}"), VALUES, max_size=3)


@given(st.lists(st.tuples(TEXTS, STEPS, MORE), max_size=4))
def test_a_tape_is_read_as_it_was_written(asked: list[tuple[str, list[Any], dict]]) -> None:
    tape = Recording()
    tape.collect([taken(text, steps, opening=more) for text, steps, more in asked])
    written = tape_bytes(tape)
    back = parsed(written, "x.tape")
    assert tape_bytes(back) == written
    assert [turn.line.more for turn in back.turns] == [turn.line.more for turn in tape.turns]
    assert [turn.body for turn in back.turns] == [turn.body for turn in tape.turns]
    assert back.is_closed


@pytest.mark.parametrize("mark", ["\x85", "\u2028", "\u2029", "\x0c", "\x1c"])
def test_a_line_is_one_line_for_whatever_splits_texts_into_lines(mark: str) -> None:
    text = f"one{mark}two"
    written = tape_bytes(tape_of(taken(text, [said(text), ("x.y", {text: [text]})])))
    assert written.decode().splitlines() == written.decode()[:-1].split("\n")
    [turn] = parsed(written, "x.tape").turns
    assert turn.line.asked == text
    assert turn.body[1].data == {text: [text]}


DOCUMENTED = """\
{"dari_tape":1,"times":true}
{"agent":"tour","llms":{"small":{"model":"small"}}}
{"turn":"msg_1","session":"sess_1","key":"d0c2bef20a5278c9","agent":"tour",\
"asked":"What is a closure?"}
{"after":0.25,"draft":"text","text":"A "}
{"after":0.25,"draft":"text","text":"function."}
{"after":0.25,"event":"assistant.message_completed",\
"data":{"content":[{"type":"text","text":"A function."}]}}
{"after":0.25,"event":"message.status_changed",\
"data":{"status":"completed","previous_status":"running"}}
{"turn":"msg_2","session":"sess_1","key":"8935d6b81151206d","parent":"d0c2bef20a5278c9",\
"agent":"tour","asked":"And in Go?"}
{"after":0.25,"event":"assistant.message_completed",\
"data":{"content":[{"type":"text","text":"The same."}]}}
{"after":0.25,"event":"message.status_changed",\
"data":{"status":"completed","previous_status":"running"}}
{"scrubbed":{}}
"""


def test_lines_are_short_and_in_a_fixed_order(lesson: Recording) -> None:
    assert tape_bytes(lesson).decode() == DOCUMENTED


def test_the_page_of_the_format_shows_a_tape_that_has_no_flaw() -> None:
    page = (Path(tapes.__file__).parent / "FORMAT.md").read_bytes()
    shown = page.split(b"```\n")[1]
    tape = parsed(shown, "FORMAT.md")
    assert tape_bytes(tape) == shown
    assert flaws_of(tape) == []


def test_ids_are_ordinals_and_those_of_a_turn_are_left_out() -> None:
    call = {"message_id": "msg_9f", "tool_call_id": "call_b7", "tool_name": "f", "arguments": {}}
    other = {**call, "tool_call_id": "call_a1"}
    ended = {"tool_call_id": "call_a1", "tool_name": "f", "result": "call_b7"}
    steps = [("tool.call_requested", call), ("tool.call_requested", other)]
    turn = taken("Hi", [*steps, ("tool.call_completed", ended)], session="sess_77")
    assert [event.data.get("tool_call_id") for event in turn.events] == [
        *("call_1", "call_2", "call_2", None)
    ]
    assert turn.events[2].data["result"] == "call_b7"  # a text of the tool's, and no id
    assert not any("message_id" in event.data for event in turn.events)
    assert b"sess_77" not in tape_bytes(tape_of(turn))


def test_without_times_there_are_neither_intervals_nor_drafts() -> None:
    tape = tape_of(taken("Hi", [piece("He"), piece("llo"), said("Hello")], times=False))
    tape.times = False
    written = tape_bytes(tape)
    assert b"after" not in written
    assert b"draft" not in written
    assert parsed(written, "x.tape") == parsed(written, "x.tape")
    assert not parsed(written, "x.tape").times


def test_another_process_writes_the_same_bytes(lesson: Recording, tmp_path: Path) -> None:
    write_tape(lesson, tmp_path / "a.tape")
    code = "import sys; from dari_nb.tapes import *;write_tape(read_tape(sys.argv[1]), sys.argv[2])"
    places = [str(tmp_path / "a.tape"), str(tmp_path / "b.tape")]
    subprocess.run([sys.executable, "-c", code, *places], cwd=ROOT, check=True)
    assert (tmp_path / "b.tape").read_bytes() == (tmp_path / "a.tape").read_bytes()


def test_an_agent_that_changed_is_told_anew_before_the_turn() -> None:
    newer = AgentLine(agent="tour", prompt="ab12")
    tape = tape_of(taken("One"), taken("Two", agent=newer), taken("Three"))
    lines = tape_bytes(tape).decode().splitlines()
    assert [line[2:7] for line in lines if '"asked"' in line or line.startswith('{"agent"')] == [
        *("agent", 'turn"', "agent", 'turn"', "agent", 'turn"')
    ]
    assert [turn.agent for turn in parsed(tape_bytes(tape), "x").turns] == [TOUR, newer, TOUR]


def test_notes_stay_where_they_are_when_a_turn_is_recorded_anew(lesson: Recording) -> None:
    first, second = lesson.turns
    first.before = [Comment("# The first lesson."), Comment("")]
    first.body[2:2] = [Mark("it writes", "What will it say?")]
    first.body.insert(4, Comment("# It has said it."))
    lesson.tail = [Mark("the end")]
    tape = parsed(tape_bytes(lesson), "x.tape")
    again = taken("What is a closure?", [piece("An"), piece("other"), said("Another.")])
    tape.add(again)
    kinds = [type(entry).__name__ for entry in tape.turns[0].body]
    assert kinds == ["DraftLine", "DraftLine", "Mark", "EventLine", "Comment", "EventLine"]
    assert tape.turns[0].before == first.before
    assert tape.tail == [Mark("the end")]
    assert tape.turns[0].events[0].data == said("Another.")[1]  # type: ignore[index]
    assert tape.turns[1].body == second.body


def test_a_note_between_drafts_stays_between_them_when_a_turn_is_recorded_anew() -> None:
    texts = ("One ", "two ", "three ", "four.")
    old = taken("Count.", [*map(piece, texts), said("One two three four.")])
    old.body.insert(2, Mark("half", "What comes next?"))
    tape = tape_of(old)
    tape.add(taken("Count.", [*map(piece, texts), said("One two three four.")]))
    assert tape.turns[0].body == old.body
    tape.add(taken("Count.", [piece("One two "), piece("three four."), said("All four.")]))
    kinds = [type(entry).__name__ for entry in tape.turns[0].body]
    assert kinds == ["DraftLine", "Mark", "DraftLine", "EventLine", "EventLine"]
    tape.add(taken("Count.", [said("All four.")]))
    assert tape.turns[0].body[0] == Mark("half", "What comes next?")


def test_a_note_in_a_turn_that_was_cut_off_stays_behind_as_many_drafts() -> None:
    running = ("message.status_changed", {"status": "running", "previous_status": "queued"})
    old = taken("Count.", [running], ends=False)
    old.body += [piece("One "), Mark("guess", "What comes next?")]
    tape = tape_of(old)
    tape.add(taken("Count.", [running, *map(piece, ("One ", "two ", "three.")), said("One.")]))
    kinds = [type(entry).__name__ for entry in tape.turns[0].body]
    assert kinds == ["EventLine", "DraftLine", "Mark", *["DraftLine"] * 2, *["EventLine"] * 2]


def test_a_note_of_a_turn_that_has_become_shorter_stays_before_its_end(lesson: Recording) -> None:
    long = taken("Count.", [said("One."), said("Two."), said("Three.")])
    long.body.insert(3, Mark("the last"))
    tape = tape_of(long, taken("More.", session="sess_b"))
    tape.add(taken("Count.", [said("One, two, three.")]))
    assert tape.turns[0].body[1] == Mark("the last")
    assert parsed(tape_bytes(tape), "x.tape").turns[1].before == []


def test_a_note_before_a_turn_belongs_to_that_turn(lesson: Recording) -> None:
    lesson.turns[1].before = [Mark("now to Go")]
    tape = parsed(tape_bytes(lesson), "x.tape")
    assert tape.turns[1].before == [Mark("now to Go")]
    assert tape.turns[0].body == lesson.turns[0].body


def test_texts_that_a_turn_holds_twice_are_written_once() -> None:
    long = "A very long text that no one wants to read twice in the same turn."
    result = {"rows": [1.5, "é", {"a": None}], "note": long}
    spelled = '{"rows": [1.5, "\\u00e9", {"a": null}], "note": "' + long + '"}'
    messages = [{"role": "user", "content": long}, {"role": "tool", "content": spelled}]
    look = {"same": [1, 2], "as": "a text of theirs"}
    ended = ("tool.call_completed", {"tool_call_id": "call_1", "result": result})
    turn = taken(long, [ended], opening={"messages": messages, "look": look})
    written = tape_bytes(tape_of(turn))
    assert written.count(long.encode()) == 2  # what was asked, and the result
    assert b'{"same":[1,"result"],"spelled":"spaced"}' in written
    [back] = parsed(written, "x.tape").turns
    assert back.more == {"messages": messages, "look": look}


def test_a_tape_is_replaced_at_once_and_nothing_is_left_beside_it(
    lesson: Recording, tmp_path: Path
) -> None:
    path = tmp_path / "lesson.tape"
    write_tape(Recording(), path)
    write_tape(lesson, path)
    assert read_tape(path) == parsed(tape_bytes(lesson), "x")
    assert [each.name for each in tmp_path.iterdir()] == ["lesson.tape"]


@pytest.mark.parametrize("end", [b"\r\n", b"\n\n", b"\n"])
def test_ends_of_lines_may_be_those_of_any_system(lesson: Recording, end: bytes) -> None:
    lines = tape_bytes(lesson).splitlines()
    tape = parsed(end.join(lines) + end, "x.tape")
    assert [turn.events for turn in tape.turns] == [turn.events for turn in lesson.turns]


def test_the_end_of_a_turn_is_known(lesson: Recording) -> None:
    assert [turn.status for turn in lesson.turns] == ["completed", "completed"]
    assert taken("Hi", ends=False).status is None
    assert DONE[1]["status"] == "completed"


def test_answers_to_the_same_are_takes(lesson: Recording) -> None:
    tape = Recording()
    tape.collect([taken("Dice?", [said("4")]), taken("Dice?", [said("6")], session="sess_b")])
    assert [turn.place[1] for turn in tape.turns] == [1, 2]
    assert len(tape.by_place) == 2
    assert len({turn.line.key for turn in tape.turns}) == 1
    assert b'"session":"sess_2"' in tape_bytes(tape)
