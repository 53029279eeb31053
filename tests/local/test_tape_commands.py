"""``dari-local tape``, as it is typed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from dari_nb.local import LocalDari
from dari_nb.local.cli import main
from dari_nb.tapes import read_tape

from .conftest import Caller


@pytest.fixture
def tape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "lesson.tape"
    ask(path, "What is a closure?")
    return path


def ask(path: Path, *texts: str) -> None:
    with LocalDari(tape=path) as server:
        caller = Caller(server)
        for text in texts:
            caller.ask("echo", text)
        caller.http.close()


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    status = main(["tape", *words])
    told = capsys.readouterr()
    return status, told.out + told.err


def test_show_tells_what_is_on_it(tape: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask(tape, "And in Go, where there are many more of them than I can think of?")
    status, told = run(capsys, "show", "lesson.tape")
    assert status == 0
    first, turn, _, second, new, _, last = told.splitlines()
    assert (first, second) == ("sess_1", "sess_2")
    assert turn == "  msg_1 echo (large): What is a closure?"
    assert new.startswith("  msg_1 echo (large), new: And in Go, where")
    assert new.endswith("…")
    assert last == "2 turns, agents: echo, 0 secrets scrubbed"


def test_check_says_what_is_wrong(tape: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "check", "lesson.tape") == (
        0,
        "lesson.tape: 1 turn, nothing is wrong\n",
    )
    tape.write_text(tape.read_text().replace("a closure", "a monad", 1))
    status, told = run(capsys, "check", "lesson.tape")
    assert status == 1
    assert told.startswith("lesson.tape, line 3, msg_1 of sess_1: what is asked here")
    tape.write_text("hello\n")
    status, told = run(capsys, "check", "lesson.tape")
    assert status == 2
    assert told.startswith("dari-local: lesson.tape, line 1: this is no tape")


def test_diff_compares_two_tapes_or_one_with_the_committed_one(
    tape: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, told = run(capsys, "diff", "lesson.tape")
    assert status == 2
    assert "name the other tape first" in told
    for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "a")):
        about = ("-c", "user.name=a", "-c", "user.email=a@b.c")
        subprocess.run(["git", *about, *words], cwd=tape.parent, check=True)
    assert run(capsys, "diff", "lesson.tape") == (0, "")
    before = tape.read_bytes()
    (tape.parent / "old.tape").write_bytes(before)
    ask(tape, "And in Go?")
    expected = "added: msg_1 of sess_2, echo: And in Go?\n"
    assert run(capsys, "diff", "lesson.tape") == (1, expected)
    assert run(capsys, "diff", "old.tape", "lesson.tape") == (1, expected)


def test_settle_keeps_the_turns_of_both_sides(
    tape: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = tape.read_text().splitlines(keepends=True)
    other = [line.replace("a closure", "a monad").replace('"key":"', '"key":"0') for line in lines]
    turn = slice(2, -1)
    conflict = ["<<<<<<< HEAD\n", *lines[turn], "=======\n", *other[turn], ">>>>>>> other\n"]
    tape.write_text("".join([*lines[:2], *conflict, lines[-1]]))
    status, told = run(capsys, "show", "lesson.tape")
    assert status == 2
    assert "dari-local tape settle lesson.tape" in told
    assert run(capsys, "settle", "lesson.tape")[0] == 0
    assert [t.line.asked for t in read_tape(tape).turns] == [
        "What is a closure?",
        "What is a monad?",
    ]
