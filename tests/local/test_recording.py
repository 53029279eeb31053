"""What a local Dari records on a tape, found out from the file alone."""

from __future__ import annotations

import base64
import fcntl
import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from threading import Event, Thread, Timer
from typing import Any

import pytest

from dari_nb.cli.cli import main
from dari_nb.errors import InvalidRequestError, TapeError, TapeMissError
from dari_nb.local import Draft, LocalDari, NewAttempt, Reasoning, ToolCall, ToolResult, Usage
from dari_nb.local import Turn as Asked
from dari_nb.resources import Dari
from dari_nb.tapes import EventLine, Tape, Turn, flaws_of, read_tape, write_tape
from dari_nb.tapes.lines import encoded

from .conftest import Caller, killed_after, until

OPEN: list[Caller] = []


def calling(server: LocalDari) -> Caller:
    OPEN.append(Caller(server))
    return OPEN[-1]


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while OPEN:
        OPEN.pop().http.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lesson.tape"


def outcome(turn: Turn) -> list[str]:
    """What came of a turn, as briefly as it can be told."""
    return [
        entry.event if isinstance(entry, EventLine) else entry.text  # type: ignore[union-attr]
        for entry in turn.body
    ]


def busy(prompt: str, turn: Asked) -> Any:
    """Does all that an agent can do."""
    yield Draft("Hm", "reasoning")
    yield Draft("One ")
    yield Draft("moment.")
    yield Reasoning("Hm.")
    yield "One moment."
    yield NewAttempt("the line was busy")
    yield Draft('{"a"', "arguments", "look", call="x9")
    call = yield ToolCall("look", {"a": prompt})
    yield ToolResult({"seen": True}, tool_call_id=call)
    yield Usage(Decimal("0.01"), input_tokens=20, output_tokens=5)
    yield f"Done: {prompt}"


def record(path: Path, *prompts: str, agent: Any = busy, **settings: Any) -> bytes:
    with LocalDari(tape=Tape(path, mode="record", **settings)) as server:
        server.agent("busy", llms=["small", "large"])(agent)
        caller = calling(server)
        session = caller.create("busy", metadata={"lesson": "3"})
        for prompt in prompts:
            caller.finished(caller.send(session, prompt)["message"]["id"])
    return path.read_bytes()


def test_a_turn_is_recorded_with_all_that_came_of_it(path: Path) -> None:
    record(path, "first", "second")
    tape = read_tape(path)
    assert tape.is_closed
    assert flaws_of(tape) == []
    first, second = tape.turns
    assert outcome(first) == [
        "message.status_changed",
        *("Hm", "One ", "moment.", "assistant.message_completed"),
        "message.status_changed",
        '{"a"',
        "tool.call_requested",
        "tool.call_completed",
        "assistant.message_completed",
        "message.status_changed",
    ]
    assert first.events[2].data["reason"] == "the line was busy"
    assert first.events[-1].data["usage"] == {"input_tokens": 20, "output_tokens": 5}
    assert (first.line.asked, first.line.llm, first.line.cost) == ("first", "small", "0.01")
    assert first.line.metadata == {"lesson": "3"}
    assert second.line.parent == first.line.key
    assert second.line.metadata == {}
    assert list(first.agent.llms) == ["small", "large"]
    assert all(line.after >= 0 for line in first.body)  # type: ignore[union-attr,operator]


@contextmanager
def written_by_another(folder: Path) -> Iterator[int]:
    """As if another process wrote tapes there, until the file that is given is closed."""
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield descriptor
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def test_who_is_told_that_a_turn_has_ended_finds_it_on_the_tape(path: Path) -> None:
    with LocalDari(tape=path) as server:
        caller = calling(server)
        session = caller.create("echo")
        with written_by_another(path.parent) as theirs:
            done = Timer(0.3, fcntl.flock, [theirs, fcntl.LOCK_UN])
            done.start()
            caller.finished(caller.send(session, "first")["message"]["id"])
            done.join()
        [turn] = read_tape(path).turns
        assert turn.line.asked == "first"


def test_a_turn_ends_though_its_tape_cannot_be_written_for_long(path: Path) -> None:
    with LocalDari(tape=path) as server:
        caller = calling(server)
        session = caller.create("echo")
        with written_by_another(path.parent):
            caller.finished(caller.send(session, "first")["message"]["id"])
            assert not path.exists()
    [turn] = read_tape(path).turns
    assert turn.line.asked == "first"


def test_the_same_asked_again_without_times_is_the_same_bytes(path: Path, tmp_path: Path) -> None:
    prompts = ("first", "second", "first")
    one = record(path, *prompts, times=False)
    assert record(tmp_path / "other.tape", *prompts, times=False) == one
    assert record(path, *prompts, times=False) == one


def test_recorded_again_a_turn_takes_its_own_place_and_the_rest_stays(path: Path) -> None:
    record(path, "first", "second")
    before = read_tape(path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:3], b"# Watch this.\n", *lines[3:]]))
    record(path, "first", agent=lambda _: "Otherwise.")
    first, second = read_tape(path).turns
    assert outcome(first) == ["# Watch this.", *["message.status_changed"], *outcome(first)[2:]]
    assert first.events[1].data["content"][0]["text"] == "Otherwise."
    assert first.place == before.turns[0].place
    assert second.body == before.turns[1].body


def test_repeats_are_takes_and_a_batch_is_in_its_order(path: Path) -> None:
    gates = {text: Event() for text in ("a", "b")}

    def waiting(prompt: str) -> str:
        gates[prompt].wait()
        return prompt

    with LocalDari(tape=path) as server:
        server.agent("waiting")(waiting)
        caller = calling(server)
        agent = caller.agent_id("waiting")
        texts = ["a", "b", "a"]
        items = [
            {"agent_id": agent, "message": {"content": [{"type": "text", "text": text}]}}
            for text in texts
        ]
        batch = caller.post("/session-batches", {"items": items})["batch_id"]
        gates["b"].set()
        until(
            lambda: caller.get(f"/session-batches/{batch}"),
            lambda told: told["sessions"][1]["status"] == "completed",
        )
        gates["a"].set()
        until(
            lambda: caller.get(f"/session-batches/{batch}"),
            lambda told: told["status"] == "completed",
        )
    turns = read_tape(path).turns
    assert [(turn.line.asked, turn.line.take) for turn in turns] == [("a", 1), ("b", 1), ("a", 2)]
    assert [turn.line.session for turn in turns] == ["sess_1", "sess_2", "sess_3"]


def test_files_are_known_by_what_is_in_them(path: Path) -> None:
    with LocalDari(tape=Tape(path, mode="record")) as server:
        caller = calling(server)
        for name in ("a.csv", "b.csv"):
            caller.ask("echo", "Read it.", caller.upload(name, b"x,y\n1,2\n"))
    first, second = read_tape(path).turns
    assert first.line.key == second.line.key
    assert first.line.asked[1]["file_id"] == "file_1"  # type: ignore[index]
    assert first.line.asked[1]["filename"] == "a.csv"  # type: ignore[index]


def test_the_tape_is_whole_whenever_nothing_runs(path: Path) -> None:
    with LocalDari(tape=path) as server:
        caller = calling(server)
        for number in range(3):
            caller.ask("echo", f"{number}")
            tape = until(lambda: path.exists() and read_tape(path), lambda t: t and t.is_closed)
            until(lambda: len(read_tape(path).turns), lambda n, most=number + 1: n == most)
            assert flaws_of(tape) == []
        assert not (path.parent / "lesson.tape.running").exists()


def test_a_tape_that_nothing_is_recorded_on_is_not_made(path: Path) -> None:
    with LocalDari(tape=path):
        pass
    assert not path.exists()


KILLED = """
import os, signal, sys
from dari_nb.local import Draft, LocalDari, ToolCall, ToolResult
from conftest import Caller
with LocalDari(tape=sys.argv[1]) as server:
    @server.agent("slow")
    def slow(prompt):
        if prompt == "die":
            yield ToolCall("look", {"at": prompt})
            yield ToolResult("seen")
            print("there", flush=True)
            import time; time.sleep(600)
        yield prompt
    caller = Caller(server)
    session = caller.create("slow")
    caller.finished(caller.send(session, "one")["message"]["id"])
    caller.send(session, "die")
    sys.stdin.read()
"""


def tells(journal: Path) -> bool:
    """Whether a journal, which may be gone by now, is of the process that is to be killed."""
    try:
        return b"seen" in journal.read_bytes()
    except OSError:
        return False


@contextmanager
def killed(path: Path, **variables: str) -> Iterator[Path]:
    """Kill a process while it records; gives its journal."""
    with killed_after(KILLED, path, **variables):
        journal = until(lambda: next(filter(tells, path.parent.glob("*.running*")), None), bool)
    yield journal


def test_a_process_that_is_killed_leaves_a_tape_up_to_there(path: Path) -> None:
    with killed(path) as journal:
        pass
    assert [turn.status for turn in read_tape(path).turns] == ["completed"]
    with LocalDari(tape=path) as server:
        calling(server).ask("echo", "later")
    turns = read_tape(path).turns
    assert [turn.line.asked for turn in turns] == ["one", "die", "later"]
    assert outcome(turns[1])[-1] == "tool.call_completed"
    assert turns[1].status is None
    assert not journal.exists()


def test_what_a_killed_process_left_is_said_before_it_is_on_the_tape(
    path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with killed(path):
        pass
    said = (
        "lesson.tape.running holds 1 turn, 'die' (cut off), of a process that was killed or could "
        "not write lesson.tape: it comes onto lesson.tape with what is recorded next. To keep it "
        "off, take the tape out, and then remove lesson.tape.running"
    )
    for name, status in (("show", 0), ("check", 1)):
        assert main(["tape", name, str(path)]) == status
        assert capsys.readouterr().out.splitlines()[-1] == f"{path}: {said}"
    with caplog.at_level(logging.WARNING), LocalDari(tape=path) as server:
        for text in ("later", "again"):
            calling(server).ask("echo", text)
    assert [record.getMessage() for record in caplog.records] == [f"{said}."]
    assert main(["tape", "show", str(path)]) == 0
    assert "killed" not in capsys.readouterr().out


def test_what_a_killed_process_left_of_another_tape_stays_beside_it(
    path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    record(path, "first", "second")
    first, second = read_tape(path).turns
    journal = path.with_name("lesson.tape.running")
    lines = [second.agent, second.line, *second.body[:2]]
    journal.write_bytes(b"".join(b"1 %b" % encoded(line) for line in lines))
    left, whole = journal.read_bytes(), path.rename(path.with_name("other.tape"))
    assert main(["tape", "show", str(path)]) == 2
    said = (
        "lesson.tape.running holds 1 turn, 'second' (cut off), of a process that was killed or "
        "could not write lesson.tape: what 'second' goes on from is not on lesson.tape, so "
        "lesson.tape.running is of another tape, and stays as it is: put it beside that one, named "
        "as that with .running behind, or remove it"
    )
    assert said in capsys.readouterr().out
    with caplog.at_level(logging.WARNING):
        record(path, "else")
    assert [record.getMessage() for record in caplog.records] == [f"{said}."]
    assert [turn.line.asked for turn in read_tape(path).turns] == ["else"]
    assert journal.read_bytes() == left
    tape = read_tape(whole)
    tape.turns = [first]
    write_tape(tape, whole)
    journal.rename(whole.with_name("other.tape.running"))
    record(whole, "else")
    assert [turn.line.asked for turn in read_tape(whole).turns] == ["first", "second", "else"]


@pytest.mark.parametrize(
    ("line", "broken", "events"),
    [
        (1, b"garbage \xff", None),
        (2, b'2 {"agent":"slow"', None),
        (3, b'2 {"turm":"msg_2"}', None),
        (4, b'2 {"after":0.0', []),
        (6, b'2 {"event":"tool.call_completed","data":5}', ["status_changed", "call_requested"]),
    ],
)
def test_a_damaged_journal_is_taken_in_up_to_there_and_put_aside(
    path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    line: int,
    broken: bytes,
    events: list[str] | None,
) -> None:
    with killed(path) as journal:
        pass
    whole = journal.read_bytes().splitlines()
    damaged = b"\n".join([*whole[: line - 1], broken, *whole[line:], b""])
    journal.write_bytes(damaged)
    before = "Nothing stands before it that is not on lesson.tape"
    if events is not None:
        before = "What stands before it, 1 turn, 'die' (cut off), comes onto lesson.tape"
    said = (
        f"lesson.tape.running is damaged: line {line} cannot be read. {before}; with what is "
        "recorded next lesson.tape.running is put aside as lesson.tape.running-damaged. For what "
        "stands behind that line, mend it or take it out, and name the file lesson.tape.running; "
        "or remove the file"
    )
    assert main(["tape", "check", str(path)]) == 1
    assert capsys.readouterr().out == f"{path}: {said}\n"
    with caplog.at_level(logging.WARNING):
        for text in ("later", "again"):
            record(path, text)
    assert [record.getMessage() for record in caplog.records] == [f"{said}."]
    [one, *died, _, _] = read_tape(path).turns
    assert one.line.asked == "one"
    assert [outcome(turn) for turn in died] == [
        [f"{'message' if 'status' in each else 'tool'}.{each}" for each in events]
        for events in ([] if events is None else [events])
    ]
    aside = path.with_name("lesson.tape.running-damaged")
    assert [each.name for each in sorted(path.parent.iterdir())] == [path.name, aside.name]
    assert aside.read_bytes() == damaged
    assert main(["tape", "check", str(path)]) == 1
    assert f"{aside.name} was put aside: line {line} cannot be read" in capsys.readouterr().out
    aside.write_bytes(b"\n".join([*whole, b""]))
    assert main(["tape", "check", str(path)]) == 1
    assert f"{aside.name} was put aside, and can be read: name it" in capsys.readouterr().out
    aside.rename(journal)
    record(path, "last")
    [died] = [turn for turn in read_tape(path).turns if turn.line.asked == "die"]
    assert outcome(died)[-1] == "tool.call_completed"
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_journal_whose_writer_was_stopped_in_a_line_is_not_damaged(path: Path) -> None:
    with killed(path) as journal:
        pass
    opening = journal.read_bytes().splitlines()[2]
    with journal.open("ab") as file:
        file.write(opening[:-20])
    record(path, "later")
    [_, died, _] = read_tape(path).turns
    assert outcome(died)[-1] == "tool.call_completed"
    assert [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_a_journal_that_is_no_file_is_refused(
    path: Path, capsys: pytest.CaptureFixture[str], make: Any
) -> None:
    record(path, "one")
    make(f"{path}.running")
    words = f"The journal {path}.running is a folder, a pipe or a device, and no file: give it"
    assert main(["tape", "check", str(path)]) == 2
    assert words in capsys.readouterr().err
    with LocalDari() as server, pytest.raises(InvalidRequestError, match=re.escape(words)):
        server.insert(path)


def test_what_is_not_named_as_a_journal_is_left_alone(path: Path) -> None:
    note = path.with_name("lesson.tape.running.txt")
    note.write_text("Mine.")
    record(path, "one")
    assert note.read_text() == "Mine."


def test_what_a_killed_process_left_is_recorded_anew_once(path: Path) -> None:
    with killed(path):
        pass
    with LocalDari(tape=path) as server:
        server.agent("slow")(lambda prompt: f"{prompt}, again")
        caller = calling(server)
        session = caller.create("slow")
        for prompt in ("one", "die"):
            caller.finished(caller.send(session, prompt)["message"]["id"])
    tape = read_tape(path)
    assert [turn.line.asked for turn in tape.turns] == ["one", "die"]
    assert flaws_of(tape) == []


def test_two_that_record_on_one_tape_are_both_whole_in_it(path: Path) -> None:
    gates = {text: Event() for text in ("a", "b", "the same")}

    def waiting(prompt: str) -> Any:
        yield f"{prompt}, one moment."
        if prompt in gates:
            gates[prompt].wait()
        yield f"{prompt} from here"

    with LocalDari(tape=path) as one, LocalDari(tape=path) as other:
        callers = [calling(one), calling(other)]
        sessions, messages = [], []
        for server, caller, text in zip((one, other), callers, "ab", strict=True):
            server.agent("waiting")(waiting)
            sessions.append(caller.create("waiting"))
            messages.append(caller.send(sessions[-1], text)["message"]["id"])
        journals = [path.with_name(f"{path.name}.running{end}") for end in ("", "-2")]
        until(lambda: [each.exists() for each in journals], all)
        for text, caller, message in zip("ab", callers, messages, strict=True):
            gates[text].set()
            caller.finished(message)
        for text in ("c", "d"):
            for caller, session in zip(callers, sessions, strict=True):
                caller.finished(
                    caller.send(session, f"{text} sk-proj-canary-0123456789")["message"]["id"]
                )
        messages = [
            caller.send(caller.create("waiting"), "the same")["message"]["id"] for caller in callers
        ]
        until(lambda: [each.exists() for each in journals], all)
        gates["the same"].set()
        for caller, message in zip(callers, messages, strict=True):
            caller.finished(message)
    tape = read_tape(path)
    assert tape.is_closed
    assert flaws_of(tape) == []
    assert len({turn.line.session for turn in tape.turns}) == 4
    by_session: dict[str, list[object]] = {}
    for turn in tape.turns:
        by_session.setdefault(turn.line.session, []).append(turn.line.asked)
    assert sorted(map(str, by_session.values())) == sorted(
        map(str, [["a", *LATER], ["b", *LATER], ["the same"], ["the same"]])
    )
    assert all(len(turn.events) == 4 for turn in tape.turns)
    same = [turn for turn in tape.turns if turn.line.asked == "the same"]
    assert [turn.line.take for turn in same] == [1, 2]
    assert tape.scrubbed == {"providers": 12}
    assert [each.name for each in path.parent.iterdir()] == [path.name]


LATER = ["c [scrubbed]", "d [scrubbed]"]


def test_what_a_killed_process_left_is_kept_when_others_record_as_well(path: Path) -> None:
    with killed(path):
        pass
    with LocalDari(tape=path) as one:
        with LocalDari() as other:
            journal = path.with_name("lesson.tape.running").rename(path.with_name("journal"))
            other.insert(path)
            calling(other).ask("echo", "from the other one")
            journal.rename(path.with_name("lesson.tape.running"))
        calling(one).ask("echo", "later")
    asked = sorted(str(turn.line.asked) for turn in read_tape(path).turns)
    assert asked == ["die", "from the other one", "later", "one"]
    assert [each.name for each in path.parent.iterdir()] == [path.name]


@contextmanager
def recording(path: Path) -> Iterator[None]:
    """Record a turn, which ends behind all that is recorded meanwhile."""
    gate = Event()
    with LocalDari(tape=path) as server:
        caller = calling(server)
        server.agent("gated")(lambda prompt: gate.wait() and prompt)
        message = caller.send(caller.create("gated"), "gated")["message"]["id"]
        until(lambda: [*path.parent.glob("*.running-2")], bool)
        yield
        gate.set()
        caller.finished(message)


def asked_of(path: Path) -> list[tuple[str, str | None]]:
    turns = read_tape(path).turns
    return sorted(((str(turn.line.asked), turn.status) for turn in turns), key=str)


def test_what_a_killed_process_left_is_on_the_tape_once_when_two_record(path: Path) -> None:
    with killed(path):
        pass
    with recording(path), LocalDari(tape=path) as other:
        calling(other).ask("echo", "from the other one")
    kept = [("gated", "completed"), ("one", "completed")]
    assert asked_of(path) == [("die", None), ("from the other one", "completed"), *kept]
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_what_was_cut_off_and_is_recorded_anew_comes_back_with_nobody(path: Path) -> None:
    with killed(path):
        pass
    with recording(path), LocalDari(tape=path) as other:
        other.agent("slow")(lambda prompt: f"{prompt}, again")
        caller = calling(other)
        session = caller.create("slow")
        for prompt in ("one", "die"):
            caller.finished(caller.send(session, prompt)["message"]["id"])
    assert asked_of(path) == [(text, "completed") for text in ("die", "gated", "one")]
    assert flaws_of(read_tape(path)) == []


def test_what_was_left_and_is_on_the_tape_already_comes_onto_it_no_second_time(path: Path) -> None:
    with killed(path) as journal:
        data = journal.read_bytes()
    with recording(path):
        with LocalDari(tape=path) as other:
            calling(other).ask("echo", "from the other one")
        journal.write_bytes(data)  # as one who is killed before it is removed leaves it
    kept = [("gated", "completed"), ("one", "completed")]
    assert asked_of(path) == [("die", None), ("from the other one", "completed"), *kept]
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_process_that_is_killed_while_another_one_records_is_taken_in_later(path: Path) -> None:
    with LocalDari(tape=path) as server:
        caller = calling(server)
        gate = Event()
        server.agent("gated")(lambda prompt: gate.wait() and prompt)
        message = caller.send(caller.create("gated"), "mine")["message"]["id"]
        until(lambda: path.with_name("lesson.tape.running").exists(), bool)
        with killed(path) as journal:
            assert journal.name == "lesson.tape.running-2"
        gate.set()
        caller.finished(message)
    assert [turn.line.asked for turn in read_tape(path).turns] == ["one", "mine"]
    with LocalDari(tape=path) as server:
        calling(server).ask("echo", "later")
    turns = read_tape(path).turns
    assert sorted(str(turn.line.asked) for turn in turns) == ["die", "later", "mine", "one"]
    assert [each.name for each in path.parent.iterdir()] == [path.name]


CANARIES = {
    "own": "own-canary-0123456789",
    "variable": "variable-canary-0123456789",
    "provider": "sk-proj-canary-0123456789",
    "declared": "CANARY-77",
}


def in_base64() -> list[str]:
    """Secrets that are held, as a search for their texts does not find them."""
    held = (CANARIES["own"], CANARIES["variable"])
    return [base64.b64encode(f"user:{each}".encode()).decode() for each in held]


def telling(prompt: str, turn: Asked) -> Any:
    for secret in CANARIES.values():
        for half in (secret[:9], secret[9:]):
            yield Draft(half)
        yield Draft(" ")
    yield " ".join(CANARIES.values())
    for form in in_base64():
        yield Draft(form[:7])
        yield Draft(form[7:])
        yield f"{form} "
    for secret in CANARIES.values():
        call = yield ToolCall(secret, {"url": f"https://x/?k={secret}", secret: secret})
        yield ToolResult({secret: json.dumps({"k": secret})}, tool_call_id=call)
    raise RuntimeError(" ".join(CANARIES.values()))


def test_no_secret_reaches_the_disk_not_even_for_a_moment(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_TOKEN", CANARIES["variable"])
    written: list[bytes] = []
    done = Event()

    def watch() -> None:
        while not done.is_set():
            for file in list(path.parent.iterdir()):
                try:
                    data = file.read_bytes()
                except OSError:
                    continue
                if not written or data != written[-1]:
                    written.append(data)

    watching = Thread(target=watch)
    watching.start()
    try:
        settings = Tape(path, secrets=[r"CANARY-\d+"])
        with LocalDari(tape=settings, api_key=CANARIES["own"]) as server:
            server.agent("telling")(telling)
            caller = calling(server)
            message = caller.ask("telling", " ".join(CANARIES.values()), metadata=CANARIES)
            assert message["status"] == "failed"
    finally:
        done.set()
        watching.join()
    written.append(path.read_bytes())
    assert not [data for data in written if b"canary" in data.lower()]
    middles = [form[12:20].encode() for form in in_base64() if len(form) > 20]
    assert not [data for data in written for middle in middles if middle in data]
    counts = read_tape(path).scrubbed
    assert set(counts) == {"keys", "variables", "providers", "patterns"}


def test_what_once_was_in_a_variable_stays_secret(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = "Gq8vB2nM5xC7kL1pR4tG", "Hq8vB2nM5xC7kL1pR4tH"
    monkeypatch.setenv("GONE_TOKEN", first)

    def clean(prompt: str) -> Any:
        held = os.environ.pop("GONE_TOKEN", "")
        yield ToolCall("log_in", {"with": held})
        yield f"{prompt}: {first[:9]}"
        yield f"{first} and {second}"

    with LocalDari(tape=Tape(path, files=True)) as server:
        server.agent("clean")(clean)
        caller = calling(server)
        caller.ask("clean", "one")
        monkeypatch.setenv("GONE_TOKEN", second)
        caller.ask("clean", f"two {first}")
        caller.ask("clean", f"three {second}", metadata={"seen": second})
    data = path.read_text()
    assert first not in data
    assert data.count(second) == 1  # before anyone could know of it


@pytest.mark.parametrize("mode", ["auto", "record"])
def test_an_agent_that_only_the_tape_knows_is_never_recorded(path: Path, mode: Any) -> None:
    before = record(path, "first", "second")
    with (
        LocalDari(tape=Tape(path, mode=mode)) as server,
        Dari(server.url, server.api_key, server) as d,
    ):
        agent = d.agents["busy"]
        with pytest.raises(TapeMissError, match="Nobody can be asked live: only a tape knows"):
            agent.send("another", llm="small")
        assert list(d.sessions.list()) == []
        session = agent.start(llm="small")
        with pytest.raises(TapeMissError, match="nothing here has its code"):
            session.send("another")
        assert session.messages() == []
        assert d.batches.run("busy", ["another", "and another"]).wait().sessions == []
        server.eject()
    assert path.read_bytes() == before


def test_in_record_what_nobody_can_be_asked_is_told_what_plays_it(path: Path) -> None:
    before = record(path, "first")
    with (
        LocalDari(tape=Tape(path, mode="record")) as server,
        Dari(server.url, server.api_key, server) as d,
    ):
        with pytest.raises(TapeMissError, match=r'mode="auto" asks .*, and plays the rest\.'):
            d.agents["busy"].send("first", llm="small")
        server.insert(Tape(path, mode="auto", speed="instant"))
        assert d.agents["busy"].send("first", llm="small").wait().text.endswith("Done: first")
    assert path.read_bytes() == before


@pytest.mark.parametrize("mode", ["auto", "record"])
def test_a_session_of_a_tapes_agent_is_never_answered_by_another_of_its_name(
    path: Path, mode: Any
) -> None:
    record(path, "first")
    tape = Tape(path, mode=mode)
    with LocalDari(tape=tape) as server, Dari(server.url, server.api_key, server) as d:
        session = d.agents["busy"].start(llm="small")
        server.agent("busy", llms=["small", "large"])(lambda prompt: f"Now: {prompt}")
        with pytest.raises(TapeMissError, match="in a new session this tape asks the one of its"):
            session.send("second")
        assert d.agents["busy"].send("second").wait().text == "Now: second"
    assert [turn.line.asked for turn in read_tape(path).turns] == ["first", "second"]


@pytest.mark.parametrize("mode", ["auto", "record"])
def test_runs_that_were_loaded_are_asked_once_there_is_code_for_them(
    path: Path, tmp_path: Path, mode: Any
) -> None:
    record(path, "first")
    new = tmp_path / "new.tape"
    with LocalDari() as server, Dari(server.url, server.api_key, server) as d:
        server.load_runs(path)
        assert "no code" in str(d.agents["busy"].send("first").wait().error)
        server.insert(Tape(new, mode=mode))
        with pytest.raises(TapeMissError, match='This server has no code for the agent "busy"'):
            d.agents["busy"].send("first")
        server.agent("busy")(lambda prompt: f"Now: {prompt}")
        assert d.agents["busy"].send("first").wait().text == "Now: first"
        server.eject()
    [turn] = read_tape(new).turns
    assert turn.status == "completed"


@pytest.mark.parametrize("mode", ["auto", "record", "play"])
def test_the_assistant_of_a_tape_says_how_to_get_its_model(path: Path, mode: Any) -> None:
    with LocalDari(tape=path) as server:
        server.agent("assistant")(lambda prompt: f"Yes: {prompt}")
        calling(server).ask("assistant", "first")
    before = path.read_bytes()
    with (
        LocalDari(tape=Tape(path, mode=mode)) as server,
        Dari(server.url, server.api_key, server) as d,
    ):
        with pytest.raises(TapeMissError, match="dari-local model pull smollm2"):
            d.agents["assistant"].send("another")
        assert list(d.sessions.list()) == []
    assert path.read_bytes() == before


@pytest.mark.parametrize("mode", ["auto", "record"])
@pytest.mark.parametrize(
    ("llm", "why"),
    [
        ({}, "this server has none of its own"),
        ({"other": {"model": "x", "provider": "openai"}}, "there is no key for it"),
    ],
)
def test_a_model_that_cannot_be_asked_is_on_no_tape(
    path: Path, tmp_path: Path, mode: Any, llm: Any, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    file = tmp_path / "dari.db"
    with LocalDari(file, llms=llm or {"other": {"model": "x", "base_url": "http://127.0.0.1:9"}}):
        pass
    with LocalDari(file, llms=llm) as server, Dari(server.url, server.api_key, server) as d:
        assert why in str(d.agents["assistant"].send("first").wait().error)
        server.insert(Tape(path, mode=mode))
        with pytest.raises(TapeMissError, match=f"Nobody can be asked live: .*{why}"):
            d.agents["assistant"].send("first")
        server.eject()
    assert not path.exists()


def test_a_replay_and_other_organizations_are_on_no_tape(path: Path) -> None:
    with LocalDari(tape=path) as server:
        caller = calling(server)
        session = caller.ask("echo", "Hi")["session_id"]
        again = server.replay(session, speed=float("inf"))
        caller.rests(again)
        caller.reaches(caller.messages(again)[0]["id"], "completed")
        other = server.organization("second row")
        with LocalDari() as unrelated:
            assert unrelated.tape is None
        caller.http.headers["Authorization"] = f"Bearer {other.api_key}"
        caller.ask("echo", "Hello")
    assert [turn.line.asked for turn in read_tape(path).turns] == ["Hi"]


def test_a_tape_can_be_put_in_and_taken_out_while_it_serves(path: Path, tmp_path: Path) -> None:
    with LocalDari() as server:
        caller = calling(server)
        session = caller.create("echo")
        caller.finished(caller.send(session, "before")["message"]["id"])
        server.insert(path)
        caller.finished(caller.send(session, "recorded")["message"]["id"])
        server.insert(tmp_path / "other.tape")
        caller.finished(caller.send(session, "elsewhere")["message"]["id"])
        server.eject()
        caller.finished(caller.send(session, "after")["message"]["id"])
    [turn] = read_tape(path).turns
    assert (turn.line.asked, turn.line.turn) == ("recorded", "msg_2")
    [other] = read_tape(tmp_path / "other.tape").turns
    assert other.line.parent == turn.line.key


def test_what_cannot_be_recorded_on_is_refused(path: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match="There is no folder"):
        LocalDari(tape=tmp_path / "no" / "x.tape")
    path.write_text("hello\n")
    with pytest.raises(TapeError, match="this is no tape"):
        LocalDari(tape=path)
    path.write_text('{"dari_tape":1,"times":false}\n')
    with pytest.raises(InvalidRequestError, match="keeps no times: leave times=True out"):
        LocalDari(tape=Tape(path, times=True))


def test_a_file_that_cannot_be_written_any_more_is_told_at_the_end(path: Path) -> None:
    gate = Event()
    server = LocalDari(tape=path).start()
    server.agent("gated")(lambda prompt: gate.wait() and prompt)
    caller = calling(server)
    session = caller.create("gated")
    message = caller.send(session, "Hi")["message"]["id"]
    path.mkdir()
    gate.set()
    caller.finished(message)
    with pytest.raises(InvalidRequestError, match="The tape is not whole"):
        server.stop()
    server.stop()


def test_what_people_write_into_the_file_meanwhile_stays(path: Path) -> None:
    with LocalDari(tape=Tape(path, mode="record")) as server:
        caller = calling(server)
        caller.ask("echo", "one")
        until(lambda: path.exists() and read_tape(path), lambda tape: tape and tape.is_closed)
        path.write_bytes(path.read_bytes().replace(b'{"turn"', b'# Mine.\n{"turn"'))
        caller.ask("echo", "two")
        caller.ask("echo", "one", metadata={"again": "yes"})
    turns = read_tape(path).turns
    assert [(turn.line.asked, len(turn.before)) for turn in turns] == [
        *(("one", 1), ("two", 0), ("one", 0))
    ]
    assert read_tape(path).is_closed


def test_a_file_that_was_broken_meanwhile_is_left_alone_and_said_at_once(path: Path) -> None:
    with LocalDari(tape=path) as server:
        caller = calling(server)
        caller.ask("echo", "one")
        until(lambda: path.exists() and read_tape(path), lambda tape: tape and tape.is_closed)
        broken = path.read_bytes().replace(b'{"turn"', b'{"tern"')
        path.write_bytes(broken)
        body = {"type": "user.message", "content": [{"type": "text", "text": "two"}]}
        status, detail = caller.refused(f"/agents/{caller.agent_id('echo')}/messages", body)
        assert status == 409
        assert "line 3: " in detail
    assert path.read_bytes() == broken


FULL = """
import resource, signal, sys
import dari_nb as dari
from dari_nb.local import LocalDari

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
def give_a_lesson():
    with LocalDari() as server:
        d = dari.connect(base_url=server.url, api_key=server.api_key)
        server.insert(sys.argv[1])
        d.agents["echo"].send("kept").wait()
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        for number in range(5):
            try:
                d.agents["echo"].send(f"{number}" + "z" * 30_000).wait()
            except dari.DariError as error:
                print("asked", error)
                break
        try:
            server.eject()
        except dari.DariError as error:
            print("ejected", error)
        d.agents["echo"].send("goes on").wait()

try:
    give_a_lesson()
except dari.DariError as error:
    print("stopped", error)
"""


def test_a_disk_that_is_full_is_said_when_the_next_turn_is_asked(tmp_path: Path) -> None:
    tape = tmp_path / "full.tape"
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tape)], capture_output=True, text=True, check=True
    )
    asked, ejected, stopped = done.stdout.splitlines()
    assert "The tape could not be written (File too large)" in asked
    assert "%dari tape --eject" in asked
    assert ejected.startswith("ejected The tape is not whole: [Errno 27] File too large")
    assert stopped.startswith("stopped The tape is not whole")
    assert "is lost" in stopped
    assert [turn.line.asked for turn in read_tape(tape).turns] == ["kept"]


LEFT_FULL = """
import resource, signal, sys
import dari_nb as dari
from dari_nb.local import LocalDari

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
server = LocalDari(tape=sys.argv[1]).start()
d = dari.connect(base_url=server.url, api_key=server.api_key)
d.agents["echo"].send("kept").wait()
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
d.agents["echo"].send("z" * 30_000).wait()
"""


def test_where_the_disk_is_full_as_the_process_ends_the_text_alone_is_told(tmp_path: Path) -> None:
    args = [sys.executable, "-c", LEFT_FULL, str(tmp_path / "full.tape")]
    done = subprocess.run(args, capture_output=True, text=True, check=True)
    [*_, last] = done.stderr.splitlines()
    assert "The tape is not whole: [Errno 27] File too large" in last
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("ends", [LocalDari.eject, LocalDari.stop])
def test_a_turn_that_runs_when_its_tape_is_taken_out_is_named(
    path: Path, caplog: pytest.LogCaptureFixture, ends: Any
) -> None:
    may_end = Event()
    with LocalDari(tape=path) as server:
        server.agent("waiting")(lambda prompt: str(may_end.wait()))
        caller = calling(server)
        sent = caller.send(caller.create("waiting"), "long")
        caller.reaches(sent["message"]["id"], "running")
        try:
            ends(server)
        finally:
            may_end.set()
    said = [record.getMessage() for record in caplog.records]
    assert [text for text in said if text.startswith("The tape was taken out while 1 turn ran")]
    assert sum("'long'" in text for text in said) == 1
    assert read_tape(path).turns[0].status is None


def test_a_first_question_asked_anew_leaves_no_id_of_this_server_on_the_tape(
    path: Path,
) -> None:
    made = list[bytes]()
    for number in range(2):
        tape = path.with_name(f"{number}.tape")
        server = LocalDari(tape=Tape(tape, times=False))
        with server, Dari(server.url, server.api_key, server) as d:
            d.agents["echo"].send("one").wait().again("two").wait()
        made.append(tape.read_bytes())
    assert made[0] == made[1]
    assert b"forked_from" not in made[0]
