"""Plain requests one after another: the sync client beside the async one, and httpx beside each.

Run it as a script: ``python tests/benchmarks/calls.py [--calls 1000] [--rounds 7]``. The server is
a local Dari in a process of its own, on loopback.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import statistics
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event

import httpx

from dari_nb.client import AsyncClient, Client
from dari_nb.local import LocalDari


def serve(to: Connection, over: Event) -> None:
    """Run a local Dari with one session in it, until it is over."""
    with LocalDari() as server:
        with Client(server.url, server.api_key) as client:
            session = client.sessions.create(client.agents.get("echo").id)
        to.send((server.url, server.api_key, session.id))
        over.wait()


def ours(url: str, key: str, session_id: str, calls: int) -> float:
    """Seconds of the sync client."""
    with Client(url, key) as client:
        client.sessions.get(session_id)
        start = time.perf_counter()
        for _ in range(calls):
            client.sessions.get(session_id)
        return time.perf_counter() - start


def ours_async(url: str, key: str, session_id: str, calls: int) -> float:
    """Seconds of the async client, on one loop."""

    async def main() -> float:
        async with AsyncClient(url, key) as client:
            await client.sessions.get(session_id)
            start = time.perf_counter()
            for _ in range(calls):
                await client.sessions.get(session_id)
            return time.perf_counter() - start

    return asyncio.run(main())


def plain(url: str, key: str, session_id: str, calls: int) -> float:
    """Seconds of httpx alone."""
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=url, headers=headers) as client:
        path = f"/v1/sessions/{session_id}"
        client.get(path)
        start = time.perf_counter()
        for _ in range(calls):
            json.loads(client.get(path).content)
        return time.perf_counter() - start


def plain_async(url: str, key: str, session_id: str, calls: int) -> float:
    """Seconds of httpx alone, awaited."""
    headers = {"Authorization": f"Bearer {key}"}

    async def main() -> float:
        async with httpx.AsyncClient(base_url=url, headers=headers) as client:
            path = f"/v1/sessions/{session_id}"
            await client.get(path)
            start = time.perf_counter()
            for _ in range(calls):
                json.loads((await client.get(path)).content)
            return time.perf_counter() - start

    return asyncio.run(main())


SENDERS: dict[str, Callable[[str, str, str, int], float]] = {
    "Client": ours,
    "AsyncClient": ours_async,
    "httpx, sync": plain,
    "httpx, async": plain_async,
}


def measure(where: tuple[str, str, str], calls: int, rounds: int) -> None:
    """Let them send in turns, and print the table."""
    times: dict[str, list[float]] = {name: [] for name in SENDERS}
    for _ in range(rounds):
        for name, send in SENDERS.items():
            times[name].append(send(*where, calls) / calls)
    median = {name: statistics.median(found) for name, found in times.items()}
    print(f"{calls:,} plain requests one after another, median of {rounds} rounds")
    for name, seconds in median.items():
        print(f"  {name:13} {seconds * 1e6:7.0f} µs a request")


def main() -> None:
    """Start the server, measure, and end it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    spawn = multiprocessing.get_context("spawn")
    (mine, theirs), over = spawn.Pipe(), spawn.Event()
    server = spawn.Process(target=serve, args=(theirs, over), daemon=True)
    server.start()
    theirs.close()
    try:
        measure(mine.recv(), options.calls, options.rounds)
    finally:
        over.set()
        server.join()


if __name__ == "__main__":
    main()
