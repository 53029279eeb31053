"""A turn in a session of 100,000 events beside one in an empty session, and looks at the ledger.

The local Dari is a process of its own. A turn takes from its POST until its message says completed.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from rows import Row, at_most, print_rows

EVENTS, ROUNDS = 100_000, 30
SERVER = """
from dari_nb.local import LocalDari
import sys
server = LocalDari(api_key="dari_bench")

@server.agent("talker")
def talker(prompt):
    for number in range(int(prompt)):
        yield f"Part {number} of a long answer, with a few more words."

print(server.start().url, flush=True)
sys.stdin.read()
"""
READER = """
import httpx, sys, time
url, key = sys.argv[1:]
with httpx.Client(headers={"Authorization": key}, timeout=120) as http:
    print("begins", flush=True)
    start = time.perf_counter()
    http.get(url)
    print(time.perf_counter() - start)
"""
HEADERS = {"Authorization": "Bearer dari_bench"}
_TURN = 98
"""Texts of a turn; with its question and its changes of status it has about 100 events."""


class Dari:
    """Plain HTTP calls to the server."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=f"{url}/v1", headers=HEADERS, timeout=120)
        agents = self.http.get("/agents").json()["agents"]
        self.agent_id = next(agent["id"] for agent in agents if agent["name"] == "talker")

    def session(self) -> str:
        return str(self.http.post(f"/agents/{self.agent_id}/sessions").json()["id"])

    def turn(self, session_id: str, texts: int) -> str:
        """Have a turn, and wait for its end; returns the message's id."""
        content = [{"type": "text", "text": str(texts)}]
        body = {"type": "user.message", "content": content}
        sent = self.http.post(f"/sessions/{session_id}/events", json=body).json()
        message_id = str(sent["message"]["id"])
        while self.http.get(f"/messages/{message_id}").json()["status"] != "completed":
            time.sleep(0.0005)
        return message_id


def measure() -> list[Row]:
    """Compare on a server process of its own."""
    command = [sys.executable, "-c", SERVER]
    root = Path(__file__).parents[2]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=root, text=True, **pipes) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        try:
            return [compare(Dari(server.stdout.readline().strip()))]
        finally:
            server.stdin.close()


def compare(dari: Dari) -> Row:
    """Fill a ledger, then take turns in it and in empty ones by turns."""
    long = dari.session()
    messages = [dari.turn(long, _TURN) for _ in range(EVENTS // (_TURN + 4))]
    count = len(dari.http.get(f"/sessions/{long}/events").json()["events"])
    ours, plain = [], []
    for _ in range(ROUNDS):
        empty = dari.session()
        plain.append(seconds(lambda empty=empty: dari.turn(empty, 1)))
        ours.append(seconds(lambda: dari.turn(long, 1)))
    long_ms, empty_ms = (1000 * statistics.median(times) for times in (ours, plain))
    print(f"  a turn in a session of {count:,} events: {long_ms:.1f} ms")
    print(f"  a turn in an empty session: {empty_ms:.1f} ms")
    middle = f"/messages/{messages[len(messages) // 2]}"
    looks = [seconds(lambda: dari.http.get(middle)) for _ in range(ROUNDS)]
    print(f"  a message of 100 events there: {1000 * statistics.median(looks):.1f} ms")
    for what in ("transcript", "messages", "events"):
        took, waited = while_reading(dari, f"/sessions/{long}/{what}", middle)
        print(f"  all its {what}: {took:.2f} s; others waited at most {1000 * waited:.0f} ms")
    return at_most("a turn after 100,000 events", long_ms / empty_ms, 1.5, "x in an empty session")


def while_reading(dari: Dari, path: str, other: str) -> tuple[float, float]:
    """Read something long in another process; how long that and the slowest other request took."""
    url = f"{dari.http.base_url}{path.removeprefix('/')}"
    command = [sys.executable, "-c", READER, url, HEADERS["Authorization"]]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout is not None
        reader.stdout.readline()
        waits = []
        while reader.poll() is None:
            waits.append(seconds(lambda: dari.http.get(other)))
        return float(reader.stdout.read()), max(waits)


def seconds(work: Callable[[], Any]) -> float:
    """How long something takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    print_rows(measure())
