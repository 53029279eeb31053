"""A server killed five times while clients send: nothing acknowledged is lost or doubled."""

import itertools
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event

import pytest

import dari_nb as dari

from ..serving import serving
from .conftest import AGENTS, send, stored_texts

KILLS = 5


class Sender:
    """Sends messages to one session, each with an idempotency key, until the server dies."""

    def __init__(self, client, name):
        self.session_id = client.sessions.create(client.agents.get("echo").id).id
        self.keys = (f"{name} {number}" for number in itertools.count())
        self.acknowledged = {}
        self.unanswered = []

    def send(self, client, key):
        return client.sessions.send(self.session_id, key, idempotency_key=key).message.id

    def run(self, client, enough):
        """Repeat what was left unanswered, then go on; set ``enough`` after a few answers."""
        with suppress(dari.DariError):
            for count, key in enumerate(itertools.chain(self.unanswered, self.keys)):
                self.unanswered = [key]
                self.acknowledged[key] = self.send(client, key)
                if count == 5:
                    enough.set()


class Course:
    """What is known about the server after all kills."""

    def __init__(self, client):
        self.senders = [Sender(client, "first"), Sender(client, "second")]
        self.interrupted = []
        self.read = []

    def run_and_kill(self, served):
        with served.client() as client, ThreadPoolExecutor() as pool:
            enough = [Event() for _ in self.senders]
            running = [
                pool.submit(sender.run, client, event)
                for sender, event in zip(self.senders, enough, strict=True)
            ]
            self.interrupted.append(send(client, "hold", f"hold {served.pid}"))
            assert all(event.wait(30) for event in enough)
            while client.messages.get(self.interrupted[-1]).status != "running":
                pass
            self.read += [e for s in self.senders for e in client.sessions.events(s.session_id)]
            served.kill()
            for one in running:
                one.result(60)


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """Kill the server five times; yield what is known, and the server that goes on."""
    with serving(tmp_path_factory.mktemp("killed") / "course.db", AGENTS) as serve:
        served = serve()
        with served.client() as client:
            course = Course(client)
        for _ in range(KILLS):
            course.run_and_kill(served)
            served = serve()
        with served.connect() as d:
            yield course, d


def test_killed_server_doubles_no_message(killed):
    course, d = killed
    for sender in course.senders:
        assert len(sender.acknowledged) >= 5 * KILLS
        for key, message_id in list(sender.acknowledged.items()):
            assert sender.send(d.client, key) == message_id
        for key in sender.unanswered:
            sender.acknowledged[key] = sender.send(d.client, key)
    stored = stored_texts(d.client)
    assert Counter(stored.values()).most_common(1)[0][1] == 1
    for sender in course.senders:
        assert {i: key for key, i in sender.acknowledged.items()}.items() <= stored.items()


def test_killed_server_keeps_ledgers_whole(killed):
    course, d = killed
    ledgers = {s.id: d.client.sessions.events(s.id) for s in d.client.sessions.list()}
    assert len(ledgers) == len(course.senders) + KILLS
    for events in ledgers.values():
        numbers = [event.sequence_number for event in events]
        assert numbers == list(range(1, len(numbers) + 1))
    stored = {event.id: event for events in ledgers.values() for event in events}
    assert course.read
    assert all(stored[event.id] == event for event in course.read)


def test_killed_server_ends_running_turns(killed):
    course, d = killed
    for message_id in course.interrupted:
        session_id = d.client.messages.get(message_id).session_id
        turn = d.sessions.get(session_id).turn(message_id)
        with pytest.raises(dari.errors.TurnFailedError) as failed:
            turn.wait(30).raise_for_status()
        assert (turn.status, failed.value.code) == ("failed", "turn_failed")


def test_killed_server_goes_on(killed):
    course, d = killed
    for sender in course.senders:
        session = d.sessions.get(sender.session_id)
        assert session.send("after", idempotency_key=f"after {session.id}").wait(60).text
    statuses = [
        message.status
        for session in d.client.sessions.list()
        for message in d.client.sessions.messages(session.id)
    ]
    assert set(statuses) == {"completed", "failed"}
