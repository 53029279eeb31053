"""What sessions cost (contract, section 13)."""

from __future__ import annotations

from ...models import CostSummary
from .._answers import resource
from .._request import Request, path_of


def session(session_id: str) -> Request[CostSummary]:
    """Get what a session has cost so far (contract, section 13).

    Costs come late: ask again some seconds after the turn has ended.

    Args:
        session_id: The session's id, ``sess_…``.

    Raises:
        NotFoundError: There is no such session.

    >>> client.costs.session(session.id).total_cost  # a Decimal, in US dollars
    Decimal('0')
    """
    path = path_of("costs", "sessions", session_id)
    return Request(method="GET", path=path, parse=resource(CostSummary, scope_id=session_id))
