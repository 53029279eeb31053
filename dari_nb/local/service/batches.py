"""Session batches: many sessions of one agent in one request (contract, section 11)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ...errors import detail_text
from ..store.records import BatchItemRecord, BatchRecord, JsonObject
from .access import Access, Refusal
from .sessions import NewMessage, NewSession, send_first

MAX_ITEMS = 100
MAX_KEY = 128


class NewItem(NamedTuple):
    """One session to make, with its first message."""

    agent_id: str
    session: NewSession
    message: NewMessage


def create(access: Access, items: Sequence[NewItem], key: str | None) -> JsonObject:
    """Make a batch, whole or not at all; a key that was used before gives the original one.

    Returns:
        The batch object.
    """
    _check(items, key)
    batch = access.store.batch_with_key(access.owner, key) if key else None
    if batch is not None:
        return to_wire(access, batch)
    agent_id = access.live_agent(items[0].agent_id).id
    with access.store.transaction():
        batch = access.store.add_batch(access.owner, key)
        for place, item in enumerate(items):
            access.store.add_batch_item(batch.id, place, _begun(access, item))
        access.service.dispatcher.note_batch(agent_id, batch.id)
        return to_wire(access, batch)


def find(access: Access, batch_id: str) -> BatchRecord:
    """The batch of this id, or a 404; another organization's is a 403."""
    batch = access.store.batch(batch_id)
    if batch is None:
        raise Refusal(404, f"No batch {batch_id!r}")
    access.check_owner(batch.org_id, "batch", batch_id)
    return batch


def to_wire(access: Access, batch: BatchRecord) -> JsonObject:
    """Return the batch object with its sessions (contract, section 11)."""
    children = [
        _child(access, index, item) for index, item in enumerate(access.store.batch_items(batch.id))
    ]
    status = access.store.batch_status(batch.id)
    return {"batch_id": batch.id, "status": status, "sessions": children}


def _child(access: Access, index: int, item: BatchItemRecord) -> JsonObject:
    last, url = None, None
    if item.session_id:
        last = access.session(item.session_id).last_message_status
        url = f"/v1/sessions/{item.session_id}/transcript"
    return {
        "index": index,
        "session_id": item.session_id,
        "status": access.store.item_status(item),
        "last_message_status": last,
        "agent_id": item.agent_id,
        "version_id": item.version_id,
        "llm_id": item.llm_id,
        "metadata": item.metadata,
        "transcript_url": url,
        "error": item.error,
    }


def _check(items: Sequence[NewItem], key: str | None) -> None:
    if not 1 <= len(items) <= MAX_ITEMS:
        raise Refusal(400, f"A batch has 1 to {MAX_ITEMS} items, not {len(items)}")
    if len({item.agent_id for item in items}) > 1:
        raise Refusal(400, "All items of a batch must name the same agent")
    if key is not None and not 0 < len(key) <= MAX_KEY:
        raise Refusal(400, f"idempotency_key must have 1 to {MAX_KEY} characters")


def _begun(access: Access, item: NewItem) -> BatchItemRecord:
    """Make the session and send its message; what is refused becomes the item's error."""
    wish = item.session
    try:
        with access.store.attempt():
            sent = send_first(access, item.agent_id, wish, item.message)
    except Refusal as refusal:
        return BatchItemRecord(
            agent_id=item.agent_id,
            metadata=wish.metadata or {},
            version_id=wish.version_id,
            llm_id=wish.llm_id,
            error=detail_text(refusal.detail),
        )
    return BatchItemRecord(
        agent_id=item.agent_id,
        metadata=wish.metadata or {},
        version_id=sent.session.version_id,
        llm_id=sent.session.llm_id,
        session_id=sent.session.id,
        message_id=sent.event.message_id,
    )
