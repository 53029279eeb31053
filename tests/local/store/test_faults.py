"""A database that fails at any one statement leaves a request whole or undone, never half."""

import sqlite3
from threading import Lock

import httpx
import pytest

from dari_nb.local import LocalDari

MANIFEST = (
    b"name: packed\nharness: pi\ninstructions:\n  system: system.md\nllm:\n  model: openai/x\n"
)
BUNDLE = {"dari.yml": MANIFEST, "system.md": b"Be kind."}


class Fuse:
    """Lets one statement of those to come fail, the n-th."""

    def __init__(self):
        self.left = None
        self.lock = Lock()

    def set(self, number):
        with self.lock:
            self.left = number

    def is_blown(self):
        with self.lock:
            blown, self.left = self.left is None, None
            return blown

    def check(self, sql):
        with self.lock:
            if self.left is None or sql.lstrip().upper().startswith(("ROLLBACK", "RELEASE")):
                return
            self.left -= 1
            if self.left == 0:
                self.left = None
                error = sqlite3.OperationalError("database or disk is full")
                error.sqlite_errorcode = sqlite3.SQLITE_FULL
                raise error


@pytest.fixture
def fuse(monkeypatch):
    made = Fuse()

    class Failing(sqlite3.Connection):
        def execute(self, sql, *values):
            made.check(sql)
            return super().execute(sql, *values)

        def executemany(self, sql, *values):
            made.check(sql)
            return super().executemany(sql, *values)

    connect = sqlite3.connect

    def failing(*arguments, **options):
        return connect(*arguments, **options | {"factory": Failing})

    monkeypatch.setattr(sqlite3, "connect", failing)
    return made


class Counting:
    """An agent that counts how often it was asked what."""

    def __init__(self):
        self.asked = []

    def __call__(self, prompt):
        self.asked.append(prompt)
        return "done"


@pytest.fixture
def counting():
    return Counting()


@pytest.fixture
def server(fuse, counting):
    with LocalDari() as running:
        running.agent("counting", llms=("a", "b"))(counting)
        yield running


@pytest.fixture
def faulty(server, call):
    with call(server) as api:
        # After a fault of its own the server may close the connection.
        api.http.headers["Connection"] = "close"
        yield api


def each_fault(fuse, attempt):
    """Call ``attempt`` with a fault at each of its statements, until one is free of it."""
    for number in range(1, 10_000):
        fuse.set(number)
        answer = attempt(number)
        assert isinstance(answer, httpx.Response)
        if not fuse.is_blown():
            assert answer.is_success, answer.text
            return number
        assert answer.is_success or answer.status_code >= 500, answer.text
    raise AssertionError("the faults have no end")


def messages(api, session_id):
    return api.messages(session_id)


def text(prompt):
    return {"type": "user.message", "content": [{"type": "text", "text": prompt}]}


def test_a_message_is_sent_whole_or_not_at_all_and_its_key_counts_once(faulty, fuse, counting):
    session_id = faulty.create("counting")
    path, acknowledged = f"/sessions/{session_id}/events", []

    def attempt(number):
        key = {"Idempotency-Key": f"key {number}"}
        answer = faulty.http.post(path, json=text(f"ask {number}"), headers=key)
        was_sent = answer.is_success
        fuse.set(None)
        known = {m["parts"][0]["text"] for m in messages(faulty, session_id)}
        assert (f"ask {number}" in known) == was_sent
        again = faulty.http.post(path, json=text(f"ask {number}"), headers=key)
        assert again.status_code == 202
        if was_sent:
            assert again.json()["event"] == answer.json()["event"]
        acknowledged.append(f"ask {number}")
        return answer

    # The fuse is looked at inside the attempt, so the walk is by hand.
    for number in range(1, 40):
        fuse.set(number)
        attempt(number)
    faulty.rests(session_id)
    assert [m["parts"][0]["text"] for m in messages(faulty, session_id)] == acknowledged
    assert sorted(counting.asked) == sorted(set(counting.asked))
    assert set(counting.asked) <= set(acknowledged)


def test_a_first_message_makes_its_session_or_leaves_nothing(faulty, fuse, counting):
    path, acknowledged = f"/agents/{faulty.agent_id('counting')}/messages", []

    def attempt(number):
        answer = faulty.http.post(
            path, json=text(f"ask {number}"), headers={"Idempotency-Key": f"key {number}"}
        )
        if answer.is_success:
            acknowledged.append(answer.json()["session"]["id"])
        return answer

    assert each_fault(fuse, attempt) > 5
    assert [s["id"] for s in faulty.get("/sessions")["sessions"]] == acknowledged
    for session_id in acknowledged:
        faulty.rests(session_id)
        assert len(messages(faulty, session_id)) == 1
    assert len(counting.asked) <= len(acknowledged)


def test_a_batch_begins_whole_or_not_at_all(faulty, fuse, counting):
    agent_id, size = faulty.agent_id("counting"), 4
    acknowledged = []

    def attempt(number):
        items = [
            {"agent_id": agent_id, "message": {"content": text(f"{number}/{n}")["content"]}}
            for n in range(size)
        ]
        body = {"items": items, "idempotency_key": f"key {number}"}
        answer = faulty.http.post("/session-batches", json=body)
        if answer.is_success:
            acknowledged.append(answer.json())
        return answer

    assert each_fault(fuse, attempt) > size
    children = [child for batch in acknowledged for child in batch["sessions"]]
    assert len(children) == size * len(acknowledged)
    known = [s["id"] for s in faulty.get("/sessions")["sessions"]]
    assert known == [child["session_id"] for child in children]
    for session_id in known:
        faulty.rests(session_id)
    assert len(counting.asked) == len(set(counting.asked)) <= len(children)


def test_publishing_makes_a_version_or_leaves_the_agent_as_it_was(faulty, fuse):
    snapshots = [faulty.snapshot(faulty.packed(BUNDLE)) for _ in range(30)]
    acknowledged = []

    def attempt(number):
        answer = faulty.http.post("/agents", json={"source_snapshot_id": snapshots[number]})
        if answer.is_success:
            acknowledged.append(answer.json()["version_id"])
        return answer

    assert each_fault(fuse, attempt) > 3
    agents = [a for a in faulty.get("/agents")["agents"] if a["name"] == "packed"]
    assert len(agents) == 1
    versions = faulty.get(f"/agents/{agents[0]['id']}/versions")["versions"]
    assert [v["id"] for v in versions] == acknowledged[::-1]
    assert agents[0]["active_version_id"] == acknowledged[-1]
