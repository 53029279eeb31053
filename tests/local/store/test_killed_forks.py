"""A process that is killed while it forks leaves forks that are whole, and nothing of others."""

import contextlib
import random
import subprocess
import sys
import threading

import httpx

from dari_nb.local import LocalDari

FILES = 300
SERVE = f"""
import sys, time
from dari_nb.local import LocalDari

server = LocalDari(sys.argv[1], api_key="dari_killed")

@server.agent("works")
def works(prompt, turn):
    for n in range({FILES}):
        (turn.workspace / f"{{n}}.txt").write_text("x" * 5000)
    return "Done."

print(server.start().url, flush=True)
time.sleep(600)
"""


def test_forks_that_were_cut_off_leave_nothing(tmp_path, call):
    path, parent, told = tmp_path / "x.db", None, []
    for number in range(2):
        command = [sys.executable, "-c", SERVE, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            url = process.stdout.readline().strip()
            http = httpx.Client(
                base_url=f"{url}/v1", headers={"Authorization": "Bearer dari_killed"}, timeout=180
            )
            with http:
                agents = http.get("/agents").json()["agents"]
                [agent] = [one["id"] for one in agents if one["name"] == "works"]
                if parent is None:
                    said = {"type": "user.message", "content": [{"type": "text", "text": "x"}]}
                    sent = http.post(f"/agents/{agent}/messages", json=said).json()["event"]
                    parent = {
                        "session_id": sent["session_id"],
                        "after_message_id": sent["message_id"],
                    }
                    while http.get(f"/sessions/{sent['session_id']}").json()["status"] != "idle":
                        pass
                killing = threading.Timer(random.Random(number).uniform(0.0, 0.2), process.kill)
                killing.start()
                with contextlib.suppress(httpx.TransportError):
                    while True:
                        made = http.post(f"/agents/{agent}/sessions", json={"fork_of": parent})
                        told.append(made.json()["id"])
                killing.join()
    with LocalDari(path) as server, call(server) as api:
        sessions = {one["id"]: one for one in api.get("/sessions")["sessions"]}
        folder = tmp_path / "x.db.workspaces"
        assert set(told) <= sessions.keys()
        assert {place.name.partition(".")[0] for place in folder.iterdir()} == sessions.keys()
        for session_id in sessions:
            assert len(list((folder / session_id).iterdir())) == FILES


def test_what_a_killed_server_was_writing_beside_the_folders_goes(tmp_path, call):
    path, folder = tmp_path / "x.db", tmp_path / "x.db.workspaces"
    folder.mkdir()
    (folder / ".0123456789abcdef").write_text("{")
    with LocalDari(path) as server, call(server) as api:
        assert api.get("/sessions")["sessions"] == []
        assert list(folder.iterdir()) == []
