"""What the webhooks of agents are told of what happens in ledgers (contract, section 12)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec

from ... import ids
from ...models import events as ev
from ..store import Store
from ..store.deliveries import DeliveryRecord
from ..store.records import EventRecord, JsonObject, SessionRecord
from ..store.schema import now, to_json

WaitsFor = Callable[[str, str], bool]
"""Whether a message's tool call is one that the caller has to answer."""
News = tuple[str, JsonObject]
"""Type and data of one delivery."""

_DELIVERY = "whd_"
_TOLD = (ev.TOOL_CALL_REQUESTED, ev.MESSAGE_STATUS_CHANGED)


def note_events(
    store: Store,
    session_id: str,
    events: Sequence[EventRecord],
    waits_for: WaitsFor = lambda _message, _call: False,
) -> list[str]:
    """Keep the deliveries that an agent's webhook asked for among new events of a session.

    To be called in the transaction that makes the events, so that no stop comes between.

    Returns:
        Ids of the deliveries.
    """
    told = [event for event in events if event.type in _TOLD]
    session = store.session(session_id) if told else None
    if session is None or store.webhook(session.agent_id) is None:
        return []
    deliveries = [
        _stored(store, session.agent_id, news, session.id, event)
        for event in told
        for news in _news(store, session, event, waits_for)
    ]
    return [delivery for delivery in deliveries if delivery]


def note_batch(store: Store, agent_id: str, batch_id: str) -> list[str]:
    """Keep the delivery about a batch that ended as it began: none of its items could begin."""
    if store.webhook(agent_id) is None:
        return []
    status = store.batch_status(batch_id)
    if status in ("queued", "running"):
        return []
    data = {"batch_id": batch_id, "status": status, "metadata": {}}
    delivery = _stored(store, agent_id, (f"batch.{status}", data))
    return [delivery] if delivery else []


def _stored(
    store: Store,
    agent_id: str,
    news: News,
    session_id: str | None = None,
    event: EventRecord | None = None,
) -> str | None:
    kind, data = news
    webhook = store.webhook(agent_id)
    if webhook is None or kind not in webhook.event_types:
        return None
    delivery_id = ids.new_id(_DELIVERY)
    body = to_json({"id": delivery_id, "type": kind, "created_at": now(), "data": data})
    about = (session_id, event.message_id, event.id) if event else (None, None, None)
    store.add_delivery(DeliveryRecord(delivery_id, agent_id, body, *about))
    return delivery_id


def _news(
    store: Store, session: SessionRecord, event: EventRecord, waits_for: WaitsFor
) -> Iterator[News]:
    data = msgspec.json.decode(event.data)
    about: JsonObject = {"session_id": session.id, "message_id": event.message_id}
    about["metadata"] = dict(session.metadata)
    message_id = str(event.message_id)
    if event.type == ev.TOOL_CALL_REQUESTED:
        if waits_for(message_id, data["tool_call_id"]):
            yield ev.TOOL_CALL_REQUESTED, {**about, **data}
    elif data["status"] in ("completed", "failed"):
        yield f"session.{data['status']}", about
        batch_id = store.batch_of_message(message_id)
        status = store.batch_status(batch_id) if batch_id else "running"
        if status not in ("queued", "running"):
            yield f"batch.{status}", {"batch_id": batch_id, "status": status, **about}
