"""The ledger of a session, and its stream (contract, section 8)."""

import threading
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dari_nb.local import LocalDari, ToolCall, ToolResult

from .caller import Api, types

EVENT = {
    "id",
    "session_id",
    "sequence_number",
    "message_id",
    "type",
    "source",
    "actor",
    "data",
    "created_at",
}
PLAIN_TURN = [
    "user.message",
    "session.status_changed",
    "message.status_changed",
    "assistant.message_completed",
    "message.status_changed",
    "session.status_changed",
]


def works(prompt):
    yield ToolCall("look", {"where": prompt})
    yield ToolResult({"found": True})
    yield "There it is."


@pytest.fixture(scope="module")
def ledger(server, api):
    """Return the events of a session with two turns, one of them with a tool."""
    server.agent("works")(works)
    session_id = api.ask("works", "attic")["session_id"]
    api.ended(api.send(session_id, "Grüße\u2028 \r\n 😀"))
    return api.events(session_id)


def test_plain_turn_has_six_events(api):
    asked = api.ask("parrot", "Hi")
    events = api.events(asked["session_id"])
    assert types(events) == PLAIN_TURN
    changes = [(e["data"].get("previous_status"), e["data"].get("status")) for e in events]
    assert changes == [
        (None, None),
        ("idle", "running"),
        ("queued", "running"),
        (None, None),
        ("running", "completed"),
        ("running", "idle"),
    ]
    of_the_turn = [event["message_id"] == asked["id"] for event in events]
    assert of_the_turn == [True, False, True, True, True, False]
    assert events[3]["data"]["content"] == asked["output"]["parts"]


def test_tool_calls_precede_following_text(ledger):
    kinds = types(ledger)[:8]
    assert kinds[3:6] == [
        "tool.call_requested",
        "tool.call_completed",
        "assistant.message_completed",
    ]
    requested, completed = ledger[3]["data"], ledger[4]["data"]
    assert (requested["tool_name"], requested["arguments"]) == ("look", {"where": "attic"})
    assert requested["tool_call_id"] == completed["tool_call_id"]
    assert (completed["result"], completed["is_error"]) == ({"found": True}, False)


def test_events_are_numbered_without_gaps(ledger):
    assert [event["sequence_number"] for event in ledger] == list(range(1, len(ledger) + 1))
    assert len({event["id"] for event in ledger}) == len(ledger)
    for event in ledger:
        assert set(event) >= EVENT
        assert event["id"].startswith(f"{event['session_id']}:")
        assert event["source"] in ("user", "runtime", "platform")
        assert event["actor"]["type"] == event["source"]
        assert event["created_at"].endswith("Z")
    times = [event["created_at"] for event in ledger]
    assert times == sorted(times)


def test_concurrent_sends_are_numbered_without_gaps(api):
    session_id = api.session("parrot")["id"]
    sent = []
    threads = [
        threading.Thread(target=lambda n=n: sent.append(api.send(session_id, f"{n}")))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    last = max(sent, key=lambda one: one["event"]["sequence_number"])
    api.ended(last)
    numbers = [event["sequence_number"] for event in api.events(session_id)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert [m["sequence_number"] for m in api.messages(session_id)] == list(range(1, 9))


@pytest.mark.parametrize("limit", [1, 3, 1000])
def test_limit_cuts_the_list(api, ledger, limit):
    assert api.events(ledger[0]["session_id"], limit=limit) == ledger[:limit]


@pytest.mark.parametrize("limit", ["0", "-1", "x", ""])
def test_malformed_limit_is_422(api, ledger, limit):
    api.get(f"/sessions/{ledger[0]['session_id']}/events", 422, limit=limit)


def test_stream_begins_with_the_whole_ledger(api, ledger):
    stream = api.stream(ledger[0]["session_id"])
    assert list(islice(stream, len(ledger))) == ledger
    stream.close()


@settings(max_examples=20)
@given(data=st.data())
def test_stream_resumes_after_any_event(api, ledger, data):
    known = data.draw(st.integers(1, len(ledger) - 1))
    stream = api.stream(ledger[0]["session_id"], ledger[known - 1]["id"])
    assert list(islice(stream, len(ledger) - known)) == ledger[known:]
    stream.close()


@pytest.mark.parametrize("last", ["x", "sess_x:evt_1", "{session}:evt_999", "{session}:evt_0"])
def test_stream_after_unknown_event_restarts(api, ledger, last):
    session_id = ledger[0]["session_id"]
    stream = api.stream(session_id, last.format(session=session_id))
    assert next(stream) == ledger[0]
    stream.close()


def test_open_stream_gets_later_turns(api):
    session_id = api.ask("parrot", "one")["session_id"]
    stream = api.stream(session_id)
    events = list(islice(stream, len(PLAIN_TURN)))
    api.send(session_id, "two")
    events += islice(stream, len(PLAIN_TURN))
    stream.close()
    assert types(events) == PLAIN_TURN * 2
    assert events == api.events(session_id)


def test_two_streams_get_the_same(api, ledger):
    streams = [api.stream(ledger[0]["session_id"]) for _ in range(2)]
    for event in ledger:
        assert [next(stream) for stream in streams] == [event, event]
    for stream in streams:
        stream.close()


def test_silent_stream_sends_comments(description):
    with LocalDari(heartbeat=0.02) as server, Api.of(server, description) as api:
        session_id = api.session("echo")["id"]
        with api.http.stream("GET", f"/sessions/{session_id}/stream") as answer:
            lines = [line for line in islice(answer.iter_lines(), 6) if line]
            assert {line[0] for line in lines} == {":"}


def test_sessions_survive_a_restart(description, tmp_path):
    path = tmp_path / "course.db"
    readings = ("", "/events", "/messages", "/transcript")
    seen = []
    for _ in range(2):
        with LocalDari(path) as server, Api.of(server, description) as api:
            sessions = api.get("/sessions")["sessions"]
            session_id = sessions[0]["id"] if sessions else api.ask("echo", "Hi")["session_id"]
            seen.append([api.get(f"/sessions/{session_id}{reading}") for reading in readings])
    assert seen[0] == seen[1]
