"""Webhooks and what they deliver (contract, section 12)."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from ._base import Model

WEBHOOK_EVENT_TYPES = (
    "tool.call_requested",
    "session.completed",
    "session.failed",
    "batch.completed",
    "batch.failed",
    "batch.partial_failed",
)
"""The events that a webhook can be told of."""


class Webhook(Model, frozen=True, kw_only=True):
    """An agent's webhook.

    Attributes:
        webhook_url: ``None`` when there is no webhook.
        signing_secret: Only in the answer that makes it; keep it then.
        event_types: ``None`` when the server does not tell (U21).
        signing_enabled: Whether deliveries are signed.
    """

    _hidden: ClassVar[frozenset[str]] = frozenset({"signing_secret"})

    webhook_url: str | None = None
    signing_enabled: bool = False
    event_types: list[str] | None = None
    signing_secret: str | None = None


class WebhookDelivery(Model, frozen=True, kw_only=True):
    """One delivery. The same ``id`` may come several times: a repeat of the same news.

    Attributes:
        id: Stable across retries.
        type: One of :data:`WEBHOOK_EVENT_TYPES`.
        data: Such as ``session_id`` and ``metadata``, or ``batch_id``.
        created_at: ISO 8601, UTC.
    """

    id: str
    type: str = ""
    created_at: str | None = None
    data: dict[str, Any] = msgspec.field(default_factory=dict)
