"""Whatever an agent, a model, a tool or a client says, the session goes on."""

import asyncio
import inspect
import sys

import pytest

from dari_nb.local import ToolCall, ToolResult

BAD = "bad \ud800 half \udfff end"
CLEAN = "bad ? half ? end"


def exits(prompt):
    sys.exit(BAD)


def raises_without_text(prompt):
    class UntoldError(Exception):
        def __str__(self):
            raise RuntimeError("no words")

    raise UntoldError


def raises_a_class_of_a_bad_name(prompt):
    raise type(BAD, (Exception,), {})("x")


async def cancels(prompt):
    raise asyncio.CancelledError(BAD)


async def stops_its_loop(prompt):
    asyncio.get_running_loop().stop()
    await asyncio.sleep(0)
    return "stopped"


def is_interrupted(prompt):
    raise KeyboardInterrupt(BAD)


def returns_blocks(prompt):
    yield [{"type": "text", "text": BAD, BAD: [BAD, {BAD: None}]}]


def calls_by_a_bad_name(prompt):
    yield ToolCall(BAD, {BAD: [BAD]})
    yield ToolResult({BAD: BAD})


def fails_with_a_bad_name_open(prompt):
    yield ToolCall(BAD)
    raise ValueError(BAD)


def calls_side_by_side(prompt):
    async def run():
        return ToolResult(BAD, is_error=True)

    yield (ToolCall(BAD, {BAD: 1}, run=run), ToolCall("b", BAD, run=run))


def exits_in_a_call(prompt):
    async def run():
        sys.exit(BAD)

    yield (ToolCall("a", run=run), ToolCall("b", run=run))


async def exits_in_a_callback(prompt):
    asyncio.get_running_loop().call_soon(sys.exit)
    await asyncio.sleep(0.01)
    return "left"


async def cancels_everybody(prompt):
    for task in asyncio.all_tasks():
        task.cancel()
    await asyncio.sleep(0)


def yields_bytes_and_sets(prompt):
    yield ToolCall("a", {"x": b"\xff", "y": {1, 2}, 3: 4})
    yield ToolResult(object())


def yields_a_circle(prompt):
    circle = []
    circle.append(circle)
    yield ToolCall("a", circle)


def nests(prompt):
    value = BAD
    for _ in range(5000):
        value = [value]
    yield ToolCall("deep", value)


ODD = [
    exits,
    raises_without_text,
    raises_a_class_of_a_bad_name,
    cancels,
    stops_its_loop,
    is_interrupted,
    returns_blocks,
    fails_with_a_bad_name_open,
    calls_side_by_side,
    exits_in_a_call,
    exits_in_a_callback,
    cancels_everybody,
    yields_bytes_and_sets,
    yields_a_circle,
    nests,
]


@pytest.mark.parametrize("odd", ODD, ids=lambda function: function.__name__)
def test_a_session_goes_on_after_whatever_an_agent_does(server, api, odd):
    def agent(prompt):
        return odd(prompt) if prompt == "odd" else f"fine: {prompt}"

    async def async_agent(prompt):
        return await odd(prompt) if prompt == "odd" else f"fine: {prompt}"

    server.agent("odd")(async_agent if inspect.iscoroutinefunction(odd) else agent)
    session_id = api.create("odd")
    for prompt, status in (("odd", None), ("even", "completed"), ("odd", None), ("x", "completed")):
        message = api.finished(api.send(session_id, prompt)["message"]["id"])
        assert status in (None, message["status"])
        assert message["status"] == "completed" or message["output"]["error"]
    assert api.rests(session_id)["last_message_status"] == "completed"
    assert api.items(session_id)
    assert len(api.messages(session_id)) == 4


def test_half_characters_become_question_marks_in_every_field(server, api):
    server.agent("half")(calls_by_a_bad_name)
    called, result = api.ask("half", "x")["output"]["parts"]
    assert (called["name"], called["arguments"]) == (CLEAN, {CLEAN: [CLEAN]})
    assert CLEAN in result["content"][0]["text"]
    server.agent("half")(exits)
    assert api.ask("half", "x")["output"]["error"] == f"SystemExit: {CLEAN}"


@pytest.mark.parametrize("place", ["text", "key"])
def test_a_client_that_sends_half_characters_is_answered_and_the_session_goes_on(api, place):
    bad = r"\ud83d half"
    blocks = '[{"type":"text","text":"%s"}]'
    fields = {
        "text": f'"content":{blocks % bad}',
        "key": f'"content":{blocks % "x"},"metadata":{{"{bad}":1}}',
    }
    path = f"/agents/{api.agent_id('echo')}/messages"
    body = f'{{"type":"user.message",{fields[place]}}}'
    answer = api.http.post(path, content=body.encode())
    assert answer.status_code in (202, 422), answer.text
    if answer.status_code == 202:
        assert api.finished(answer.json()["message"]["id"])["status"] == "completed"
