"""What one item costs, by past sessions of the same agent and LLM."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from .... import models
from ....errors import DariError, InvalidRequestError
from ....models import parse_time
from ..cells import DEFAULT, Attempt, Column
from .following import AT_ONCE
from .late_costs import PAUSES
from .reading import read_cost, read_end, read_messages

if TYPE_CHECKING:
    from ....client import AsyncClient
    from ....local import LocalDari

SAMPLE = 8
"""Past sessions of each column that are asked at once."""
MOST = 4 * SAMPLE
"""Those that are asked in all, until one knows its cost: many agents never tell one."""
JUST_NOW = timedelta(seconds=3)
"""How long ago a turn ended whose cost is waited for."""
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
    latest = _latest(sessions)
    return {column: await _past_cost(client, _same(latest, column)) for column in columns}


async def past_prices(
    client: AsyncClient,
    agent: models.Agent,
    columns: Collection[Column],
    own: Mapping[Column, Decimal],
    server: LocalDari | None = None,
) -> dict[Column, Decimal]:
    """Return the same, where all of it has to be known, here or by the run's own.

    What a version costs is not known apart: what is said of a column is said of its LLM.

    An embedded server knows which of its LLMs have no price.

    Raises:
        InvalidRequestError: Nobody knows what one of them costs, or nobody does yet.
    """
    sessions = await client.sessions.list(agent_id=agent.id) if columns else []
    costs = await past_costs(client, sessions, columns)
    told = {c: own.get(c) if cost is None else cost.mean for c, cost in costs.items()}
    known = {column: cost for column, cost in told.items() if cost is not None}
    unknown = [column for column in columns if column not in known]
    named = (server.unpriced(agent.name, column.llm) for column in unknown if server)
    if free := next(filter(None, named), None):
        raise InvalidRequestError(
            f"{free} has no price, so max_cost cannot be held: give one, d.server.add_llms({{}}, "
            f'prices={{{json.dumps(free)}: {{"input": "…", "output": "…"}}}}), in US dollars for a '
            "million tokens, or leave max_cost out. Nothing was sent.",
            code="cost_unknown",
        )
    known |= await _coming(client, sessions, unknown)
    lacking = {column.label: column for column in unknown if column not in known}
    if lacking:
        unpaid = {name: await _unpaid(client, sessions, c) for name, c in lacking.items()}
        raise _refused(agent, lacking, unpaid)
    return known


async def not_come_yet(
    client: AsyncClient, sessions: Iterable[models.Session], columns: Iterable[Column]
) -> dict[str, int]:
    """Return of how many turns with each LLM the cost may come yet; those with none are left out.

    Args:
        client: Asks for it.
        sessions: Past sessions of an agent.
        columns: Those whose cost nobody knows.
    """
    found = {column.label: await _unpaid(client, sessions, column) for column in columns}
    return {name: one.late for name, one in found.items() if one.late}


async def _coming(
    client: AsyncClient, sessions: Iterable[models.Session], columns: Iterable[Column]
) -> dict[Column, Decimal]:
    """Wait a moment for what columns cost whose latest turn ended just now."""
    latest, known = _latest(sessions), dict[Column, Decimal]()
    waiting = [column for column in columns if await _has_just_ended(client, latest, column)]
    for pause in PAUSES if waiting else ():
        await asyncio.sleep(pause)
        costs = {c: await _mean(client, _same(latest, c)[:SAMPLE]) for c in waiting}
        known |= {column: cost.mean for column, cost in costs.items() if cost is not None}
        waiting = [column for column in waiting if column not in known]
        if not waiting:
            break
    return known


def _refused(
    agent: models.Agent, lacking: Mapping[str, Column], unpaid: Mapping[str, _Unpaid]
) -> InvalidRequestError:
    """Say why nobody knows what columns cost, and what would tell."""
    late = {name: one.late for name, one in unpaid.items() if one.late}
    if len(late) == len(unpaid):
        they = "it stays" if sum(late.values()) == 1 else "they stay"
        return InvalidRequestError(
            f"{late_text(late, 'The')}, so max_cost cannot be held: run it again in a while; if "
            f"{they} unknown, leave max_cost out. Nothing was sent.",
            code="cost_unknown",
        )
    if any(one.failed for one in unpaid.values()):
        return _failed(agent, lacking, list(unpaid.values()))
    names = sorted(lacking.keys() - late.keys())
    each = "" if len(names) == 1 else " with each"
    return InvalidRequestError(
        f"No past session of {agent.name} tells {what_they_cost(names)}, so max_cost cannot be "
        f"held: send it one message{each} first, {_call(agent, lacking[names[0]])}, or leave "
        "max_cost out. Nothing was sent.",
        code="cost_unknown",
    )


def late_text(late: Mapping[str, int], the: str = "the") -> str:
    """Say of how many turns the costs have not come yet.

    >>> late_text({"small": 1}), late_text({"small": 1, "large": 1}, "The")
    ('the cost of 1 turn has not come yet', 'The costs of 2 turns have not come yet')
    """
    from ....render.plain.words import count_text

    count = sum(late.values())
    costs, have = ("cost", "has") if count == 1 else ("costs", "have")
    return f"{the} {costs} of {count_text(count, 'turn')} {have} not come yet"


def _failed(
    agent: models.Agent, unknown: Mapping[str, Column], unpaid: Sequence[_Unpaid]
) -> InvalidRequestError:
    """Say that what is known of a column are failures, and why the last one of the first was."""
    from ....render.plain.visible import bounded_name
    from ....render.plain.words import count_text

    names = [name for name, one in zip(unknown, unpaid, strict=True) if one.failed]
    count = sum(one.failed for one in unpaid)
    has, last = ("has", "it failed") if count == 1 else ("have", "the last of them")
    why = bounded_name(next(one.error for one in unpaid if one.failed)).rstrip(".")
    each = "" if len(names) == 1 else " with each"
    return InvalidRequestError(
        f"{count_text(count, 'turn')} of {agent.name} {has} failed, and nobody tells "
        f"{what_they_cost(names)}, so max_cost cannot be held: {last} with {why}. Once that "
        f"is mended, send it one message{each}, {_call(agent, unknown[names[0]])}, or leave "
        "max_cost out. Nothing was sent.",
        code="cost_unknown",
    )


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


class _Unpaid(NamedTuple):
    """What is known of a column whose cost nobody knows.

    Attributes:
        late: Of how many turns, of the latest, the cost may come yet.
        failed: How many failed without a token, where there are no others.
        error: Why the latest one did.
    """

    late: int
    failed: int = 0
    error: str = ""


async def _unpaid(
    client: AsyncClient, sessions: Iterable[models.Session], column: Column
) -> _Unpaid:
    asked = [s for s in _same(sessions, column) if s.last_message_status]
    failed = _newest_first(s for s in asked if s.last_message_status == "failed")
    ends = await asyncio.gather(*(_end(client, session) for session in failed[:SAMPLE]))
    if any(end.state != "failed" or end.lacks_cost for end in ends):
        failed = []  # a cancelled turn, or one that took tokens before it failed, is paid for
    broken = {session.id for session in failed}
    others = [session for session in asked if session.id not in broken]
    if others or not failed:
        return _Unpaid(await _late(client, others))
    return _Unpaid(0, len(failed), ends[0].error or "")


async def _end(client: AsyncClient, session: models.Session) -> Attempt:
    attempt = Attempt(1, state="failed", session_id=session.id, is_conversation=True)
    try:
        return await read_end(client, attempt)
    except DariError as error:
        return replace(attempt, error=str(error))


async def _late(client: AsyncClient, sessions: Iterable[models.Session]) -> int:
    """Count the sessions without a known cost that are so new that it may come yet."""
    since = datetime.now(UTC) - LATE
    times = ((session, parse_time(session.created_at)) for session in sessions)
    new = [session for session, time in times if time is not None and time > since]
    return sum(cost is None for cost in await _costs(client, _newest_first(new)[:MOST]))


async def _has_just_ended(
    client: AsyncClient, latest: Iterable[models.Session], column: Column
) -> bool:
    for session in _same(latest, column)[:1]:
        with contextlib.suppress(DariError):
            messages, _ = await read_messages(client, session.id)
            ended = parse_time(messages[-1].completed_at) if messages else None
            return ended is not None and datetime.now(UTC) - ended < JUST_NOW
    return False


def _latest(sessions: Iterable[models.Session]) -> list[models.Session]:
    return _newest_first(s for s in sessions if s.last_message_status == "completed")


def _newest_first(sessions: Iterable[models.Session]) -> list[models.Session]:
    return sorted(sessions, key=lambda session: session.created_at or "", reverse=True)


def _same(sessions: Iterable[models.Session], column: Column) -> list[models.Session]:
    return [s for s in sessions if column.llm is None or s.llm_id == column.llm]


async def _past_cost(client: AsyncClient, latest: Sequence[models.Session]) -> PastCost | None:
    """Return what the latest sessions have cost that know it: costs may come late, or never."""
    for start in range(0, min(len(latest), MOST), SAMPLE):
        if mean := await _mean(client, latest[start : start + SAMPLE]):
            return mean
    return None


async def _mean(client: AsyncClient, sessions: Iterable[models.Session]) -> PastCost | None:
    known = [cost for cost in await _costs(client, sessions) if cost is not None]
    return PastCost(sum(known, Decimal(0)) / len(known), len(known)) if known else None


async def _costs(client: AsyncClient, sessions: Iterable[models.Session]) -> list[Decimal | None]:
    slots = asyncio.Semaphore(AT_ONCE)

    async def ask(session: models.Session) -> Decimal | None:
        async with slots:
            return await _cost(client, session.id)

    return await asyncio.gather(*map(ask, sessions))


async def _cost(client: AsyncClient, session_id: str) -> Decimal | None:
    try:
        cost = await read_cost(client, session_id)
    except DariError:
        return None  # an estimate does without it
    return None if cost is None else Decimal(cost)
