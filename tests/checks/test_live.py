"""A tape that is asked again: what no longer holds is named, and the file stays as it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from dari_nb.checks import Answer, check_live
from dari_nb.client import Client
from dari_nb.errors import InvalidRequestError
from dari_nb.local import LocalDari, ToolCall, ToolResult, Usage
from dari_nb.resources import Dari
from dari_nb.tapes import Tape

RAISED = "failed in the agent's own code: ValueError"

BY = ", by outcome and tools, and by answers of which something is expected"


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
    assert capsys.readouterr().out == (
        "Asks 3 turns of 1 session again; when they were recorded they cost 0.03 US dollars.\n"
    )
    assert repr(check) == f"{path}: 3 of 3 turns came out as recorded{BY}"
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
    assert repr(check).splitlines()[1] == ("line 3, msg_1 of sess_1: tools: look, and now no tool")


def test_a_volatile_part_of_an_error_does_not_count(path: Path, serving: Any) -> None:
    def failing(number: int) -> Any:
        def fail(_: str) -> Any:
            raise ValueError(f"Request {number} was refused.")

        return fail

    record(path, "one", agent=failing(7))
    d = serving(failing(8))
    assert [one.what for one in d.check(path, report=None)] == ["outcome"]
    assert d.check(Tape(path, volatile=[r"Request \d+"]), report=None).holds


def test_no_answer_of_a_server_is_waited_for_longer_than_a_turn_may_take(
    path: Path, serving: Any
) -> None:
    record(path, "one", "two")
    server = serving().server
    waited: list[float | None] = []

    class Noting(httpx.HTTPTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            waited.append(request.extensions["timeout"]["read"])
            return super().handle_request(request)

    with Client(server.url, server.api_key, transport=Noting()) as client:
        assert check_live(Tape(path), client, timeout=3, report=None).holds
        assert {*waited} == {3}
        assert check_live(Tape(path), client, report=None).holds
        assert {*waited} == {3, 60}


def test_an_agent_or_an_option_that_is_gone_is_named_and_nothing_is_asked(
    path: Path, serving: Any
) -> None:
    record(path, "one", "two", llm="large")
    gone = Tape(path).check(serving(name="other"), report=None)
    assert [(one.what, one.recorded) for one in gone] == [("agent", "guide")]
    assert "there is no such agent; there is echo, calculator" in gone[0].now
    assert gone.unasked == [("msg_2 of sess_1", "a turn before it could not be asked")]
    option = Tape(path).check(serving(llms=("small",)), report=None)
    assert [(o.what, o.recorded, o.now) for o in option] == [
        ("llm", "large", "no such option; there is small")
    ]
    assert option.summary == f"{path}: nothing was asked, 2 turns could not be asked"


def test_an_answer_without_what_was_expected_is_named(path: Path, serving: Any) -> None:
    record(path, "one", "two")
    change(path, 0, metadata={"expects": "to  one is 42"})
    change(path, 1, metadata={"expects": ["The answer", "43"]})
    [found] = Tape(path).check(serving(), report=None)
    assert found[2:] == ("two", "answer", "expected: 43", "The answer to two is 42.")


def test_what_is_expected_stays_when_a_turn_is_recorded_anew(path: Path, serving: Any) -> None:
    record(path, "one")
    change(path, 0, metadata={"expects": "42"})
    record(path, "one", agent=lambda _: "41")
    assert '"metadata":{"expects":"42"}' in path.read_text()


def test_a_score_that_fell_is_named(path: Path, serving: Any) -> None:
    record(path, "one", "two")

    def long_enough(answer: Answer) -> float:
        assert (answer.status, answer.metadata) == ("completed", {})
        return len(answer.text) / 10

    check = Tape(path).check(serving(lambda _: "No."), score=long_enough, report=None)
    assert [(o.recorded, o.now) for o in check if o.what == "score"] == [
        *(("2.4", "0.3: No."), ("2.4", "0.3: No."))
    ]
    with pytest.raises(
        InvalidRequestError, match=r"The scorer must give a number, or yes or no, .* KeyError"
    ):
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

    told: list[str] = []
    check = Tape(path).check(serving(counting, llms=()), report=told.append)
    assert (check.asked, check.holds) == (3, True)
    assert sorted(asked) == ["a", "a", "b", "c"]
    [before] = told
    assert before == (
        "Asks 3 turns of 2 sessions again, in 4 questions, as a branch is asked from its "
        "beginning; when they were recorded they cost 0.04 US dollars."
    )


def test_each_turn_is_in_one_number_and_costs_that_nobody_knows_are_left_out(
    path: Path, serving: Any
) -> None:
    record(path, "one", "two")
    tape = Tape(path)
    with LocalDari(tape=tape) as server, Dari(server.url, server.api_key, server) as d:
        server.agent("other")(guide)
        session = d.agents["other"].start()
        for prompt in ("three", "four"):
            session.send(prompt).wait()
    change(path, 0, cost="unknown")
    told: list[str] = []
    check = Tape(path).check(serving(llms=("small",)), report=told.append)
    [before] = told
    assert before == (
        "Asks 4 turns of 2 sessions again; when they were recorded they cost 0.03 US dollars, "
        "without 1 of them, whose cost is not known."
    )
    assert check.summary == (
        f"{path}: 2 of 2 turns came out as recorded{BY}, 2 turns could not be asked"
    )


def test_where_nothing_but_zeros_is_known_of_costs_no_amount_is_said(
    path: Path, serving: Any
) -> None:
    record(path, "one", "two")
    told: list[str] = []
    for costs in (("0", None), (None, None), ("0", "0")):
        for turn, cost in enumerate(costs):
            change(path, turn, cost=cost)
        Tape(path).check(serving(), report=told.append)
    begins = "Asks 2 turns of 1 session again; "
    assert told == [
        *[f"{begins}what that costs is not known."] * 2,
        f"{begins}when they were recorded they cost 0 US dollars.",
    ]


def test_what_cannot_be_asked_is_said_with_the_reason(path: Path, serving: Any) -> None:
    with LocalDari(tape=path) as server, Dari(server.url, server.api_key, server) as d:
        server.agent("guide")(guide)
        notes = path.parent / "notes.txt"
        notes.write_text("Tea")
        d.agents["guide"].send("Read it", files=[notes]).wait()
        d.agents["guide"].send("Use sk-proj-canary-0123456789").wait()
    check = Tape(path).check(serving(llms=()), report=None)
    assert (check.asked, check.holds, len(check)) == (0, False, 0)
    assert [why for _, why in check.unasked] == [
        "the tape does not hold the files that were attached",
        "what was asked held a secret, which the tape does not hold",
    ]


@pytest.mark.parametrize("pattern", ["gui", "small"])
def test_whose_name_is_not_whole_on_the_tape_is_not_taken_for_gone(
    path: Path, serving: Any, pattern: str
) -> None:
    tape = Tape(path, secrets=[pattern])
    with LocalDari(tape=tape) as server, Dari(server.url, server.api_key, server) as d:
        server.agent("guide", llms=["small", "large"])(guide)
        d.agents["guide"].start(llm="small").send("one").wait()
    check = tape.check(serving(), report=None)
    assert (check.asked, check.holds, len(check)) == (0, False, 0)
    why = "the name of its agent or LLM option held a secret, which the tape does not hold"
    assert check.unasked == [("msg_1 of sess_1", why)]


def test_a_turn_that_takes_too_long_is_ended(path: Path, serving: Any) -> None:
    record(path, "one")

    async def endless(_: str) -> Any:
        import asyncio

        await asyncio.Event().wait()
        yield "never"

    [outcome, tools] = Tape(path).check(serving(endless), timeout=0.05, report=None)
    assert outcome.what == "outcome"
    took = "it took longer than 0.05 s, the timeout of a turn, and was ended"
    assert outcome.now == f"failed: {took}"
    assert tools.now == "no tool"
    with pytest.raises(InvalidRequestError, match="timeout must be more than 0"):
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


def test_a_server_that_has_no_more_than_the_tape_is_told_so_once_for_each_session(
    path: Path,
) -> None:
    record(path, "one", "two", "three")
    with LocalDari(tape=path) as server, Dari(server.url, server.api_key, server) as d:
        check = server.tape.check(d, report=None)
    [gone] = check
    assert str(gone) == (
        "line 3, msg_1 of sess_1: agent: guide, and now this server has only what was recorded of "
        "it: register its function first"
    )
    after = "a turn before it could not be asked"
    assert check.unasked == [("msg_2 of sess_1", after), ("msg_3 of sess_1", after)]
    assert check.asked == 0


@pytest.mark.parametrize("given", ["http://127.0.0.1:1", None])
def test_who_is_asked_is_a_connection(tmp_path: Path, given: Any) -> None:
    with pytest.raises(InvalidRequestError, match=r"takes a connection, such as dari_nb.connect"):
        Tape(tmp_path / "x.tape").check(given)
