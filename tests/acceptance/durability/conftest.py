"""A local Dari in a process of its own, which tests kill and start again on the same file."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import dari_nb as dari

COMMAND = Path(sys.executable).with_name("dari-local")
KEY = "dari_durability"
AGENTS = """
import threading

@server.agent("hold")
def hold(prompt):
    yield "working"
    threading.Event().wait()

@server.agent("open")
def open_and_close(prompt):
    "Open and close a file in the process that serves, which drops the process's POSIX locks."
    open(prompt, "rb").close()
    return "closed"
"""


class Served:
    """A running `dari-local serve` on a database file."""

    def __init__(self, path: Path) -> None:
        agents = path.with_name("agents.py")
        agents.write_text(AGENTS)
        command = [COMMAND, "serve", "--db", path, "--agents", agents, "--port", "0", "--key", KEY]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.pid = self._process.pid
        found = (re.search(r"http://[\d.]+:\d+", line) for line in self._process.stdout)
        self.url = next(filter(None, found))[0]

    def client(self) -> dari.Client:
        return dari.Client(self.url, KEY)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()


@contextmanager
def serving(path: Path) -> Iterator[Callable[[], Served]]:
    """Give a function that starts a server on this file; kill all of them in the end."""
    started: list[Served] = []

    def serve() -> Served:
        started.append(Served(path))
        return started[-1]

    try:
        yield serve
    finally:
        for server in started:
            server.kill()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "course.db"


@pytest.fixture
def serve(path: Path) -> Iterator[Callable[[], Served]]:
    """Start a server on the test's file: ``served = serve()``."""
    with serving(path) as serve:
        yield serve


def send(client: dari.Client, agent: str, text: str) -> str:
    """Send the first message of a session, with its text as the key; return the message's id."""
    agent_id = client.agents.get(agent).id
    return client.agents.send(agent_id, text, idempotency_key=text[:100]).message.id


def stored_texts(client: dari.Client) -> dict[str, str]:
    """Return the text of each message on the server by its id."""
    return {
        message.id: "".join(part["text"] for part in message.parts)
        for session in client.sessions.list()
        for message in client.sessions.messages(session.id)
    }
