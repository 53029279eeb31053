"""Tapes that two branches have changed, merged by git."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from dari_nb.tapes import Recording, read_tape, write_tape

from .conftest import said, taken

Change = Callable[[Recording], None]


def git(folder: Path, *arguments: str, fails: bool = False) -> None:
    about = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *about, *arguments], cwd=folder, capture_output=True, text=True)
    assert (done.returncode != 0) == fails, done.stdout + done.stderr


def merged(folder: Path, lesson: Recording, ours: Change, theirs: Change, *, fails: bool) -> Path:
    path = folder / "lesson.tape"
    git(folder, "init", "-q")
    write_tape(lesson, path)
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    git(folder, "branch", "other")
    for branch, change in (("main", ours), ("other", theirs)):
        git(folder, "checkout", "-q", branch)
        tape = read_tape(path)
        change(tape)
        write_tape(tape, path)
        git(folder, "commit", "-qam", branch)
    git(folder, "checkout", "-q", "main")
    git(folder, "merge", "-q", "other", fails=fails)
    return path


def asks(text: str, answer: str, session: str = "sess_new") -> Change:
    return lambda tape: tape.add(taken(text, [said(answer)], session=session))


def texts(tape: Recording) -> list[object]:
    return [turn.line.asked for turn in tape.turns]
