"""Python functions as agents, and kernel functions as their tools."""

import threading

import pytest

import dari_nb as dari
from dari_nb.local import Draft, Reasoning, ToolCall, ToolResult, Usage


@pytest.fixture
def server():
    with dari.local.LocalDari(cost_delay=0.0) as server:
        yield server


@pytest.fixture
def shop(server) -> None:
    """An agent that asks the kernel for its stock."""

    @server.agent("shop")
    def shop(prompt):
        answer = yield ToolCall("stock", {"item": prompt}, external=True)
        yield "denied" if answer.is_error else f"{answer.result} left"


def stock(item: str) -> int:
    """Return how many packets there are."""
    return len(item)


def test_function_steps_arrive_in_order(d, server):
    @server.agent("worker")
    def worker(prompt):
        yield Reasoning("I should count.")
        yield ToolCall("count", {"text": prompt})
        yield ToolResult(3)
        yield Draft("It is")
        yield "It is 3."
        yield Usage(input_tokens=10, output_tokens=5, cost_usd="0.25")

    turn = d.agents["worker"].send("one two three").wait()
    assert turn.text == "It is 3."
    assert [(call.tool_name, call.arguments, call.result) for call in turn.tool_calls] == [
        ("count", {"text": "one two three"}, 3)
    ]
    assert "count" in str(turn.reasoning)
    assert (turn.usage["input_tokens"], turn.usage["output_tokens"]) == (10, 5)
    assert float(turn.cost_usd) == 0.25
    assert turn.latency_s >= 0


def test_function_error_fails_the_turn(d, server):
    @server.agent("broken")
    def broken(prompt):
        yield "Before"
        raise ValueError("no luck")

    turn = d.agents["broken"].send("Hi").wait()
    assert turn.status == "failed"
    assert "no luck" in turn.error
    with pytest.raises(dari.DariError) as caught:
        turn.raise_for_status()
    assert caught.value.code


def test_cancel_ends_a_running_function(d, server):
    started, release = threading.Event(), threading.Event()

    @server.agent("slow")
    def slow(prompt):
        yield Draft("Working")
        started.set()
        release.wait(60)
        yield "Done"

    turn = d.agents["slow"].send("Hi")
    assert started.wait(60)
    turn.cancel()
    release.set()
    assert turn.wait().status == "cancelled"


@pytest.mark.parametrize(
    ("approve", "text"),
    [
        ("always", "3 left"),
        (lambda name, arguments: (name, arguments) == ("stock", {"item": "tea"}), "3 left"),
        (lambda name, arguments: False, "denied"),
        (lambda name, arguments: "a reason to refuse", "denied"),
        (lambda name, arguments: 1, "denied"),
        (lambda call: True, "denied"),
    ],
)
def test_approval_decides_about_tool_calls(d, shop, approve, text):
    turn = d.agents["shop"].send("tea", tools=[stock], approve=approve)
    assert turn.text == text


def test_open_tool_call_is_answered_later(d, shop):
    session = d.agents["shop"].send("coffee").session
    assert session.use_tools([stock], approve="always").text == "6 left"


def test_tool_takes_any_value(d, server):
    import numpy as np
    import pandas as pd

    values = [np.float64(1.5), np.arange(3), pd.DataFrame({"a": [1]}), float("nan"), b"x"]
    values += ["\ud800", "x" * 5_000_000]

    @server.agent("asker")
    def asker(prompt):
        for number in range(len(values)):
            yield ToolCall("value", {"number": number}, external=True)
        yield "done"

    def value(number: int):
        """Return one of the values."""
        return values[number]

    turn = d.agents["asker"].send("Go", tools=[value], approve="always")
    assert turn.text == "done"
    assert [call.is_error for call in turn.tool_calls] == [False] * len(values)
    assert sum(len(str(call.result)) for call in turn.tool_calls) < 1_000_000


def test_replay_plays_a_session_again(d, server):
    session = d.agents["tour"].send("Show me.").wait().session
    replayed = d.sessions.get(server.replay(session.id, speed=1000))
    assert replayed.turn().wait().text == session.turn().text


def test_max_cost_refuses_messages(server):
    server.set_limits(max_cost=0.1)

    @server.agent("dear")
    def dear(prompt):
        yield "Paid"
        yield Usage(cost_usd="0.25")

    with dari.Dari(server.url, server.api_key) as d:
        session = d.agents["dear"].send("Hi").wait().session
        with pytest.raises(dari.ApiError) as caught:
            session.send("Again").wait()
    assert caught.value.status == 402


def test_fork_continues_a_copy(d):
    first = d.agents["calculator"].send("1 + 1").wait()
    session = first.session
    session.send("2 + 2").wait()
    fork = session.fork(at=first)
    assert "6" in fork.send("3 + 3").wait().text
    prompts = dari.messages_frame([session, fork]).groupby("session_id")["prompt"].apply(list)
    assert prompts[session.id] == ["1 + 1", "2 + 2"]
    assert prompts[fork.id] == ["1 + 1", "3 + 3"]
