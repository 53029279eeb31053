"""Where an agent's news is delivered to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ... import models

if TYPE_CHECKING:
    from ..connection import Link


class AgentWebhook:
    """The webhook of one agent (contract, section 12).

    >>> hook = agent.webhook.set("https://dari.example/news")
    >>> hook.signing_secret  # shown this once only
    'whsec_...'
    """

    def __init__(self, link: Link, agent_id: str) -> None:
        self._webhooks = link.client.webhooks
        self._agent_id = agent_id

    def get(self) -> models.Webhook:
        """Return the webhook; its ``webhook_url`` is ``None`` when there is none.

        Raises:
            ApiError: The server refused it.

        >>> d.agents["echo"].webhook.get().webhook_url is None
        True
        """
        return self._webhooks.get(self._agent_id)

    def set(self, url: str, *, event_types: Sequence[str] | None = None) -> models.Webhook:
        """Deliver news to a URL, and return the webhook with its secret when that is new.

        Args:
            url: An absolute URL; a hosted service wants HTTPS.
            event_types: What to be told of; only ``tool.call_requested`` when left out.

        Raises:
            InvalidRequestError: The URL or an event type cannot be right.

        >>> url = "https://dari.example/news"
        >>> agent.webhook.set(url, event_types=["session.failed"]).event_types
        ['session.failed']
        """
        return self._webhooks.set(self._agent_id, url, event_types=event_types)

    def rotate(self) -> models.Webhook:
        """Make a new signing secret, which is in this answer only.

        Raises:
            ApiError: The agent has no webhook.

        >>> _ = agent.webhook.set("https://dari.example/news")
        >>> agent.webhook.rotate().signing_secret
        'whsec_...'
        """
        return self._webhooks.rotate(self._agent_id)

    def clear(self) -> models.Webhook:
        """Deliver nothing any more, and return the empty webhook; fine when there was none.

        Raises:
            ApiError: The server refused it.

        >>> agent.webhook.clear().webhook_url is None
        True
        """
        return self._webhooks.clear(self._agent_id)
