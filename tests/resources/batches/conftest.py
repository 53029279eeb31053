import threading
from collections import Counter

import pytest

from dari_nb.local import LocalDari
from dari_nb.resources import Dari

LLMS = ["a", "b", "c", "d", "e", "f"]


def cell_of(metadata):
    """Which cell a session belongs to, as its metadata says."""
    return metadata["task_index"], metadata.get("llm_id", "a"), metadata["repeat"]


class Flaky:
    """An agent named ``flaky`` whose first attempt fails where ``fails`` says so.

    Attributes:
        asked: How often each cell was asked, by cell and attempt.
    """

    def __init__(self, server):
        self.asked = Counter()
        self.fails = lambda task_index, llm, repeat: False
        self._lock = threading.Lock()

        @server.agent("flaky", llms=LLMS)
        def flaky(prompt, turn):
            cell, attempt = cell_of(turn.metadata), turn.metadata["attempt"]
            with self._lock:
                self.asked[cell, attempt] += 1
            if attempt == "1" and self.fails(*cell):
                raise RuntimeError(f"out of luck with {cell}")
            return f"{prompt} by {turn.llm_id}"


@pytest.fixture
def server(request):
    """A Dari of its own, which is as a module's ``SERVER`` says."""
    with LocalDari(**getattr(request.module, "SERVER", {})) as server:
        yield server


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Scores go into the working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def again(server):
    """Connect once more, as a restarted kernel does: nothing is left in memory."""
    made = []

    def again():
        made.append(Dari(server.url, server.api_key, server))
        return made[-1]

    yield again
    for d in made:
        d.close()


@pytest.fixture
def flaky(server):
    return Flaky(server)
