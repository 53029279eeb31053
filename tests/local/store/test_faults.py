"""A database that fails at any one statement leaves a request whole or undone, never half."""

import itertools
import json
import sqlite3
from threading import Lock

import httpx
import pytest

from dari_nb.errors import StorageError
from dari_nb.local import LocalDari, ToolCall

MANIFEST = (
    b"name: packed\nharness: pi\ninstructions:\n  system: system.md\nllm:\n  model: openai/x\n"
)
BUNDLE = {"dari.yml": MANIFEST, "system.md": b"Be kind."}


class Fuse:
    """Lets one statement of those to come fail, the n-th, or all that write from there on."""

    def __init__(self):
        self.left = None
        self.is_lasting = False
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
            if self.is_lasting and sql.lstrip().upper().startswith("SELECT"):
                return
            self.left -= 1
            if self.left == 0:
                self.left = 1 if self.is_lasting else None
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


def each_fault(fuse, attempt, most=10_000, step=1):
    """Call ``attempt`` with a fault at each of its statements, until one is free of it."""
    for number in itertools.islice(itertools.count(1, step), most):
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


def settled(api, session_id):
    api.rests(session_id)
    return [m["parts"][0]["text"] for m in messages(api, session_id) if m["status"] == "completed"]


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


def test_a_tool_result_is_taken_or_the_call_goes_on_waiting(server, faulty, fuse):
    def attempt(number):
        sent = faulty.send(session_id, f"ask {number}")["message"]["id"]
        faulty.reaches(sent, "waiting_for_tool")
        event = next(e for e in faulty.events(session_id)[::-1] if "tool_call_id" in e["data"])
        body = {"type": "tool.result_submitted", "message_id": sent, "result": number}
        body["tool_call_id"] = event["data"]["tool_call_id"]
        path = f"/sessions/{session_id}/events"
        fuse.set(number)
        answer = faulty.http.post(path, json=body)
        blown = fuse.is_blown()
        if not answer.is_success:
            assert faulty.get(f"/messages/{sent}")["status"] == "waiting_for_tool"
            assert faulty.http.post(path, json=body).status_code == 202
        assert faulty.finished(sent)["status"] in ("completed", "failed")
        submitted = [e for e in faulty.events(session_id) if e["message_id"] == sent]
        assert sum(e["type"] == "tool.result_submitted" for e in submitted) == 1
        return blown

    with_tool = []

    def asking(prompt):
        result = yield ToolCall("human", {}, external=True)
        with_tool.append(result.result)
        return "thanks"

    server.agent("asking")(asking)
    session_id = faulty.create("asking")
    blown = [attempt(number) for number in range(1, 25)]
    assert blown[0]
    faulty.rests(session_id)
    assert sorted(with_tool) == sorted(set(with_tool))


@pytest.mark.parametrize(("size", "step"), [(4, 1), (100, 53)])
def test_a_batch_begins_whole_or_not_at_all(faulty, fuse, counting, size, step):
    agent_id = faulty.agent_id("counting")
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

    assert each_fault(fuse, attempt, step=step) > size
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


def test_recorded_runs_are_loaded_whole_or_not_at_all(server, faulty, fuse, tmp_path):
    talk = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}]
    path = tmp_path / "talks.jsonl"
    path.write_text("".join(f"{json.dumps({'messages': talk})}\n" for _ in range(25)))
    loaded, faults = [], itertools.count(1, 9)
    while not loaded:
        fuse.set(next(faults))
        try:
            loaded = server.load_runs(path)
        except (sqlite3.Error, StorageError):
            assert fuse.is_blown()
            assert faulty.get("/sessions")["sessions"] == []
    assert next(faults) > 100
    assert len(loaded) == 25
    fuse.set(None)
    sessions = faulty.get("/sessions")["sessions"]
    assert [len(messages(faulty, session["id"])) for session in sessions] == [1] * 25


def test_runs_that_a_full_disk_lets_nobody_take_back_are_told(server, faulty, fuse, tmp_path):
    talk = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}]
    path = tmp_path / "talks.jsonl"
    path.write_text("".join(f"{json.dumps({'messages': talk})}\n" for _ in range(45)))
    fuse.is_lasting = True
    kept, writes = 0, itertools.count(5, 5)
    while not kept:
        fuse.set(next(writes))
        with pytest.raises(StorageError) as caught:
            server.load_runs(path)
        fuse.set(None)
        kept = len(faulty.get("/sessions")["sessions"])
    assert 0 < kept < 45
    assert caught.value.is_full
    assert f"; {kept} runs of {path} were kept all the same. Loading it again" in str(caught.value)
    loaded = server.load_runs(path)
    assert (loaded.again, len(loaded)) == (kept, 45)
    assert len(faulty.get("/sessions")["sessions"]) == 45


def test_a_delivery_is_made_whatever_of_it_cannot_be_written_at_first(faulty, fuse, receiver, wait):
    agent_id = faulty.agent_id("counting")
    kinds = ["session.completed", "session.failed"]
    webhook = {"webhook_url": receiver.url, "event_types": kinds}
    faulty.http.put(f"/agents/{agent_id}/webhook", json=webhook).raise_for_status()
    for number in range(20, 70):
        message_id = faulty.send(faulty.create("counting"), f"ask {number}")["message"]["id"]
        fuse.set(number)

        def received(message_id=message_id):
            return [news["data"]["message_id"] for news in receiver.received()]

        wait(received, lambda seen, message_id=message_id: message_id in seen)
        fuse.set(None)
