"""Agents that block, in whatever way, hold up nobody else."""

import asyncio
import subprocess
import sys
import threading
import time

import httpx
import pytest

from dari_nb.errors import InvalidRequestError
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


def async_generator(gate):
    async def blocking(prompt):
        yield "before"
        gate.block()
        yield "after"

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


KINDS = [async_function, async_generator, sync_function, call_side_by_side]


@pytest.mark.parametrize("kind", KINDS)
def test_others_are_answered_while_an_agent_blocks(call, gate, kind):
    with LocalDari() as server, call(server) as api:
        server.agent("blocking")(kind(gate))
        sent = api.send(api.create("blocking"), "x")
        assert gate.entered.wait(60)
        assert api.ask("echo", "Anybody there?")["status"] == "completed"
        assert api.get(f"/messages/{sent['message']['id']}")["status"] == "running"
        gate.opened.set()
        assert api.finished(sent["message"]["id"])["status"] == "completed"


@pytest.mark.parametrize("kind", KINDS)
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


def test_a_function_that_never_returns_takes_no_thread_after_the_other(
    call, gate, monkeypatch, caplog
):
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
        why = "its function has not returned from 2 turns that were ended"
        assert why in refused["output"]["error"]
        assert any("sync_function" in line and why in line for line in caplog.messages)
        assert not gate.entered.is_set()
        assert api.ask("other", "x")["status"] == "completed"
        gate.opened.set()
        monkeypatch.undo()
        assert api.ask("blocking", "x")["status"] == "completed"


def test_an_interpreter_ends_while_an_async_agent_blocks():
    code = """
import httpx, threading, time
from dari_nb.local import LocalDari
server, entered = LocalDari(), threading.Event()
@server.agent("blocking")
async def blocking(prompt):
    entered.set()
    time.sleep(600)
server.start()
http = httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {server.api_key}"})
agent = next(a for a in http.get("/v1/agents").json()["agents"] if a["name"] == "blocking")
body = {"type": "user.message", "content": [{"type": "text", "text": "x"}]}
http.post(f"/v1/agents/{agent['id']}/messages", json=body)
entered.wait(60)
print("the end")
"""
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=180, check=True
    )
    assert (ended.stdout, ended.stderr) == ("the end\n", "")


def test_an_async_agent_can_replay_a_session(call):
    with LocalDari() as server, call(server) as api:
        recorded = api.create("echo")
        api.finished(api.send(recorded, "Once")["message"]["id"])

        @server.agent("replaying")
        async def replaying(prompt):
            return server.replay(recorded)

        message = api.ask("replaying", "x")
        session_id = message["output"]["parts"][0]["text"]
        assert api.get(f"/sessions/{session_id}")["metadata"]["replay_of"] == recorded


def test_the_servers_own_loop_is_told_that_it_cannot_wait_for_itself(server):
    with pytest.raises(InvalidRequestError, match="own loop"):
        server._serving.call(lambda: server._serving.call(lambda: 1))


def test_async_agents_take_turns_with_each_other(server, api):
    met = asyncio.Queue()

    @server.agent("giving")
    async def giving(prompt):
        await met.put(prompt)
        return "given"

    @server.agent("taking")
    async def taking(prompt):
        return f"took {await met.get()}"

    taken = api.send(api.create("taking"), "x")["message"]["id"]
    assert api.ask("giving", "a thing")["status"] == "completed"
    assert api.finished(taken)["output"]["parts"][0]["text"] == "took a thing"


def test_many_sync_agents_share_a_bounded_number_of_threads_and_all_are_answered(server, api):
    running, most, lock = set(), [], threading.Lock()

    @server.agent("counted")
    def counted(prompt):
        with lock:
            running.add(threading.get_ident())
            most.append(len(running))
        time.sleep(0.01)
        yield "half"
        time.sleep(0.01)
        with lock:
            running.discard(threading.get_ident())

    agent_id = api.agent_id("counted")
    message = {"content": [{"type": "text", "text": "x"}]}
    items = [{"agent_id": agent_id, "message": message} for _ in range(100)]
    batches = [api.post("/session-batches", {"items": items}) for _ in range(3)]
    for batch in batches:
        for child in batch["sessions"]:
            assert api.rests(child["session_id"])["last_message_status"] == "completed"
    assert len(most) == 300
    assert max(most) <= 64


def test_agents_that_wait_for_the_caller_keep_no_other_from_running(server, api):
    @server.agent("patient")
    def patient(prompt):
        answer = yield ToolCall("human", {}, external=True)
        return f"heard {answer.result}"

    sent = [api.send(api.create("patient"), "x") for _ in range(80)]
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
