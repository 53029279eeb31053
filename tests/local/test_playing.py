"""A tape that plays in a local Dari, with nobody behind it."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from decimal import Decimal
from itertools import count
from pathlib import Path
from threading import Barrier, Event
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
from dari_nb.tapes import Tape, read_tape, write_tape

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
        assert "msg_1 of sess_1 on line 3" in detail["message"]
        assert (
            "the text: asked “What is a monad?”, recorded “What is a closure in Python?”\n"
        ) in detail["message"]
        assert caller.events(session) == []
        assert caller.get(f"/sessions/{session}")["status"] == "idle"
        first = f"/agents/{caller.agent_id('guide')}/messages"
        sessions = caller.get("/sessions")["sessions"]
        assert caller.refused(first, body)[0] == 409
        assert caller.get("/sessions")["sessions"] == sessions


@pytest.mark.parametrize(
    ("settings", "prompts", "gap"),
    [
        ({"llm": "large"}, ["one"], "the LLM: asked “large”, recorded “small”"),
        ({"llm": "small"}, ["two"], "what came before it in the session"),
    ],
)
def test_a_miss_is_an_error_that_says_why(
    path: Path, settings: dict[str, str], prompts: list[str], gap: str
) -> None:
    record(path, "one", "two", llm_id="small")
    with playing(path) as server, Dari(server.url, server.api_key, server) as d:
        with pytest.raises(TapeMissError) as caught:
            d.agents["guide"].send(*prompts, **settings)
        assert gap in str(caught.value)
        assert str(caught.value).endswith(
            'Only the tape knows this agent; with one of its name, mode="auto" asks live what is '
            "missing."
        )
        assert "DARI_TAPE_MODE" not in str(caught.value)
        assert list(d.sessions.list()) == []


def test_where_the_environment_gave_the_mode_a_miss_names_the_variable(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(path, "one")
    monkeypatch.setenv("DARI_TAPE_MODE", "play")
    with LocalDari(tape=path) as server, Dari(server.url, server.api_key, server) as d:
        with pytest.raises(TapeMissError) as caught:
            d.agents["guide"].send("two")
        assert "one of its name, DARI_TAPE_MODE=auto asks live" in str(caught.value)
        server.agent("guide", llms=["small", "large"])(Guide())
        with pytest.raises(TapeMissError) as caught:
            d.agents["guide"].send("two")
        assert "\nDARI_TAPE_MODE=auto asks live what is missing." in str(caught.value)


def test_a_miss_names_the_nearest_turn_that_plays(path: Path) -> None:
    record(path, "one", "two", "three")
    tape = read_tape(path)
    del tape.turns[1]
    write_tape(tape, path)
    with (
        playing(path) as server,
        Dari(server.url, server.api_key, server) as d,
        pytest.raises(TapeMissError, match="The nearest is msg_1 of sess_1"),
    ):
        d.agents["guide"].send("three")


def test_a_prompt_out_of_order_is_told_what_comes_next(path: Path) -> None:
    record(path, "one", "two", "three")
    with playing(path) as server, Dari(server.url, server.api_key, server) as d:
        session = d.agents["guide"].send("one").wait().session
        with pytest.raises(TapeMissError) as caught:
            session.send("one")
        assert f"asked this in this session already; next on {path} is: two" in str(caught.value)
        with pytest.raises(TapeMissError) as caught:
            session.send("three")
        assert f"\nHere the next on {path} is: two\n" in str(caught.value)
        session.send("two").wait()
        session.send("three").wait()
        with pytest.raises(TapeMissError, match="already; nothing follows on"):
            session.send("two")


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


def waiting_twice(numbers: Iterator[int], may_answer: Event) -> Any:
    """An agent whose first turn never ends by itself, and whose second one waits until it may."""

    async def waiting(prompt: str) -> AsyncIterator[str]:
        number = next(numbers)
        if number == 1:
            await asyncio.Event().wait()
        if number == 2:
            await asyncio.to_thread(may_answer.wait)
        yield f"answer {number} to {prompt}"

    return waiting


def lesson(d: Dari) -> list[str]:
    first = d.agents["waiting"].send("one").wait()
    return [first.text, first.session.send("two").wait().text]


@pytest.mark.parametrize(("mode", "ends"), [("auto", 1), ("auto", 2), ("record", 1)])
def test_who_cancels_what_was_asked_again_meanwhile_has_a_lesson_that_plays(
    path: Path, caplog: pytest.LogCaptureFixture, mode: Any, ends: int
) -> None:
    may_answer = Event()
    if mode == "record":  # which replaces what was recorded before
        with LocalDari(tape=path) as server, Dari(server.url, server.api_key, server) as d:
            server.agent("waiting")(lambda prompt: f"old answer to {prompt}")
            lesson(d)
    tape = Tape(path, mode=mode)
    with LocalDari(tape=tape) as server, Dari(server.url, server.api_key, server) as d:
        server.agent("waiting")(waiting_twice(count(1), may_answer))
        first = d.agents["waiting"].send("one")
        Caller(server).reaches(first.id, "running")
        assert not caplog.records
        second = d.agents["waiting"].send("one")
        if ends == 1:  # the first ends while the second runs, or once it has answered
            first.cancel()
            first.wait()
        may_answer.set()
        second.wait()
        first.cancel()
        first.wait()
        second.session.send("two").wait()
    [said] = [record.getMessage() for record in caplog.records]
    assert said.startswith("'one' is asked again while it is being answered: both are recorded")
    assert f"%dari_cancel {first.session.id} ends that one" in said
    with playing(path) as server, Dari(server.url, server.api_key, server) as d:
        assert lesson(d) == ["answer 2 to one", "answer 3 to two"]
    with LocalDari(tape=path) as server, Dari(server.url, server.api_key, server) as d:
        assert lesson(d) == ["answer 2 to one", "answer 3 to two"]


def test_what_a_batch_asks_several_times_at_once_is_no_matter_to_say(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    came = Barrier(3)

    def together(prompt: str) -> str:
        came.wait()
        return prompt

    with LocalDari(tape=path) as server, Dari(server.url, server.api_key, server) as d:
        server.agent("together")(together)
        d.batches.run("together", tasks=["a"], repeats=3).wait()
    assert not caplog.records


def test_sessions_that_went_on_from_one_turn_at_once_play_as_they_were(path: Path) -> None:
    numbers, came = count(1), Barrier(3)

    def numbered(prompt: str) -> str:
        if prompt != "first":
            came.wait()
        return f"answer {next(numbers)} to {prompt}"

    def answers(d: Dari) -> list[list[str]]:
        sessions = [d.agents["numbered"].send("first").wait().session for _ in range(3)]
        asked = [[session.send(text) for session in sessions] for text in ("second", "third")]
        return [[turn.wait().text for turn in turns] for turns in asked]

    with LocalDari(tape=path) as server, Dari(server.url, server.api_key, server) as d:
        server.agent("numbered")(numbered)
        recorded = answers(d)
    with playing(path) as server, Dari(server.url, server.api_key, server) as d:
        for _ in range(2):
            assert [*map(sorted, answers(d))] == [*map(sorted, recorded)]
        for _ in range(2):  # a cell that is run again plays its answer again
            session = d.agents["numbered"].send("first").wait().session
            alone = [session.send(text).wait().text for text in ("second", "third")]
            assert alone in [list(each) for each in zip(*recorded, strict=True)]


def test_where_a_fork_asked_the_same_each_goes_on_from_its_own(path: Path) -> None:
    numbers = count(1)
    tape = Tape(path, mode="record")
    with LocalDari(tape=tape) as server, Dari(server.url, server.api_key, server) as d:
        server.agent("numbered")(lambda prompt: f"answer {next(numbers)} to {prompt}")
        first = d.agents["numbered"].send("first").wait()
        assert first.fork().send("second").wait().text == "answer 2 to second"
        assert first.session.send("second").wait().text == "answer 3 to second"
        first.session.send("third").wait()
    with playing(path) as server, Dari(server.url, server.api_key, server) as d:
        for _ in range(2):
            first = d.agents["numbered"].send("first").wait()
            assert first.fork().send("second").wait().text == "answer 2 to second"
            assert first.session.send("second").wait().text == "answer 3 to second"
            assert first.session.send("third").wait().text == "answer 4 to third"
        came = set()
        for _ in range(2):  # who gets no further gets the next one, in a session of its own
            session = d.agents["numbered"].send("first").wait().session
            session.send("second").wait()
            with suppress(TapeMissError):
                came.add(session.send("third").wait().text)
        assert came == {"answer 4 to third"}
    with LocalDari(tape=path) as server, Dari(server.url, server.api_key, server) as d:
        server.agent("numbered")(lambda prompt: f"answer {next(numbers)} to {prompt}")
        told = []
        for _ in range(2):  # what was asked live behind an answer plays behind that
            session = d.agents["numbered"].send("first").wait().session
            told.append([session.send(text).wait().text for text in ("second", "fourth")])
        assert told[0] == told[1]


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
        assert "only 2 times, and not as repetition 2" in str(frame["error"].iloc[2])
    with LocalDari(tape=path) as server, Dari(server.url, server.api_key, server) as d:
        server.agent("guide")(guide)
        for _ in range(2):
            d.batches.run("guide", tasks=["a"], repeats=3, new_run=True).wait()
        assert len(guide.asked) == 3


def test_what_is_volatile_does_not_count(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    record(path, "Today is 2026-01-02: hello", "And 2026-01-02?")
    with playing(path, volatile=[r"\d{4}-\d\d-\d\d"]) as server:
        items = ask(server, "Today is 2027-11-12: hello", "And 2027-11-12?")
        ask(server, "Today is 2027-11-12: hello", "And 2026-01-02?")
    assert "Answer 2 to And 2026-01-02?" in str(items[-1])
    told = (
        "plays as recorded, by volatile=[…]: '2027-11-12' stands for '2026-01-02' of the recording."
    )
    asked = ("Today is 2027-11-12: hello", "And 2027-11-12?")
    assert [each.getMessage() for each in caplog.records] == [f"“{each}” {told}" for each in asked]


def test_what_is_nothing_but_volatile_counts(path: Path) -> None:
    record(path, "12")
    with playing(path, volatile=[r"\d+"]) as server:
        assert ask(server, "12")
        with pytest.raises(AssertionError):
            ask(server, "99")


@pytest.mark.parametrize("pattern", [".*", r"[\s\S]+", r"\d*", ""])
def test_a_pattern_that_matches_any_text_is_refused(path: Path, pattern: str) -> None:
    with pytest.raises(InvalidRequestError, match="such as a date"):
        Tape(path, volatile=[pattern])


@pytest.mark.parametrize("pattern", [".*", "x*", ""])
def test_a_pattern_for_secrets_that_matches_where_nothing_stands_is_refused(
    path: Path, pattern: str
) -> None:
    with pytest.raises(InvalidRequestError, match=r"name what is secret, such as CASE-\[0-9\]"):
        Tape(path, secrets=[pattern])


@pytest.mark.parametrize("name", ["volatile", "secrets"])
def test_one_pattern_alone_is_not_taken_letter_by_letter(path: Path, name: str) -> None:
    with pytest.raises(InvalidRequestError, match=rf"a list of patterns: {name}=\['Falcon'\]"):
        Tape(path, **{name: "Falcon"})


def test_a_secret_in_what_is_asked_is_found_again(path: Path) -> None:
    key = "sk-proj-canary-0123456789"
    record(path, f"My key is {key}.", "Thanks")
    assert key.encode() not in path.read_bytes()
    with playing(path) as server:
        assert ask(server, f"My key is {key}.", "Thanks")


def test_a_prompt_of_which_something_is_not_on_the_tape_is_never_taken_for_another_silently(
    path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(path, *["My key is sk-proj-canary-0123456789.", "Thanks"] * 3)
    told = [each.getMessage() for each in caplog.records]
    what = "what looks like a provider's key"
    rest = "is not on the tape, and prompts that differ only there are one turn."
    assert told == [f"“My key is [scrubbed].”: {what} {rest}"]
    caplog.clear()
    monkeypatch.setenv("DB_PASSWORD", "20240101")
    with playing(path) as server:
        assert ask(server, "My key is sk-proj-canary-9876543210.", "Thanks")
        with pytest.raises(AssertionError):
            ask(server, f"Sales on 20240101 {'and so on ' * 9}")
    shown = "Sales on [scrubbed] and so on and so on and so on and so on …"
    told += [f"“{shown}”: the value of DB_PASSWORD {rest}"]
    assert [each.getMessage() for each in caplog.records] == told


def test_a_turn_that_was_cut_off_plays_up_to_there_and_is_asked_again_in_auto(path: Path) -> None:
    record(path, "one")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-3]))
    with playing(path) as server, Dari(server.url, server.api_key, server) as d:
        turn = d.agents["guide"].send("one").wait()
        assert (turn.status, turn.error) == ("failed", "The recording was cut off here.")
        assert turn.tool_calls[0].result == {"seen": 1}
    with LocalDari(tape=path) as server:
        server.agent("guide", llms=["small", "large"])(Guide())
        ask(server, "one")
    [turn] = read_tape(path).turns
    assert turn.status == "completed"


def test_an_agent_that_only_the_tape_knows_cannot_be_asked_live(path: Path) -> None:
    record(path, "one")
    with LocalDari(tape=path) as server, Dari(server.url, server.api_key, server) as d:
        assert d.agents["guide"].send("one").wait().status == "completed"
        with pytest.raises(TapeMissError) as caught:
            d.agents["guide"].send("two")
        assert "DARI_TAPE_MODE" not in str(caught.value)


def test_the_mode_is_that_of_the_environment_unless_it_is_named(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DARI_TAPE_MODE", "play")
    with pytest.raises(InvalidRequestError, match=r"no tape .* to play, as DARI_TAPE_MODE says: "):
        LocalDari(tape=path)
    LocalDari(tape=Tape(path, mode="record"))
    monkeypatch.setenv("DARI_TAPE_MODE", "pause")
    with pytest.raises(InvalidRequestError, match="DARI_TAPE_MODE: 'pause' is no mode of a tape"):
        LocalDari(tape=path)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"mode": "pause"}, "'pause' is no mode of a tape: auto, play, record are"),
        ({"speed": 0}, "speed is real, instant, or above 0"),
        ({"speed": "fast"}, "speed is real, instant, or above 0"),
        ({"speed": math.nan}, "speed is real, instant, or above 0"),
        ({"idle_limit": -1}, "idle_limit must be 0 or more"),
        ({"speed": None}, "speed is real, instant, or above 0, not None"),
        ({"speed": []}, r"speed is real, instant, or above 0, not \[\]"),
        ({"volatile": ["("]}, "regular expression"),
        ({"volatile": None}, "volatile is a list of patterns, not None"),
        ({"secrets": (each for each in ["CASE"])}, "secrets is a list of patterns, not <generator"),
        ({"times": "no"}, "times is True or False, not 'no'"),
        ({"run_tools": "no"}, "run_tools is True or False, not 'no'"),
        ({"run_tools": None}, "run_tools is True or False, not None"),
        ({"files": "yes"}, "files is True or False, not 'yes'"),
    ],
)
def test_a_setting_of_no_use_is_named(settings: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidRequestError, match=why):
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


def test_a_message_that_was_cancelled_before_it_ran_plays_as_that(path: Path) -> None:
    gate = Event()
    with LocalDari(tape=path) as server:
        server.agent("slow")(lambda prompt: gate.wait() and prompt)
        caller = Caller(server)
        session = caller.create("slow")
        first = caller.send(session, "one")["message"]["id"]
        second = caller.send(session, "two")["message"]["id"]
        body = {"type": "message.cancel_requested", "message_id": second}
        caller.post(f"/sessions/{session}/events", body)
        caller.finished(second)
        gate.set()
        caller.finished(first)
    with playing(path) as server:
        caller = Caller(server)
        session = caller.create("slow")
        messages = [caller.send(session, text)["message"]["id"] for text in ("one", "two")]
        statuses = [caller.finished(message)["status"] for message in messages]
        assert statuses == ["completed", "failed"]
        errors = [event["data"].get("error") for event in caller.events(session)]
        assert list(filter(None, errors)) == ["cancelled"]
    with LocalDari(tape=path) as server, Dari(server.url, server.api_key, server) as d:
        turn = d.agents["slow"].send("one").wait()
        with pytest.raises(TapeMissError) as caught:
            turn.session.send("two")
        cancelled = f"{path} has this only as msg_2 of sess_1, which was cancelled; the mode auto "
        assert str(caught.value).startswith(cancelled)
        assert f'mode="play" (%dari tape {path} --mode play) plays it as it was.' in str(
            caught.value
        )
        server.eject()
        server.insert(Tape(path, mode="play"))
        session = d.agents["slow"].send("one").wait().session
        assert session.send("two").wait().error == "cancelled"


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


@pytest.mark.parametrize("lines", [HOSTILE, *([line] for line in HOSTILE)])
def test_whatever_a_tape_says_its_turn_ends_and_can_be_read(
    path: Path, lines: list[dict[str, Any]]
) -> None:
    record(path, "one")
    head, tail = path.read_text().splitlines()[:3], path.read_text().splitlines()[-2:]
    turn = {**json.loads(head[2]), "cost": "1e999999"}
    tail[0] = tail[0].replace('"input_tokens":20', f'"input_tokens":{2**60}')
    path.write_text("\n".join([*head[:2], *map(json.dumps, [turn, *lines]), *tail]) + "\n")
    with playing(path) as server:
        assert ask(server, "one")
        assert ask(server, "one")


def test_external_tools_play_with_their_recorded_results(path: Path) -> None:
    def caller_answers(prompt: str) -> Any:
        result = yield ToolCall("ask_me", {"q": prompt}, external=True)
        yield f"They said {result.result}"

    with LocalDari(tape=path) as server:
        server.agent("asks")(caller_answers)
        caller = Caller(server)
        session = caller.create("asks")
        message = caller.send(session, "How many?")["message"]["id"]
        caller.reaches(message, "waiting_for_tool")
        call = next(
            event["data"]["tool_call_id"]
            for event in caller.events(session)
            if event["type"] == "tool.call_requested"
        )
        body = {
            "type": "tool.result_submitted",
            "message_id": message,
            "tool_call_id": call,
            "result": 7,
        }
        caller.post(f"/sessions/{session}/events", body)
        caller.finished(message)
    with playing(path) as server:
        assert ask(server, "How many?", agent="asks")[-1]["content"][0]["text"] == "They said 7"


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
