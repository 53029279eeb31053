"""What sessions cost."""

from __future__ import annotations

from decimal import Decimal

from ... import models
from ..connection import AtHand


class Costs(AtHand):
    """What sessions cost (contract, section 13).

    >>> d.costs.session(session.id) is None  # nothing here has a price
    True
    """

    def session(self, session_id: str) -> Decimal | None:
        """Return what a session has cost so far, in US dollars; ``None`` while it is unknown.

        Costs come late: ask again some seconds after a turn has ended.

        Args:
            session_id: The session's id.

        Raises:
            NotFoundError: There is no such session.

        >>> cost = d.costs.session(session.id)
        """
        return known_cost(self._link.client.costs.session(session_id))


def known_cost(summary: models.CostSummary) -> Decimal | None:
    """Return the cost that a summary tells; ``None`` before any part of it has come."""
    return summary.total_cost if summary.is_known else None
