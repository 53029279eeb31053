"""Calls that the caller of the API answers, on a tape that plays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import dari_nb as dari
from dari_nb.local import LocalDari, ToolCall
from dari_nb.resources import Dari
from dari_nb.tapes import Tape, read_tape, write_tape

CANARY = "sk-proj-canary-0123456789"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lesson.tape"


def shop(prompt: str) -> Iterator[Any]:
    tea, milk = yield (
        ToolCall("stock", {"of": "tea"}, external=True),
        ToolCall("stock", {"of": "milk"}, external=True),
    )
    yield f"{tea.result}, {milk.result}"
    bread = yield ToolCall("stock", {"of": "bread"}, external=True)
    yield f"{bread.result}"


class Stock:
    """A function of the kernel, which counts its calls."""

    def __init__(self, **given: Any) -> None:
        self.given = {"tea": 3, "milk": "none", "bread": {"left": 1, "at": "09:00"}} | given
        self.asked: list[str] = []

    @property
    def tool(self) -> Any:
        @dari.tool(name="stock", approve="always")
        def stock(of: str) -> Any:
            self.asked.append(of)
            given = self.given[of]
            if isinstance(given, Exception):
                raise given
            return given

        return stock


def ask(path: Path, stock: Stock, *, live: bool = False, **settings: Any) -> Any:
    tape = Tape(path, mode="record" if live else "play", speed="instant", **settings)
    with LocalDari(tape=tape) as server, Dari(server.url, server.api_key, server) as d:
        if live:
            server.agent("shop")(shop)
        turn = d.agents["shop"].send("What is left?", tools=[stock.tool]).wait()
        return turn.status, turn.error, [call.result for call in turn.tool_calls]


def test_what_was_answered_is_used_again_and_nothing_runs(path: Path) -> None:
    recorded = ask(path, Stock(), live=True)
    assert recorded[0] == "completed"
    stock = Stock()
    assert ask(path, stock) == recorded
    assert stock.asked == []


def test_nothing_waits_for_a_tool_whose_name_is_not_whole_on_the_tape(path: Path) -> None:
    secrets = ["sto"]
    recorded = ask(path, Stock(), live=True, secrets=secrets)
    assert ask(path, Stock(), secrets=secrets) == recorded
    status, error, _ = ask(path, Stock(), secrets=secrets, run_tools=True)
    told = "[scrubbed]ck cannot be run again: the name of the tool is not whole on the tape. Leave"
    assert (status, error.partition(" run_tools out")[0]) == ("failed", told)


def test_run_again_what_gives_the_same_goes_on(path: Path) -> None:
    recorded = ask(path, Stock(), live=True)
    before, stock = path.read_bytes(), Stock(bread={"at": "09:00", "left": 1})
    assert ask(path, stock, run_tools=True) == recorded
    assert sorted(stock.asked) == ["bread", "milk", "tea"]
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("given", "difference"),
    [
        (
            {"tea": 4},
            'stock({"of":"tea"}) was run again, and its result is not as it was recorded: [-3-]{+4',
        ),
        ({"milk": "some"}, 'stock({"of":"milk"}) was run again'),
        ({"bread": {"left": 1, "at": "10:30"}}, "[-09-]{+10+}"),
        ({"tea": ValueError("closed")}, "[-3-]{+an error, "),
    ],
)
def test_another_result_ends_the_turn_and_is_shown(
    path: Path, given: dict[str, Any], difference: str
) -> None:
    ask(path, Stock(), live=True)
    status, error, _ = ask(path, Stock(**given), run_tools=True)
    assert status == "failed"
    assert difference in error


def test_what_is_volatile_in_a_result_does_not_count(path: Path) -> None:
    ask(path, Stock(), live=True)
    stock = Stock(bread={"left": 1, "at": "10:30"})
    settings = {"volatile": [r'"at":"[^"]*"'], "run_tools": True}
    assert ask(path, stock, **settings)[0] == "completed"
    assert ask(path, Stock(bread={"left": 2, "at": "10:30"}), **settings)[0] == "failed"


def test_a_secret_in_a_result_is_the_same_secret(path: Path) -> None:
    ask(path, Stock(tea=CANARY), live=True)
    assert CANARY.encode() not in path.read_bytes()
    assert ask(path, Stock(tea=CANARY), run_tools=True)[0] == "completed"
    status, error, _ = ask(path, Stock(tea=f"now {CANARY}"), run_tools=True)
    assert status == "failed"
    assert CANARY not in error


def test_a_call_that_nobody_answered_in_time_plays_as_that(path: Path) -> None:
    def impatient(_prompt: str) -> Iterator[Any]:
        late = yield ToolCall("stock", external=True, timeout_seconds=0.01)
        yield f"{late.is_error}"

    with LocalDari(tape=path) as server, Dari(server.url, server.api_key, server) as d:
        server.agent("impatient")(impatient)
        assert d.agents["impatient"].send("Hi").wait().text == "True"
    tape = Tape(path, mode="play", run_tools=True)
    with LocalDari(tape=tape) as server, Dari(server.url, server.api_key, server) as d:
        assert d.agents["impatient"].send("Hi").wait().text == "True"
    assert len(read_tape(path).turns) == 1


def test_nobody_waits_again_while_a_call_is_approved(path: Path) -> None:
    recorded = ask(path, Stock(), live=True)
    tape = read_tape(path)
    for line in tape.turns[0].events:
        if line.event == "tool.result_submitted":
            line.after = 86_400.0
    write_tape(tape, path)
    with (
        LocalDari(tape=Tape(path, mode="play", speed=4)) as server,
        Dari(server.url, server.api_key, server) as d,
    ):
        turn = d.agents["shop"].send("What is left?").wait(timeout=120)
        assert [call.result for call in turn.tool_calls] == recorded[2]
