"""Starting and stopping a local Dari, and loading recorded runs, beside what each is made of.

The peer of a start and stop is uvicorn with a bare Starlette in a thread; that of loading is to
read the file with ``json`` and put each message into a table of SQLite. Median of the rounds, which
take turns.
"""

from __future__ import annotations

import json
import sqlite3
import statistics
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Thread

import uvicorn
from starlette.applications import Starlette

from dari_nb.local import LocalDari

ROUNDS = 9
RUNS = Path(__file__).parents[2] / "notebooks" / "runs.jsonl"


def start_and_stop() -> None:
    """Serve for no time at all."""
    LocalDari().start().stop()


def bare_start_and_stop() -> None:
    """The same with a server that can do nothing."""
    config = uvicorn.Config(Starlette(), port=0, log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    thread = Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.001)
    server.should_exit = True
    thread.join()


def load(server: LocalDari) -> None:
    """Make the runs finished sessions."""
    server.load_runs(RUNS)


def bare_load() -> None:
    """Read the runs and keep their messages, with no check and no meaning."""
    with closing(sqlite3.connect(":memory:")) as db, RUNS.open(encoding="utf-8") as lines:
        db.execute("CREATE TABLE messages (run INTEGER, message TEXT)")
        for number, line in enumerate(lines):
            rows = [(number, json.dumps(one)) for one in json.loads(line)["messages"]]
            db.executemany("INSERT INTO messages VALUES (?, ?)", rows)
        db.commit()


def compare(what: str, ours: Callable[[], object], bare: Callable[[], object]) -> None:
    """Let both work in turns, and print the times and their ratio."""
    times = [(seconds(ours), seconds(bare)) for _ in range(ROUNDS)]
    mine, theirs = (statistics.median(each) * 1000 for each in zip(*times, strict=True))
    print(
        f"  {what}, median of {ROUNDS}: {mine:.1f} ms, bare {theirs:.1f} ms, {mine / theirs:.1f}x"
    )


def seconds(work: Callable[[], object]) -> float:
    """How long something takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure() -> None:
    compare("a start and stop", start_and_stop, bare_start_and_stop)
    with LocalDari() as server:
        compare("loading 12 runs", lambda: load(server), bare_load)


if __name__ == "__main__":
    measure()
