import pytest
from httpx_sse import connect_sse


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


def test_a_stream_resumes_after_the_last_event(api, finished):
    events = api.events(finished)
    assert read(api, finished, 2, events[3]["id"]) == events[4:]


@pytest.mark.parametrize("unknown", ["sess_x:evt_1", "é"])
def test_an_unknown_last_event_id_replays_from_the_start(api, finished, unknown):
    path = f"/sessions/{finished}/stream"
    headers = {"Last-Event-ID": unknown.encode()}
    with connect_sse(api.http, "GET", path, headers=headers) as source:
        assert next(source.iter_sse()).json()["sequence_number"] == 1


def test_a_stream_that_the_reader_leaves_is_forgotten(server, api, finished, wait):
    read(api, finished, 1)
    bells = server._service.notifier
    wait(lambda: finished in bells._listeners, lambda listens: not listens)


def test_a_head_request_for_a_stream_ends_at_once(api, finished):
    assert api.http.head(f"/sessions/{finished}/stream").status_code == 200
