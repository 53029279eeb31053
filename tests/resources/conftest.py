import sys
import threading
from collections import Counter
from contextlib import suppress
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from dari_nb.local import LocalDari
from dari_nb.resources import Dari

from ..conftest import TcpProxy


@pytest.fixture
def server():
    with LocalDari() as server:
        yield server


@pytest.fixture
def d(server):
    with Dari(server.url, server.api_key, server) as d:
        yield d


@pytest.fixture(scope="session")
def stand_ins():
    """The module of the lessons that stands in for an LLM's server."""
    path = Path(__file__).parents[2] / "notebooks" / "stand_in.py"
    spec = spec_from_file_location("stand_in_of_resources", path)
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


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


class Streams(TcpProxy):
    """Stands before a server and counts the streams of each session as the server sees them.

    Attributes:
        asked: The first lines of all requests, in order.
        opened: How many streams of a session there were, by its id.
        open: How many there are now.
        most: The most there were at once.
    """

    def __init__(self, target):
        super().__init__(target)
        self.asked = []
        self.opened, self.open, self.most = Counter(), Counter(), Counter()

    async def _pump(self, reader, writer, pair):
        followed = []
        with suppress(OSError):
            while data := await reader.read(1 << 16):
                lines = [line for line in data.split(b"\r\n") if line.endswith(b" HTTP/1.1")]
                self.asked += [line.decode() for line in lines]
                followed += map(self._begun, filter(None, map(_followed, lines)))
                writer.write(data)
                await writer.drain()
        for session_id in followed:
            self.open[session_id] -= 1
        for each in pair:
            each.close()
        self._writers -= pair

    def _begun(self, session_id):
        self.opened[session_id] += 1
        self.open[session_id] += 1
        self.most[session_id] = max(self.most[session_id], self.open[session_id])
        return session_id


def _followed(line):
    """The session whose stream a request's first line asks for, if it does."""
    method, path, _ = line.decode().split(" ")
    parts = path.partition("?")[0].split("/")
    return parts[-2] if method == "GET" and parts[-1] == "stream" else None


@pytest.fixture
def streams(server):
    with Streams(server.url) as streams:
        yield streams


@pytest.fixture
def watched(server, streams):
    """A connection whose streams are counted."""
    with Dari(streams.url, server.api_key) as d:
        yield d
