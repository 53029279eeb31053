"""Webhooks of agents in the store."""

from __future__ import annotations

import msgspec

from .database import Database
from .records import WebhookRecord
from .schema import to_json


class Webhooks(Database):
    """One webhook an agent, and what it needs to be signed."""

    def set_webhook(self, agent_id: str, webhook: WebhookRecord) -> None:
        """Set or replace an agent's webhook."""
        with self.transaction():
            self._rows(
                "INSERT OR REPLACE INTO webhooks VALUES (?, ?, ?, ?)",
                *(agent_id, webhook.url, to_json(webhook.event_types), webhook.secret),
            )

    def webhook(self, agent_id: str) -> WebhookRecord | None:
        """The webhook of an agent."""
        sql = "SELECT url, event_types, secret FROM webhooks WHERE agent_id = ?"
        row = self._row(sql, agent_id)
        if row is None:
            return None
        return WebhookRecord(url=row[0], event_types=msgspec.json.decode(row[1]), secret=row[2])

    def delete_webhook(self, agent_id: str) -> None:
        """Forget an agent's webhook, if it has one."""
        with self.transaction():
            self._rows("DELETE FROM webhooks WHERE agent_id = ?", agent_id)
