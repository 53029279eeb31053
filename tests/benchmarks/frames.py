"""Events to a DataFrame: `events_frame` beside `pandas.json_normalize`, in one run; then 1,000
sessions of a local Dari, read and made into frames, each way in a process of its own.

In the first part both start from decoded objects in memory: typed events here, plain dicts there.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from rows import Row, at_least, print_rows

from dari_nb.frames import events_frame, tool_calls_frame
from dari_nb.models import Event

EVENTS = 100_000
RUNS = 7

SESSIONS = 1_000
ROOT = Path(__file__).parents[2]
SERVER = """
import sys
from dari_nb.local import LocalDari
server = LocalDari(api_key="dari_bench").start()
server.load_runs(sys.argv[1])
print(server.url, flush=True)
sys.stdin.read()
"""
READER = """
import sys, time
import pandas, pyarrow
import dari_nb as dari
d = dari.connect(base_url=sys.argv[1], api_key="dari_bench")
ids = [session.id for session in d.client.sessions.list()]
def memory():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
before, start = memory(), time.perf_counter()
def summarize(frame):
    seconds = time.perf_counter() - start
    size = frame.memory_usage(deep=True).sum() / 2**20
    print(f"{len(frame):>7,} rows of {size:3.0f} MiB in {seconds:5.2f} s; the most memory "
          f"{before:.0f} -> {memory():.0f} MiB")
"""
WAYS = {
    "plain loop, json_normalize": """
rows = []
import httpx
with httpx.Client(headers={"Authorization": "Bearer dari_bench"}) as http:
    for id in ids:
        rows += http.get(f"{sys.argv[1]}/v1/sessions/{id}/events").json()["events"]
summarize(pandas.json_normalize(rows))
""",
    "events_frame": "summarize(dari.events_frame(ids))",
    "tool_calls_frame": "summarize(dari.tool_calls_frame(ids))",
    "events_frame, the second time": """
dari.events_frame(ids)
start = time.perf_counter()
summarize(dari.events_frame(ids))
""",
}

TURN: list[tuple[str, str, dict[str, Any]]] = [
    ("user.message", "user", {"content": [{"type": "text", "text": "Find a flight. " * 10}]}),
    ("session.status_changed", "platform", {"status": "running", "previous_status": "idle"}),
    ("message.status_changed", "platform", {"status": "running", "previous_status": "queued"}),
    ("tool.call_requested", "runtime", {"tool_name": "search", "arguments": {"to": "ZRH"}}),
    ("tool.call_completed", "platform", {"tool_name": "search", "result": {"flights": [1, 2]}}),
    (
        "assistant.message_completed",
        "runtime",
        {"content": [{"type": "text", "text": "Two. " * 30}]},
    ),
    ("message.status_changed", "platform", {"status": "completed", "previous_status": "running"}),
    ("session.status_changed", "platform", {"status": "idle", "previous_status": "running"}),
]


def measure() -> list[Row]:
    row = compare()
    print(f"  {SESSIONS:,} sessions of a local Dari, read over loopback")
    read_sessions()
    return [row]


def compare() -> Row:
    wire = [json.dumps(event).encode() for event in ledger(EVENTS)]
    events, dicts = [Event.from_json(line) for line in wire], [json.loads(line) for line in wire]
    ours, peer, calls = best_seconds(
        lambda: events_frame(events),
        lambda: pd.json_normalize(dicts),
        lambda: tool_calls_frame(events),
    )
    print(f"  {EVENTS:,} events, best of {RUNS} interleaved runs")
    print(f"  events_frame      {ours * 1000:7.0f} ms")
    print(f"  json_normalize    {peer * 1000:7.0f} ms")
    print(f"  tool_calls_frame  {calls * 1000:7.0f} ms")
    return at_least(f"{EVENTS:,} events to a frame", peer / ours, 5, "x json_normalize's speed")


def read_sessions() -> None:
    """Read sessions from a local Dari, which is a process of its own, and print what it takes."""
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder) / "runs.jsonl"
        runs.write_text("".join(json.dumps(run) + "\n" for run in recorded()), encoding="utf-8")
        command = [sys.executable, "-c", SERVER, str(runs)]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as server:
            url = server.stdout.readline().strip()
            try:
                for name, way in WAYS.items():
                    print(f"  {name:28}", measured(url, way))
            finally:
                server.stdin.close()


def recorded() -> Iterator[dict[str, Any]]:
    """Runs of 13 turns with a tool call in all but one: 100 events each."""
    for run in range(SESSIONS):
        messages: list[dict[str, Any]] = []
        for turn in range(13):
            call = {"name": "search", "arguments": json.dumps({"to": "ZRH", "max": turn})}
            asked = {"id": f"c{turn}", "type": "function", "function": call}
            messages.append({"role": "user", "content": "Find a flight. " * 10})
            if turn < 11:
                messages.append({"role": "assistant", "content": None, "tool_calls": [asked]})
                messages.append({"role": "tool", "tool_call_id": f"c{turn}", "content": "[1, 2]"})
            messages.append({"role": "assistant", "content": "Two. " * 30})
        yield {"task_id": run, "model": "small", "messages": messages}


def measured(url: str, way: str) -> str:
    """What one way took in a fresh process, as that process tells it."""
    command = [sys.executable, "-c", READER + way, url]
    return subprocess.run(
        command, cwd=ROOT, text=True, capture_output=True, check=True
    ).stdout.strip()


def ledger(count: int) -> Iterator[dict[str, Any]]:
    """Ledgers of ten turns a session, in the shape of the API."""
    for index in range(count):
        turn, step = divmod(index, len(TURN))
        session, number = f"sess_{turn // 10}", index % (10 * len(TURN)) + 1
        kind, source, data = TURN[step]
        yield {
            "id": f"{session}:evt_{number}",
            "session_id": session,
            "sequence_number": number,
            "message_id": f"msg_{turn}",
            "type": kind,
            "source": source,
            "actor": {"type": source, "id": "org_1"},
            "data": {**data, **({"tool_call_id": f"call_{turn}"} if "tool" in kind else {})},
            "created_at": f"2026-05-18T12:{index // 60 % 60:02}:{index % 60:02}.{index % 1000:03}Z",
        }


def best_seconds(*works: Callable[[], object]) -> list[float]:
    """Time each work in turn, round after round, so that a busy machine slows all alike."""
    rounds = [[seconds(work) for work in works] for _ in range(RUNS)]
    return [min(times) for times in zip(*rounds, strict=True)]


def seconds(work: Callable[[], object]) -> float:
    gc.collect()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    print_rows(measure())
