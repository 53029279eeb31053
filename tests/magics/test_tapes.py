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


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("%dari tape", "no tape is in"),
        ("%dari tape play", "play is a mode: %dari tape FILE --mode play"),
        ("%dari tape help", "it is %dari help tape, or %dari tape --help"),
        ("%dari tape off", "to play and record no more: %dari tape --eject"),
        ("%dari tape stop", "to play and record no more: %dari tape --eject"),
        ("%dari tape play lesson.tape", "it is %dari tape lesson.tape --mode play"),
        ("%dari tape my lesson.tape record", "it is %dari tape my lesson.tape --mode record"),
        ("%dari tape view lesson.tape", "it is %dari tape lesson.tape --view; a tape that is"),
        ('%dari tape ""', "A tape needs a file: name one, such as lesson.tape"),
        ("%dari tape no.tape --mode play", "There is no tape no.tape to play"),
        ("%dari tape x.tape --mode pause", "'pause' is no mode of a tape: auto, play, record are"),
        ("%dari tape x.tape --speed fast", "speed is real, instant, or above 0, not 'fast'"),
        ("%dari tape x.tape --speed 0", "speed is real, instant, or above 0"),
        ("%dari tape broken.tape", "broken.tape, line 1: this is no tape"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(begun, tmp_path, line, why):
    (tmp_path / "broken.tape").write_text("hello\n")
    with pytest.raises(UsageError, match=why):
        begun.run(line)
    assert begun.names["d"].server.tape is None


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("%dari tape lesson.tap --view", "lesson.tap cannot be read: .*there is lesson.tape"),
        ("%dari tape lesson.tap --mode record --view", "lesson.tap cannot be read"),
        ("%dari tape broken.tape --view", "broken.tape, line 1: this is no tape"),
        ("%dari tape --speed 2 --view", "Answers cannot be kept in dari-scores.jsonl"),
        ("%dari tape --mode x", "'x' is no mode of a tape"),
        ("%dari tape --mode auto --speed fast", "speed is real, instant, or above 0"),
        ("%dari tape other.tape --mode x", "'x' is no mode of a tape"),
    ],
)
def test_what_ends_in_an_error_leaves_the_tape_that_is_in_as_it_is(begun, tmp_path, line, why):
    begun.run("%dari tape lesson.tape")
    begun.run("%dari_send --quiet one")
    begun.run("%dari tape lesson.tape --mode play")
    before = begun.names["d"].tape
    (tmp_path / "broken.tape").write_text("hello\n")
    if "Answers" in why:
        (tmp_path / "dari-scores.jsonl").write_text("no scores\n")
    with pytest.raises(UsageError, match=why):
        begun.run(line)
    assert begun.names["d"].tape is before
    assert "lesson.tape, mode play; 1 turn, of echo" in repr(begun.run("%dari tape"))
    with pytest.raises(UsageError, match="%dari tape --mode auto asks live what is missing"):
        begun.run("%%dari_agent echo --quiet\nAnother")
    assert not [*tmp_path.glob("lesson.tap"), *tmp_path.glob("other.tape")]


@pytest.mark.parametrize("name", ["show", "diff", "check"])
def test_what_the_shell_does_with_tapes_makes_no_tape_of_that_name(begun, tmp_path, name):
    begun.run("%dari tape lesson.tape")
    begun.run("%dari_send --quiet one")
    for line, meant in (
        (name, f"{name} FILE"),
        (f"{name} lesson.tape", f"{name} lesson.tape"),
        (f"lesson.tape {name}", f"{name} lesson.tape"),
        (f"{name} a.tape 'my own.tape'", f"{name} a.tape 'my own.tape'"),
    ):
        with pytest.raises(UsageError, match=f"it is !dari-local tape {meant}; a tape"):
            begun.run(f"%dari tape {line}")
    assert "lesson.tape, mode auto; 1 turn" in repr(begun.run("%dari tape"))
    for called, file in ((f"'{name} lesson.tape'", f"{name} lesson.tape"), (f"./{name}", name)):
        begun.run(f"%dari tape {called}")
        begun.run("%dari_send --quiet two")
        assert (tmp_path / file).exists()


def test_the_tape_that_is_in_is_used_otherwise_without_its_name(begun):
    begun.run("%dari tape lesson.tape")
    begun.run("%dari_send --quiet one")
    assert "lesson.tape, mode play, speed 8.0" in repr(
        begun.run("%dari tape --mode play --speed 8")
    )
    assert "lesson.tape, mode auto, speed 8.0" in repr(begun.run("%dari tape --mode auto"))


@pytest.mark.parametrize("option", ["--view", "--view --mode play"])
def test_who_only_looks_at_a_tape_records_nothing_on_it(begun, tmp_path, option):
    begun.run("%dari tape lesson.tape")
    begun.run("%dari_send --quiet one")
    begun.run("%dari tape --eject")
    before = (tmp_path / "lesson.tape").read_bytes()
    begun.run(f"shown = %dari tape lesson.tape {option}")
    assert begun.names["shown"] is not None
    begun.run("%%dari_agent echo --quiet\nThe class asks this.")
    assert (tmp_path / "lesson.tape").read_bytes() == before
    assert "lesson.tape" not in repr(begun.run("%dari"))


def test_a_tape_that_is_in_stays_so_while_another_one_is_looked_at(begun, tmp_path):
    begun.run("%dari tape other.tape")
    begun.run("%dari_send --quiet one")
    begun.run("%dari tape lesson.tape")
    begun.run("%%dari_agent echo --quiet\ntwo")
    begun.run("%dari tape other.tape --view")
    begun.run("%%dari_agent echo --quiet\nthree")
    asked = {name: len(read_tape(name).turns) for name in ("other.tape", "lesson.tape")}
    assert asked == {"other.tape": 1, "lesson.tape": 2}


def test_a_slip_in_a_tapes_name_is_seen_in_the_panel_and_where_its_agent_is_missing(
    begun, tmp_path
):
    begun.run("%dari tape lesson.tape")
    begun.run("%dari_send --quiet one")
    assert "lesson.tape, mode auto; 1 turn, of echo" in repr(begun.run("%dari tape lesson.tape"))
    told = repr(begun.run("%dari tape lessons.tape"))
    assert "lessons.tape, mode auto; new: nothing is on it yet" in told
    assert f"in the folder {tmp_path.name} there is lesson.tape" in told
    assert str(tmp_path) not in told
    missing = r"no agent named 'poet'.* Nor is it on the tape that is in, lessons.tape: new: .*less"
    with pytest.raises(UsageError, match=missing):
        begun.run("%dari_agent poet Hi")
    with pytest.raises(UsageError, match=r"lessons.tape to play: in .* there is lesson"):
        begun.run("%dari tape lessons.tape --mode play")


def test_what_asks_live_is_said_as_a_magic_where_a_magic_asked(begun):
    begun.run("%dari tape lesson.tape")
    begun.run("%dari_send --quiet one")
    begun.run("%dari tape --mode play")
    with pytest.raises(UsageError, match="%dari tape --mode auto asks live what is missing"):
        begun.run("%%dari_agent echo\nAnother")


def test_a_folder_of_tapes_is_named_from_home_and_some_of_its_tapes(begun, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "course").mkdir()
    told = repr(begun.run("%dari tape ~/course/first.tape"))
    assert "in ~/course there is no other" in told
    for name in ("a", "b", "c", "d", "e", "z", "fist"):
        (tmp_path / "course" / f"{name}.tape").touch()
    told = repr(begun.run("%dari tape ~/course/first.tape"))
    assert "in ~/course there is fist.tape, a.tape, b.tape, c.tape, d.tape, …" in told


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
        with pytest.raises((TapeMissError, UsageError), match="no such turn"):
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
    with pytest.raises(UsageError, match="--tools: stock is not defined"):
        begun.run(ask)
