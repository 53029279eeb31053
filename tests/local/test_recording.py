"""What a local Dari records on a tape, found out from the file alone."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from dari_nb.errors import InvalidRequestError, TapeError, TapeMissError
from dari_nb.local import Draft, LocalDari, NewAttempt, Reasoning, ToolCall, ToolResult, Usage
from dari_nb.local import Turn as Asked
from dari_nb.resources import Dari
from dari_nb.tapes import EventLine, Tape, Turn, flaws_of, read_tape

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


def test_the_same_asked_again_without_times_is_the_same_bytes(path: Path, tmp_path: Path) -> None:
    prompts = ("first", "second", "first")
    one = record(path, *prompts, times=False)
    assert record(tmp_path / "other.tape", *prompts, times=False) == one
    assert record(path, *prompts, times=False) == one


def test_recorded_again_a_turn_takes_its_own_place_and_the_rest_stays(path: Path) -> None:
    record(path, "first", "second")
    before = read_tape(path)
    record(path, "first", agent=lambda _: "Otherwise.")
    first, second = read_tape(path).turns
    assert first.events[1].data["content"][0]["text"] == "Otherwise."
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
            tape = read_tape(path)
            assert len(tape.turns) == number + 1
            assert flaws_of(tape) == []


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


def test_a_process_that_is_killed_leaves_a_tape_up_to_there(path: Path) -> None:
    with killed_after(KILLED, path):
        pass
    assert [turn.status for turn in read_tape(path).turns] == ["completed"]
    with LocalDari(tape=path) as server:
        calling(server).ask("echo", "later")
    asked = [turn.line.asked for turn in read_tape(path).turns]
    assert (asked[0], asked[-1]) == ("one", "later")


ASKS = """
import sys
from dari_nb.local import LocalDari
from conftest import Caller
with LocalDari(tape=sys.argv[1]) as server:
    caller = Caller(server)
    session = caller.create("echo")
    for number in range(5):
        caller.finished(caller.send(session, f"{sys.argv[2]}{number}")["message"]["id"])
"""


def run(script: str, *arguments: str | Path) -> subprocess.Popen[str]:
    """Start a script, which can import what is in conftest.py."""
    here = Path(__file__).parent
    env = {**os.environ, "PYTHONPATH": f"{here.parents[1]}{os.pathsep}{here}"}
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True)


def test_two_processes_that_record_on_one_tape_are_both_whole_in_it(path: Path) -> None:
    for process in [run(ASKS, path, who) for who in "ab"]:
        told = process.communicate(timeout=120)[1]
        assert process.returncode == 0, told
    tape = read_tape(path)
    assert flaws_of(tape) == []
    for who in "ab":
        own = [str(turn.line.asked) for turn in tape.turns if str(turn.line.asked)[0] == who]
        assert own == [f"{who}{number}" for number in range(5)]
    assert {turn.status for turn in tape.turns} == {"completed"}


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
    process = run(FULL, path)
    told = process.communicate(timeout=120)[1]
    assert process.returncode == 0, told
    assert "File too large" in told
    asked = [str(turn.line.asked) for turn in read_tape(path).turns]
    assert [each[:5].strip() for each in asked] == ["one", "two t", "three"]


def test_a_tape_that_may_only_be_read_plays(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with LocalDari(tape=path) as server:
        calling(server).ask("echo", "one")
    path.parent.chmod(0o555)
    if os.access(path.parent, os.W_OK):  # Root may write all that there is.
        monkeypatch.setattr(os, "access", lambda at, mode: at.stat().st_mode & 0o222)
    with LocalDari() as server:
        for mode in ("play", "auto"):
            server.insert(Tape(path, mode=mode))  # type: ignore[arg-type]
            assert calling(server).ask("echo", "one")["status"] == "completed"
        with pytest.raises(InvalidRequestError):
            server.insert(Tape(path, mode="record"))
    path.parent.chmod(0o755)


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


def test_an_agent_that_only_the_tape_knows_is_never_recorded(path: Path) -> None:
    before = record(path, "first", "second")
    with (
        LocalDari(tape=Tape(path, mode="auto")) as server,
        Dari(server.url, server.api_key, server) as d,
    ):
        agent = d.agents["busy"]
        with pytest.raises(TapeMissError):
            agent.send("another", llm="small")
        assert list(d.sessions.list()) == []
        session = agent.start(llm="small")
        with pytest.raises(TapeMissError):
            session.send("another")
        assert session.messages() == []
        assert d.batches.run("busy", ["another", "and another"]).wait().sessions == []
        server.eject()
    assert path.read_bytes() == before


def test_a_model_that_cannot_be_asked_is_on_no_tape(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    llms = {"other": {"model": "x", "provider": "openai"}}
    with (
        LocalDari(llms=llms, tape=path) as server,
        Dari(server.url, server.api_key, server) as d,
        pytest.raises(TapeMissError, match="key"),
    ):
        d.agents["assistant"].send("first")
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
    with pytest.raises(InvalidRequestError):
        LocalDari(tape=tmp_path / "no" / "x.tape")
    path.write_text("hello\n")
    with pytest.raises(TapeError):
        LocalDari(tape=path)
    path.write_text('{"dari_tape":1,"times":false}\n')
    with pytest.raises(InvalidRequestError):
        LocalDari(tape=Tape(path, times=True))


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
        assert caller.refused(f"/agents/{caller.agent_id('echo')}/messages", body)[0] == 409
    assert path.read_bytes() == broken
