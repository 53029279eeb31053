"""The Dari elsewhere, as a stand-in sees it: what of each session it has been asked so far."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal

from ...client import AsyncClient
from ...errors import DariError
from ...local.agents import Unasked
from ...models import Content, CostSummary, Event, Message

HOLD = 0.5
"""Seconds that a call is held back for what follows it."""
_LATE = (0.05, 0.1, 0.2, 0.4)
"""Seconds before each further look for a cost, which comes some time after its turn."""


@dataclass
class RemoteSession:
    """A session elsewhere, for one of the stand-in.

    Attributes:
        id: Its id there.
        asked: The messages of the stand-in's session that it was asked.
        last_event_id: The event of the last of them, if that is told.
    """

    id: str
    asked: set[str] = field(default_factory=set)
    last_event_id: str | None = None


@dataclass
class Remote:
    """Where it is, and what it has been asked for the sessions of one stand-in.

    Attributes:
        base_url: The address.
        client: Makes a client of it, for one turn.
        keeps_files: Whether the files that its turns leave are brought here.
        sessions: Its sessions, by those of the stand-in.
        files: Its files, by those of the stand-in.
        unasked: Messages of the stand-in that it was never asked, for it could not be reached.
    """

    base_url: str
    client: Callable[[], AsyncClient]
    keeps_files: bool = False
    sessions: dict[str, RemoteSession] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    unasked: set[str] = field(default_factory=set)

    @contextmanager
    def reached(self) -> Iterator[None]:
        """Where it cannot be asked, say so: what came up to there is no answer.

        Raises:
            Unasked: It could not be asked.
        """
        try:
            yield
        except DariError as error:
            raise Unasked(f"{self.base_url} could not be asked: {error}") from None

    def missing(self, session: RemoteSession | None, messages: Iterable[Message]) -> list[Message]:
        """Which messages a session there lacks that were answered here."""
        known = self.unasked | (session.asked if session else set())
        return [each for each in messages if each.id not in known and not each.is_cancelled]

    def content(self, content: Content) -> Content:
        """What a message asks, with the files by the ids that they have there."""
        told = []
        for block in content:
            file_id = block.get("file_id")
            if file_id in self.files:
                block = {name: value for name, value in block.items() if name != "filename"}
                block = {**block, "file_id": self.files[str(file_id)]}
            told.append(block)
        return told


async def patiently(
    stream: AsyncIterator[Event], seconds: float, holds: Callable[[], bool]
) -> AsyncGenerator[Event | None, None]:
    """Give the events of a stream, and ``None`` where something is held and nothing comes."""
    ahead: asyncio.Task[Event | None] | None = None
    try:
        while True:
            ahead = ahead or asyncio.create_task(_next(stream))
            done, _ = await asyncio.wait({ahead}, timeout=seconds if holds() else None)
            if not done:
                yield None
                continue
            event, ahead = ahead.result(), None
            if event is None:
                return
            yield event
    finally:
        if ahead is not None:
            ahead.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await ahead


async def cost_since(client: AsyncClient, session_id: str, before: CostSummary) -> CostSummary:
    """What a session has cost, once that is more than before, or when enough was waited."""
    summary = await client.costs.session(session_id)
    for pause in _LATE:
        if summary.event_count != before.event_count or _total(summary) != _total(before):
            break
        await asyncio.sleep(pause)
        summary = await client.costs.session(session_id)
    return summary


def difference(after: CostSummary, before: CostSummary) -> Decimal | None:
    """What has come to a session's cost; ``None`` where nobody knows."""
    if not after.is_known or after.event_count == before.event_count:
        return None
    more = _total(after) - _total(before)
    return more if more >= 0 else None


def _total(summary: CostSummary) -> Decimal:
    return summary.total_cost or Decimal(0)


async def _next(stream: AsyncIterator[Event]) -> Event | None:
    return await anext(stream, None)
