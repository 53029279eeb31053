import threading

import httpx
import pytest
from httpx_sse import connect_sse

from dari_nb.local import LocalDari


def read(api, session_id, count, last_event_id=None):
    """Read so many events from the stream of a session."""
    headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
    events = []
    path = f"/sessions/{session_id}/stream"
    with connect_sse(api.http, "GET", path, headers=headers) as source:
        for sse in source.iter_sse():
            event = sse.json()
            assert (sse.id, sse.event) == (event["id"], event["type"])
            events.append(event)
            if len(events) == count:
                break
    return events


@pytest.fixture
def finished(api):
    session_id = api.ask("echo", "Grüße\u2028 \r\n end", llm_id="small")["session_id"]
    api.rests(session_id)
    return session_id


def test_a_stream_begins_with_the_whole_ledger(api, finished):
    assert read(api, finished, 6) == api.events(finished)


def test_a_stream_resumes_after_the_last_event(api, finished):
    events = api.events(finished)
    assert read(api, finished, 2, events[3]["id"]) == events[4:]


@pytest.mark.parametrize("unknown", ["evt_1", "sess_x:evt_1", "x", "é", "evt_٣"])
def test_an_unknown_last_event_id_replays_from_the_start(api, finished, unknown):
    path = f"/sessions/{finished}/stream"
    headers = {"Last-Event-ID": unknown.encode()}
    with connect_sse(api.http, "GET", path, headers=headers) as source:
        assert next(source.iter_sse()).json()["sequence_number"] == 1


@pytest.mark.parametrize("number", ["0", "7", "99999999999999999999", "-1"])
def test_an_event_id_that_was_never_given_replays_from_the_start(api, finished, number):
    assert read(api, finished, 1, f"{finished}:evt_{number}")[0]["sequence_number"] == 1


def test_an_open_stream_gets_the_events_of_later_turns(api, finished):
    events = []
    ready = threading.Event()

    def follow():
        with connect_sse(api.http, "GET", f"/sessions/{finished}/stream") as source:
            for sse in source.iter_sse():
                events.append(sse.json())
                if len(events) == 6:
                    ready.set()
                if len(events) == 12:
                    return

    reader = threading.Thread(target=follow)
    reader.start()
    assert ready.wait(60)
    api.send(finished, "again")
    reader.join(60)
    assert events == api.events(finished)


def test_a_silent_stream_sends_keep_alive_comments(call):
    with LocalDari(heartbeat=0.02) as server, call(server) as api:
        session_id = api.create("echo")
        with api.http.stream("GET", f"/sessions/{session_id}/stream") as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            lines = answer.iter_lines()
            seen = [next(lines) for _ in range(6)]
        assert seen == [": connected", "", ": keep-alive", "", ": keep-alive", ""]


def test_a_stream_that_the_reader_leaves_is_forgotten(server, api, finished, wait):
    read(api, finished, 1)
    bells = server._service.notifier
    wait(lambda: finished in bells._listeners, lambda listens: not listens)


def test_many_readers_of_one_session_get_the_same(api):
    session_id = api.create("tour", llm_id="small")
    count = 15
    seen = {}

    def follow(reader):
        with httpx.Client(base_url=api.http.base_url, headers=api.http.headers) as http:
            path = f"/sessions/{session_id}/stream"
            with connect_sse(http, "GET", path) as source:
                stream = source.iter_sse()
                seen[reader] = [next(stream).id for _ in range(count)]

    readers = [threading.Thread(target=follow, args=(n,)) for n in range(8)]
    for reader in readers:
        reader.start()
    api.send(session_id, "Hi")
    for reader in readers:
        reader.join(60)
    expected = [e["id"] for e in api.events(session_id)][:count]
    assert len(expected) == count
    assert list(seen.values()) == [expected] * 8


def test_a_head_request_for_a_stream_ends_at_once(api, finished):
    assert api.http.head(f"/sessions/{finished}/stream").status_code == 200
