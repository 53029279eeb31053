"""``%dari tape``: playing and recording, without a word of Python."""

from __future__ import annotations

import pytest
from IPython.core.error import UsageError

from dari_nb.errors import TapeMissError
from dari_nb.local import ToolCall
from dari_nb.resources import connections
from dari_nb.tapes import read_tape


@pytest.fixture
def begun(shell, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shell.run("%dari use echo")
    return shell


def test_a_lesson_is_recorded_and_played(begun, tmp_path):
    assert "lesson.tape, mode auto" in repr(begun.run("%dari tape lesson.tape"))
    begun.run("%dari_send --quiet What is a closure?")
    begun.run("%dari tape --eject")
    assert "lesson.tape" not in repr(begun.run("%dari"))
    assert [turn.line.asked for turn in read_tape("lesson.tape").turns] == ["What is a closure?"]
    begun.run("%dari tape lesson.tape --mode auto")
    begun.run("%%dari_agent echo --quiet\nAnd a monad?")
    begun.names["d"].server.eject()
    begun.run("%dari tape lesson.tape --mode play --speed instant")
    assert begun.names["d"].server.tape.speed == "instant"
    begun.run("%%dari_agent echo --quiet\nWhat is a closure?")
    begun.run("%%dari_agent echo --quiet -o turn\nAnd a monad?")
    assert "And a monad?" in begun.names["turn"].text


def test_wrong_tape_is_refused(begun, tmp_path):
    (tmp_path / "broken.tape").write_text("hello\n")
    for line in (
        "",
        '""',
        "no.tape --mode play",
        "x.tape --mode pause",
        "x.tape --speed fast",
        "broken.tape",
    ):
        with pytest.raises(UsageError):
            begun.run(f"%dari tape {line}")
    assert begun.names["d"].server.tape is None


def test_error_leaves_the_tape_that_is_in(begun, tmp_path):
    begun.run("%dari tape lesson.tape")
    begun.run("%dari_send --quiet one")
    begun.run("%dari tape lesson.tape --mode play")
    before = begun.names["d"].tape
    for line in (
        "lesson.tap --view",
        "--mode x",
        "--mode auto --speed fast",
        "other.tape --mode x",
    ):
        with pytest.raises(UsageError):
            begun.run(f"%dari tape {line}")
    assert begun.names["d"].tape is before
    with pytest.raises(UsageError):
        begun.run("%%dari_agent echo --quiet\nAnother")
    assert not [*tmp_path.glob("lesson.tap"), *tmp_path.glob("other.tape")]


def test_the_tape_that_is_in_is_used_otherwise_without_its_name(begun):
    begun.run("%dari tape lesson.tape")
    begun.run("%dari_send --quiet one")
    assert "lesson.tape, mode play, speed 8.0" in repr(
        begun.run("%dari tape --mode play --speed 8")
    )
    assert "lesson.tape, mode auto, speed 8.0" in repr(begun.run("%dari tape --mode auto"))


def test_who_only_looks_at_a_tape_records_nothing_on_it(begun, tmp_path):
    begun.run("%dari tape lesson.tape")
    begun.run("%dari_send --quiet one")
    begun.run("%dari tape --eject")
    before = (tmp_path / "lesson.tape").read_bytes()
    begun.run("shown = %dari tape lesson.tape --view")
    assert begun.names["shown"] is not None
    begun.run("%%dari_agent echo --quiet\nThe class asks this.")
    assert (tmp_path / "lesson.tape").read_bytes() == before
    assert "lesson.tape" not in repr(begun.run("%dari"))


def test_with_a_dari_elsewhere_a_tape_is_used_just_the_same(begun, server, monkeypatch):
    with connections.Dari(server.url, server.api_key) as remote:
        monkeypatch.setattr(connections, "_current", remote)
        begun.run("%%dari_agent echo --quiet\nBefore")
        assert "lesson.tape, mode auto" in repr(begun.run("%dari tape lesson.tape"))
        assert "none yet" in repr(begun.run("%dari"))
        begun.run("%dari_send --quiet What is a closure?")
        begun.run("%dari_send --quiet And a monad?")
        begun.run("%dari tape --eject")
        assert [turn.line.turn for turn in read_tape("lesson.tape").turns] == ["msg_1", "msg_2"]
        begun.run("%dari tape lesson.tape --mode play --speed instant")
        begun.run("%%dari_agent echo --quiet -o turn\nWhat is a closure?")
        assert "What is a closure?" in begun.names["turn"].text
        with pytest.raises((TapeMissError, UsageError)):
            begun.run("%dari_send --quiet And a functor?")


def test_a_lesson_plays_where_the_functions_of_its_lines_are_not_defined(begun):
    begun.run("%dari tape lesson.tape")

    def shop(prompt):
        result = yield ToolCall("stock", {"of": "tea"}, external=True)
        yield f"There are {result.result}."

    begun.names["d"].server.agent("shop")(shop)
    begun.run("def stock(of: str) -> int:\n    return 7")
    ask = "%dari_agent shop --quiet -o turn --tools stock --approve always How much tea?"
    begun.run(ask)
    begun.run("%dari tape --eject")
    del begun.names["stock"]
    begun.run("%dari tape lesson.tape --mode play --speed instant")
    begun.run(ask)
    assert begun.names["turn"].text == "There are 7."
    begun.run("%dari tape lesson.tape --mode auto")
    with pytest.raises(UsageError):
        begun.run(ask)
