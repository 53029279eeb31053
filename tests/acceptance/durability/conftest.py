"""What tests of a local Dari's file share: servers to kill, and a way to look at all messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import dari_nb as dari

from ..serving import Served, serving

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


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "course.db"


@pytest.fixture
def serve(path: Path) -> Iterator[Callable[[], Served]]:
    """Start a server on the test's file: ``served = serve()``."""
    with serving(path, AGENTS) as serve:
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
