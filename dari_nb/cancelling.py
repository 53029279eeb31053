"""Cancelling what uses HTTP connections, so that none is left open.

httpx closes connections to the end where anyio cancels, and only there: where a task of asyncio is
cancelled in that moment, some stay open that no pool knows any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")


async def shielded(
    work: Coroutine[Any, Any, T], undo: Callable[[T], Coroutine[Any, Any, None]] | None = None
) -> T:
    """Await something of httpx; whoever is cancelled meanwhile cancels it as anyio does.

    Args:
        work: What to await.
        undo: Awaited with its result where that came, but too late to be returned.

    >>> await shielded(client.get("/agents"))
    <Response [200 OK]>
    """
    import anyio

    scope = anyio.CancelScope()
    results: list[T] = []

    async def run() -> None:
        with scope:
            results.append(await work)

    running = asyncio.create_task(run())
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        scope.cancel()
        await asyncio.wait({running})
        if results and undo is not None:
            await shielded(undo(results[0]))
        raise
    except (KeyboardInterrupt, SystemExit) as error:
        if running.done() and not running.cancelled() and running.exception() is error:
            # The loop has raised it to whoever runs it, who must not meet it again here.
            raise asyncio.CancelledError from None
        raise
    return results[0]


@asynccontextmanager
async def answering(
    client: httpx.AsyncClient, request: httpx.Request, **options: Any
) -> AsyncIterator[httpx.Response]:
    """Send a request, and close its answer in the end; its body is still to be read.

    Args:
        client: What sends it.
        request: Made by the client's ``build_request``.
        options: For the client's ``send``.

    >>> async with answering(client, client.build_request("GET", "/agents")) as answer:
    ...     await answer.aread()
    """
    sending = client.send(request, stream=True, **options)
    answer = await shielded(sending, lambda late: late.aclose())
    try:
        yield answer
    finally:
        await shielded(answer.aclose())
