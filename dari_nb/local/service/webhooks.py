"""Webhooks of agents: what may be set, and what stays as it is (contract, section 12)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from ...models import WEBHOOK_EVENT_TYPES
from ..network.addresses import webhook_url
from ..store.records import FIRST_ORG, WebhookRecord
from .access import Access, Refusal

_WANTED = ["tool.call_requested"]
"""What a webhook is told that was set without saying."""


def find(access: Access, agent_id: str) -> WebhookRecord | None:
    """The webhook of an agent, deleted or not, if it has one."""
    return access.store.webhook(access.agent(agent_id).id)


def put(
    access: Access, agent_id: str, url: str, event_types: Sequence[str] | None
) -> tuple[WebhookRecord, bool]:
    """Set an agent's webhook; of one that it has, the secret stays, and so do types not given.

    Returns:
        The webhook, and whether its secret is new.
    """
    agent = access.live_agent(agent_id)
    _check(url, event_types or (), here=agent.org_id == FIRST_ORG)
    old = access.store.webhook(agent.id)
    if event_types is None:
        event_types = old.event_types if old else _WANTED
    secret = old.secret if old else _new_secret()
    new = WebhookRecord(url=url, event_types=list(dict.fromkeys(event_types)), secret=secret)
    access.store.set_webhook(agent.id, new)
    return new, old is None


def clear(access: Access, agent_id: str) -> None:
    """Remove an agent's webhook, if it has one."""
    access.store.delete_webhook(access.agent(agent_id).id)


def rotate(access: Access, agent_id: str) -> WebhookRecord:
    """Give an agent's webhook a new secret; a 409 when there is no webhook."""
    old = find(access, agent_id)
    if old is None:
        raise Refusal(409, "This agent has no webhook")
    new = WebhookRecord(url=old.url, event_types=old.event_types, secret=_new_secret())
    access.store.set_webhook(agent_id, new)
    return new


def _check(url: str, event_types: Sequence[str], *, here: bool) -> None:
    try:
        webhook_url(url, here=here)
    except ValueError as error:
        raise Refusal(400, str(error)) from None
    for name in event_types:
        if name not in WEBHOOK_EVENT_TYPES:
            raise Refusal(400, f"Unknown event type {name!r}: {', '.join(WEBHOOK_EVENT_TYPES)}")


def _new_secret() -> str:
    return f"whsec_{secrets.token_hex(24)}"
