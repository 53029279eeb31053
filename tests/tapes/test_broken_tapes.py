"""A broken tape says which line is wrong and what to do, and gives what stands before it."""

from __future__ import annotations

import os
import random
import re
from pathlib import Path

import pytest

from dari_nb import connect
from dari_nb.errors import InvalidRequestError, TapeError
from dari_nb.tapes import Recording, Tape, parsed, read_tape, tape_bytes


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"{", "it ends too early: a quote or a bracket is not closed"),
        (b'{"mark":"a', "it ends too early: a quote or a bracket is not closed"),
        (
            b'{"mark":"a" "b"}',
            'no JSON from character 13 on: mend what stands behind {"mark":"a" .',
        ),
        (b'{"mark":"a",}', "there is a comma too many, character 12, in front of }: take it out."),
        (
            '{"mark":"\u00fc" , }'.encode(),
            "there is a comma too many, character 13, in front of }:",
        ),
        (b'{"mark":"a",,"ask":"b"}', "there is a comma too many, character 12, in front of ,:"),
        (
            b'{"event":"x","data":{"a":[1, ]}}',
            "there is a comma too many, character 28, in front of ]:",
        ),
        (b'{"mark":,}', 'no JSON from character 9 on: mend what stands behind {"mark":.'),
        (
            r'{"mark":"sum","ask":"ü: $\\alpha$, or $\sum x$?"}'.encode(),
            r"from character 40 on: a backslash is written \\ there, so write \\sum for \sum.",
        ),
        (rb'{"mark":"path","ask":"Is it C:\Users?"}', r"so write \\Users for \Users."),
        (rb'{"mark":"no unit","ask":"$3 \unit$"}', r"from character 29 on: a backslash is written"),
        (b'{"mark":"a","ask":"b"}, ', "lines are not joined by commas: take the comma away."),
        (b'{"ask":"What?"}', "a question needs a mark: {"),
        (b'{"mark":"\\ud800"}', r"a character is written by half, \ud800 without its other half"),
        (b'{"mark":"\\udc00"}', r"a character is written by half, \udc00 without its other half"),
        (b'{"event":"x","data":{"n":1e999}}', "a number is too large to count with"),
        (b'{"after":NaN,"event":"x","data":{}}', "NaN is no number in JSON: write one, or take"),
        (b'{"event":"x","data":{"n":-Infinity}}', "Infinity is no number in JSON: write one"),
        (b"[1]", "a line is a JSON object, {…}, or a comment, # …, and no '[1]'"),
        (b"hello", "a line is a JSON object, {…}, or a comment, # …, and no 'hello'"),
        (b'{"marc":"typo"}', "it has none of the fields event, draft, file, turn, agent, mark"),
        (b'{"marc":"typo"}', "did you mean mark?"),
        *(
            (f'{{"after":0.003,"{slip}":"x","data":{{}}}}'.encode(), "did you mean event?")
            for slip in ("evnt", "evetn", "events", "Event")
        ),
        (b'{"after":1,"data":{}}', "which tell what a line is."),
        (b'{"mark":"m","asks":"?"}', "a field 'asks' that such a line has not; did you mean ask?"),
        (b'{"mark":"m","x":"?"}', "a field 'x' that such a line has not: its fields are mark, ask"),
        (b'{"tunr":"t","agent":"a"}', "'tunr' that such a line has not; did you mean turn?"),
        (b'{"mark":1}', "mark must be a text, and is 1"),
        (
            b'{"mark":"\\u001b[31m","ask":["\\u001b"]}',
            r'ask must be a text or null, and is ["\u001b"]',
        ),
        (b'{"after":-1,"event":"x","data":{}}', "after must be seconds since the line before"),
        (b'{"event":"x"}', "it has no field data, which must be an object"),
        (b'{"event":"x","data":[]}', "data must be an object, and is []"),
        (
            b'{"draft":"text","text":"x","call":"1"}',
            "call must be a whole number or null, and is '1'",
        ),
        (b'{"agent":"tour","llms":{"x":1}}', "llms must be an object with an object for each LLM"),
        (b'{"scrubbed":1}', "scrubbed must be an object with a whole number for each kind"),
        (b"\xff\xfe", "it is no UTF-8 text: save the file as UTF-8"),
        (b"# \xff", "it is no UTF-8 text: save the file as UTF-8"),
        (b'{"mark":' + b"[" * 100_000, "nested too deeply"),
    ],
)
def test_a_broken_line_is_named_and_what_stands_before_it_is_there(
    lesson: Recording, line: bytes, why: str
) -> None:
    lines = tape_bytes(lesson).splitlines()
    broken = b"\n".join([*lines[:7], line, *lines[7:]]) + b"\n"
    with pytest.raises(TapeError, match=r"lesson\.tape, line 8: ") as caught:
        parsed(broken, "lesson.tape")
    assert why in str(caught.value)
    assert caught.value.line == 8
    assert not str(caught.value).endswith("?.")
    assert [turn.status for turn in caught.value.so_far.turns] == ["completed"]


@pytest.mark.parametrize(
    ("field", "told", "why"),
    [
        ("take", '"2"', "take must be a whole number from 1 to 1000000, and is '2'"),
        ("take", "0", "take must be a whole number from 1 to 1000000, and is 0"),
        ("asked", '["x"]', "asked must be a text, or a list of content blocks"),
        ("metadata", "[]", "metadata must be an object, and is []"),
        ("key", "7", "key must be a text of at most 100 characters, and is 7"),
        ("kye", "7", "it has a field 'kye' that such a line has not; did you mean key?"),
    ],
)
def test_a_field_of_a_turn_says_what_it_must_be(
    lesson: Recording, field: str, told: str, why: str
) -> None:
    lines = tape_bytes(lesson).decode().splitlines()
    lines[2] = f'{lines[2][:-1]},"{field}":{told}}}'
    with pytest.raises(TapeError, match=re.escape(f"x.tape, line 3: {why}")):
        parsed("\n".join(lines).encode(), "x.tape")


def test_no_error_has_the_words_of_a_parser(lesson: Recording) -> None:
    chance = random.Random(11)
    lines = tape_bytes(lesson).splitlines()
    for _ in range(2000):
        at = chance.randrange(2, len(lines) - 1)
        line = bytearray(lines[at])
        place = chance.randrange(len(line))
        line[place : place + chance.randint(0, 3)] = chance.choice([b'"', b"{", b"7", b"[]", b":"])
        try:
            parsed(b"\n".join([*lines[:at], bytes(line), *lines[at + 1 :]]), "x.tape")
        except TapeError as error:
            told = str(error)
            assert told.startswith(f"x.tape, line {at + 1}: ")
            assert not any(word in told for word in ("Expected", "expected `", "$.", "(byte"))


def test_another_version_is_refused_with_what_to_do() -> None:
    with pytest.raises(TapeError, match=r"line 1: it is of version 2 .* use the dari_nb that"):
        parsed(b'{"dari_tape":2,"times":true,"colours":true}\n', "x.tape")


@pytest.mark.parametrize(("version", "told"), [(b'"1"', "'1'"), (b"true", "true")])
def test_a_version_that_is_no_number_is_told_as_that(version: bytes, told: str) -> None:
    with pytest.raises(TapeError, match=f"the version of the format, .* number, and is {told}"):
        parsed(b'{"dari_tape":%b,"times":true}\n' % version, "x.tape")


@pytest.mark.parametrize("data", [b'{"a":1}\n', b"hello\n", b"\x00\x01", b"", b"[]\n", b"\n"])
def test_what_is_no_tape_is_told_how_one_begins(data: bytes) -> None:
    with pytest.raises(TapeError, match=r'a tape begins with \{"dari_tape":1,"times":true\}'):
        parsed(data, "x.tape")


def test_a_turn_of_an_agent_that_no_line_tells_of(lesson: Recording) -> None:
    lines = tape_bytes(lesson).splitlines(keepends=True)
    with pytest.raises(TapeError, match="line 2: no line above tells of its agent 'tour'"):
        parsed(b"".join([lines[0], *lines[2:]]), "x.tape")


def test_an_event_outside_of_a_turn(lesson: Recording) -> None:
    lines = tape_bytes(lesson).splitlines(keepends=True)
    with pytest.raises(TapeError, match="line 2: it belongs to no turn"):
        parsed(b"".join([lines[0], lines[3]]), "x.tape")


def test_a_tape_that_was_cut_off_anywhere_plays_up_to_there(lesson: Recording) -> None:
    whole = tape_bytes(lesson)
    first = whole.index(b"\n")
    for end in range(first + 1, len(whole) - 1):
        tape = parsed(whole[:end], "x.tape")
        assert not tape.is_closed
        for turn, other in zip(tape.turns, lesson.turns, strict=False):
            assert turn.body == other.body[: len(turn.body)]


def test_whatever_is_in_a_file_is_read_or_refused(lesson: Recording) -> None:
    chance = random.Random(7)
    whole = tape_bytes(lesson)
    for _ in range(3000):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(data))
            data[at : at + chance.randint(0, 9)] = chance.randbytes(chance.randint(0, 5))
        try:
            tape = parsed(bytes(data), "x.tape")
        except TapeError as error:
            tape = error.so_far
        tape_bytes(tape)


@pytest.mark.parametrize("order", ["le", "be"])
def test_a_tape_that_an_editor_has_made_utf_16_is_to_be_saved_as_utf_8(
    lesson: Recording, order: str
) -> None:
    data = f"\ufeff{tape_bytes(lesson).decode()}".encode(f"utf-16-{order}")
    with pytest.raises(TapeError, match=r"lesson\.tape, line 1: .*: save the file as UTF-8"):
        parsed(data, "lesson.tape")


def test_a_file_that_is_not_there(tmp_path) -> None:
    with pytest.raises(InvalidRequestError, match=r"no\.tape cannot be read: No such file"):
        read_tape(tmp_path / "no.tape")
    with pytest.raises(InvalidRequestError, match="is a folder, a pipe or a device"):
        read_tape(tmp_path)


def test_a_pipe_is_no_tape_and_holds_nobody_up(tmp_path) -> None:
    pipe = tmp_path / "pipe.tape"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path):
        with pytest.raises(InvalidRequestError, match="a pipe or a device"):
            read_tape(path)
        for mode in ("play", "auto"):
            with pytest.raises(InvalidRequestError, match="a pipe or a device"):
                connect("local", tape=Tape(path, mode=mode))


def test_in_a_folder_that_was_deleted_no_tape_is_found_by_its_name_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (gone := tmp_path / "gone").mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(InvalidRequestError, match=r"x\.tape is nowhere: .* has been deleted"):
        connect("local", tape="x.tape")
