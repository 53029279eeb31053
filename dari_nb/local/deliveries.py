"""Deliveries to webhooks: signed, tried again, and noted in the ledger when all tries fail."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ssl
import time
from collections.abc import Iterable, Sequence

from ..models import events as ev
from .announcing import WaitsFor, note_batch, note_events
from .bells import Bells
from .posting import NotSent, post
from .records import EventRecord, JsonObject, Payload, WebhookRecord
from .store import Store
from .store.deliveries import DeliveryRecord

BACKOFF = (0.5, 2.0, 8.0)
"""Seconds before the second and each later try."""
_TIMEOUT = 5.0


def signature(secret: str, body: bytes, moment: int) -> str:
    """Return ``t=<unix>,v1=<hex>``: HMAC-SHA256 of ``<t>.<body>`` (U22, reading A)."""
    signed = b"%d.%b" % (moment, body)
    return f"t={moment},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


class Deliveries:
    """Makes what the store has of deliveries; used on the server's loop.

    A delivery stays in the store until it is taken or given up, so one that a stop interrupts is
    taken up again at the next start, with the same id and the tries counted on.

    Args:
        store: Where the webhooks, ledgers and deliveries are.
        bells: Whom to wake when a failure is noted.
        waits_for: Whether a message's tool call is one that the caller has to answer.
        backoff: Seconds before the second and each later try.
        tls: What HTTPS receivers must prove; certificates known to this machine by default.
    """

    def __init__(
        self,
        store: Store,
        bells: Bells,
        waits_for: WaitsFor,
        backoff: Sequence[float] = BACKOFF,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._store = store
        self._bells = bells
        self._waits_for = waits_for
        self._backoff = tuple(backoff)
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()

    def resume(self) -> None:
        """Take up what an earlier server left behind."""
        self._begin(self._store.open_deliveries())

    async def stop(self) -> None:
        """Leave what is on its way to the next start."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def announce(self, session_id: str, events: Sequence[EventRecord]) -> None:
        """Deliver what the agent's webhook asked for among these new events of a session."""
        self._begin(note_events(self._store, session_id, events, self._waits_for))

    def announce_batch(self, agent_id: str, batch_id: str) -> None:
        """Deliver that a new batch is over already, if it is."""
        self._begin(note_batch(self._store, agent_id, batch_id))

    def _begin(self, deliveries: Iterable[str]) -> None:
        for delivery_id in deliveries:
            task = asyncio.get_running_loop().create_task(self._deliver(delivery_id))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _deliver(self, delivery_id: str) -> None:
        while delivery := self._store.delivery(delivery_id):
            await self._until(delivery.due)
            webhook = self._store.webhook(delivery.agent_id)
            if webhook is None:
                return self._store.drop_delivery(delivery_id)
            # Counted first, so that a kill in the middle does not make the tries endless.
            self._store.count_try(delivery_id)
            status, error = await self._tried(webhook, delivery.body.encode())
            if error is None:
                return self._store.drop_delivery(delivery_id)
            self._put_off(delivery, status, error)
        return None

    async def _until(self, due: float) -> None:
        # A clock that was set back must not put a try off for longer than the longest pause.
        longest = max(self._backoff, default=0.0)
        await asyncio.sleep(min(max(0.0, due - time.time()), longest))

    async def _tried(self, webhook: WebhookRecord, body: bytes) -> tuple[int | None, str | None]:
        """Send once; returns the status of the answer, and what was wrong, if anything."""
        headers = {
            "Content-Type": "application/json",
            "Dari-Webhook-Signature": signature(webhook.secret, body, int(time.time())),
        }
        try:
            status = await post(webhook.url, body, headers, _TIMEOUT, self._tls)
        except NotSent as failure:
            return None, str(failure)
        return status, None if 200 <= status < 300 else f"answered {status}"

    def _put_off(self, delivery: DeliveryRecord, status: int | None, error: str) -> None:
        if delivery.attempts < len(self._backoff):
            due = time.time() + self._backoff[delivery.attempts]
            self._store.put_off_delivery(delivery.id, due)
            return
        with self._store.transaction():
            self._store.drop_delivery(delivery.id)
            if delivery.session_id is not None:
                self._note_failure(delivery.session_id, delivery, status, error)

    def _note_failure(
        self, session_id: str, delivery: DeliveryRecord, status: int | None, error: str
    ) -> None:
        failed: JsonObject = {
            "webhook_id": delivery.id,
            "event_id": delivery.event_id,
            "attempt": delivery.attempts + 1,
            "status_code": status,
            "error": error,
        }
        payload = Payload(ev.WEBHOOK_DELIVERY_FAILED, failed, delivery.message_id)
        self._store.append(session_id, [payload])
        self._bells.ring(session_id)
