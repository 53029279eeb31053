import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

KEY = "dari_other"
# Serves a file, and runs the lines that it is told; each is answered in one line.
PROGRAM = """
import os, shutil, sqlite3, sys
from dari_nb.local import LocalDari
path = sys.argv[1]
server = LocalDari(path, api_key=sys.argv[2]).start()
print(server.url, flush=True)
for line in sys.stdin:
    try:
        exec(line.replace(";;", "\\n"))
        print("done", flush=True)
    except Exception as error:
        print(type(error).__name__, *str(error).split("\\n"), flush=True)
"""


class Served:
    """A local Dari in a process of its own, which does what it is told."""

    def __init__(self, path: Path, **options: Any) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", PROGRAM, str(path), KEY],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            **options,
        )
        self.url = self.process.stdout.readline().strip()
        self.api_key = KEY

    def run(self, *lines: str) -> str:
        """Run lines there; gives the last line it says."""
        self.process.stdin.write(";;".join(lines) + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def does(self, *lines: str) -> None:
        assert self.run(*lines) == "done"

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        self.process.stdin.close()
        return self.process.wait()

    def close(self) -> None:
        if self.process.poll() is None:
            self.kill()
        self.process.stdin.close()
        self.process.stdout.close()


def symbolic_link(path: Path) -> Path:
    link = path.with_name("pointing.db")
    link.symlink_to(path)
    return link


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "course.db"


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    """Starts processes that serve a file."""
    started: list[Served] = []

    def start(path: Path, **options: Any) -> Served:
        started.append(Served(path, **options))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture
def elsewhere() -> Callable[..., str]:
    """Runs a program in another process to its end; gives what it says."""

    def run(program: str, *arguments: object, **options: Any) -> str:
        command = [sys.executable, "-c", program, *map(str, arguments)]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=180, check=False, **options
        )
        assert done.stderr == ""
        return done.stdout.strip()

    return run


@pytest.fixture
def opening(elsewhere) -> Callable[[object], str]:
    """Opens a file as a local Dari in another process; gives what it says."""
    program = (
        "import sys\nfrom dari_nb.local import LocalDari\n"
        "try: LocalDari(sys.argv[1]); print('opened')\n"
        "except ValueError as error: print(error)"
    )

    def run(path: object, **options: Any) -> str:
        return elsewhere(program, path, **options)

    return run


def tables(path: Path) -> SimpleNamespace:
    with closing(sqlite3.connect(f"{path.as_uri()}?immutable=1", uri=True)) as db:
        rows = db.execute("SELECT session_id, sequence_number, type FROM events").fetchall()
        found = db.execute("PRAGMA integrity_check").fetchall()
    if found != [("ok",)]:
        raise sqlite3.DatabaseError(found)
    return SimpleNamespace(events={(row[0], row[1]) for row in rows})


@pytest.fixture
def held() -> Callable[[Path], set[tuple[str, int]]]:
    """What events a database file holds by itself, without its log."""
    return lambda path: tables(path).events


@pytest.fixture
def mode() -> Callable[[Path], int]:
    return lambda path: path.stat().st_mode & 0o777


@pytest.fixture
def umask() -> Iterator[Callable[[int], int]]:
    before = os.umask(0o022)
    os.umask(before)
    yield os.umask
    os.umask(before)
