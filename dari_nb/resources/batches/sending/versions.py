"""Versions that a run is about to ask: whether they can be, and whether others ask them still."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

from .... import models
from ....errors import DariError, InvalidRequestError

if TYPE_CHECKING:
    from ....client import AsyncClient
    from ..cells import Column


async def versions_on_server(
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
        "old code by this call, once it is registered again.",
        code="version_not_available",
    )


def asked_still(agent: str, version: str, call: str = "") -> str:
    """Say that a run goes on asking what new sessions do not get any more.

    Args:
        agent: The agent's name.
        version: What the version is called.
        call: Asks the version of now what is about to be asked; when left out, any tasks.
    """
    call, what = (call, " just that") if call else (f"d.batches.run({agent!r}, tasks)", "")
    return (
        f"{agent} has another version now: this run asks {version} still. "
        f"{call} asks the one of now{what}, as a run of its own."
    )


def asked_otherwise(run_id: str, before: str, now: str) -> str:
    """Say that a call asks another version under the name of a run."""
    return (
        f"{run_id} has answers of {before}, and this call asks {now}: it sends all of it anew, and "
        f"d.batches.recover({run_id!r}) holds both. Another run_id, or none, keeps them apart."
    )


def rest_there(columns: Iterable[Column]) -> str:
    """Say how a run that has some of what is asked is taken up, and not sent again."""
    if len({column.version for column in columns}) > 1:
        return "dari.compare_batches() lays it beside a run of the other versions alone"
    return "its add() sends only what is missing there"
