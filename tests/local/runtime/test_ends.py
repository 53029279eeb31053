"""What a turn's end settles: its calls, and which of two who end it at once is heard."""

import sqlite3
import threading

from dari_nb.local import LocalDari, ToolCall, ToolResult


def events_of(api, message):
    return [e for e in api.events(message["session_id"]) if e["message_id"] == message["id"]]


async def breaks():
    raise RuntimeError("out of luck")


def test_calls_that_are_open_fail_with_their_turn(server, api):
    @server.agent("breaks")
    def breaks(prompt):
        first = yield ToolCall("first")
        yield ToolCall("second")
        yield ToolResult("done", tool_call_id=first)
        raise RuntimeError("out of luck")

    message = api.ask("breaks", "x")
    *_, lost, end = events_of(api, message)
    assert lost["type"] == "tool.call_failed"
    cause = "RuntimeError: out of luck"
    ended = {"tool_name": "second", "result": cause, "is_error": True}
    assert {name: lost["data"][name] for name in ended} == ended
    assert (end["data"]["status"], end["data"]["error"]) == ("failed", cause)
    parts = message["output"]["parts"]
    assert [part["is_error"] for part in parts if part["type"] == "tool_result"] == [False, True]
    calls = [item for item in api.items(message["session_id"]) if item["type"] == "tool_call"]
    assert [call["status"] for call in calls] == ["completed", "failed"]


def test_so_do_calls_beside_one_that_breaks_its_turn(server, api):
    @server.agent("breaks")
    def agent(prompt):
        yield ToolCall("good", run=lambda: done()), ToolCall("bad", run=breaks)

    async def done():
        return ToolResult("done")

    message = api.ask("breaks", "x")
    kinds = [event["type"] for event in events_of(api, message)]
    assert kinds.count("tool.call_requested") == 2
    assert kinds.count("tool.call_failed") + kinds.count("tool.call_completed") == 2
    assert message["status"] == "failed"


def cancel(api, message):
    body = {"type": "message.cancel_requested", "message_id": message["id"]}
    return api.http.post(f"/sessions/{message['session_id']}/events", json=body)


def test_a_cancel_that_is_taken_ends_its_turn_although_the_agent_is_done(server, api, monkeypatch):
    """The agent is done, and its turn's end cannot be written yet, when the cancel comes."""
    log = server._service.log
    append, tried, may_end = log.append, threading.Event(), threading.Event()

    def appending(session_id, *payloads, **more):
        ends = any(payload.data.get("status") in ("completed", "failed") for payload in payloads)
        if ends and not may_end.is_set():
            tried.set()
            raise sqlite3.OperationalError("disk I/O error")
        return append(session_id, *payloads, **more)

    @server.agent("quick")
    def quick(prompt):
        yield "all of it"
        yield ToolCall("open")

    session_id = api.create("quick")
    monkeypatch.setattr(log, "append", appending)
    message = api.send(session_id, "x")["message"] | {"session_id": session_id}
    assert tried.wait(60)
    sent = cancel(api, message)
    may_end.set()
    assert sent.status_code == 202
    ended = api.finished(message["id"])
    assert (ended["status"], ended["output"]["error"]) == ("failed", "cancelled")
    assert ended["output"]["parts"][0]["text"] == "all of it"
    [lost] = [e for e in events_of(api, message) if e["type"] == "tool.call_failed"]
    assert lost["data"]["result"] == "cancelled"
    assert cancel(api, message).json()["event"] == sent.json()["event"]


def test_a_cancel_that_was_taken_holds_after_a_restart(tmp_path, call, monkeypatch):
    path, tried = tmp_path / "dari.sqlite", threading.Event()
    with LocalDari(path) as server, call(server) as api:
        append = server._service.log.append

        def appending(session_id, *payloads, **more):
            if any(payload.data.get("status") in ("completed", "failed") for payload in payloads):
                tried.set()
                raise sqlite3.OperationalError("disk I/O error")
            return append(session_id, *payloads, **more)

        session_id = api.create("echo")
        monkeypatch.setattr(server._service.log, "append", appending)
        message = api.send(session_id, "x")["message"] | {"session_id": session_id}
        assert tried.wait(60)
        assert cancel(api, message).status_code == 202
    with LocalDari(path) as server, call(server) as api:
        ended = api.get(f"/messages/{message['id']}")
        assert (ended["status"], ended["output"]["error"]) == ("failed", "cancelled")
