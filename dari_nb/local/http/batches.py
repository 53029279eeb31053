"""Routes of session batches (contract, section 11)."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..backend import Backend
from ..records import FIRST_ORG, BatchItemRecord, BatchRecord, JsonObject
from ..resources import Refusal
from .answers import backend_of, body_of, json_answer
from .bodies import Block, SessionBody, UserMessageBody, shaped
from .sessions import new_session

_MAX_ITEMS = 100
_MAX_KEY = 128
_STATUSES = ("queued", "running", "completed", "failed")


class MessageBody(msgspec.Struct, kw_only=True):
    """The first message of an item."""

    content: list[Block]
    metadata: dict[str, Any] | None = None


class ItemBody(msgspec.Struct, kw_only=True):
    """One session to make, with its first message."""

    agent_id: str
    message: MessageBody
    version_id: str | None = None
    llm_id: str | None = None
    metadata: dict[str, str] | None = None
    secrets: dict[str, str] | None = None


class BatchBody(msgspec.Struct, kw_only=True):
    """A new batch."""

    items: list[ItemBody]
    idempotency_key: str | None = None

    def check(self) -> None:
        """Hold the rules that the shape cannot express."""
        if not 1 <= len(self.items) <= _MAX_ITEMS:
            raise Refusal(400, f"A batch has 1 to {_MAX_ITEMS} items, not {len(self.items)}")
        if len({item.agent_id for item in self.items}) > 1:
            raise Refusal(400, "All items of a batch must name the same agent")
        if self.idempotency_key is not None and not 0 < len(self.idempotency_key) <= _MAX_KEY:
            raise Refusal(400, f"idempotency_key must have 1 to {_MAX_KEY} characters")


async def create_batch(request: Request) -> Response:
    """``POST /session-batches``; a key that was used before gives the original batch."""
    backend, data = backend_of(request), await body_of(request)
    body = shaped(data, BatchBody)
    body.check()
    org_id, key = backend.org_id or FIRST_ORG, body.idempotency_key
    batch = backend.store.batch_with_key(org_id, key) if key else None
    if batch is None:
        backend.live_agent(body.items[0].agent_id)
        with backend.store.transaction():
            batch = backend.store.add_batch(org_id, key)
            for place, (item, raw) in enumerate(zip(body.items, data["items"], strict=True)):
                record = _begun(backend, item, raw["message"]["content"])
                backend.store.add_batch_item(batch.id, place, record)
            backend.deliveries.announce_batch(body.items[0].agent_id, batch.id)
    return json_answer(_wire(backend, batch), 201)


def _begun(backend: Backend, item: ItemBody, content: list[JsonObject]) -> BatchItemRecord:
    """Make the session and send its message; what is refused becomes the item's error."""
    common: JsonObject = {"agent_id": item.agent_id, "metadata": item.metadata or {}}
    session = SessionBody(
        version_id=item.version_id,
        llm_id=item.llm_id,
        metadata=item.metadata,
        secrets=item.secrets,
    )
    try:
        UserMessageBody(content=item.message.content).check()
        with backend.store.attempt():
            made = new_session(backend, item.agent_id, session)
            sent = backend.send(made.id, content, item.message.metadata)
    except Refusal as refusal:
        return BatchItemRecord(
            **common, version_id=item.version_id, llm_id=item.llm_id, error=str(refusal.detail)
        )
    return BatchItemRecord(
        **common,
        version_id=made.version_id,
        llm_id=made.llm_id,
        session_id=made.id,
        message_id=sent.event.message_id,
    )


async def get_batch(request: Request) -> Response:
    """``GET /session-batches/{batch_id}``, with the counts of its items."""
    backend, batch_id = backend_of(request), request.path_params["batch_id"]
    batch = backend.store.batch(batch_id)
    if batch is None:
        raise Refusal(404, f"No batch {batch_id!r}")
    backend.check_owner(batch.org_id, "batch", batch_id)
    wire = _wire(backend, batch)
    counts = Counter(child["status"] for child in wire["sessions"])
    return json_answer(wire | {"counts": {status: counts[status] for status in _STATUSES}})


def _wire(backend: Backend, batch: BatchRecord) -> JsonObject:
    children = [
        _child(backend, index, item)
        for index, item in enumerate(backend.store.batch_items(batch.id))
    ]
    status = backend.store.batch_status(batch.id)
    return {"batch_id": batch.id, "status": status, "sessions": children}


def _child(backend: Backend, index: int, item: BatchItemRecord) -> JsonObject:
    last, url = None, None
    if item.session_id:
        last = backend.session(item.session_id).last_message_status
        url = f"/v1/sessions/{item.session_id}/transcript"
    return {
        "index": index,
        "session_id": item.session_id,
        "status": backend.store.item_status(item),
        "last_message_status": last,
        "agent_id": item.agent_id,
        "version_id": item.version_id,
        "llm_id": item.llm_id,
        "metadata": item.metadata,
        "transcript_url": url,
        "error": item.error,
    }


ROUTES = [
    Route("/session-batches", create_batch, methods=["POST"]),
    Route("/session-batches/{batch_id}", get_batch, methods=["GET"]),
]
