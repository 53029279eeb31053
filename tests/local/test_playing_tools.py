"""Calls that the caller of the API answers, on a tape that plays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import dari_nb as dari
from dari_nb.local import LocalDari, ToolCall
from dari_nb.resources import Dari
from dari_nb.tapes import Tape, read_tape


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
    """A function of the kernel, which notes its calls."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    @property
    def tool(self) -> Any:
        @dari.tool(name="stock", approve="always")
        def stock(of: str) -> Any:
            self.asked.append(of)
            return {"tea": 3, "milk": "none", "bread": {"left": 1, "at": "09:00"}}[of]

        return stock


def ask(path: Path, stock: Stock, *, live: bool = False) -> Any:
    tape = Tape(path, mode="record" if live else "play", speed="instant")
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


def test_a_call_that_nobody_answered_in_time_plays_as_that(path: Path) -> None:
    def impatient(_prompt: str) -> Iterator[Any]:
        late = yield ToolCall("stock", external=True, timeout_seconds=0.01)
        yield f"{late.is_error}"

    with LocalDari(tape=path) as server, Dari(server.url, server.api_key, server) as d:
        server.agent("impatient")(impatient)
        assert d.agents["impatient"].send("Hi").wait().text == "True"
    tape = Tape(path, mode="play")
    with LocalDari(tape=tape) as server, Dari(server.url, server.api_key, server) as d:
        assert d.agents["impatient"].send("Hi").wait().text == "True"
    assert len(read_tape(path).turns) == 1
