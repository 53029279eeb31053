"""Telling webhooks what happened: signed, tried again, and noted in the ledger when all fails."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import Callable, Iterator, Sequence

import msgspec

from .. import ids
from ..models import events as ev
from .bells import Bells
from .posting import NotSent, post
from .records import EventRecord, JsonObject, Payload, SessionRecord, WebhookRecord
from .schema import now
from .store import Store

BACKOFF = (0.5, 2.0, 8.0)
"""Seconds before the second and each later try."""
_TIMEOUT = 5.0
_DELIVERY = "whd_"
_TOLD = (ev.TOOL_CALL_REQUESTED, ev.MESSAGE_STATUS_CHANGED)


def signature(secret: str, body: bytes, moment: int) -> str:
    """Return ``t=<unix>,v1=<hex>``: HMAC-SHA256 of ``<t>.<body>`` (U22, reading A)."""
    signed = b"%d.%b" % (moment, body)
    return f"t={moment},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


class Deliveries:
    """Sends what happens in ledgers to the webhooks of their agents; used on the server's loop.

    Args:
        store: Where the webhooks and ledgers are.
        bells: Whom to wake when a failure is noted.
        waits_for: Whether a message's tool call is one that the caller has to answer.
        backoff: Seconds before the second and each later try.
    """

    def __init__(
        self,
        store: Store,
        bells: Bells,
        waits_for: Callable[[str, str], bool],
        backoff: Sequence[float] = BACKOFF,
    ) -> None:
        self._store = store
        self._bells = bells
        self._waits_for = waits_for
        self._backoff = tuple(backoff)
        self._tasks: set[asyncio.Task[None]] = set()

    async def stop(self) -> None:
        """Give up what is on its way."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def announce(self, session_id: str, events: Sequence[EventRecord]) -> None:
        """Send what the agent's webhook asked for among these new events of a session."""
        events = [event for event in events if event.type in _TOLD]
        session = self._store.session(session_id) if events else None
        webhook = self._store.webhook(session.agent_id) if session else None
        if webhook is None or session is None:
            return
        for event in events:
            for kind, data in self._told(session, event):
                if kind in webhook.event_types:
                    self._send(session.id, event, webhook, kind, data)

    def _told(self, session: SessionRecord, event: EventRecord) -> Iterator[tuple[str, JsonObject]]:
        data = msgspec.json.decode(event.data)
        about: JsonObject = {"session_id": session.id, "message_id": event.message_id}
        about["metadata"] = dict(session.metadata)
        message_id = str(event.message_id)
        if event.type == ev.TOOL_CALL_REQUESTED:
            if self._waits_for(message_id, data["tool_call_id"]):
                yield ev.TOOL_CALL_REQUESTED, {**about, **data}
        elif event.type == ev.MESSAGE_STATUS_CHANGED and data["status"] in ("completed", "failed"):
            yield f"session.{data['status']}", about
            batch_id = self._store.batch_of_message(message_id)
            status = self._store.batch_status(batch_id) if batch_id else "running"
            if status not in ("queued", "running"):
                yield f"batch.{status}", {"batch_id": batch_id, "status": status, **about}

    def _send(
        self,
        session_id: str,
        event: EventRecord,
        webhook: WebhookRecord,
        kind: str,
        data: JsonObject,
    ) -> None:
        delivery = {"id": ids.new_id(_DELIVERY), "type": kind, "created_at": now(), "data": data}
        work = self._deliver(session_id, event, webhook, delivery)
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(
        self, session_id: str, event: EventRecord, webhook: WebhookRecord, delivery: JsonObject
    ) -> None:
        body = msgspec.json.encode(delivery)
        status, error = None, None
        for wait in (0.0, *self._backoff):
            await asyncio.sleep(wait)
            headers = {
                "Content-Type": "application/json",
                "Dari-Webhook-Signature": signature(webhook.secret, body, int(time.time())),
            }
            status, error = None, None
            try:
                status = await post(webhook.url, body, headers, _TIMEOUT)
            except NotSent as failure:
                error = str(failure)
            if status is not None and 200 <= status < 300:
                return
        failed = {
            "webhook_id": delivery["id"],
            "event_id": event.id,
            "attempt": len(self._backoff) + 1,
            "status_code": status,
            "error": error or f"answered {status}",
        }
        self._store.append(
            session_id, [Payload(ev.WEBHOOK_DELIVERY_FAILED, failed, event.message_id)]
        )
        self._bells.ring(session_id)
