"""Whoever changes a tape that is recorded on takes nothing off it that he has not seen."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from subprocess import PIPE
from threading import Event, get_ident

import pytest

import dari_nb as dari
from dari_nb.errors import InvalidRequestError
from dari_nb.local import LocalDari
from dari_nb.tapes import Tape, flaws_of, read_tape
from dari_nb.tapes.growing import locks

from .conftest import Caller, Calling

_RUN = '{"messages":[{"role":"user","content":"run"},{"role":"assistant","content":"went"}]}\n'
_ADOPTS_HELD = """
import os, sys
from dari_nb.tapes import Tape
fsync = os.fsync
def held(file):
    print("held", flush=True)
    sys.stdin.readline()
    fsync(file)
review = Tape(sys.argv[1]).review()
os.fsync = held
review[0].adopt()
"""
_REPLACED = """
import os, sys, threading
from dari_nb import Dari
from dari_nb.local import LocalDari
path, other, moment = sys.argv[1:]
def replace():
    if os.path.exists(other):
        os.replace(other, path)
def heard(event, given):
    if event == "open" and moment == "opened" and given[1] == "r+" and str(given[0]) == path:
        replace()
def called(frame, event, function):
    if event == "c_call" and moment == "truncated" and function.__name__ == "truncate":
        replace()
with LocalDari(tape=path) as server, Dari(server.url, server.api_key, server) as d:
    sys.addaudithook(heard)
    threading.setprofile(called)
    d.agents["echo"].send("x1").wait()
"""


@pytest.fixture
def path(tmp_path: Path, calling: Calling) -> Path:
    """A tape on which turns wait to be adopted."""
    path = tmp_path / "lesson.tape"
    with LocalDari(tape=path) as server:
        asks(calling(server), "r1")
    with LocalDari(tape=path) as server:
        asks(calling(server), "w1", "w2")
    return path


def asks(caller: Caller, *prompts: str) -> None:
    for prompt in prompts:
        assert caller.ask("echo", prompt)["status"] == "completed"


def asked_on(path: Path) -> list[str]:
    return [str(turn.line.asked) for turn in read_tape(path).turns]


def adopt(path: Path) -> None:
    Tape(path).review()[0].adopt()


def reject(path: Path) -> None:
    Tape(path).review()[0].reject()


def add(path: Path) -> None:
    runs = path.with_name("runs.jsonl")
    runs.write_text(_RUN)
    Tape(path).add(dari.Transcript.from_file(runs))


@contextmanager
def while_it_is_written(
    monkeypatch: pytest.MonkeyPatch, run: Callable[[], object]
) -> Iterator[None]:
    """Run something once this thread has read a tape, before what it makes of it is there."""
    real, here, did = os.fsync, get_ident(), list[object]()

    def slow(descriptor: int) -> None:
        if get_ident() == here and not did:
            did.append(run())
        real(descriptor)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", slow)
        yield
    assert did


@pytest.mark.parametrize("change", [adopt, reject, add])
def test_what_is_recorded_while_a_tape_is_changed_is_on_it_and_plays(
    path: Path,
    calling: Calling,
    change: Callable[[Path], object],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    meanwhile = ["x1", "x2", "x3"]
    with LocalDari(tape=path) as server, ThreadPoolExecutor() as threads:
        asks(calling(server), "x0")

        def record() -> None:
            list(threads.map(lambda prompt: asks(calling(server), prompt), meanwhile))

        with while_it_is_written(monkeypatch, record):
            change(path)
        asks(calling(server), "x4")
    assert caplog.records == []
    assert {"x0", *meanwhile, "x4"} <= {*asked_on(path)}
    assert [flaw for flaw in flaws_of(read_tape(path)) if "key" not in str(flaw)] == []
    Tape(path).review().adopt()
    with LocalDari(tape=Tape(path, mode="play")) as server:
        asks(calling(server), "x0", *meanwhile, "x4")


def test_threads_wait_for_each_other_where_a_file_system_has_no_locks(
    path: Path, calling: Calling, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = fcntl.flock

    def refused(descriptor: int, operation: int) -> None:
        if os.path.samestat(os.fstat(descriptor), path.parent.stat()):
            raise OSError(errno.ENOLCK, "No locks available")
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", refused)
    with LocalDari(tape=path) as server, ThreadPoolExecutor() as threads:
        record = partial(threads.submit, asks, calling(server), "x1")
        with while_it_is_written(monkeypatch, lambda: record().result()):
            adopt(path)
        asks(calling(server), "x2")
    assert asked_on(path) == ["r1", "w1", "w2", "x1", "x2"]


@pytest.mark.parametrize("change", [adopt, add])
def test_a_tape_that_somebody_holds_for_long_is_not_changed(
    path: Path, change: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "_LONGEST", 0.0)
    before = path.read_bytes()
    descriptor = os.open(path.parent, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        with pytest.raises(InvalidRequestError, match="is held: another process"):
            change(path)
    finally:
        os.close(descriptor)
    assert path.read_bytes() == before


def test_what_is_recorded_while_another_process_reviews_is_on_the_tape(
    path: Path, calling: Calling, caplog: pytest.LogCaptureFixture
) -> None:
    with LocalDari(tape=path) as server, ThreadPoolExecutor() as threads:
        command = [sys.executable, "-c", _ADOPTS_HELD, str(path)]
        other = subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True)
        with other:
            assert other.stdout is not None
            assert other.stdin is not None
            assert other.stdout.readline() == "held\n"
            list(threads.map(lambda prompt: asks(calling(server), prompt), ["x1", "x2"]))
            other.stdin.write("go on\n")
        assert other.returncode == 0
        asks(calling(server), "x3")
    assert caplog.records == []
    assert sorted(asked_on(path)) == ["r1", "w1", "w2", "x1", "x2", "x3"]
    assert [turn.line.new for turn in read_tape(path).turns][:3] == [False, False, True]
    assert flaws_of(read_tape(path)) == []


@pytest.mark.parametrize("moment", ["opened", "truncated"])
@pytest.mark.parametrize("asked", ["r", "r1, which is longer now"])
def test_what_is_recorded_just_as_the_tape_is_replaced_is_on_the_new_one(
    path: Path, moment: str, asked: str
) -> None:
    """As git and editors put other tapes in place, which wait for nobody."""
    other = path.with_name("other.tape")
    other.write_text(path.read_text().replace('"asked":"r1"', f'"asked":"{asked}"'))
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", _REPLACED, str(path), str(other), moment]
    subprocess.run(command, env=env, check=True)
    assert not other.exists()
    assert asked_on(path) == [asked, "w1", "w2", "x1"]
    assert read_tape(path).is_closed


@pytest.mark.parametrize("others_run", [False, True])
def test_who_rejects_what_a_running_turn_goes_on_from_is_told_by_its_end(
    path: Path, calling: Calling, caplog: pytest.LogCaptureFixture, *, others_run: bool
) -> None:
    runs, may_end, may_end_too = Event(), Event(), Event()
    with LocalDari(tape=path) as server:

        @server.agent("echo")
        def slow(prompt: str) -> str:
            if prompt == "slow":
                runs.set()
                may_end.wait()
            if prompt == "longer":
                may_end_too.wait()
            return prompt

        caller = calling(server)
        session, other = caller.create("echo"), caller.create("echo")
        caller.finished(caller.send(session, "news")["message"]["id"])
        last = caller.send(session, "slow")["message"]["id"]
        runs.wait()
        asked = [last]
        if others_run:
            asked.append(caller.send(other, "longer")["message"]["id"])
        next(item for item in Tape(path).review() if item.new.line.asked == "news").reject()
        may_end.set()
        caller.finished(last)
        may_end_too.set()
        for message in asked:
            caller.finished(message)
    [record] = caplog.records
    assert record.getMessage() == (
        "'slow', msg_2 of its session, is recorded, but cannot play: the turn before it was taken "
        "off the tape. Ask it in a new one."
    )
    assert asked_on(path)[-1] == ("longer" if others_run else "slow")


@pytest.mark.parametrize("is_in", [False, True])
@pytest.mark.parametrize("note", ["# at the end", '{"mark":"the end","ask":"And now?"}'])
@pytest.mark.parametrize("end", ["", "\n"])
def test_what_somebody_notes_behind_the_last_line_stands_before_what_is_recorded_next(
    path: Path, calling: Calling, note: str, end: str, *, is_in: bool
) -> None:
    Tape(path).review().adopt()

    def noted() -> None:
        path.write_text(path.read_text() + note + end)

    if not is_in:
        noted()
    with LocalDari(tape=path) as server:
        asks(calling(server), "x1")
        if is_in:
            noted()
        asks(calling(server), "x2")
    tape = read_tape(path)
    assert flaws_of(tape) == []
    assert tape.is_closed
    assert asked_on(path) == ["r1", "w1", "w2", "x1", "x2"]
    lines = path.read_text().splitlines()
    assert lines.index(note) < next(n for n, line in enumerate(lines) if '"asked":"x2"' in line)
    assert sum(line.startswith('{"scrubbed"') for line in lines) == 1
