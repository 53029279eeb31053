"""A tape that is asked again: what no longer holds is named, and the file stays as it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dari_nb.checks import Answer
from dari_nb.errors import InvalidRequestError
from dari_nb.local import LocalDari, ToolCall, ToolResult, Usage
from dari_nb.resources import Dari
from dari_nb.tapes import Tape

RAISED = "failed in the agent's own code: ValueError"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lesson.tape"


def guide(prompt: str) -> Any:
    """Looks something up, or fails."""
    call = yield ToolCall("look", {"at": prompt})
    yield ToolResult({"seen": prompt}, tool_call_id=call)
    yield Usage(Decimal("0.01"))
    if prompt == "fail":
        raise ValueError("It cannot.")
    yield f"The answer to {prompt} is 42."


def others(prompt: str) -> Any:
    """Does all of it otherwise."""
    if prompt == "one":
        raise ValueError("The line was busy.")
    yield "I do not know.\x1b[31m"


def record(path: Path, *prompts: str, agent: Any = guide, **options: Any) -> None:
    with LocalDari(tape=Tape(path, mode="record")) as server:
        server.agent("guide", llms=["small", "large"])(agent)
        with Dari(server.url, server.api_key, server) as d:
            session = d.agents["guide"].start(**options)
            for prompt in prompts:
                session.send(prompt).wait()


@pytest.fixture
def serving() -> Iterator[Callable[..., Dari]]:
    """Makes connections to servers with an agent, which are closed at the end."""
    opened: list[Any] = []

    def serve(agent: Any = guide, name: str = "guide", llms: tuple[str, ...] = ("small", "large")):
        server = LocalDari().start()
        server.agent(name, llms=llms)(agent)
        d = Dari(server.url, server.api_key, server)
        opened.extend((d.close, server.stop))
        return d

    yield serve
    for close in opened:
        close()


def change(path: Path, number: int, **fields: Any) -> None:
    """Write into a turn of a tape, as people do."""
    lines = path.read_text().splitlines()
    at = [n for n, line in enumerate(lines) if line.startswith('{"turn"')][number]
    lines[at] = json.dumps({**json.loads(lines[at]), **fields})
    path.write_text("\n".join(lines) + "\n")


def test_what_is_as_it_was_holds_and_the_file_stays(path: Path, serving: Any, capsys: Any) -> None:
    record(path, "one", "fail", "two", llm="large")
    before = path.read_bytes()
    check = Tape(path).check(serving())
    assert (list(check), check.holds, check.asked, check.held) == ([], True, 3, 3)
    assert "0.03 US dollars" in capsys.readouterr().out
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == ["lesson.tape"]


def test_other_outcomes_and_other_tools_are_named(path: Path, serving: Any) -> None:
    record(path, "one", "fail", "two")
    check = Tape(path).check(serving(others), report=None)
    assert [(one.turn, one.what, one.recorded, one.now) for one in check] == [
        ("msg_1 of sess_1", "outcome", "completed", f"{RAISED}: The line was busy."),
        ("msg_1 of sess_1", "tools", "look", "no tool"),
        ("msg_2 of sess_1", "outcome", f"{RAISED}: It cannot.", "completed"),
        ("msg_2 of sess_1", "tools", "look", "no tool"),
        ("msg_3 of sess_1", "tools", "look", "no tool"),
    ]
    assert (check.asked, check.held, check.holds) == (3, 0, False)


def test_a_volatile_part_of_an_error_does_not_count(path: Path, serving: Any) -> None:
    def failing(number: int) -> Any:
        def fail(_: str) -> Any:
            raise ValueError(f"Request {number} was refused.")

        return fail

    record(path, "one", agent=failing(7))
    d = serving(failing(8))
    assert [one.what for one in d.check(path, report=None)] == ["outcome"]
    assert d.check(Tape(path, volatile=[r"Request \d+"]), report=None).holds


def test_an_agent_or_an_option_that_is_gone_is_named_and_nothing_is_asked(
    path: Path, serving: Any
) -> None:
    record(path, "one", "two", llm="large")
    gone = Tape(path).check(serving(name="other"), report=None)
    assert [(one.what, one.recorded) for one in gone] == [("agent", "guide")]
    assert "echo, calculator" in gone[0].now
    assert [turn for turn, _ in gone.unasked] == ["msg_2 of sess_1"]
    option = Tape(path).check(serving(llms=("small",)), report=None)
    assert [(one.what, one.recorded) for one in option] == [("llm", "large")]


def test_an_answer_without_what_was_expected_is_named(path: Path, serving: Any) -> None:
    record(path, "one", "two")
    change(path, 0, metadata={"expects": "to  one is 42"})
    change(path, 1, metadata={"expects": ["The answer", "43"]})
    [found] = Tape(path).check(serving(), report=None)
    assert found[2:] == ("two", "answer", "expected: 43", "The answer to two is 42.")


def test_a_score_that_fell_is_named(path: Path, serving: Any) -> None:
    record(path, "one", "two")

    def long_enough(answer: Answer) -> float:
        assert (answer.status, answer.metadata) == ("completed", {})
        return len(answer.text) / 10

    check = Tape(path).check(serving(lambda _: "No."), score=long_enough, report=None)
    assert [(o.recorded, o.now) for o in check if o.what == "score"] == [
        *(("2.4", "0.3: No."), ("2.4", "0.3: No."))
    ]
    with pytest.raises(InvalidRequestError, match="KeyError"):
        Tape(path).check(serving(), score=lambda answer: answer.metadata["no"], report=None)


def test_results_of_external_tools_are_those_of_the_tape(path: Path, serving: Any) -> None:
    def asking(prompt: str) -> Any:
        for _ in range(2 if prompt == "twice" else 1):
            given = yield ToolCall("stock", {"item": "tea"}, external=True)
        yield f"{given.result} left"

    def stock(item: str) -> int:
        return 7

    with LocalDari(tape=path) as server, Dari(server.url, server.api_key, server) as d:
        server.agent("guide")(asking)
        d.agents["guide"].send("How much?", tools=[stock], approve="always").wait()
        d.agents["guide"].send("How much now?", tools=[stock], approve="always").wait()
    change(path, 0, metadata={"expects": "7 left"})
    assert Tape(path).check(serving(asking, llms=()), report=None).holds


def test_a_branch_is_asked_from_its_beginning(path: Path, serving: Any) -> None:
    with LocalDari(tape=path) as server, Dari(server.url, server.api_key, server) as d:
        server.agent("guide")(guide)
        first = d.agents["guide"].send("a").wait()
        first.session.send("b").wait()
        first.fork().send("c").wait()
    asked: list[str] = []

    def counting(prompt: str) -> Any:
        asked.append(prompt)
        return guide(prompt)

    check = Tape(path).check(serving(counting, llms=()), report=None)
    assert (check.asked, check.holds) == (3, True)
    assert sorted(asked) == ["a", "a", "b", "c"]


def test_what_cannot_be_asked_is_said_with_the_reason(path: Path, serving: Any) -> None:
    with LocalDari(tape=path) as server, Dari(server.url, server.api_key, server) as d:
        server.agent("guide")(guide)
        notes = path.parent / "notes.txt"
        notes.write_text("Tea")
        d.agents["guide"].send("Read it", files=[notes]).wait()
        d.agents["guide"].send("Use sk-proj-canary-0123456789").wait()
    check = Tape(path).check(serving(llms=()), report=None)
    assert (check.asked, check.holds, len(check)) == (0, False, 0)
    assert len(check.unasked) == 2


def test_a_turn_that_takes_too_long_is_ended(path: Path, serving: Any) -> None:
    record(path, "one")

    async def endless(_: str) -> Any:
        import asyncio

        await asyncio.Event().wait()
        yield "never"

    [outcome, tools] = Tape(path).check(serving(endless), timeout=0.05, report=None)
    assert outcome.what == "outcome"
    assert outcome.now.startswith("failed")
    assert tools.now == "no tool"
    with pytest.raises(InvalidRequestError, match="timeout"):
        Tape(path).check(serving(), timeout=0, report=None)


def test_the_report_is_passive_and_has_a_frame(path: Path, serving: Any) -> None:
    def hostile(_: str) -> Any:
        raise ValueError("\x1b]0;x\x07 <script>alert(1)</script> | [a](javascript:b)\nend")

    record(path, "one")
    check = Tape(path).check(serving(hostile), report=None)
    report = check.to_markdown()
    assert "\x1b" not in repr(check) + report
    assert "<script>" not in report
    assert report.startswith("# ")
    frame = check.to_frame()
    assert list(frame["what"]) == ["outcome", "tools"]
    assert {str(dtype) for dtype in frame.dtypes} == {"string"}


def test_a_server_that_plays_the_tape_is_asked_live_and_plays_on(path: Path) -> None:
    record(path, "one")
    before = path.read_bytes()
    with LocalDari(tape=path) as server, Dari(server.url, server.api_key, server) as d:
        server.agent("guide", llms=["small", "large"])(others)
        assert [one.what for one in server.tape.check(d, report=None)] == ["outcome", "tools"]
        assert d.agents["guide"].send("one").wait().status == "completed"
    assert path.read_bytes() == before


def test_who_is_asked_is_a_connection(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match="connect"):
        Tape(tmp_path / "x.tape").check("http://127.0.0.1:1")  # type: ignore[arg-type]
