"""The route of costs (contract, section 13)."""

from __future__ import annotations

from decimal import Decimal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .answers import backend_of, json_answer


async def get_session_cost(request: Request) -> Response:
    """``GET /costs/sessions/{session_id}``: what has arrived so far."""
    backend = backend_of(request)
    session = backend.session(request.path_params["session_id"])
    costs = backend.store.costs(session.id)
    total = sum((cost for cost in costs if cost is not None), Decimal(0))
    return json_answer(
        {
            "scope_kind": "session",
            "scope_id": session.id,
            "event_count": len(costs),
            "total_cost_usd": f"{total:f}",
        }
    )


ROUTES = [Route("/costs/sessions/{session_id}", get_session_cost, methods=["GET"])]
