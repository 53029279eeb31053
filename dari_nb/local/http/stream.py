"""The event stream of a session (contract, section 8.4)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import nullcontext

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from ..runtime.drafts import DraftReader
from ..service import Access
from ..store.records import EventRecord, JsonObject, sequence_of
from .answers import access_of
from .bodies import malformed
from .openapi import Operations
from .openapi.shapes import FLAG, TEXT

OPERATIONS = Operations()
_RESUME = {"Last-Event-ID": {**TEXT, "description": "The stream goes on after this event."}}
_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}
_CHUNK = 400
"""Events in one chunk of a replay: large enough to be fast, small enough to begin at once."""
_CHUNK_BYTES = 64 * 1024
"""Bytes of payload after which a chunk ends: what a reader that is stuck costs."""


@OPERATIONS.serve(
    *("GET", "/sessions/{session_id}/stream", 200, TEXT),
    refusals=(404, 422),
    query={"drafts": FLAG},
    headers=_RESUME,
    media="text/event-stream",
)
async def stream(request: Request) -> Response:
    """The ledger as server-sent events, from the start or after ``Last-Event-ID``.

    With ``drafts=true`` come what running turns are writing, in between (contract, section 18.1).
    """
    access = access_of(request)
    session = access.session(request.path_params["session_id"])
    if request.method == "HEAD":
        return Response(media_type="text/event-stream", headers=_HEADERS)
    after = sequence_of(request.headers.get("last-event-id", ""), session.id) or 0
    if not access.store.events(session.id, after=after - 1, limit=1):
        after = 0
    drafts = DraftReader(access.service.drafts, session.id) if _wants_drafts(request) else None
    heartbeat: float = request.app.state.heartbeat
    return StreamingResponse(
        _frames(access, session.id, after, heartbeat, drafts),
        media_type="text/event-stream",
        headers=_HEADERS,
    )


async def _frames(
    access: Access, session_id: str, after: int, heartbeat: float, drafts: DraftReader | None
) -> AsyncIterator[bytes]:
    bell = access.service.notifier.listen(session_id)
    try:
        yield b": connected\n\n"
        while not access.service.notifier.is_closed:
            bell.clear()
            if events := access.store.page(session_id, after, _CHUNK, _CHUNK_BYTES):
                after = events[-1].sequence_number
                # Not named: a chunk that is on its way must not be held here as well.
                yield b"".join(map(_frame, events))
                # Sending waits only for a reader that is slow: one that has gone would be told
                # of the whole ledger at once, with everybody else waiting.
                # Long ledgers are told a chunk at a time, whoever reads them.
                replays = access.service.replays if len(events) == _CHUNK else nullcontext()
                async with replays:
                    await asyncio.sleep(0)
            elif drafts is not None and (news := drafts.news()):
                yield b"".join(map(_draft_frame, news))
            elif not await _rings(bell, heartbeat):
                yield b": keep-alive\n\n"
    finally:
        access.service.notifier.leave(session_id, bell)


async def _rings(bell: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(bell.wait(), seconds)
    except TimeoutError:
        return False
    return True


def _wants_drafts(request: Request) -> bool:
    given = request.query_params.get("drafts", "false").lower()
    if given not in ("true", "false"):
        raise malformed("Expected `true` or `false` - at `$.drafts`", where="query")
    return given == "true"


def _draft_frame(piece: JsonObject) -> bytes:
    """A frame without an id, so that a reader goes on where the ledger was."""
    return b"event: assistant.message_delta\ndata: %b\n\n" % msgspec.json.encode(piece)


def _frame(event: EventRecord) -> bytes:
    data = msgspec.json.encode(event.to_wire())
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (event.id.encode(), event.type.encode(), data)
