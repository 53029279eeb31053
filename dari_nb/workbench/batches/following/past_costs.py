"""What one item costs, by past sessions of the same agent and LLM."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from .... import models
from ....errors import DariError, InvalidRequestError
from ....models import parse_time
from ..cells import DEFAULT, Column
from .reading import read_cost

if TYPE_CHECKING:
    from ....client import AsyncClient
    from ....local import LocalDari

SAMPLE = 8
"""Past sessions asked for each column."""
LATE = timedelta(minutes=15)
"""How long after a session began its cost may come yet: turns take long, and costs come late."""


class PastCost(NamedTuple):
    """What a turn has cost.

    Attributes:
        mean: US dollars.
        sessions: Of how many sessions that is the mean.
    """

    mean: Decimal
    sessions: int


async def past_costs(
    client: AsyncClient, sessions: Iterable[models.Session], columns: Iterable[Column]
) -> dict[Column, PastCost | None]:
    """Return what past sessions of an agent have cost, by column; ``None`` when unknown."""
    ended = [s for s in sessions if s.last_message_status == "completed"]
    latest = sorted(ended, key=lambda session: session.created_at or "", reverse=True)
    return {column: await _mean(client, latest, column) for column in columns}


async def past_prices(
    client: AsyncClient,
    agent: models.Agent,
    columns: Mapping[str, Column],
    own: Mapping[Column, Decimal],
    server: LocalDari | None = None,
) -> dict[Column, Decimal]:
    """Return the same of columns by name, all of which have to be known, here or by the run's own.

    An embedded server knows which of its LLMs have no price.

    Raises:
        InvalidRequestError: Nobody knows what one of them costs, or nobody does yet.
    """
    sessions = await client.sessions.list(agent_id=agent.id) if columns else []
    costs = await past_costs(client, sessions, columns.values())
    told = {c: own.get(c) if cost is None else cost.mean for c, cost in costs.items()}
    known = {column: cost for column, cost in told.items() if cost is not None}
    unknown = {name: column for name, column in columns.items() if column not in known}
    named = (server.unpriced(agent.name, column.llm) for column in unknown.values() if server)
    if free := next(filter(None, named), None):
        raise InvalidRequestError(
            f"{free} has no price, so max_cost cannot be held: give one, d.server.add_llms({{}}, "
            f'prices={{{json.dumps(free)}: {{"input": "…", "output": "…"}}}}), in US dollars for a '
            "million tokens, or leave max_cost out. Nothing was sent."
        )
    late = [_late(sessions, column) for column in unknown.values()]
    if unknown and all(late):
        from ....render.plain.words import count_text

        count = sum(late)
        has, they = ("has", "it stays") if count == 1 else ("have", "they stay")
        costs_of = "cost" if count == 1 else "costs"
        raise InvalidRequestError(
            f"The {costs_of} of {count_text(count, 'turn')} {has} not come yet, so max_cost cannot "
            f"be held: run it again in a while; if {they} unknown, leave max_cost out. "
            "Nothing was sent."
        )
    if unknown:
        names = sorted(unknown)
        each = "" if len(names) == 1 else " with each"
        raise InvalidRequestError(
            f"No past session of {agent.name} tells {what_they_cost(names)}, so max_cost cannot be "
            f"held: send it one message{each} first, {_call(agent, unknown[names[0]])}, or leave "
            "max_cost out. Nothing was sent."
        )
    return known


def what_they_cost(names: Sequence[str]) -> str:
    """Say of what the cost is asked.

    >>> what_they_cost(["small"]), what_they_cost(["large", "small"]), what_they_cost(["default"])
    ('what small costs', 'what large and small cost', 'what its default LLM costs')
    """
    names = ["its default LLM" if name == DEFAULT else name for name in names]
    if len(names) == 1:
        return f"what {names[0]} costs"
    return f"what {', '.join(names[:-1])} and {names[-1]} cost"


def _call(agent: models.Agent, column: Column) -> str:
    llm = f", llm={json.dumps(column.llm)}" if column.llm is not None else ""
    return f'd.agents[{json.dumps(agent.name)}].send("Hi"{llm})'


def _late(sessions: Iterable[models.Session], column: Column) -> int:
    """Count the sessions of a column that are so new that their cost may come yet."""
    since = datetime.now(UTC) - LATE
    times = [parse_time(s.created_at) for s in _same(sessions, column) if s.last_message_status]
    return sum(time is not None and time > since for time in times)


def _same(sessions: Iterable[models.Session], column: Column) -> list[models.Session]:
    return [s for s in sessions if column.llm is None or s.llm_id == column.llm]


async def _mean(
    client: AsyncClient, sessions: Iterable[models.Session], column: Column
) -> PastCost | None:
    same = [session.id for session in _same(sessions, column)][:SAMPLE]
    costs = await asyncio.gather(*(_cost(client, session_id) for session_id in same))
    known = [cost for cost in costs if cost is not None]
    return PastCost(sum(known, Decimal(0)) / len(known), len(known)) if known else None


async def _cost(client: AsyncClient, session_id: str) -> Decimal | None:
    try:
        cost = await read_cost(client, session_id)
    except DariError:
        return None  # an estimate does without it
    return None if cost is None else Decimal(cost)
