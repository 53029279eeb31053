"""A broken tape says which line is wrong and what to do, and gives what stands before it."""

from __future__ import annotations

import os
import random

import pytest

from dari_nb import connect
from dari_nb.errors import InvalidRequestError, TapeError
from dari_nb.tapes import Recording, Tape, parsed, read_tape, tape_bytes


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b'{"mark":"a",}',
        b'{"mark":"\\ud800"}',
        b'{"after":NaN,"event":"x","data":{}}',
        b"[1]",
        b"hello",
        b'{"marc":"typo"}',
        b'{"after":-1,"event":"x","data":{}}',
        b'{"event":"x","data":[]}',
        b"# \xff",
        b'{"mark":' + b"[" * 100_000,
    ],
    ids=range(11),
)
def test_a_broken_line_is_named_and_what_stands_before_it_is_there(
    lesson: Recording, line: bytes
) -> None:
    lines = tape_bytes(lesson).splitlines()
    broken = b"\n".join([*lines[:7], line, *lines[7:]]) + b"\n"
    with pytest.raises(TapeError, match=r"lesson\.tape, line 8: ") as caught:
        parsed(broken, "lesson.tape")
    assert caught.value.line == 8
    assert [turn.status for turn in caught.value.so_far.turns] == ["completed"]


def test_another_version_is_refused_with_what_to_do() -> None:
    with pytest.raises(TapeError, match="line 1"):
        parsed(b'{"dari_tape":2,"times":true,"colours":true}\n', "x.tape")


@pytest.mark.parametrize("data", [b'{"a":1}\n', b"\x00\x01", b""])
def test_what_is_no_tape_is_told_how_one_begins(data: bytes) -> None:
    with pytest.raises(TapeError, match=r"x\.tape"):
        parsed(data, "x.tape")


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
    for _ in range(800):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(data))
            data[at : at + chance.randint(0, 9)] = chance.randbytes(chance.randint(0, 5))
        try:
            tape = parsed(bytes(data), "x.tape")
        except TapeError as error:
            tape = error.so_far
        tape_bytes(tape)


def test_a_pipe_is_no_tape_and_holds_nobody_up(tmp_path) -> None:
    pipe = tmp_path / "pipe.tape"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path):
        with pytest.raises(InvalidRequestError):
            read_tape(path)
        for mode in ("play", "auto"):
            with pytest.raises(InvalidRequestError):
                connect("local", tape=Tape(path, mode=mode))
