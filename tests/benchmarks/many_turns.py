"""A session of many turns: its first send from a new connection, and the memory of each turn.

Each figure comes from a process of its own, with the local Dari in it. The first send goes through
a connection that has seen nothing of the session, and takes until the turn has ended. Memory is the
resident memory of the process over twice as many turns, which one session object sends and waits
for.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from rows import Row, print_rows

START = """
import json, statistics, sys, time
from pathlib import Path
import dari_nb as dari

turns, rounds = map(int, sys.argv[1:])
d = dari.connect("local")
"""
FIRST_SEND = """
def first_send(session_id):
    with dari.connect(base_url=d.server.url, api_key=d.server.api_key) as new:
        start = time.perf_counter()
        new.sessions.get(session_id).send("Go.").wait()
        return time.perf_counter() - start

old = d.sessions.create("echo")
for number in range(turns):
    old.send(f"This is turn {number}.").wait()
first_send(d.sessions.create("echo").id)
took = [(first_send(old.id), first_send(d.sessions.create("echo").id)) for _ in range(rounds)]
print(json.dumps([statistics.median(each) for each in zip(*took)]))
"""
MEMORY = """
def resident():
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])

def grown(turns):
    before = resident()
    for number in range(turns):
        session.send(f"This is turn {number}.").wait()
    return (resident() - before) / turns

session = d.sessions.create("echo")
grown(50)
session = d.sessions.create("echo")
print(json.dumps([grown(turns), grown(turns)]))
"""
TURNS, ROUNDS = 1000, 5
MOST_SECONDS, MOST_KB = 0.3, 75


def measure() -> list[Row]:
    old, new = _run(FIRST_SEND)
    first, second = _run(MEMORY)
    return [
        Row(
            f"first send from a new connection, {TURNS:,} turns",
            f"{old - new:+.2f} s ({old:.2f}, in a new session {new:.2f})",
            f"at most +{MOST_SECONDS} s",
            old - new <= MOST_SECONDS,
        ),
        Row(
            f"memory of a turn, over {2 * TURNS:,} turns",
            f"{first:.0f} kB in the first half, {second:.0f} kB in the second",
            f"at most {MOST_KB} kB, linear",
            max(first, second) <= MOST_KB and second <= 2 * first,
        ),
    ]


def _run(code: str) -> Any:
    command = [sys.executable, "-c", START + code, str(TURNS), str(ROUNDS)]
    root = Path(__file__).parents[2]
    environment = {**os.environ, "DARI_LOCAL_STEP_DELAY": "0"}
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "text": True}
    ran = subprocess.run(command, cwd=root, env=environment, check=True, **pipes)
    return json.loads(ran.stdout.splitlines()[-1])


if __name__ == "__main__":
    print_rows(measure())
