"""The event stream of a session (contract, section 8.4)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from ..backend import Backend
from ..records import EventRecord, sequence_of
from .answers import backend_of

_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}
_CHUNK = 400
"""Events in one chunk of a replay: large enough to be fast, small enough to begin at once."""


async def stream(request: Request) -> Response:
    """``GET /sessions/{session_id}/stream``: from the start, or after ``Last-Event-ID``."""
    backend = backend_of(request)
    session = backend.session(request.path_params["session_id"])
    if request.method == "HEAD":
        return Response(media_type="text/event-stream", headers=_HEADERS)
    after = sequence_of(request.headers.get("last-event-id", ""), session.id) or 0
    if not backend.store.events(session.id, after=after - 1, limit=1):
        after = 0
    keep_alive: float = request.app.state.keep_alive
    return StreamingResponse(
        _frames(backend, session.id, after, keep_alive),
        media_type="text/event-stream",
        headers=_HEADERS,
    )


async def _frames(
    backend: Backend, session_id: str, after: int, keep_alive: float
) -> AsyncIterator[bytes]:
    bell = backend.bells.listen(session_id)
    try:
        yield b": connected\n\n"
        while not backend.bells.is_closed:
            bell.clear()
            events = backend.store.events(session_id, after=after, limit=_CHUNK)
            if events:
                after = events[-1].sequence_number
                yield b"".join(map(_frame, events))
            elif not await _rings(bell, keep_alive):
                yield b": keep-alive\n\n"
    finally:
        backend.bells.leave(session_id, bell)


async def _rings(bell: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(bell.wait(), seconds)
    except TimeoutError:
        return False
    return True


def _frame(event: EventRecord) -> bytes:
    data = msgspec.json.encode(event.to_wire())
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (event.id.encode(), event.type.encode(), data)


ROUTES = [Route("/sessions/{session_id}/stream", stream, methods=["GET"])]
