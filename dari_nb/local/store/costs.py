"""What sessions have cost, as their agents reported it: US dollars, which are never rounded."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from decimal import Decimal, localcontext

from .database import Database


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Add finite amounts up, however far apart they are.

    >>> total([Decimal("1e20"), Decimal("1e-20")])
    Decimal('100000000000000000000.00000000000000000001')
    """
    amounts = [amount for amount in amounts if amount]
    if not amounts:
        return Decimal(0)
    first = max(amount.adjusted() for amount in amounts)
    last = min(int(amount.as_tuple().exponent) for amount in amounts)
    with localcontext() as context:
        context.prec = first - last + 1 + len(str(len(amounts)))
        return sum(amounts, Decimal(0))


def known_or_none(reports: Sequence[Decimal | None]) -> list[Decimal]:
    """Return reports that are all known; none of them where one is unknown.

    The sum of the others would be no sum, and whoever asks takes no report for an unknown cost.

    >>> known_or_none([Decimal(1), None])
    []
    """
    known = [amount for amount in reports if amount is not None]
    return known if len(known) == len(reports) else []


_ELSEWHERE = 0.0
"""The moment from which a cost is seen that was not caused here."""


class Costs(Database):
    """Reported costs; each can be seen from a moment of its own."""

    def add_cost(self, session_id: str, cost_usd: Decimal | None, delay: float) -> None:
        """Keep a report, to be seen when ``delay`` seconds have passed; the cost may be unknown."""
        amount = None if cost_usd is None else f"{cost_usd:f}"
        with self.transaction():
            sql = "INSERT INTO costs (session_id, cost_usd, seen_from) VALUES (?, ?, ?)"
            self._rows(sql, session_id, amount, time.time() + delay)

    def add_recorded_cost(self, session_id: str, cost_usd: Decimal | None) -> None:
        """Keep what a recording says it has cost elsewhere, which counts for no limit here."""
        amount = None if cost_usd is None else f"{cost_usd:f}"
        with self.transaction():
            sql = "INSERT INTO costs (session_id, cost_usd, seen_from) VALUES (?, ?, ?)"
            self._rows(sql, session_id, amount, _ELSEWHERE)

    def costs(self, session_id: str) -> list[Decimal | None]:
        """The reports of a session that can be seen by now, oldest first."""
        sql = "SELECT cost_usd FROM costs WHERE session_id = ? AND seen_from <= ? ORDER BY ordinal"
        rows = self._rows(sql, session_id, time.time())
        return [None if amount is None else Decimal(amount) for (amount,) in rows]

    def reported(self, session_id: str) -> list[Decimal | None]:
        """All reports of a session, whether they can be seen yet or not, oldest first."""
        sql = "SELECT cost_usd FROM costs WHERE session_id = ? ORDER BY ordinal"
        rows = self._rows(sql, session_id)
        return [None if amount is None else Decimal(amount) for (amount,) in rows]

    def costs_after(self, org_id: str, ordinal: int) -> list[tuple[int, Decimal]]:
        """The known costs of an organization's sessions from a report on, each with its number.

        What recordings have cost elsewhere is none of them.
        """
        rows = self._rows(
            "SELECT costs.ordinal, costs.cost_usd FROM costs"
            " JOIN sessions ON sessions.id = costs.session_id"
            " JOIN agents ON agents.id = sessions.agent_id"
            " WHERE costs.ordinal > ? AND agents.org_id = ? AND costs.cost_usd IS NOT NULL"
            " AND costs.seen_from > ? ORDER BY costs.ordinal",
            *(ordinal, org_id, _ELSEWHERE),
        )
        return [(number, Decimal(amount)) for number, amount in rows]
