import asyncio
import threading
from functools import partial

import pytest

from dari_nb.local import LocalDari, NewAttempt, ToolCall, ToolResult, Turn, Usage


def texts(message):
    return [p["text"] for p in message["output"]["parts"] if p["type"] == "text"]


def returns(prompt):
    return f"got {prompt}"


async def returns_async(prompt):
    await asyncio.sleep(0)
    return f"got {prompt}"


def yields(prompt, turn):
    yield "got"
    return prompt


async def yields_async(prompt):
    yield "got"
    yield prompt


class Callable:
    async def __call__(self, prompt, turn):
        return f"got {prompt}"


def returns_nothing(prompt):
    return None


@pytest.mark.parametrize(
    ("function", "answer"),
    [
        (returns, ["got x"]),
        (returns_async, ["got x"]),
        (yields, ["got", "x"]),
        (yields_async, ["got", "x"]),
        (Callable(), ["got x"]),
        (partial(yields), ["got", "x"]),
        (lambda *args: args[1].prompt, ["x"]),
        (returns_nothing, None),
    ],
    ids=["function", "async", "generator", "async generator", "object", "partial", "any", "none"],
)
def test_any_callable_is_an_agent(server, api, function, answer):
    server.agent("any")(function)
    message = api.ask("any", "x")
    assert message["status"] == "completed"
    assert (texts(message) if answer else message["output"]) == answer


def calls(prompt):
    first = yield ToolCall("a", {"n": 1})
    second = yield ToolCall("b")
    yield ToolResult({"of": "a"}, tool_call_id=first)
    yield ToolResult("broken", is_error=True)
    yield f"{first != second}"


async def calls_async(prompt):
    first = yield ToolCall("a", {"n": 1})
    yield ToolCall("b")
    yield ToolResult({"of": "a"}, tool_call_id=first)
    yield ToolResult("broken", is_error=True)
    yield "True"


@pytest.mark.parametrize("function", [calls, calls_async])
def test_tool_calls_and_results_are_recorded(server, api, function):
    server.agent("calls")(function)
    message = api.ask("calls", "x")
    tools = [i for i in api.items(message["session_id"]) if i["type"] == "tool_call"]
    shown = [(t["tool_name"], t["arguments"], t["status"], t["result"]) for t in tools]
    assert shown == [
        ("a", {"n": 1}, "completed", {"of": "a"}),
        ("b", {}, "failed", "broken"),
    ]
    assert texts(message) == ["True"]


def raises(prompt):
    yield ToolCall("open")
    raise KeyError("gone")


def exits(prompt):
    raise SystemExit(3)


async def exits_async(prompt):
    raise KeyboardInterrupt


def yields_numbers(prompt):
    yield 5


def results_only(prompt):
    yield ToolResult(1)


def id_first(prompt):
    yield ToolCall("call_1", "price", {"fruit": "apples"})


def yields(make):
    """An agent that yields what is made while it runs."""

    def one(prompt):
        yield make()

    return one


def unserialisable(prompt):
    yield ToolCall("x", {"f": object()})


def too_deep(prompt):
    deep = []
    for _ in range(300):
        deep = [deep]
    yield ToolCall("x", deep)


@pytest.mark.parametrize(
    ("function", "cause"),
    [
        (raises, "KeyError"),
        (exits, "SystemExit"),
        (exits_async, "KeyboardInterrupt"),
        (yields_numbers, "TypeError"),
        (results_only, "ValueError"),
        (id_first, "TypeError"),
        (yields(lambda: ToolCall("x", external=True, timeout_seconds=0)), "ValueError"),
        (yields(lambda: Usage(0.01, "20")), "TypeError"),
        (unserialisable, "TypeError"),
        (too_deep, "ValueError"),
        (lambda: "no parameter", None),
    ],
)
def test_what_an_agent_raises_is_the_cause_of_failure(server, api, function, cause):
    server.agent("raises")(function)
    message = api.ask("raises", "x")
    if cause is None:
        assert texts(message) == ["no parameter"]
        return
    assert message["status"] == "failed"
    assert message["output"]["error"].startswith(cause)
    items = api.items(message["session_id"])
    assert all(i["status"] == "failed" for i in items if i["type"] == "tool_call")
    assert api.ask("echo", "still there", llm_id="small")["status"] == "completed"


def test_a_turn_knows_its_session(server, api):
    seen: list[Turn] = []

    @server.agent("knows", llms=("small", "large"))
    def knows(prompt, turn):
        seen.append(turn)
        return turn.files[-1].text

    one, two = api.upload("a.txt", b"first"), api.upload("b.bin", b"\xffsecond")
    message = api.ask(
        "knows", "Hi", one, llm_id="large", metadata={"course": "7", "step_delay": "0"}
    )
    sent = api.send(message["session_id"], "More", two)
    assert texts(api.finished(sent["message"]["id"])) == ["\ufffdsecond"]
    turn = seen[1]
    assert (turn.prompt, turn.llm_id, turn.step_delay) == ("More", "large", 0)
    assert [f.name for f in turn.files] == ["a.txt", "b.bin"]
    assert [f.data for f in turn.files] == [b"first", b"\xffsecond"]
    assert [i.type for i in turn.history] == ["user_message", "assistant_message"]
    assert turn.metadata["course"] == "7"
    assert turn.session_id == message["session_id"]


def test_pace_waits_before_each_step_and_a_session_can_set_its_own(call, wait, pauses):
    paces = []

    def agent(prompt, turn):
        paces.append(turn.step_delay)
        yield "one"
        yield "two"

    with LocalDari(step_delay=30) as server, call(server) as api:
        server.agent("paced")(agent)
        api.ask("paced", "x", metadata={"step_delay": "0.05"})
        assert pauses.count(0.05) == 2
        api.ask("paced", "x", metadata={"step_delay": "0"})
        for nonsense in ("soon", "-1", "nan", "inf"):
            api.send(api.create("paced", metadata={"step_delay": nonsense}), "x")
        wait(lambda: len(paces), lambda count: count == 6)
    assert paces == [0.05, 0, 30, 30, 30, 30]


def test_stopping_the_server_cuts_agents_off(call):
    closed, waiting, cut = (threading.Event() for _ in range(3))
    with LocalDari() as server, call(server) as api:

        @server.agent("endless")
        def endless(prompt):
            try:
                while True:
                    yield "more"
            finally:
                closed.set()

        @server.agent("waiting")
        def waits(prompt):
            yield ToolCall("never", external=True)

        @server.agent("asleep")
        async def asleep(prompt):
            waiting.set()
            try:
                await asyncio.Event().wait()
            finally:
                cut.set()

        for name in ("endless", "waiting", "asleep"):
            api.send(api.create(name), "x")
        assert waiting.wait(60)
        server.stop()
    assert cut.wait(60)
    assert closed.wait(60)


def side_by_side(prompt):
    both = asyncio.Barrier(2)

    async def run(number):
        await both.wait()
        return ToolResult(number, is_error=number == 2)

    results = yield (
        ToolCall("ask", {"who": "you"}, external=True),
        ToolCall("one", run=lambda: run(1)),
        ToolCall("two", run=lambda: run(2)),
        ToolCall("ask", {"who": "me"}, external=True),
    )
    yield repr([(result.result, result.is_error) for result in results])


async def side_by_side_async(prompt):
    steps = side_by_side(prompt)
    yield steps.send((yield next(steps)))


@pytest.mark.parametrize("function", [side_by_side, side_by_side_async])
def test_calls_of_a_tuple_run_side_by_side_and_give_their_results_in_order(server, api, function):
    server.agent("both")(function)
    session_id = api.create("both")
    message_id = api.send(session_id, "x")["message"]["id"]
    api.reaches(message_id, "waiting_for_tool")
    tools = [i for i in api.items(session_id) if i["type"] == "tool_call"]
    states = [(tool["tool_name"], tool["status"]) for tool in tools]
    asked = ("ask", "requested")
    assert states == [("one", "completed"), ("two", "failed"), asked, asked]
    for tool in reversed(tools[2:]):
        answer = {"type": "tool.result_submitted", "message_id": message_id}
        answer |= {"tool_call_id": tool["tool_call_id"], "result": tool["arguments"]["who"]}
        api.post(f"/sessions/{session_id}/events", answer)
    message = api.finished(message_id)
    assert texts(message) == ["[('you', False), (1, False), (2, True), ('me', False)]"]
    changes = [e["data"] for e in api.events(session_id) if e["type"] == "message.status_changed"]
    assert [change["status"] for change in changes][-3:] == [
        "waiting_for_tool",
        "running",
        "completed",
    ]


def test_what_a_call_of_a_tuple_raises_fails_the_turn(server, api):
    async def run():
        raise KeyError("gone")

    @server.agent("raising")
    def raising(prompt):
        yield (ToolCall("one", run=run),)

    @server.agent("wrong")
    def wrong(prompt):
        yield (ToolCall("one"),)

    assert api.ask("raising", "x")["output"]["error"] == "KeyError: 'gone'"
    assert api.ask("wrong", "x")["status"] == "failed"


def test_another_attempt_and_the_tokens_are_in_the_ledger(server, api):
    @server.agent("trying")
    def trying(prompt):
        yield Usage(None, input_tokens=10, output_tokens=2)
        yield NewAttempt("it was busy")
        yield Usage(None, input_tokens=10, output_tokens=3, cached_input_tokens=4)
        yield "done"

    message = api.ask("trying", "x")
    assert message["attempt"] == 2
    changes = [
        e["data"]
        for e in api.events(message["session_id"])
        if e["type"] == "message.status_changed"
    ]
    again = {"status": "running", "previous_status": "running"}
    assert again | {"attempt": 2, "reason": "it was busy"} in changes
    used = {"input_tokens": 20, "output_tokens": 5, "cached_input_tokens": 4}
    assert changes[-1]["usage"] == message["usage"] == used
