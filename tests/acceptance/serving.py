"""A local Dari in a process of its own, for tests that kill it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dari_nb as dari

COMMAND = Path(sys.executable).with_name("dari-local")
KEY = "dari_acceptance"


class Served:
    """A running `dari-local serve` on a database file, with the agents of a Python source."""

    def __init__(self, path: Path, agents: str) -> None:
        file = path.with_name("agents.py")
        file.write_text(agents)
        command = [COMMAND, "serve", "--db", path, "--agents", file, "--port", "0", "--key", KEY]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.pid = self._process.pid
        found = (re.search(r"http://[\d.]+:\d+", line) for line in self._process.stdout)
        self.url = next(filter(None, found))[0]

    def client(self) -> dari.Client:
        return dari.Client(self.url, KEY)

    def connect(self) -> dari.Dari:
        return dari.Dari(self.url, KEY)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()


@contextmanager
def serving(path: Path, agents: str) -> Iterator[Callable[[], Served]]:
    """Give a function that starts a server on this file; kill all of them in the end."""
    started: list[Served] = []

    def serve() -> Served:
        started.append(Served(path, agents))
        return started[-1]

    try:
        yield serve
    finally:
        for server in started:
            server.kill()
