"""Functions that answer an agent's calls."""

import asyncio
import gc
import threading
import time

import pytest

import dari_nb as dari
from dari_nb.errors import InvalidRequestError
from dari_nb.resources.tools.claims import claim


@dari.tool(approve="always")
def double(n: int) -> int:
    """Double a number."""
    return 2 * n


def test_a_call_is_answered_and_the_turn_goes_on(caller):
    turn = caller.send("double {'n': '21'}", tools=[double])
    assert turn.text == "result: 42"
    [call] = turn.tool_calls
    assert (call.status, call.result) == ("completed", 42)


def test_a_plain_function_and_an_async_one_will_do(caller):
    async def later(n: int) -> int:
        await asyncio.sleep(0)
        return n + 1

    turn = caller.send("later {'n': 1}", tools=later, approve="always")
    assert turn.text == "result: 2"


def test_a_session_keeps_its_tools(caller):
    session = caller.start(tools=[double])
    assert session.send("double {'n': 1}").text == "result: 2"
    assert session.send("double [{'n': 2}, {'n': 3}]").text == "result: 4\n\nresult: 6"


def test_sync_functions_never_hold_up_the_background_loop(caller, d):
    entered, leave = threading.Event(), threading.Event()

    def slow() -> str:
        entered.set()
        leave.wait(20)
        return threading.current_thread().name

    turn = caller.send("slow", tools=[slow], approve="always")
    assert entered.wait(60)
    assert caller.send("double {'n': 2}", tools=[double]).text == "result: 4"
    leave.set()
    assert turn.text == "result: dari-tool"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("{}", "n: Field required"),
        ("{'n': 1, 'm': 2}", "m: Extra inputs are not permitted"),
        ("'text'", "are no JSON object"),
    ],
)
def test_arguments_that_do_not_fit_go_back_before_the_call(caller, arguments, said):
    calls = []

    def count(n: int) -> None:
        calls.append(n)

    turn = caller.send(f"count {arguments}", tools=[count])
    assert said in turn.text
    assert turn.wait().status == "completed"
    assert not calls


def test_an_exception_is_a_short_error_without_traceback_or_variables(caller):
    def bad() -> None:
        secret = "hunter2"
        raise ValueError("the first line\nthe second line" + secret * 0)

    turn = caller.send("bad", tools=[bad], approve="always")
    [call] = turn.tool_calls
    assert call.is_error
    assert call.result == "bad failed: ValueError: the first line"


@pytest.mark.parametrize("ends", [SystemExit(3)])
def test_what_would_end_more_than_the_call_is_an_error_too(caller, ends):
    def quits() -> None:
        raise ends

    turn = caller.send("quits", tools=[quits], approve="always")
    assert turn.wait(60).status == "completed"
    assert f"quits failed: {type(ends).__name__}" in turn.text


@pytest.mark.parametrize("is_async", [False, True])
def test_a_call_that_takes_too_long_is_given_up(caller, is_async):
    leave = threading.Event()

    def wait() -> None:
        leave.wait(20)

    async def await_it() -> None:
        await asyncio.sleep(20)

    slow = dari.tool(name="slow", timeout=0.1, approve="always")(await_it if is_async else wait)
    turn = caller.send("slow", tools=[slow])
    assert "slow gave no result within 0.1 s." in turn.text
    leave.set()


def test_tables_arrive_as_records_and_pictures_as_files(caller, d):
    import altair
    import pandas

    def look(what: str):
        frame = pandas.DataFrame({"x": [1, 2], "y": [1.5, None]})
        return frame if what == "table" else altair.Chart(frame).mark_point().encode(x="x", y="y")

    turn = caller.send("look [{'what': 'table'}, {'what': 'plot'}]", tools=[look], approve="always")
    table, plot = [call.result for call in turn.wait().tool_calls]
    assert table["records"] == [{"x": 1, "y": 1.5}, {"x": 2, "y": None}]
    assert (plot["picture"], plot["filename"]) == ("png", "picture.png")
    assert plot["file_id"].startswith("file_")


def test_a_call_of_another_name_waits_and_can_be_answered_by_hand(caller):
    turn = caller.send("other {'n': 1}", tools=[double])
    [call] = _waiting(turn)
    assert (call.tool_name, call.arguments) == ("other", {"n": 1})
    with pytest.raises(InvalidRequestError, match=call.tool_call_id):
        turn.submit_tool_result("call_unknown", 1)
    assert turn.submit_tool_result(call.tool_call_id, {"found": {2, 1}}).wait().text == (
        "result: {'found': [1, 2]}"
    )
    assert turn.session.pending_calls() == []


def test_by_hand_an_error_can_be_told(caller):
    turn = caller.send("other")
    [call] = _waiting(turn)
    turn.submit_tool_result(call.tool_call_id, "nobody knows", is_error=True)
    assert turn.wait().text == "error: nobody knows"


def test_waiting_calls_are_taken_up_later(caller, d):
    turn = caller.send("double {'n': 4}")
    _waiting(turn)
    later = d.sessions.get(turn.session.id)
    assert later.use_tools([double]).text == "result: 8"


def test_five_followers_run_a_call_once(caller, d):
    calls, gate = [], threading.Event()

    def once() -> int:
        calls.append(1)
        gate.wait(60)
        return len(calls)

    turn = caller.send("once")
    _waiting(turn)
    sessions = [d.sessions.get(turn.session.id) for _ in range(5)]
    turns = [session.use_tools(once, approve="always") for session in sessions]
    while not calls:
        time.sleep(0.01)
    gate.set()
    assert [turn.text for turn in turns] == ["result: 1"] * 5
    assert calls == [1]


def test_a_call_that_a_dead_kernel_began_is_not_run_again(caller):
    turn = caller.send("double {'n': 1}")
    [call] = _waiting(turn)
    theirs = claim(turn.session.id, turn.id, call.tool_call_id)
    theirs.begin()
    theirs.release(forget=False)
    turn.session.use_tools([double])
    assert "It was not run again; whether it took effect is not known." in turn.wait(60).text


def test_a_result_that_the_server_refuses_becomes_an_error(d, server):
    from dari_nb.local import ToolCall

    @server.agent("strict")
    def strict(prompt):
        schema = {"type": "object"}
        result = yield ToolCall("double", {"n": 1}, external=True, output_schema=schema)
        yield f"{result.is_error}: {result.result}"

    turn = d.agents.get("strict").send("x", tools=[double])
    assert turn.text.startswith("True: The server refused the result of double:")


def test_what_cannot_be_a_tool_is_said_before_anything_is_sent(caller, d):
    for attempt in (caller.send, caller.start().send):
        with pytest.raises(InvalidRequestError, match=r"takes \*args"):
            attempt("x", tools=[_many])
        with pytest.raises(InvalidRequestError, match='approve is "ask"'):
            attempt("x", tools=[double], approve="sometimes")
    assert all(not session.messages() for session in d.sessions.list())


def _many(*args: int) -> int:
    return len(args)


def _waiting(turn):
    deadline = time.monotonic() + 180
    while not (calls := turn.session.pending_calls()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return calls


def test_a_turn_is_cancelled_while_a_function_runs_for_it_and_the_next_one_is_answered(caller):
    begun, go_on = threading.Event(), threading.Event()

    def wait(n: int) -> int:
        begun.set()
        go_on.wait(60)
        return n

    session = caller.start(tools=[wait, double], approve="always")
    turn = session.send("wait {'n': 1}")
    assert begun.wait(60)
    assert turn.cancel().status == "cancelled"
    go_on.set()
    assert session.send("double {'n': 2}").text == "result: 4"
    assert session._tools.trouble is None
    assert [call.is_cancelled for call in turn.tool_calls] == [True]


def test_turn_that_nobody_holds_is_answered(caller, d):
    session_id = caller.send("double {'n': 21}", tools=[double]).session.id
    gc.collect()
    assert d.sessions.get(session_id).turn().wait(60).text == "result: 42"
