"""Deliveries to webhooks: signed, tried again, and noted in the ledger when all tries fail."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ssl
import time
from collections.abc import Iterable, Sequence
from functools import partial

from ...models import events as ev
from ..store import EventLog, Store
from ..store.database import Effect, when_the_disk_works
from ..store.deliveries import DeliveryRecord
from ..store.records import FIRST_ORG, EventRecord, JsonObject, Payload, WebhookRecord
from .outbox import WaitsFor, note_batch, note_events
from .posting import NotSent, post

BACKOFF = (0.5, 2.0, 8.0)
"""Seconds before the second and each later try."""
_TIMEOUT = 5.0
_MOST = 8
"""Tries for one agent at once; the receivers of the others do not wait for them."""


def signature(secret: str, body: bytes, moment: int) -> str:
    """Return ``t=<unix>,v1=<hex>``: HMAC-SHA256 of ``<t>.<body>`` (U22, reading A)."""
    signed = b"%d.%b" % (moment, body)
    return f"t={moment},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


class Dispatcher:
    """Makes what the store has of deliveries; used on the server's loop.

    A delivery stays in the store until it is taken or given up, so one that a stop interrupts is
    taken up again at the next start, with the same id and the tries counted on.

    Args:
        store: Where the webhooks, ledgers and deliveries are.
        log: Takes the note of a failure.
        waits_for: Whether a message's tool call is one that the caller has to answer.
        backoff: Seconds before the second and each later try.
        tls: What HTTPS receivers must prove; certificates known to this machine by default.
    """

    def __init__(
        self,
        store: Store,
        log: EventLog,
        waits_for: WaitsFor,
        backoff: Sequence[float] = BACKOFF,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._store = store
        self._log = log
        self._waits_for = waits_for
        self._backoff = tuple(backoff)
        self._tls = tls
        self._slots: dict[str, asyncio.Semaphore] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def resume(self) -> None:
        """Take up what an earlier server left behind."""
        self._begin(self._store.open_deliveries())

    async def stop(self) -> None:
        """Leave what is on its way to the next start."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def on_events(self, session_id: str, events: list[EventRecord]) -> Effect | None:
        """Follow the event log: keep what the agent's webhook asked for, and deliver it then."""
        noted = note_events(self._store, session_id, events, self._waits_for)
        return partial(self._begin, noted) if noted else None

    def note_batch(self, agent_id: str, batch_id: str) -> None:
        """Deliver that a new batch is over already, if it is; in the batch's transaction."""
        noted = note_batch(self._store, agent_id, batch_id)
        self._store.after_commit(partial(self._begin, noted))

    def _begin(self, deliveries: Iterable[str]) -> None:
        for delivery_id in deliveries:
            task = asyncio.get_running_loop().create_task(self._deliver(delivery_id))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _deliver(self, delivery_id: str) -> None:
        """See to it that a delivery is taken or given up, however the disk does meanwhile."""
        await when_the_disk_works(partial(self._make, delivery_id))

    async def _make(self, delivery_id: str) -> None:
        while found := self._store.delivery_due(delivery_id):
            agent_id, due = found
            await self._until(due)
            async with self._slots.setdefault(agent_id, asyncio.Semaphore(_MOST)):
                if delivery := self._store.delivery(delivery_id):
                    await self._try(delivery)

    async def _until(self, due: float) -> None:
        # A clock that was set back must not put a try off for longer than the longest pause.
        longest = max(self._backoff, default=0.0)
        await asyncio.sleep(min(max(0.0, due - time.time()), longest))

    async def _try(self, delivery: DeliveryRecord) -> None:
        """Try once; what is taken, or has no webhook any more, leaves the store."""
        webhook, agent = (
            self._store.webhook(delivery.agent_id),
            self._store.agent(delivery.agent_id),
        )
        if webhook is None or agent is None:
            return self._store.drop_delivery(delivery.id)
        # Counted first, so that a kill in the middle does not make the tries endless.
        self._store.count_try(delivery.id)
        here = agent.org_id == FIRST_ORG
        status, error = await self._sent(webhook, delivery.body.encode(), here=here)
        if error is None:
            return self._store.drop_delivery(delivery.id)
        return self._put_off(delivery, status, error)

    async def _sent(
        self, webhook: WebhookRecord, body: bytes, *, here: bool
    ) -> tuple[int | None, str | None]:
        """Send once; returns the status of the answer, and what was wrong, if anything."""
        headers = {
            "Content-Type": "application/json",
            "Dari-Webhook-Signature": signature(webhook.secret, body, int(time.time())),
        }
        try:
            status = await post(webhook.url, body, headers, _TIMEOUT, here=here, tls=self._tls)
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
        self._log.append(session_id, payload)
