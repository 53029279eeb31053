"""What sessions cost (contract, section 13)."""

from __future__ import annotations

from ...models import CostSummary
from .._request import Request, path_of


def session(session_id: str) -> Request[CostSummary]:
    """Get what a session has cost so far (contract, section 13).

    Costs come late: ask again some seconds after the turn has ended.

    Raises:
        NotFoundError: There is no such session.

    Example::

        client.costs.session("sess_1").total_cost  # a Decimal
    """
    path = path_of("costs", "sessions", session_id)
    return Request(method="GET", path=path, parse=CostSummary.from_json)
