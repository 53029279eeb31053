"""Files of earlier versions open, become this one's, and keep everything."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dari_nb.local import LocalDari

DUMP = Path(__file__).with_name("version_0.sql").read_text(encoding="utf-8")
"""A database from before databases were stamped: a session with two turns, a file and a key."""
KILLED = """
import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA journal_mode = WAL")
db.execute("PRAGMA wal_autocheckpoint = 0")
db.executescript(open(sys.argv[2]).read())
os._exit(0)
"""


def stopped(path, _elsewhere):
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.executescript(DUMP)
    path.chmod(0o644)


def killed(path, elsewhere):
    elsewhere(KILLED, path, Path(__file__).with_name("version_0.sql"))
    assert b"CREATE TABLE agents" not in path.read_bytes()


@pytest.mark.parametrize("end", [stopped, killed])
def test_a_file_from_before_stamps_is_taken_with_all_it_has(path, call, elsewhere, end, mode):
    end(path, elsewhere)
    for answers in (2, 3):
        with LocalDari(path) as server, call(server) as api:
            [session] = api.get("/sessions")["sessions"]
            messages = api.messages(session["id"])
            assert [m["status"] for m in messages] == ["completed"] * answers
            body = {"type": "user.message", "content": [{"type": "text", "text": "again"}]}
            again = api.post(
                f"/agents/{session['agent_id']}/messages", body, headers={"Idempotency-Key": "once"}
            )
            assert again["message"]["id"] == messages[0]["id"]
            told = api.finished(api.send(session["id"], "alpha again")["message"]["id"])
            assert "notes.txt, line 1" in told["output"]["parts"][-1]["text"]
            assert mode(path) == 0o600
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA application_id").fetchone() == (0x44617269,)
        assert db.execute("PRAGMA user_version").fetchone()[0] >= 1


def test_a_file_that_is_cut_off_in_the_middle_of_becoming_this_versions_is_taken(path, elsewhere):
    stopped(path, elsewhere)
    program = (
        "import os, sys, sqlite3\n"
        "from dari_nb.local.store.sqlite_file import served\n"
        "served._give_log = lambda db: os._exit(0)\n"
        "from dari_nb.local import LocalDari\n"
        "LocalDari(sys.argv[1])\n"
    )
    elsewhere(program, path)
    with LocalDari(path) as server:
        assert server.agents[0] == "echo"
