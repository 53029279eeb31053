"""Events to a DataFrame: `events_frame` beside `pandas.json_normalize`, in one run.

Both start from decoded objects in memory: typed events here, plain dicts there.
"""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd

from dari_nb.frames import events_frame, tool_calls_frame
from dari_nb.models import Event

EVENTS = 100_000
RUNS = 7

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


def main() -> None:
    wire = [json.dumps(event).encode() for event in ledger(EVENTS)]
    events, dicts = [Event.from_json(line) for line in wire], [json.loads(line) for line in wire]
    ours, peer, calls = best_seconds(
        lambda: events_frame(events),
        lambda: pd.json_normalize(dicts),
        lambda: tool_calls_frame(events),
    )
    print(f"frames, {EVENTS:,} events, best of {RUNS} interleaved runs")
    print(f"  events_frame      {ours * 1000:7.0f} ms")
    print(f"  json_normalize    {peer * 1000:7.0f} ms   {peer / ours:.1f} times ours (target 5)")
    print(f"  tool_calls_frame  {calls * 1000:7.0f} ms")


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
    main()
