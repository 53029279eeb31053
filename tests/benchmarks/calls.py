"""Plain requests one after another: the sync client beside the async one, and httpx beside each.

The server is a local Dari in a process of its own, on loopback.
"""

from __future__ import annotations

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

CALLS, ROUNDS = 300, 7


def serve(to: Connection, over: Event) -> None:
    """Run a local Dari with one session in it, until it is over."""
    with LocalDari() as server:
        with Client(server.url, server.api_key) as client:
            session = client.sessions.create(client.agents.get("echo").id)
        to.send((server.url, server.api_key, session.id))
        over.wait()


def ours(url: str, key: str, session_id: str) -> float:
    """Seconds of the sync client."""
    with Client(url, key) as client:
        client.sessions.get(session_id)
        start = time.perf_counter()
        for _ in range(CALLS):
            client.sessions.get(session_id)
        return time.perf_counter() - start


def ours_async(url: str, key: str, session_id: str) -> float:
    """Seconds of the async client, on one loop."""

    async def main() -> float:
        async with AsyncClient(url, key) as client:
            await client.sessions.get(session_id)
            start = time.perf_counter()
            for _ in range(CALLS):
                await client.sessions.get(session_id)
            return time.perf_counter() - start

    return asyncio.run(main())


def plain(url: str, key: str, session_id: str) -> float:
    """Seconds of httpx alone."""
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=url, headers=headers) as client:
        path = f"/v1/sessions/{session_id}"
        client.get(path)
        start = time.perf_counter()
        for _ in range(CALLS):
            json.loads(client.get(path).content)
        return time.perf_counter() - start


def plain_async(url: str, key: str, session_id: str) -> float:
    """Seconds of httpx alone, awaited."""
    headers = {"Authorization": f"Bearer {key}"}

    async def main() -> float:
        async with httpx.AsyncClient(base_url=url, headers=headers) as client:
            path = f"/v1/sessions/{session_id}"
            await client.get(path)
            start = time.perf_counter()
            for _ in range(CALLS):
                json.loads((await client.get(path)).content)
            return time.perf_counter() - start

    return asyncio.run(main())


SENDERS: dict[str, Callable[[str, str, str], float]] = {
    "Client": ours,
    "AsyncClient": ours_async,
    "httpx, sync": plain,
    "httpx, async": plain_async,
}


def compare(where: tuple[str, str, str]) -> None:
    """Let them send in turns, and print what they take."""
    times: dict[str, list[float]] = {name: [] for name in SENDERS}
    for _ in range(ROUNDS):
        for name, send in SENDERS.items():
            times[name].append(send(*where) / CALLS)
    median = {name: statistics.median(found) for name, found in times.items()}
    print(f"  {CALLS:,} plain requests one after another, median of {ROUNDS} rounds")
    for name, seconds in median.items():
        print(f"  {name:13} {seconds * 1e6:7.0f} µs a request")


def measure() -> None:
    """Start the server, compare, and end it."""
    spawn = multiprocessing.get_context("spawn")
    (mine, theirs), over = spawn.Pipe(), spawn.Event()
    server = spawn.Process(target=serve, args=(theirs, over), daemon=True)
    server.start()
    theirs.close()
    try:
        compare(mine.recv())
    finally:
        over.set()
        server.join()


if __name__ == "__main__":
    measure()
