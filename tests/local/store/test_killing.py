"""A real process is killed at random points, again and again, on one file."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx

from dari_nb.local import LocalDari
from dari_nb.local.service.recovery import UNFINISHED

ROUNDS = 50
# The modules are loaded once; each line on stdin forks a process that serves the file.
FORKING = """
import gc, os, sys, time
import uvicorn, dari_nb.local.server, uvicorn.protocols.http.auto, uvicorn.loops.auto
for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        options = {"api_key": "dari_killed", "step_delay": 0.002}
        server = dari_nb.local.server.LocalDari(sys.argv[1], **options)
        print(os.getpid(), server.start().url, flush=True)
        time.sleep(60)
    os.waitpid(pid, 0)
    print("dead", flush=True)
"""
HEADERS = {"Authorization": "Bearer dari_killed"}
BODY = {"type": "user.message", "content": [{"type": "text", "text": "x"}]}


class Acknowledged:
    """What a client was told before the process died."""

    def __init__(self):
        self.events = {}
        self.keys = {}

    def send(self, url, agent_id, number):
        """Send messages, and follow a stream, until the server is gone."""
        with httpx.Client(base_url=f"{url}/v1", headers=HEADERS, timeout=5) as http:
            try:
                for count in range(200):
                    key = f"{url}-{number}-{count}"
                    sent = self.sent(http, agent_id, key)
                    self.keys[key] = sent
                    self.note(sent)
                    if count % 3 == number:
                        self.follow(http, sent["session_id"])
            except (httpx.TransportError, json.JSONDecodeError):
                return

    def sent(self, http, agent_id, key):
        path = f"/agents/{agent_id}/messages"
        return http.post(path, json=BODY, headers={"Idempotency-Key": key}).json()["event"]

    def follow(self, http, session_id):
        with http.stream("GET", f"/sessions/{session_id}/stream") as stream:
            for line in stream.iter_lines():
                if line.startswith("data: "):
                    event = json.loads(line.removeprefix("data: "))
                    self.note(event)
                    if event["data"].get("status") == "idle":
                        return

    def note(self, event):
        self.events[event["id"]] = event


@contextmanager
def forking(path):
    with subprocess.Popen(
        [sys.executable, "-c", FORKING, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=os.getcwd(),  # noqa: PTH109
    ) as parent:
        yield parent
        parent.stdin.close()


def killed_once(parent, known, chance, senders):
    """Let a server acknowledge a few messages, or none, and kill it somewhat later."""
    parent.stdin.write("\n")
    parent.stdin.flush()
    pid, url = parent.stdout.readline().split()
    with httpx.Client(base_url=f"{url}/v1", headers=HEADERS) as http:
        agent_id = http.get("/agents").json()["agents"][0]["id"]
        for key, event in list(known.keys.items())[-3:]:
            assert known.sent(http, agent_id, key) == event
            check_rest(known, http, event["session_id"])
    sending = [senders.submit(known.send, url, agent_id, number) for number in range(2)]
    enough = len(known.keys) + chance.randrange(6)
    while len(known.keys) < enough:
        time.sleep(0.001)
    time.sleep(chance.uniform(0, 0.02))
    os.kill(int(pid), signal.SIGKILL)
    for one in sending:
        one.result()
    assert parent.stdout.readline() == "dead\n"


def check_rest(known, http, session_id):
    """After a restart a session is at rest, and its stream replays what was told, in order."""
    messages = http.get(f"/sessions/{session_id}/messages").json()["messages"]
    assert {m["status"] for m in messages} <= {"completed", "failed"}
    replayed = []
    with http.stream("GET", f"/sessions/{session_id}/stream") as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                replayed.append(json.loads(line.removeprefix("data: ")))
                if replayed[-1]["data"].get("status") == "idle":
                    break
    assert [e["sequence_number"] for e in replayed] == list(range(1, len(replayed) + 1))
    told = {i: e for i, e in known.events.items() if e["session_id"] == session_id}
    assert {e["id"]: e for e in replayed if e["id"] in told} == told


def pushed(receiver):
    return {(one["data"]["message_id"], one["type"]) for one in receiver.received()}


def test_a_process_killed_fifty_times_loses_nothing_that_was_acknowledged(
    tmp_path, call, receiver, wait
):
    known, chance = Acknowledged(), random.Random(7)
    path = tmp_path / "killed.db"
    hook = {"webhook_url": receiver.url, "event_types": ["session.completed", "session.failed"]}
    with LocalDari(path) as server, call(server) as api:
        assert api.http.put(f"/agents/{api.agent_id('echo')}/webhook", json=hook).is_success
    with forking(path) as parent, ThreadPoolExecutor(2) as senders:
        for _ in range(ROUNDS):
            killed_once(parent, known, chance, senders)
    assert len(known.keys) > ROUNDS
    with LocalDari(path, api_key="dari_killed") as server, call(server) as api:
        agent_id = api.agent_id("echo")
        for key, event in known.keys.items():
            assert known.sent(api.http, agent_id, key) == event
        sessions = api.get("/sessions")["sessions"]
        kept = {e["id"]: e for session in sessions for e in api.events(session["id"])}
        assert {event_id: kept.get(event_id) for event_id in known.events} == known.events
        messages = [m for session in sessions for m in api.messages(session["id"])]
        ends = {(m["id"], f"session.{m['status']}") for m in messages}
        wait(lambda: pushed(receiver), lambda seen: seen >= ends)
    assert {s["status"] for s in sessions} == {"idle"}
    assert {m["status"] for m in messages} == {"completed", "failed"}
    causes = {m["output"]["error"] for m in messages if m["status"] == "failed"}
    assert causes <= {UNFINISHED}
