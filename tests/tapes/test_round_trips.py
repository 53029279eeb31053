"""What is written is read again as it was, and is the same bytes whenever it is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dari_nb import tapes
from dari_nb.tapes import (
    Mark,
    Recording,
    flaws_of,
    parsed,
    read_tape,
    tape_bytes,
    write_tape,
)

from .conftest import piece, said, taken, tape_of

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


@pytest.mark.parametrize("mark", ["\x85", "\u2028"])
def test_a_line_is_one_line_for_whatever_splits_texts_into_lines(mark: str) -> None:
    text = f"one{mark}two"
    written = tape_bytes(tape_of(taken(text, [said(text), ("x.y", {text: [text]})])))
    assert written.decode().splitlines() == written.decode()[:-1].split("\n")
    [turn] = parsed(written, "x.tape").turns
    assert turn.line.asked == text
    assert turn.body[1].data == {text: [text]}


def test_the_page_of_the_format_shows_a_tape_that_has_no_flaw() -> None:
    page = (Path(tapes.__file__).parent / "FORMAT.md").read_bytes()
    shown = page.split(b"```\n")[1]
    tape = parsed(shown, "FORMAT.md")
    assert tape_bytes(tape) == shown
    assert flaws_of(tape) == []


def test_without_times_there_are_neither_intervals_nor_drafts() -> None:
    tape = tape_of(taken("Hi", [piece("He"), piece("llo"), said("Hello")], times=False))
    tape.times = False
    written = tape_bytes(tape)
    assert b"after" not in written
    assert b"draft" not in written
    assert parsed(written, "x.tape") == parsed(written, "x.tape")
    assert not parsed(written, "x.tape").times


def test_a_note_before_a_turn_belongs_to_that_turn(lesson: Recording) -> None:
    lesson.turns[1].before = [Mark("now to Go")]
    tape = parsed(tape_bytes(lesson), "x.tape")
    assert tape.turns[1].before == [Mark("now to Go")]
    assert tape.turns[0].body == lesson.turns[0].body


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
