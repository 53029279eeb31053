"""When a message runs, and until when it is queued."""

import threading

import pytest

from dari_nb.local.runtime.scheduler import MOST_THREADS


@pytest.fixture
def gate():
    gate = threading.Event()
    yield gate
    gate.set()


@pytest.fixture
def waiting(server, api, wait, gate):
    """The session and the message that all places are taken for."""

    @server.agent("held")
    def held(prompt):
        gate.wait(60)
        return prompt

    sent = {}
    for _ in range(MOST_THREADS + 1):
        session = api.create("held")
        sent[api.send(session, "hi")["message"]["id"]] = session

    def queued():
        return [one for one in sent if api.get(f"/messages/{one}")["status"] == "queued"]

    wait(queued, lambda left: len(left) <= 1)
    [last] = queued()
    return sent[last], last


def moves(api, session):
    """How the message of a session went from one status to the next, and when."""
    events = api.get(f"/sessions/{session}/events")["events"]
    moved = [event for event in events if event["type"] == "message.status_changed"]
    return {event["data"]["status"]: event["created_at"] for event in moved}


def test_a_message_is_queued_until_there_is_a_place_for_it(api, gate, waiting):
    session, message = waiting
    assert "started_at" not in api.get(f"/messages/{message}")
    assert moves(api, session) == {}
    gate.set()
    ended = api.finished(message)
    begun, done = moves(api, session).items()
    assert begun == ("running", ended["started_at"])
    assert done == ("completed", ended["completed_at"])
    assert ended["created_at"] < ended["started_at"]
