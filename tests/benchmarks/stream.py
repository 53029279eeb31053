"""Typed events through ``client.sessions.stream`` beside plain httpx + httpx-sse + json.loads.

The server is a process of its own on loopback and puts 400 events of about 140 bytes into each
chunk.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import statistics
import time
from collections.abc import AsyncIterator, Callable
from multiprocessing.connection import Connection

import httpx
import uvicorn
from httpx_sse import aconnect_sse, connect_sse
from rows import Row, at_least, print_rows
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

from dari_nb.client import AsyncClient, Client

SESSION = "sess_bench"
PER_CHUNK = 400
EVENTS, ROUNDS = 100_000, 5


def frame(number: int) -> bytes:
    """One event as it goes over the wire: id, event and data lines; 140 bytes of JSON."""
    event_id = f"{SESSION}:evt_{number}"
    data = {
        "id": event_id,
        "sequence_number": number,
        "type": "assistant.message_completed",
        "data": {"text": "x" * max(0, 37 - 2 * len(str(number)))},
    }
    body = json.dumps(data, separators=(",", ":"))
    return f"id: {event_id}\nevent: {data['type']}\ndata: {body}\n\n".encode()


def serve(port_to: Connection) -> None:
    """Serve the same events to every stream, until the process is ended."""
    frames = [frame(number) for number in range(1, EVENTS + 1)]
    chunks = [b"".join(frames[i : i + PER_CHUNK]) for i in range(0, EVENTS, PER_CHUNK)]

    async def stream(_: Request) -> StreamingResponse:
        async def body() -> AsyncIterator[bytes]:
            for chunk in chunks:
                yield chunk

        return StreamingResponse(body(), media_type="text/event-stream")

    async def listed(_: Request) -> JSONResponse:
        return JSONResponse({"events": []})

    app = Starlette(
        routes=[
            Route("/v1/sessions/{id}/stream", stream),
            Route("/v1/sessions/{id}/events", listed),
        ]
    )
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off"))

    async def main() -> None:
        running = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        port_to.send(server.servers[0].sockets[0].getsockname()[1])
        await running

    asyncio.run(main())


def plain(url: str) -> None:
    """What one would write by hand, without resume, order or types."""
    with (
        httpx.Client(timeout=60) as client,
        connect_sse(client, "GET", f"{url}/v1/sessions/{SESSION}/stream") as source,
    ):
        count = sum(1 for sse in source.iter_sse() if json.loads(sse.data)["id"])
    assert count == EVENTS


def ours(url: str) -> None:
    """The sync client."""
    with Client(url, "dari_bench") as client, client.sessions.stream(SESSION) as stream:
        assert sum(1 for _, event in zip(range(EVENTS), stream, strict=False) if event.id) == EVENTS


def plain_async(url: str) -> None:
    """The same by hand, async."""

    async def main() -> int:
        count = 0
        async with (
            httpx.AsyncClient(timeout=60) as client,
            aconnect_sse(client, "GET", f"{url}/v1/sessions/{SESSION}/stream") as source,
        ):
            async for sse in source.aiter_sse():
                count += bool(json.loads(sse.data)["id"])
        return count

    assert asyncio.run(main()) == EVENTS


def ours_async(url: str) -> None:
    """The async client."""

    async def main() -> None:
        count = 0
        async with (
            AsyncClient(url, "dari_bench") as client,
            client.sessions.stream(SESSION) as stream,
        ):
            async for event in stream:
                count += bool(event.id)
                if count == EVENTS:
                    return

    asyncio.run(main())


def rate(read: Callable[[str], None], url: str) -> float:
    """Events a second of one run."""
    start = time.perf_counter()
    read(url)
    return EVENTS / (time.perf_counter() - start)


def compare(url: str) -> list[Row]:
    """Run the readers in turns."""
    readers = {"plain": plain, "ours": ours, "plain, async": plain_async, "ours, async": ours_async}
    rates: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(ROUNDS):
        for name, read in readers.items():
            rates[name].append(rate(read, url))
    median = {name: statistics.median(found) for name, found in rates.items()}
    print(f"  {EVENTS:,} events of {len(frame(1))} bytes a frame, median of {ROUNDS} rounds")
    for name, value in median.items():
        print(f"  {name:13} {value:>11,.0f} events/s")
    peer = "x httpx + httpx-sse + json"
    return [
        at_least("typed events/s, sync", median["ours"] / median["plain"], 0.9, peer),
        at_least(
            "typed events/s, async", median["ours, async"] / median["plain, async"], 0.9, peer
        ),
    ]


def measure() -> list[Row]:
    """Start the server, compare, and end it."""
    spawn = multiprocessing.get_context("spawn")
    mine, theirs = spawn.Pipe()
    server = spawn.Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    try:
        return compare(f"http://127.0.0.1:{mine.recv()}")
    finally:
        server.terminate()
        server.join()


if __name__ == "__main__":
    print_rows(measure())
