"""What is recorded stays on the tape, whoever writes there, and whatever cannot be written."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

from dari_nb.errors import InvalidRequestError, TapeError
from dari_nb.local import LocalDari
from dari_nb.tapes import Mark, Tape, flaws_of, read_tape

from .conftest import Caller, Calling, until

_SAID = "assistant.message_completed"
_ANEW = "the next turn that is recorded makes a new one, with those that it goes on from."


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "course").mkdir()
    return tmp_path / "course" / "lesson.tape"


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """As if another process, which is stopped, wrote tapes there."""
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(descriptor)


class Gated:
    """An agent whose turns end when they may."""

    def __init__(self, *prompts: str) -> None:
        self.gates = {prompt: Event() for prompt in prompts}
        self.asked: list[str] = []

    def __call__(self, prompt: str) -> str:
        self.asked.append(prompt)
        if prompt in self.gates:
            self.gates[prompt].wait()
        return f"{prompt}, done"


def sent(caller: Caller, text: str, agent: str = "gated") -> str:
    return str(caller.send(caller.create(agent), text)["message"]["id"])


def asked_on(path: Path) -> list[str]:
    return [str(turn.line.asked) for turn in read_tape(path).turns]


def by_another(path: Path, asked: str) -> None:
    """Write a turn to the end of a tape, and a question in front of its first one."""
    text = path.read_text()
    first = next(line for line in text.splitlines() if line.startswith('{"turn"'))
    mark = '{"mark":"mine","ask":"By hand?"}'
    more = json.dumps({**json.loads(first), "session": "sess_9", "asked": asked, "key": "a" * 16})
    end = '{"event":"message.status_changed","data":{"status":"completed"}}'
    path.write_text(text.replace(first, f"{mark}\n{first}", 1) + f"{more}\n{end}\n")


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged so far."""
    return [record.getMessage() for record in caplog.records]


def test_turns_that_end_out_of_order_leave_what_others_wrote(path: Path, calling: Calling) -> None:
    gated = Gated("long", "short")
    with LocalDari(tape=path) as server:
        server.agent("gated")(gated)
        caller = calling(server)
        caller.finished(sent(caller, "first"))
        long, short = sent(caller, "long"), sent(caller, "short")
        until(lambda: len(gated.asked), lambda n: n == 3)
        by_another(path, "theirs")
        gated.gates["short"].set()
        caller.finished(short)
        gated.gates["long"].set()
        caller.finished(long)
    tape = read_tape(path)
    assert [turn.line.asked for turn in tape.turns] == ["first", "theirs", "long", "short"]
    assert Mark("mine", "By hand?") in tape.turns[0].before
    assert tape.is_closed


def test_what_others_wrote_meanwhile_plays(path: Path, calling: Calling) -> None:
    gated = Gated("long")
    with LocalDari(tape=path) as one, LocalDari(tape=path) as other:
        for server in (one, other):
            server.agent("gated")(gated)
        caller, theirs = calling(one), calling(other)
        long = sent(caller, "long")
        theirs.finished(sent(theirs, "theirs"))
        caller.finished(sent(caller, "short"))
        gated.gates["long"].set()
        caller.finished(long)
        caller.finished(sent(caller, "theirs"))
    assert gated.asked.count("theirs") == 1
    assert asked_on(path) == ["theirs", "long", "short"]


def test_a_file_that_was_put_in_place_of_the_tape_is_said_once(
    path: Path, calling: Calling, caplog: pytest.LogCaptureFixture
) -> None:
    with LocalDari(tape=path) as server:
        caller = calling(server)
        caller.ask("echo", "r1")
        before = path.read_bytes()
        caller.ask("echo", "r2")
        caller.ask("echo", "r3")
        path.write_bytes(before)
        caller.ask("echo", "r4")
        caller.ask("echo", "r5")
        assert asked_on(path) == ["r1", "r4", "r5"]
        assert said(caplog) == [
            "lesson.tape was replaced: 2 turns recorded here are no longer on it."
        ]
        caplog.clear()
        path.rename(path.with_name("moved.tape"))
        caller.ask("echo", "r6")
        caller.ask("echo", "r7")
    assert asked_on(path) == ["r6", "r7"]
    assert said(caplog) == [
        f"lesson.tape is no longer there, nor are 3 turns recorded here: {_ANEW}"
    ]


def test_turns_that_went_with_the_tape_are_told_when_it_is_taken_out(
    path: Path, calling: Calling, caplog: pytest.LogCaptureFixture
) -> None:
    with LocalDari(tape=path) as server:
        calling(server).ask("echo", "r1")
        path.unlink()
    assert said(caplog) == [f"lesson.tape is no longer there, nor is 1 turn recorded here: {_ANEW}"]


def test_a_tape_that_was_emptied_is_made_anew_as_one_that_was_removed(
    path: Path, calling: Calling, caplog: pytest.LogCaptureFixture
) -> None:
    with LocalDari(tape=path) as server:
        caller = calling(server)
        first = caller.ask("echo", "r1")
        path.write_bytes(b"")
        caller.finished(caller.send(first["session_id"], "r2")["message"]["id"])
        assert asked_on(path) == ["r1", "r2"]
        path.write_bytes(b"")
    assert said(caplog) == [
        f"lesson.tape was emptied, with {turns} recorded here: {_ANEW}"
        for turns in ("1 turn", "2 turns")
    ]
    with pytest.raises(TapeError, match="is empty"):
        LocalDari(tape=path)


def test_several_that_record_turns_side_by_side_lose_none(path: Path, calling: Calling) -> None:
    names = [f"{who}{number}" for who in "abc" for number in range(3)]
    gated = Gated(*names)
    with LocalDari(tape=path) as a, LocalDari(tape=path) as b, LocalDari(tape=path) as c:
        callers = {}
        for who, server in zip("abc", (a, b, c), strict=True):
            server.agent("gated")(gated)
            callers[who] = calling(server)
        messages = {name: sent(callers[name[0]], name) for name in names}
        for name in sorted(names, key=lambda name: name[::-1], reverse=True):
            gated.gates[name].set()
            callers[name[0]].finished(messages[name])
    tape = read_tape(path)
    assert sorted(str(turn.line.asked) for turn in tape.turns) == names
    for who in "abc":
        own = [asked for asked in asked_on(path) if asked.startswith(who)]
        assert own == sorted(own)
    assert flaws_of(tape) == []
    assert tape.is_closed
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def versioned(server: LocalDari, version: str) -> None:
    @server.agent("versioned")
    def versioned(prompt: str) -> str:
        return f"{version} of {prompt}"


def converse(caller: Caller, *texts: str) -> None:
    session = caller.create("versioned")
    for text in texts:
        caller.finished(caller.send(session, text)["message"]["id"])


def test_who_records_anew_leaves_what_another_records_meanwhile(
    path: Path, calling: Calling, caplog: pytest.LogCaptureFixture
) -> None:
    with LocalDari(tape=path) as server:
        versioned(server, "v1")
        converse(calling(server), *"ab")
    anew = Tape(path, mode="record")
    with LocalDari(tape=anew) as one, LocalDari(tape=anew) as other, LocalDari(tape=path) as third:
        for server, version in ((one, "v2"), (other, "v3"), (third, "v4")):
            versioned(server, version)
            converse(calling(server), *"abz")
    tape = read_tape(path)
    answers = sorted(str(turn.events[-2].data["content"][0]["text"]) for turn in tape.turns)
    assert answers == [f"{version} of {text}" for version in ("v2", "v3") for text in "abz"]
    assert flaws_of(tape) == []
    assert caplog.records == []


KILLED = """
import os, signal, sys
from dari_nb.local import LocalDari
from conftest import Caller
with LocalDari(tape=sys.argv[1]) as server:
    caller = Caller(server)
    for text in ("one", "two"):
        assert caller.ask("echo", text)["status"] == "completed"
    os.kill(os.getpid(), signal.SIGKILL)
"""


def kill_next_to_another(path: Path) -> None:
    """Kill a process whose turns have ended, and could not be put on the tape."""
    with held(path.parent):
        done = run(KILLED, path)
        assert done.returncode == -signal.SIGKILL
        assert not path.exists()


def run(script: str, path: Path, *settings: str) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[2]
    env = {**os.environ, "PYTHONPATH": f"{root}:{root / 'tests' / 'local'}"}
    command = [sys.executable, "-c", script, str(path), *settings]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def test_what_has_ended_while_another_holds_the_folder_outlives_a_kill(
    path: Path, calling: Calling
) -> None:
    kill_next_to_another(path)
    with LocalDari(tape=path) as server:
        calling(server).ask("echo", "three")
    assert asked_on(path) == ["one", "two", "three"]
    assert [turn.status for turn in read_tape(path).turns] == ["completed"] * 3
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_turn_of_which_half_was_written_is_whole_again(path: Path, calling: Calling) -> None:
    kill_next_to_another(path)
    journal = path.with_name(f"{path.name}.running").read_text().splitlines(keepends=True)
    lines = [line.partition(" ")[2] for line in journal if line.startswith("1 ")]
    path.write_text("".join(['{"dari_tape":1,"times":true}\n', *lines[:3], lines[3][:20]]))
    with LocalDari(tape=path) as server:
        calling(server).ask("echo", "three")
    assert asked_on(path) == ["one", "two", "three"]
    assert [turn.status for turn in read_tape(path).turns] == ["completed"] * 3


def test_what_was_left_is_taken_in_once_by_several(path: Path, calling: Calling) -> None:
    kill_next_to_another(path)
    with LocalDari(tape=path) as one, LocalDari(tape=path) as other:
        calling(one).ask("echo", "three")
        calling(other).ask("echo", "four")
    assert asked_on(path) == ["one", "two", "three", "four"]


def test_a_stop_names_what_it_does_not_wait_for_and_loses_nothing(
    path: Path, calling: Calling
) -> None:
    server = LocalDari(tape=path).start()
    calling(server).ask("echo", "one")
    with held(path.parent):
        calling(server).ask("echo", "two")
        with pytest.raises(InvalidRequestError) as told:
            server.stop()
        assert f"perhaps is stopped, writes tapes in this folder: '{path.parent}'" in str(
            told.value
        )
        assert f"What it lacks is in {path}.running" in str(told.value)
    assert asked_on(path) == ["one"]
    with LocalDari(tape=path) as again:
        calling(again).ask("echo", "three")
    assert asked_on(path) == ["one", "two", "three"]


def test_where_nothing_can_be_written_nobody_is_asked(path: Path, calling: Calling) -> None:
    gated = Gated()
    with LocalDari(tape=path) as server:
        server.agent("gated")(gated)
        caller = calling(server)
        shutil.rmtree(path.parent)
        body = {"type": "user.message", "content": [{"type": "text", "text": "lost"}]}
        status, detail = caller.refused(f"/agents/{caller.agent_id('gated')}/messages", body)
        assert status == 409
        assert "The tape could not be written (No such file or directory)" in detail
        path.parent.mkdir()
        caller.finished(sent(caller, "kept"))
    assert gated.asked == ["kept"]
    assert asked_on(path) == ["kept"]


def test_a_turn_that_could_not_be_written_is_said_at_once_and_written_later(
    path: Path, calling: Calling, caplog: pytest.LogCaptureFixture
) -> None:
    gated = Gated("one")
    with LocalDari(tape=path) as server:
        server.agent("gated")(gated)
        caller = calling(server)
        message = sent(caller, "one")
        shutil.rmtree(path.parent)
        gated.gates["one"].set()
        with caplog.at_level(logging.WARNING):
            caller.finished(message)
        assert "A turn could not be written to the tape (No such file or directory)" in caplog.text
        path.parent.mkdir()
        caller.finished(sent(caller, "two"))
    assert asked_on(path) == ["one", "two"]


FULL = """
import resource, signal, sys
from dari_nb.local import LocalDari
from conftest import Caller
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path, most = sys.argv[1], resource.getrlimit(resource.RLIMIT_FSIZE)[1]
with LocalDari(tape=path) as server:
    caller = Caller(server)
    caller.ask("echo", "one")
    before = open(path, "rb").read()
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, most))
    caller.ask("echo", "two " * 9_000)
    assert open(path, "rb").read() == before
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    caller.ask("echo", "three")
"""


def test_a_turn_for_which_there_was_no_room_is_written_when_there_is(path: Path) -> None:
    done = run(FULL, path)
    assert done.returncode == 0
    assert "could not be written to the tape (File too large)" in done.stderr
    assert [asked[:5].strip() for asked in asked_on(path)] == ["one", "two t", "three"]
    assert read_tape(path).is_closed


ROOM = """
import resource, signal, sys
import dari_nb as dari
from dari_nb.local import LocalDari
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path, most = sys.argv[1], resource.getrlimit(resource.RLIMIT_FSIZE)[1]
with LocalDari() as server:
    d = dari.connect(base_url=server.url, api_key=server.api_key)
    if sys.argv[2] == "here":
        d = dari.Dari(server.url, server.api_key, server)
    d.insert(path)
    d.agents["echo"].send("one").wait()
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, most))
    d.agents["echo"].send("two " * 9_000).wait()
    for _ in range(2):
        try:
            d.eject()
        except dari.DariError as error:
            print(error)
    print(d.tape is None)
    d.agents["echo"].send("on no tape").wait()
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    if sys.argv[3] == "in":
        d.insert(path)
        d.agents["echo"].send("three").wait()
    if sys.argv[3] != "end":
        d.eject()
        print(d.tape is None)
    d.close()
"""


@pytest.mark.parametrize("then", ["out", "in", "end"])
@pytest.mark.parametrize("where", ["here", "elsewhere"])
def test_a_tape_for_which_there_was_no_room_is_taken_out_again_when_there_is(
    path: Path, where: str, then: str
) -> None:
    done = run(ROOM, path, where, then)
    assert done.returncode == 0, done.stderr
    told = (
        "The tape is not whole: [Errno 27] File too large. What it lacks is in no file yet: mend "
        "that, and take the tape out again. What is asked until then is on no tape."
    )
    assert done.stdout.splitlines() == [told, told, "False", *(["True"] if then != "end" else [])]
    more = ["three"] if then == "in" else []
    assert [asked[:5].strip() for asked in asked_on(path)] == ["one", "two t", *more]
    assert {turn.status for turn in read_tape(path).turns} == {"completed"}
    assert flaws_of(read_tape(path)) == []
    assert read_tape(path).is_closed
    assert [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("what", ["the file", "its folder"])
def test_a_tape_that_may_only_be_read_says_so_when_it_is_put_in(
    path: Path,
    calling: Calling,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    what: str,
) -> None:
    with LocalDari(tape=path) as server:
        calling(server).ask("echo", "one")
    (path if what == "the file" else path.parent).chmod(0o555)
    if os.access(path, os.W_OK):  # root may write all that there is
        monkeypatch.setattr(os, "access", lambda at, mode: at.stat().st_mode & 0o222)
    said = f"cannot be recorded on: {what} may only be read."
    with LocalDari() as server:
        for mode in ("play", "auto"):
            server.insert(Tape(path, mode=mode))  # type: ignore[arg-type]
            assert [f"lesson.tape {said}" in each for each in caplog.messages] == (
                [True] if mode == "auto" else []
            )
            assert calling(server).ask("echo", "one")["status"] == "completed"
        with pytest.raises(InvalidRequestError, match=re.escape(f"The tape {path} {said}")):
            server.insert(Tape(path, mode="record"))
        if what == "its folder":
            with pytest.raises(InvalidRequestError, match=f"other.tape {said}"):
                server.insert(path.with_name("other.tape"))
    path.parent.chmod(0o755)


LOST = """
import resource, signal, sys
from dari_nb.local import LocalDari
from dari_nb.errors import DariError
from conftest import Caller
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path, most = sys.argv[1], resource.getrlimit(resource.RLIMIT_FSIZE)[1]
server = LocalDari(tape=path).start()
caller = Caller(server)
caller.ask("echo", "one")
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, most))
caller.ask("echo", "two " * 9_000)
for take_out in (*([server.eject] if sys.argv[2] == "ejected" else []), server.stop):
    try:
        take_out()
    except DariError as error:
        print(error)
"""


@pytest.mark.parametrize("before", ["ejected", "in"])
def test_a_stop_by_which_something_is_lost_says_so_whatever_was_said_before(
    path: Path, before: str
) -> None:
    done = run(LOST, path, before)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == (
        "The tape is not whole: [Errno 27] File too large. What it lacks could be kept in no file, "
        "and is lost."
    )


def spoil(path: Path, how: str) -> None:
    """Put something that is no tape in the place of a tape."""
    path.unlink()
    if how == "a folder":
        path.mkdir()
    else:
        path.write_text("<<<<<<< HEAD\nnonsense\n")


@pytest.mark.parametrize("how", ["a folder", "garbage"])
@pytest.mark.parametrize("runs", [False, True])
def test_what_was_recorded_outlives_what_is_put_in_the_place_of_the_tape(
    path: Path, calling: Calling, how: str, runs: bool
) -> None:
    gated = Gated("runs")
    with LocalDari(tape=path) as server:
        server.agent("gated")(gated)
        caller = calling(server)
        session = caller.create("gated")
        for text in ("one", "two"):
            caller.finished(caller.send(session, text)["message"]["id"])
        by_hand = path.read_text().replace('{"turn":"msg_2"', '# Mine.\n{"turn":"msg_2"')
        path.write_text(by_hand)
        caller.finished(caller.send(session, "three")["message"]["id"])
        if runs:
            message = caller.send(session, "runs")["message"]["id"]
        spoil(path, how)
        if runs:
            gated.gates["runs"].set()
            caller.finished(message)
        with pytest.raises(InvalidRequestError) as told:
            server.eject()
        assert f"What it lacks is in {path}.running, and comes onto it when" in str(told.value)
        assert server.tape is not None
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with LocalDari(tape=path) as server:
        calling(server).ask("echo", "four")
    tape = read_tape(path)
    assert [turn.line.asked for turn in tape.turns] == [
        *("one", "two", "three", *(["runs"] if runs else []), "four")
    ]
    assert [len(turn.before) for turn in tape.turns][:3] == [0, 1, 0]
    assert {turn.line.session for turn in tape.turns[:-1]} == {"sess_1"}
    assert flaws_of(tape) == []
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_what_ran_while_the_folder_was_moved_is_said_to_be_where_it_is(
    path: Path, calling: Calling
) -> None:
    gated, moved = Gated("runs"), path.parent.with_name("moved")
    with LocalDari(tape=path) as server:
        server.agent("gated")(gated)
        caller = calling(server)
        caller.finished(sent(caller, "one"))
        runs = sent(caller, "runs")
        path.parent.rename(moved)
        gated.gates["runs"].set()
        caller.finished(runs)
        with pytest.raises(InvalidRequestError) as told:
            server.eject()
        journal = moved / f"{path.name}.running"
        assert f"What it lacks is in {journal}, and comes onto it when it is put" in str(told.value)
        assert journal.exists()
        moved.rename(path.parent)
        server.eject()
    assert asked_on(path) == ["one", "runs"]
    assert [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("as_it_was", [False, True])
def test_a_tape_that_was_spoiled_is_taken_out_once_that_is_mended(
    path: Path, calling: Calling, as_it_was: bool
) -> None:
    with LocalDari(tape=Tape(path, mode="record")) as server:
        calling(server).ask("echo", "one")
        before = path.read_bytes()
        spoil(path, "garbage")
        for _ in range(2):
            with pytest.raises(InvalidRequestError, match="or taken out again once"):
                server.eject()
        path.unlink()
        if as_it_was:
            path.write_bytes(before)
        server.eject()
        assert server.tape is None
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_tape_is_taken_out_again_once_nobody_holds_its_folder(
    path: Path, calling: Calling
) -> None:
    with LocalDari(tape=path) as server:
        calling(server).ask("echo", "one")
        with held(path.parent):
            calling(server).ask("echo", "two")
            with pytest.raises(InvalidRequestError, match="writes tapes in this folder"):
                server.eject()
        server.eject()
        assert server.tape is None
    assert asked_on(path) == ["one", "two"]
    assert read_tape(path).is_closed
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_another_tape_can_be_put_in_where_a_journal_has_what_one_lacks(
    path: Path, calling: Calling
) -> None:
    other = path.with_name("other.tape")
    with LocalDari(tape=path) as server:
        calling(server).ask("echo", "one")
        spoil(path, "a folder")
        with pytest.raises(InvalidRequestError):
            server.insert(other)
        server.insert(other)
        calling(server).ask("echo", "two")
    assert asked_on(other) == ["two"]
    path.rmdir()
    LocalDari(tape=path).start().stop()
    assert asked_on(path) == ["one"]


class Model:
    """An agent whose model may be down, or hang."""

    def __init__(self) -> None:
        self.does, self.name = "answer", "good"
        self.hangs, self.may_go = Event(), Event()

    def __call__(self, prompt: str) -> str:
        if self.does in ("fail", {"q1": "fail first", "q2": "fail second"}.get(prompt)):
            raise RuntimeError("model is down: 503")
        if self.does == "hang":
            self.hangs.set()
            self.may_go.wait()
        return f"{self.name} answer to {prompt}"


def talk(caller: Caller, *prompts: str) -> list[str]:
    """Ask in one session, and give what came of it."""
    session = caller.create("model")
    for prompt in prompts:
        caller.finished(caller.send(session, prompt)["message"]["id"])
    said = (one["data"] for one in caller.events(session) if one["type"] == _SAID)
    return [data["content"][0]["text"] for data in said]


def recorded_by(path: Path, model: Model, calling: Calling, *prompts: str, again: bool) -> None:
    with LocalDari(tape=Tape(path, mode="record" if again else "auto")) as server:
        server.agent("model")(model)
        talk(calling(server), *prompts)


def played(path: Path, calling: Calling, *prompts: str) -> list[str]:
    with LocalDari(tape=Tape(path, mode="play", speed="instant")) as server:
        return talk(calling(server), *prompts)


@pytest.mark.parametrize("asked", [("q1",), ("q1", "q2")])
def test_of_several_that_ask_again_what_waits_and_failed_each_keeps_its_answer(
    path: Path, calling: Calling, asked: Sequence[str]
) -> None:
    model = Model()
    recorded_by(path, model, calling, *(asked[:-1] or ["before"]), again=False)
    model.does = "fail"
    recorded_by(path, model, calling, asked[-1], again=False)
    if len(asked) > 1:
        model.does = "fail second"
        recorded_by(path, model, calling, *asked, again=False)
    gates = {name: Event() for name in ("one", "other")}
    runs = {name: Event() for name in gates}

    def gated(name: str) -> Callable[[str], str]:
        def answers(prompt: str) -> str:
            runs[name].set()
            gates[name].wait()
            return f"{name} answer to {prompt}"

        return answers

    with LocalDari(tape=path) as one, LocalDari(tape=path) as other:
        sent_by = {}
        for name, server in (("one", one), ("other", other)):
            server.agent("model")(gated(name))
            caller = calling(server)
            session = caller.create("model")
            for prompt in asked[:-1]:
                caller.finished(caller.send(session, prompt)["message"]["id"])
            runs[name].clear()
            sent_by[name] = caller, caller.send(session, asked[-1])["message"]["id"]
            assert runs[name].wait(60)
        for name, (caller, message) in sent_by.items():
            gates[name].set()
            caller.finished(message)
    tape = read_tape(path)
    said = [event.data for turn in tape.turns for event in turn.events if event.event == _SAID]
    texts = {data["content"][0]["text"] for data in said}
    assert {f"{name} answer to {asked[-1]}" for name in gates} <= texts
    assert flaws_of(tape) == []


@pytest.mark.parametrize("others", ["answers", "fails"])
@pytest.mark.parametrize("ends", ["answers", "fails", "is cancelled"])
@pytest.mark.parametrize("is_new", [False, True])
def test_who_has_to_stand_aside_for_others_takes_no_place_of_its_own_recording(
    path: Path, calling: Calling, ends: str, others: str, *, is_new: bool
) -> None:
    gates, asked = [Event(), Event()], list[str]()

    def mine(prompt: str) -> str:
        number = len(asked)
        asked.append(prompt)
        gates[number].wait()
        if number == 0 and ends == "fails":
            raise RuntimeError("It broke.")
        return f"mine {number}"

    def theirs(prompt: str) -> str:
        if others == "fails":
            raise RuntimeError("It broke.")
        return "theirs"

    if is_new:
        recorded_by(path, Model(), calling, "before", again=False)
    with LocalDari(tape=path) as one, LocalDari(tape=path) as other:
        one.agent("model")(mine)
        other.agent("model")(theirs)
        caller = calling(one)
        sessions, messages = [caller.create("model") for _ in range(2)], []
        for session in sessions:
            messages.append(caller.send(session, "q")["message"]["id"])
            until(lambda: len(asked), len(messages).__eq__)
        first, second = messages
        talk(calling(other), "q")
        gates[1].set()
        caller.finished(second)
        if ends == "is cancelled":
            body = {"type": "message.cancel_requested", "message_id": first}
            caller.post(f"/sessions/{sessions[0]}/events", body)
        gates[0].set()
        caller.finished(first)
    tape = read_tape(path)
    said = [event.data for turn in tape.turns for event in turn.events if event.event == _SAID]
    texts = {data["content"][0]["text"] for data in said}
    assert "mine 1" in texts
    assert ("mine 0" in texts) == (ends == "answers")
    assert ("theirs" in texts) == (others == "answers")
    assert flaws_of(tape) == []


def test_a_turn_that_failed_gives_way_where_it_is_asked_again(path: Path, calling: Calling) -> None:
    model = Model()
    recorded_by(path, model, calling, "q1", "q2", again=False)
    with LocalDari(tape=Tape(path, mode="record")) as server:
        server.agent("model")(model)
        model.name = "better"
        for does in ("fail", "answer"):
            model.does = does
            talk(calling(server), "q1", "q2")
    assert [(turn.line.asked, turn.line.take) for turn in read_tape(path).turns] == [
        *(("q1", 1), ("q2", 1))
    ]
    assert played(path, calling, "q1", "q2") == ["better answer to q1", "better answer to q2"]
