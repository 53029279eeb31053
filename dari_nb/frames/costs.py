"""One row a session, with what it has cost."""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

import pandas as pd

from ..models import CostSummary
from .kinds import INTEGER, SECONDS, TEXT
from .tables import Table, by_row

DOLLARS = SECONDS
"""Dollars for arithmetic: ``float64``, as seconds are."""


def costs_frame(costs: Iterable[CostSummary]) -> pd.DataFrame:
    """Make a frame of what sessions have cost (contract, section 13).

    Args:
        costs: The costs; each is one row, in the order given.

    Returns:
        ``cost_usd`` is in US dollars as a float, missing while no part of it is known, and
        ``cost_exact`` the same decimal number as the server wrote it; ``cost_events`` counts what
        it is the sum of. For dtypes see :data:`COSTS`.

    >>> cost = client.costs.session(session.id)
    >>> dari.frames.costs_frame([cost])["session_id"].to_list() == [session.id]
    True
    """
    return COSTS.frame(costs)


def dollars(exact: str | Decimal | None) -> float:
    """Read a decimal text; NaN when it is missing or no finite number.

    >>> dollars("0.0421"), dollars("NaN"), dollars(None)
    (0.0421, nan, nan)
    """
    try:
        cost = Decimal(exact or "NaN")
    except InvalidOperation:
        return math.nan
    return float(cost) if cost.is_finite() else math.nan


def _row(cost: CostSummary) -> tuple[Any, ...]:
    exact = None if cost.event_count == 0 else cost.total_cost_usd
    return (cost.scope_id, dollars(exact), exact, cost.event_count)


COSTS = Table(
    {"session_id": TEXT, "cost_usd": DOLLARS, "cost_exact": TEXT, "cost_events": INTEGER},
    by_row(_row),
)
"""The columns of :func:`costs_frame`."""
