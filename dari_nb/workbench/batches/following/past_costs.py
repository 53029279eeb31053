"""What one item costs, by past sessions of the same agent and LLM."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from .... import models
from ....errors import DariError, InvalidRequestError
from ..cells import Column
from .reading import read_cost

if TYPE_CHECKING:
    from ....client import AsyncClient

SAMPLE = 8
"""Past sessions asked for each column."""


async def past_costs(
    client: AsyncClient, agent_id: str, columns: Iterable[Column]
) -> dict[Column, Decimal | None]:
    """Return the mean cost of past sessions by column, in US dollars; ``None`` when unknown."""
    sessions = await client.sessions.list(agent_id=agent_id)
    ended = [s for s in sessions if s.last_message_status == "completed"]
    latest = sorted(ended, key=lambda session: session.created_at or "", reverse=True)
    return {column: await _mean(client, latest, column) for column in columns}


async def past_prices(
    client: AsyncClient, agent: models.Agent, columns: Mapping[str, Column]
) -> dict[Column, Decimal]:
    """Return the same of columns by name, all of which have to be known.

    Raises:
        InvalidRequestError: Nobody knows what one of them costs.
    """
    costs = await past_costs(client, agent.id, columns.values()) if columns else {}
    known = {column: cost for column, cost in costs.items() if cost is not None}
    unknown = [name for name, column in columns.items() if column not in known]
    if unknown:
        raise InvalidRequestError(
            f"No past session tells what {', '.join(sorted(unknown))} costs, so max_cost cannot be "
            f"held: send {agent.name} one message there first, or leave max_cost out. "
            "Nothing was sent."
        )
    return known


async def _mean(
    client: AsyncClient, sessions: Iterable[models.Session], column: Column
) -> Decimal | None:
    asked = column.llm
    same = [s.id for s in sessions if asked is None or s.llm_id == asked][:SAMPLE]
    costs = await asyncio.gather(*(_cost(client, session_id) for session_id in same))
    known = [cost for cost in costs if cost is not None]
    return sum(known, Decimal(0)) / len(known) if known else None


async def _cost(client: AsyncClient, session_id: str) -> Decimal | None:
    try:
        cost = await read_cost(client, session_id)
    except DariError:
        return None  # an estimate does without it
    return None if cost is None else Decimal(cost)
