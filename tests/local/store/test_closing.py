"""A Dari in a file can be closed at any moment, also just when a checkpoint is due."""

import random
import sqlite3
import subprocess
import sys
import threading
import time

from dari_nb.local.store.sqlite_file.checkpoints import PAUSE, Checkpoints

THREADS = 40


def closed_when_one_is_due(path, pause):
    checkpoints = Checkpoints(path, threading.Lock())
    checkpoints.note_commit()
    time.sleep(PAUSE + pause)
    checkpoints.close()


def test_closing_when_a_checkpoint_is_due_ends(tmp_path):
    path = tmp_path / "a.db"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA journal_mode = wal")
    before, chance = sys.getswitchinterval(), random.Random(3)
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(3):
            closing = [
                threading.Thread(
                    target=closed_when_one_is_due,
                    args=(path, chance.uniform(-0.0005, 0.002)),
                    daemon=True,
                )
                for _ in range(THREADS)
            ]
            for thread in closing:
                thread.start()
            for thread in closing:
                thread.join()
    finally:
        sys.setswitchinterval(before)
    db.close()


COLLECTED = """
import gc, threading
import httpx
from dari_nb.local import LocalDari

def collect(after):
    asked, forgotten, looked = (threading.Event() for _ in range(3))
    gc.collect()
    gc.disable()
    server = LocalDari().start()

    @server.agent("slow")
    def slow(prompt, turn):
        asked.set()
        forgotten.wait()
        gc.set_threshold(gc.get_count()[0] + after)
        gc.enable()
        try:
            turn.files
        finally:
            looked.set()

    key = {"Authorization": f"Bearer {server.api_key}"}
    with httpx.Client(base_url=f"{server.url}/v1", headers=key) as http:
        agents = http.get("/agents").json()["agents"]
        agent_id = next(agent["id"] for agent in agents if agent["name"] == "slow")
        said = {"type": "user.message", "content": [{"type": "text", "text": "Hi"}]}
        http.post(f"/agents/{agent_id}/messages", json=said).raise_for_status()
    asked.wait()
    server.stop()
    circle = [server]
    circle.append(circle)
    del server, circle, slow
    forgotten.set()
    looked.wait()

for after in range(1, 40):
    collect(after)
"""


def test_a_server_that_is_garbage_takes_no_statement_away_that_a_turn_is_in() -> None:
    """Wherever the garbage is collected, which happens in any thread."""
    found = subprocess.run(
        [sys.executable, "-c", COLLECTED], capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stderr) == (0, "")


BUSY = """
import sys, threading
from dari_nb.local.store.database import Database

database, begun = Database(sys.argv[1]), threading.Event()
many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000)"

def count():
    with database._used():
        begun.set()
        counted.extend(database._rows(f"{many} SELECT count(*) FROM n")[0])

counted = []
thread = threading.Thread(target=count)
thread.start()
begun.wait()
database.close()
assert counted == [3000000], counted
thread.join()
print("closed")
"""


def test_a_file_is_closed_when_the_statement_of_another_thread_is_done(tmp_path):
    command = [sys.executable, "-c", BUSY, str(tmp_path / "a.db")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "closed\n"), done.stderr
