import threading

import pytest

from dari_nb.local import LocalDari
from dari_nb.workbench import Dari


@pytest.fixture
def server():
    with LocalDari() as server:
        yield server


@pytest.fixture
def d(server):
    with Dari(server.url, server.api_key, server) as d:
        yield d


class Gate:
    """An agent named ``gated`` that says "first", and "second" only when the gate is opened."""

    def __init__(self, server):
        self.opened = threading.Event()
        self.asked = []

        @server.agent("gated")
        def gated(prompt):
            self.asked.append(prompt)
            yield "first"
            self.opened.wait(20)
            yield "second"

    def open(self):
        self.opened.set()


@pytest.fixture
def gate(server):
    gate = Gate(server)
    yield gate
    gate.open()
