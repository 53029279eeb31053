"""1,000 transcripts fetched with ``fetch_many``, beside the best plain httpx that was found.

The server is a process of its own on loopback that answers 9.4 kB at once, or after 20 ms. httpx
fetches with one client after another, with a client for each of several threads, and with an async
client for each of several tasks; whichever is fastest counts.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import statistics
import threading
import time
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

import httpx
import uvicorn
from rows import Row, at_most, print_rows

from dari_nb.client import Client, fetch_many

CALLS, ROUNDS = 1000, 5
CREATED = "2026-03-31T18:40:00Z"


def transcript(size: int = 9400) -> bytes:
    """A transcript of a dozen texts."""
    text = {"type": "text", "text": "x" * (size // 12 - 222)}
    items = [
        {
            "type": "assistant_message",
            "id": f"sess_1:evt_{number:03}",
            "message_id": "msg_1",
            "status": "completed",
            "content": [text],
            "created_at": CREATED,
            "error_message": None,
        }
        for number in range(12)
    ]
    agent = {"id": "agt_1", "name": "bench", "created_at": CREATED}
    session = {"id": "sess_1", "agent_id": "agt_1", "status": "idle", "created_at": CREATED}
    return json.dumps({"agent": agent, "session": session, "timeline": {"items": items}}).encode()


def serve(latency: float, to: Connection) -> None:
    """Answer each request with the same transcript, until the process is ended."""
    body = transcript()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(latency)
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off"))

    async def main() -> None:
        running = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        to.send((server.servers[0].sockets[0].getsockname()[1], len(body)))
        await running

    asyncio.run(main())


def ours(url: str) -> None:
    """Typed transcripts through the client."""
    asked = (lambda client: client.sessions.transcript("sess_1") for _ in range(CALLS))
    with Client(url, "dari_bench") as client, fetch_many(client, asked) as results:
        assert sum(1 for _, result in results if result.items) == CALLS  # type: ignore[union-attr]


def plain_threads(workers: int, url: str) -> None:
    """Dicts from httpx, with a client for each thread."""
    places, taking, found = iter(range(CALLS)), threading.Lock(), []
    tls = httpx.create_ssl_context()

    def work() -> None:
        with httpx.Client(base_url=url, verify=tls) as client:
            while True:
                with taking:
                    if next(places, None) is None:
                        return
                found.append(json.loads(client.get("/v1/sessions/sess_1/transcript").content))

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == CALLS


def plain_tasks(workers: int, url: str) -> None:
    """Dicts from httpx, with an async client for each task."""
    places, found = iter(range(CALLS)), []
    tls = httpx.create_ssl_context()

    async def work() -> None:
        async with httpx.AsyncClient(base_url=url, verify=tls) as client:
            for _ in places:
                answer = await client.get("/v1/sessions/sess_1/transcript")
                found.append(json.loads(answer.content))

    async def main() -> None:
        await asyncio.gather(*(work() for _ in range(workers)))

    asyncio.run(main())
    assert len(found) == CALLS


Fetch = Callable[[str], None]
# What was fastest for each latency; slower ones were tried once: 2, 8 and 16, and shared clients.
PLAIN: dict[float, dict[str, Fetch]] = {
    0.0: {
        "one after another": partial(plain_threads, 1),
        "4 threads": partial(plain_threads, 4),
        "8 tasks": partial(plain_tasks, 8),
    },
    0.02: {
        "32 threads": partial(plain_threads, 32),
        "48 threads": partial(plain_threads, 48),
        "50 tasks": partial(plain_tasks, 50),
    },
}


def seconds(fetch: Fetch, url: str) -> float:
    """Seconds of one run."""
    start = time.perf_counter()
    fetch(url)
    return time.perf_counter() - start


def compare(latency: float) -> Row:
    """Start a server, and let all fetch from it in turns."""
    spawn = multiprocessing.get_context("spawn")
    mine, theirs = spawn.Pipe()
    server = spawn.Process(target=serve, args=(latency, theirs), daemon=True)
    server.start()
    theirs.close()
    try:
        port, size = mine.recv()
        url = f"http://127.0.0.1:{port}"
        fetchers = {"fetch_many": ours, **PLAIN[latency]}
        times: dict[str, list[float]] = {name: [] for name in fetchers}
        for _ in range(ROUNDS):
            for name, fetch in fetchers.items():
                times[name].append(seconds(fetch, url))
    finally:
        server.terminate()
        server.join()
    median = {name: statistics.median(found) for name, found in times.items()}
    what = f"{CALLS:,} transcripts at {latency * 1000:.0f} ms"
    print(f"  {what}, {size} bytes each, median of {ROUNDS} rounds")
    for name, value in median.items():
        print(f"  {name:18} {value:6.2f} s")
    best = min(median[name] for name in PLAIN[latency])
    return at_most(what, median["fetch_many"] / best, 1.2, "x the best plain httpx")


def measure() -> list[Row]:
    return [compare(latency) for latency in PLAIN]


if __name__ == "__main__":
    print_rows(measure())
