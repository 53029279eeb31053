"""Many sessions at once, each with its own stream: time, memory, and whether anything was lost.

The local Dari is a process of its own, once in memory and once in a file; memory is that process's,
from the system.
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import httpx
from rows import Row, at_least, at_most, print_rows

SESSIONS = 500
SERVER = """
from dari_nb.local import LocalDari
import sys
server = LocalDari(sys.argv[1], api_key="dari_bench").start()
print(server.url, flush=True)
sys.stdin.read()
"""
HEADERS = {"Authorization": "Bearer dari_bench"}


@dataclass
class Report:
    """What a run took; memory in KiB, before the streams and at the most."""

    sessions: int
    events: int
    lost: int
    seconds: float
    memory_before: int
    memory_most: int

    def rows(self, where: str) -> list[Row]:
        what = f"{self.sessions} sessions with streams, {where}"
        each = (self.memory_most - self.memory_before) / self.sessions
        return [
            at_most(f"{what}: lost", self.lost, 0, "events"),
            at_least(f"{what}: speed", self.events / self.seconds, 2500, "events/s"),
            at_most(f"{what}: memory of each", each, 40, "KiB"),
        ]


def measure() -> list[Row]:
    with TemporaryDirectory() as folder:
        stores = {"in memory": ":memory:", "in a file": f"{folder}/bench.db"}
        reports = {name: run(SESSIONS, path=path) for name, path in stores.items()}
    return [row for name, report in reports.items() for row in report.rows(name)]


def run(sessions: int, turns: int = 2, path: str = ":memory:") -> Report:
    """Run it once against a server process of its own."""
    # Each stream is an open file on either side.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(soft, min(hard, 4 * sessions + 200))
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    command = [sys.executable, "-c", SERVER, path]
    root = Path(__file__).parents[2]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=root, text=True, **pipes) as server:
        url = server.stdout.readline().strip()
        try:
            return asyncio.run(talk(url, server.pid, sessions, turns))
        finally:
            server.stdin.close()


async def talk(url: str, pid: int, sessions: int, turns: int) -> Report:
    """Open all streams, send to all sessions, and wait until every stream has told every turn."""
    async with httpx.AsyncClient(base_url=f"{url}/v1", headers=HEADERS, timeout=60) as http:
        agents = (await http.get("/agents")).json()["agents"]
        path = f"/agents/{agents[0]['id']}/sessions"
        ids = [(await http.post(path)).json()["id"] for _ in range(sessions)]
        before = memory_of(pid, "VmRSS")
        start = time.perf_counter()
        following = [asyncio.create_task(follow(url, one, turns)) for one in ids]
        content = [{"type": "text", "text": "How many words are these?"}]
        body = {"type": "user.message", "content": content}
        for _ in range(turns):
            for one in ids:
                (await http.post(f"/sessions/{one}/events", json=body)).raise_for_status()
        seen = await asyncio.gather(*following)
        seconds = time.perf_counter() - start
        most = memory_of(pid, "VmHWM")
        lost = sum([await missing(http, one, got) for one, got in zip(ids, seen, strict=True)])
    return Report(sessions, sum(map(len, seen)), lost, seconds, before, most)


async def follow(url: str, session_id: str, turns: int) -> list[int]:
    """Read a stream until it has told of so many ended turns; gives the sequence numbers."""
    where = urlsplit(url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    lines = [f"GET /v1/sessions/{session_id}/stream HTTP/1.1", f"Host: {where.netloc}"]
    lines += [f"{name}: {value}" for name, value in HEADERS.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    numbers: list[int] = []
    ended = 0
    try:
        while ended < turns:
            line = await asyncio.wait_for(reader.readline(), 60)
            if not line:
                break
            if line.startswith(b"data: "):
                event = json.loads(line[6:])
                numbers.append(event["sequence_number"])
                is_end = event["type"] == "message.status_changed"
                ended += is_end and event["data"]["status"] in ("completed", "failed")
    finally:
        writer.close()
    return numbers


async def missing(http: httpx.AsyncClient, session_id: str, got: list[int]) -> int:
    """Count events of the ledger that the stream did not bring in their place."""
    events = (await http.get(f"/sessions/{session_id}/events")).json()["events"]
    wanted = [event["sequence_number"] for event in events][: max(got, default=0)]
    return sum(one not in set(got) for one in wanted) + (got != wanted)


def memory_of(pid: int, field: str) -> int:
    """Memory of a process in KiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split(f"{field}:")[1].split()[0])


if __name__ == "__main__":
    print_rows(measure())
