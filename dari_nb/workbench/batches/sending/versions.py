"""Versions that a run is about to ask: whether they can be, and whether others ask them still."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

from .... import models
from ....errors import DariError, InvalidRequestError

if TYPE_CHECKING:
    from ....client import AsyncClient


async def versions_told(
    client: AsyncClient, agent_id: str, version_ids: Iterable[str]
) -> list[models.AgentVersion]:
    """Return what the server tells of these versions now; of those that it does not tell, none."""
    asked = (client.agents.version(agent_id, version_id) for version_id in version_ids)
    told = await asyncio.gather(*asked, return_exceptions=True)
    for one in told:
        if isinstance(one, BaseException) and not isinstance(one, DariError):
            raise one
    return [one for one in told if isinstance(one, models.AgentVersion)]


def refusal(agent: str, version: str, why: str) -> InvalidRequestError:
    """Say that a version cannot be asked any more, and what can be done."""
    return InvalidRequestError(
        f"{version} of {agent} takes no new session: {why}. Nothing was sent, and each cell is as "
        f"it was. The new code is asked by d.batches.run({agent!r}, tasks), a run of its own; the "
        "old code by this call, once it is registered again."
    )


def asked_still(agent: str, version: str) -> str:
    """Say that a run goes on asking what new sessions do not get any more."""
    return (
        f"{agent} has another version now: this run asks {version} still. "
        f"d.batches.run({agent!r}, tasks) asks the one of now, as a run of its own."
    )
