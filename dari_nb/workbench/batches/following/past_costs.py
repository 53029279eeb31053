"""What one item costs, by past sessions of the same agent and LLM."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

from .... import models
from ....errors import DariError
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
