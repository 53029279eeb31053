"""Agents that block, in whatever way, hold up nobody else."""

import threading

import httpx
import pytest

from dari_nb.local import LocalDari, ToolCall, ToolResult


class Gate:
    """Lets agents through when a test says so."""

    def __init__(self):
        self.entered = threading.Event()
        self.opened = threading.Event()

    def block(self):
        self.entered.set()
        assert self.opened.wait(120)


@pytest.fixture
def gate():
    made = Gate()
    yield made
    made.opened.set()


def async_function(gate):
    async def blocking(prompt):
        gate.block()
        return "done"

    return blocking


def sync_function(gate):
    def blocking(prompt):
        gate.block()
        return "done"

    return blocking


def serving():
    return {thread for thread in threading.enumerate() if thread.name == "dari-local"}


def call_side_by_side(gate):
    async def run():
        gate.block()
        return ToolResult("done")

    def blocking(prompt):
        yield (ToolCall("slow", run=run),)

    return blocking


@pytest.mark.parametrize("kind", [async_function, sync_function, call_side_by_side])
def test_others_are_answered_while_an_agent_blocks(call, gate, kind):
    with LocalDari() as server, call(server) as api:
        server.agent("blocking")(kind(gate))
        sent = api.send(api.create("blocking"), "x")
        assert gate.entered.wait(60)
        assert api.ask("echo", "Anybody there?")["status"] == "completed"
        assert api.get(f"/messages/{sent['message']['id']}")["status"] == "running"
        gate.opened.set()
        assert api.finished(sent["message"]["id"])["status"] == "completed"


@pytest.mark.parametrize("kind", [async_function, sync_function])
def test_a_server_stops_while_an_agent_blocks(call, gate, kind):
    before = serving()
    with LocalDari() as server, call(server) as api:
        server.agent("blocking")(kind(gate))
        api.send(api.create("blocking"), "x")
        assert gate.entered.wait(60)
        url = server.url
        server.stop()
        with pytest.raises(httpx.ConnectError):
            httpx.get(url)
    assert serving() <= before


def test_a_function_that_never_returns_takes_no_thread_after_the_other(call, gate, monkeypatch):
    monkeypatch.setattr("dari_nb.local.agents.slots.MOST_LEFT", 2)
    monkeypatch.setattr("dari_nb.local.agents.slots.PATIENCE", 0.1)
    with LocalDari() as server, call(server) as api:
        server.agent("blocking")(sync_function(gate))
        server.agent("other")(lambda prompt: "here")
        session_id = api.create("blocking")
        for _ in range(2):
            gate.entered.clear()
            message_id = api.send(session_id, "x")["message"]["id"]
            assert gate.entered.wait(60)
            body = {"type": "message.cancel_requested", "message_id": message_id}
            api.post(f"/sessions/{session_id}/events", body)
            assert api.finished(message_id)["output"]["error"] == "cancelled"
        gate.entered.clear()
        refused = api.finished(api.send(session_id, "x")["message"]["id"])
        assert refused["status"] == "failed"
        assert not gate.entered.is_set()
        assert api.ask("other", "x")["status"] == "completed"
        gate.opened.set()
        monkeypatch.undo()
        assert api.ask("blocking", "x")["status"] == "completed"


def test_agents_that_wait_for_the_caller_keep_no_other_from_running(server, api):
    @server.agent("patient")
    def patient(prompt):
        answer = yield ToolCall("human", {}, external=True)
        return f"heard {answer.result}"

    sent = [api.send(api.create("patient"), "x") for _ in range(70)]
    for each in sent:
        api.reaches(each["message"]["id"], "waiting_for_tool")
    assert api.ask("echo", "Still there?")["status"] == "completed"
    for each in sent:
        session_id, message_id = each["session"]["id"], each["message"]["id"]
        [called] = [i for i in api.items(session_id) if i["type"] == "tool_call"]
        body = {"type": "tool.result_submitted", "message_id": message_id, "result": "yes"}
        body["tool_call_id"] = called["tool_call_id"]
        api.post(f"/sessions/{session_id}/events", body)
    for each in sent:
        assert api.finished(each["message"]["id"])["status"] == "completed"
