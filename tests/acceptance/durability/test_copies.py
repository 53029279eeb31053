"""A database file that is opened as a plain file, inside and outside of the serving process."""

import subprocess
import sys

import pytest

from .conftest import send, stored_texts

COUNT = """
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as db:
    db.execute("SELECT count(*) FROM sqlite_master").fetchone()
db.close()
"""


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
def test_file_opened_while_served_loses_nothing(serve, path, suffix):
    served = serve()
    acknowledged = {}
    with served.client() as client:
        for copy in range(3):
            for number in range(3):
                text = f"message {copy} {number}"
                acknowledged[send(client, "echo", text)] = text
            opened = client.agents.send(
                client.agents.get("open").id, str(path) + suffix, idempotency_key=f"open {copy}"
            )
            while client.messages.get(opened.message.id).status != "completed":
                pass
            subprocess.run([sys.executable, "-c", COUNT, path], check=True)
            acknowledged[send(client, "echo", f"after {copy}")] = f"after {copy}"
        served.kill()
    with serve().client() as client:
        assert acknowledged.items() <= stored_texts(client).items()
