"""A tape that plays in a local Dari, with nobody behind it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from threading import Event
from typing import Any

import pytest

import dari_nb as dari
from dari_nb.errors import InvalidRequestError, TapeMissError
from dari_nb.local import (
    Draft,
    LocalDari,
    NewAttempt,
    Reasoning,
    ToolCall,
    ToolResult,
    Turn,
    Usage,
)
from dari_nb.local.playback.player import Pace
from dari_nb.resources import Dari
from dari_nb.tapes import Tape, read_tape

from .conftest import Caller


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lesson.tape"


@pytest.fixture(autouse=True)
def _closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    opened: list[Caller] = []

    def made(self: Caller, server: LocalDari) -> None:
        first(self, server)
        opened.append(self)

    first = Caller.__init__
    monkeypatch.setattr(Caller, "__init__", made)
    yield
    for caller in opened:
        caller.http.close()


class Guide:
    """An agent that counts what it is asked, and does all that an agent can do."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, prompt: str, turn: Turn) -> Any:
        self.asked.append(prompt)
        yield Draft("Hm", "reasoning")
        yield Draft("One ")
        yield Draft("moment.")
        yield Reasoning("Hm.")
        yield "One moment."
        yield NewAttempt("the line was busy")
        call = yield ToolCall("look", {"at": prompt})
        yield ToolResult({"seen": len(self.asked)}, tool_call_id=call)
        yield Usage(Decimal("0.01"), input_tokens=20, output_tokens=5)
        if prompt == "fail":
            raise ValueError("It cannot.")
        yield f"Answer {len(self.asked)} to {prompt}"


def ask(server: LocalDari, *prompts: str, agent: str = "guide", **session: Any) -> list[Any]:
    """Ask one after another in a new session; returns the items of its transcript."""
    caller = Caller(server)
    session_id = caller.create(agent, **session)
    for prompt in prompts:
        caller.finished(caller.send(session_id, prompt)["message"]["id"])
    return [stripped(item) for item in caller.items(session_id)]


def stripped(value: Any) -> Any:
    """Without what differs each time: ids and times."""
    if isinstance(value, dict):
        return {k: stripped(v) for k, v in value.items() if not k.endswith(("id", "_at"))}
    return [stripped(each) for each in value] if isinstance(value, list) else value


def record(path: Path, *prompts: str, **session: Any) -> list[Any]:
    with LocalDari(tape=Tape(path, mode="record")) as server:
        server.agent("guide", llms=["small", "large"])(Guide())
        return ask(server, *prompts, **session)


def playing(path: Path, **settings: Any) -> LocalDari:
    return LocalDari(tape=Tape(path, mode="play", speed="instant", **settings))


def test_what_was_recorded_plays_with_nobody_behind_it(path: Path) -> None:
    recorded = record(path, "one", "fail", "two", llm_id="large")
    before = path.read_bytes()
    with playing(path) as server:
        assert "guide" in server.agents
        assert ask(server, "one", "fail", "two", llm_id="large") == recorded
        with Dari(server.url, server.api_key, server) as d:
            assert d.agents["guide"].llms == ["small", "large"]
            turn = d.agents["guide"].send("one", llm="large").wait()
            assert (turn.text, turn.reasoning) == ("One moment.\n\nAnswer 1 to one", "Hm.")
            assert turn.cost_usd == Decimal("0.01")
            assert d.client.messages.get(turn.id).attempt == 2
    assert path.read_bytes() == before


def test_drafts_play_as_they_were_written(path: Path) -> None:
    gate = Event()

    def slow(prompt: str) -> Any:
        yield Draft("half ")
        gate.wait()
        yield "half and whole"

    with LocalDari(tape=path) as server, Dari(server.url, server.api_key, server) as d:
        server.agent("slow")(slow)
        turn = d.agents["slow"].send("Hi")
        gate.set()
        turn.wait()
    with playing(path) as server, Dari(server.url, server.api_key, server) as d:
        session = d.agents["slow"].send("Hi").wait().session
        assert session.transcript().items[-1].text == "half and whole"
    drafts = [line for line in read_tape(path).turns[0].body if hasattr(line, "draft")]
    assert [line.text for line in drafts] == ["half "]


def test_what_is_not_on_the_tape_is_refused_with_what_differs(path: Path) -> None:
    record(path, "What is a closure in Python?", "And in Go?", llm_id="small")
    with playing(path) as server:
        caller = Caller(server)
        session = caller.create("guide", llm_id="small")
        body = {"type": "user.message", "content": [{"type": "text", "text": "What is a monad?"}]}
        status, detail = caller.refused(f"/sessions/{session}/events", body)
        assert (status, detail["code"]) == (409, "tape_miss")
        assert "What is a closure in Python?" in detail["message"]
        assert caller.events(session) == []
        assert caller.get(f"/sessions/{session}")["status"] == "idle"
        first = f"/agents/{caller.agent_id('guide')}/messages"
        sessions = caller.get("/sessions")["sessions"]
        assert caller.refused(first, body)[0] == 409
        assert caller.get("/sessions")["sessions"] == sessions
        large = caller.create("guide", llm_id="large")
        body["content"] = [{"type": "text", "text": "What is a closure in Python?"}]
        assert caller.refused(f"/sessions/{large}/events", body)[0] == 409


def test_the_nth_asking_plays_the_nth_answer_and_then_the_first_again(path: Path) -> None:
    with LocalDari(tape=Tape(path, mode="record")) as server:
        server.agent("guide")(Guide())
        for _ in range(2):
            ask(server, "dice", "again")
    with playing(path) as server, Dari(server.url, server.api_key, server) as d:
        turns = [d.agents["guide"].send("dice").wait() for _ in range(3)]
        assert [turn.text[-16:] for turn in turns] == [
            *("Answer 1 to dice", "Answer 3 to dice", "Answer 1 to dice")
        ]
        # A session goes on with what was said in the recorded one.
        second = turns[1].session.send("again").wait()
        assert second.text.endswith("Answer 4 to again")


def test_batches_and_forks_play(path: Path) -> None:
    with LocalDari(tape=path) as server, Dari(server.url, server.api_key, server) as d:
        server.agent("guide")(Guide())
        batch = d.batches.run("guide", tasks=["a", "b"], repeats=2)
        batch.wait()
        session = d.agents["guide"].send("c").wait().session
        session.send("d").wait()
    with playing(path) as server, Dari(server.url, server.api_key, server) as d:
        again = d.batches.run("guide", tasks=["a", "b"], repeats=2)
        again.wait()
        assert set(again.to_frame()["text"]) == set(batch.to_frame()["text"])
        turn = d.agents["guide"].send("c").wait()
        assert turn.fork().send("d").wait().text.endswith("to d")


def test_a_repetition_that_was_not_recorded_is_no_other_ones_answer(path: Path) -> None:
    guide = Guide()
    with LocalDari(tape=path) as server, Dari(server.url, server.api_key, server) as d:
        server.agent("guide")(guide)
        d.batches.run("guide", tasks=["a"], repeats=2).wait()
    with playing(path) as server, Dari(server.url, server.api_key, server) as d:
        frame = d.batches.run("guide", tasks=["a"], repeats=3).wait().to_frame()
        assert list(frame["text"].notna()) == [True, True, False]
    with LocalDari(tape=path) as server, Dari(server.url, server.api_key, server) as d:
        server.agent("guide")(guide)
        for _ in range(2):
            d.batches.run("guide", tasks=["a"], repeats=3, new_run=True).wait()
        assert len(guide.asked) == 3


def test_what_is_volatile_does_not_count(path: Path) -> None:
    record(path, "Today is 2026-01-02: hello", "And 2026-01-02?")
    with playing(path, volatile=[r"\d{4}-\d\d-\d\d"]) as server:
        items = ask(server, "Today is 2027-11-12: hello", "And 2027-11-12?")
    assert "Answer 2 to And 2026-01-02?" in str(items[-1])


def test_a_secret_in_what_is_asked_is_found_again(path: Path) -> None:
    key = "sk-proj-canary-0123456789"
    record(path, f"My key is {key}.", "Thanks")
    assert key.encode() not in path.read_bytes()
    with playing(path) as server:
        assert ask(server, f"My key is {key}.", "Thanks")


def test_the_mode_is_that_of_the_environment_unless_it_is_named(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for mode in ("play", "pause"):  # There is nothing to play, and no such mode.
        monkeypatch.setenv("DARI_TAPE_MODE", mode)
        with pytest.raises(InvalidRequestError):
            LocalDari(tape=path)
        LocalDari(tape=Tape(path, mode="record"))


@pytest.mark.parametrize(
    "settings",
    [
        {"mode": "pause"},
        {"speed": 0},
        {"speed": "fast"},
        {"speed": math.nan},
        {"idle_limit": -1},
        {"volatile": ["("]},
        {"volatile": [".*"]},
        {"volatile": "Falcon"},
        {"secrets": ["x*"]},
        {"times": "no"},
    ],
)
def test_a_setting_of_no_use_is_named(settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError):
        Tape("x.tape", **settings)


def test_waits_are_those_of_the_recording_shortened_then_divided() -> None:
    assert Pace().wait(1.5) == 1.5
    assert Pace(2.0, 1.0).wait(5.0) == 0.5
    assert Pace(math.inf).wait(5.0) == 0.0


def test_a_turn_that_plays_costs_nothing_here(path: Path) -> None:
    record(path, "one", "two")
    with LocalDari(tape=Tape(path, mode="play", speed="instant"), max_cost="0.005") as server:
        ask(server, "one", "two")


def test_what_failed_in_passing_is_asked_again_and_replaced(path: Path) -> None:
    record(path, "one")
    with LocalDari(tape=path) as server:
        guide = Guide()
        server.agent("guide", llms=["small", "large"])(guide)
        for _ in range(2):
            ask(server, "fail")
        assert guide.asked == ["fail", "fail"]
        server.agent("guide", llms=["small", "large"])(lambda _: "Well.")
        ask(server, "fail")
    turns = read_tape(path).turns
    assert [(t.line.asked, t.line.take, t.status) for t in turns] == [
        *(("one", 1, "completed"), ("fail", 1, "completed"))
    ]


HOSTILE: list[dict[str, Any]] = [
    {"event": "assistant.message_completed", "data": {"content": "text"}},
    {"event": "assistant.message_completed", "data": {"content": [1, None, {"type": 5}]}},
    {"event": "assistant.message_completed", "data": {"content": [], "max_tokens": "x"}},
    {"event": "tool.call_requested", "data": {}},
    {"event": "tool.call_requested", "data": {"tool_name": {}, "arguments": 10**18}},
    {"event": "tool.call_completed", "data": {"tool_call_id": "call_9", "result": 1}},
    {"event": "message.status_changed", "data": {"attempt": [], "reason": {}}},
    {"event": "message.status_changed", "data": {"status": ["failed"], "error": 7}},
    {"event": "unheard.of", "data": {"content": {}}},
    {"event": "user.message", "data": {"content": []}},
    {"draft": "gesture", "text": "x"},
    {"draft": "arguments", "text": "x" * 100_000, "call": -5},
    {"after": 1e9, "event": "x", "data": {}},
    {"event": "tool.call_requested", "data": {"arguments": json.loads("[" * 300 + "]" * 300)}},
]


def test_whatever_a_tape_says_its_turn_ends_and_can_be_read(path: Path) -> None:
    prompts = [str(number) for number in range(len(HOSTILE))]
    for prompt in prompts:
        record(path, prompt)
    written, hostile = [], iter(HOSTILE)
    for line in path.read_text().splitlines():
        read = json.loads(line)
        written.append(line)
        if "turn" in read:
            written[-1:] = [json.dumps({**read, "cost": "1e999999"}), json.dumps(next(hostile))]
    path.write_text(
        "\n".join(written).replace('"input_tokens":20', f'"input_tokens":{2**60}') + "\n"
    )
    with playing(path) as server:
        for prompt in [*prompts, *prompts]:
            assert ask(server, prompt)


def test_a_block_plays_and_records_and_then_goes_on_as_before(path: Path, tmp_path: Path) -> None:
    d = dari.connect("local", tape=tmp_path / "other.tape")
    try:
        with dari.recording(dari.Tape(path, mode="record")) as tape:
            d.agents["echo"].send("recorded").wait()
        assert d.server.tape.path == tmp_path / "other.tape"
        d.server.eject()
        with dari.recording(dari.Tape(path, mode="play", speed="instant")):
            assert d.agents["echo"].send("recorded").wait().status == "completed"
            with pytest.raises(TapeMissError):
                d.agents["echo"].send("not recorded")
        assert d.server.tape is None
        assert len(read_tape(tape.path).turns) == 1
    finally:
        d.server.eject()
        d.close()
