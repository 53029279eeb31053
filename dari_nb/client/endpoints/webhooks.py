"""Webhooks: where an agent's news is delivered to (contract, section 12)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx

from ...errors import InvalidRequestError
from ...models import WEBHOOK_EVENT_TYPES, Webhook
from .._answers import outcome
from .._request import Request, given, path_of


def get(agent_id: str) -> Request[Webhook]:
    """Get an agent's webhook; its ``webhook_url`` is ``None`` when there is none.

    The signing secret is not in it: that is shown once, by ``set`` or ``rotate`` (contract,
    section 12).

    Args:
        agent_id: The agent's id, ``agt_…``.

    Raises:
        NotFoundError: There is no such agent.

    >>> client.webhooks.get(d.agents["echo"].id).webhook_url is None
    True
    """
    return _request("GET", agent_id)


def set_(
    agent_id: str, webhook_url: str, *, event_types: Sequence[str] | None = None
) -> Request[Webhook]:
    """Set where an agent's news goes to (contract, section 12).

    Keep the ``signing_secret`` of the answer: it is given only when it is newly made, and a retry
    after a lost answer comes too late for it; ``rotate`` makes another.

    Args:
        agent_id: The agent's id.
        webhook_url: An absolute URL without user and password; a hosted service wants HTTPS.
        event_types: What to be told of, of ``dari_nb.models.WEBHOOK_EVENT_TYPES``; by default
            only ``tool.call_requested``. Whether a later call without it keeps what was set is
            not known (U21), so give it each time.

    Raises:
        InvalidRequestError: The URL or an event type cannot be right.

    >>> client.webhooks.set(agent.id, "https://dari.example/news").webhook_url
    'https://dari.example/news'
    """
    types = None if event_types is None else _checked_types(event_types)
    body = given(webhook_url=_checked_url(webhook_url), event_types=types)
    return _request("PUT", agent_id, body)


def clear(agent_id: str) -> Request[Webhook]:
    """Remove an agent's webhook; fine when there is none (contract, section 12).

    Args:
        agent_id: The agent's id, ``agt_…``.

    Raises:
        NotFoundError: There is no such agent.

    >>> client.webhooks.clear(agent.id).webhook_url is None
    True
    """
    return _request("DELETE", agent_id)


def rotate(agent_id: str) -> Request[Webhook]:
    """Make a new signing secret, which is shown in this answer only (contract, section 12).

    Args:
        agent_id: The agent's id, ``agt_…``.

    Raises:
        ApiError: The agent has no webhook.

    >>> _ = client.webhooks.set(agent.id, "https://dari.example/news")
    >>> client.webhooks.rotate(agent.id).signing_secret
    'whsec_...'
    """
    path = path_of("agents", agent_id, "webhook", "rotate-secret")
    return Request(method="POST", path=path, parse=outcome(Webhook, "webhook"))


def _request(method: str, agent_id: str, body: dict[str, Any] | None = None) -> Request[Webhook]:
    path = path_of("agents", agent_id, "webhook")
    parse = outcome(Webhook, "webhook", **(body or {}))
    return Request(method=method, path=path, parse=parse, json=body)


def _checked_url(webhook_url: str) -> str:
    try:
        url = httpx.URL(webhook_url)
    except (httpx.InvalidURL, TypeError):
        raise InvalidRequestError("The webhook's URL is not a URL.", code="invalid_url") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise InvalidRequestError(
            "The webhook's URL must begin with https:// and a host.", code="invalid_url"
        )
    if url.userinfo:
        raise InvalidRequestError(
            "The webhook's URL must not hold a user name or password.", code="invalid_url"
        )
    return webhook_url


def _checked_types(event_types: Sequence[str]) -> list[str]:
    types = [event_types] if isinstance(event_types, str) else list(event_types)
    for unknown in [name for name in types if name not in WEBHOOK_EVENT_TYPES]:
        raise InvalidRequestError(
            f"A webhook is not told of {unknown!r}; there are {', '.join(WEBHOOK_EVENT_TYPES)}.",
            code="invalid_event_types",
        )
    return types
