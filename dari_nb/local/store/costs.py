"""What sessions have cost, as their agents reported it."""

from __future__ import annotations

import time
from decimal import Decimal

from .database import Database


class Costs(Database):
    """Reported costs; each can be seen from a moment of its own."""

    def add_cost(self, session_id: str, cost_usd: Decimal | None, delay: float) -> None:
        """Keep a report, to be seen when ``delay`` seconds have passed; the cost may be unknown."""
        amount = None if cost_usd is None else f"{cost_usd:f}"
        with self.transaction():
            sql = "INSERT INTO costs (session_id, cost_usd, seen_from) VALUES (?, ?, ?)"
            self._rows(sql, session_id, amount, time.time() + delay)

    def costs(self, session_id: str) -> list[Decimal | None]:
        """The reports of a session that can be seen by now, oldest first."""
        sql = "SELECT cost_usd FROM costs WHERE session_id = ? AND seen_from <= ? ORDER BY ordinal"
        rows = self._rows(sql, session_id, time.time())
        return [None if amount is None else Decimal(amount) for (amount,) in rows]
