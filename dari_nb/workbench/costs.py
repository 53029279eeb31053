"""What sessions cost."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from .. import models

if TYPE_CHECKING:
    from .dari import Dari


class Costs:
    """What sessions cost (contract, section 13)."""

    def __init__(self, dari: Dari) -> None:
        self._dari = dari

    def session(self, session_id: str) -> Decimal | None:
        """Return what a session has cost so far, in US dollars; ``None`` while it is unknown.

        Costs come late: ask again some seconds after a turn has ended.

        Raises:
            NotFoundError: There is no such session.
        """
        return known_cost(self._dari.client.costs.session(session_id))


def known_cost(summary: models.CostSummary) -> Decimal | None:
    """Return the cost that a summary tells; ``None`` before any part of it has come."""
    return None if summary.event_count == 0 else summary.total_cost
