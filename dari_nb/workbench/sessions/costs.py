"""What sessions cost."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from ... import models

if TYPE_CHECKING:
    from ..link import Link


class Costs:
    """What sessions cost (contract, section 13).

    >>> d.costs.session(session.id) is None  # nothing here has a price
    True
    """

    def __init__(self, link: Link) -> None:
        self._link = link

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
