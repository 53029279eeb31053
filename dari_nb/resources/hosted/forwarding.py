"""An agent of the stand-in that asks the one elsewhere, turn by turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any

from ... import models
from ...client import AsyncClient
from ...errors import ConflictError, DariError
from ...local import ToolResult, Turn, Usage
from ...local.agents import TurnFailure, Unasked
from ...local.agents.functions import Step
from ...models import CostSummary, Event, Message
from ...models import events as ev
from .answer import Answer
from .files import bring
from .remote import HOLD, Remote, RemoteSession, cost_since, difference, patiently

_OTHERWISE = (
    "Asked again from the start, the agent called {name}, which it did not when this was recorded: "
    "the session cannot go on."
)
_Steps = AsyncGenerator[Step, Any]


@dataclass
class Forwarder:
    """Asks an agent elsewhere.

    Attributes:
        remote: The Dari that is asked.
        near: Makes a client of the stand-in, which knows its sessions and their messages.
        agent_id: The agent there.
        internet: Whether sessions with its version have the internet by themselves.
    """

    remote: Remote
    near: Callable[[], AsyncClient]
    agent_id: str
    internet: bool

    async def __call__(self, _prompt: str, turn: Turn) -> _Steps:
        """Ask there what is asked here, and give what comes of it.

        Raises:
            Unasked: It could not be asked, or not to the end.
            TurnFailure: The turn failed there.
        """
        with self.remote.reached():
            async with self.remote.client() as client:
                session, sent = await self._sent(client, turn)
                before = await _cost(client, session)
                answer = Answer(sent)
                async with aclosing(_followed(client, session, answer)) as steps:
                    given = None
                    with suppress(StopAsyncIteration):
                        while True:
                            given = yield await steps.asend(given)
                if self.remote.keeps_files:
                    await bring(client, session.id, turn.workspace)
                if used := await _used(client, session, answer, before):
                    yield used
        if answer.status == "failed":
            raise TurnFailure(answer.error)

    async def _sent(self, client: AsyncClient, turn: Turn) -> tuple[RemoteSession, str]:
        """Ask there; returns the session and the message there."""
        try:
            async with self.near() as near:
                messages = await near.sessions.messages(turn.session_id)
                here = await near.sessions.get(turn.session_id)
                session = await self._session(client, here)
                await self._upload(client, turn)
                place = next(n for n, each in enumerate(messages) if each.id == turn.message_id)
                if missing := self.remote.missing(session, messages[:place]):
                    ledger = await near.sessions.events(turn.session_id)
                    await self._ask_again(client, session, missing, ledger)
            return session, await self._send(client, session, messages[place])
        except (DariError, Unasked):
            self.remote.unasked.add(turn.message_id)
            raise

    async def _session(self, client: AsyncClient, here: models.Session) -> RemoteSession:
        """The session there, made when it is first asked."""
        if known := self.remote.sessions.get(here.id):
            return known
        internet = here.internet_access
        made = await client.sessions.create(
            self.agent_id,
            name=here.name,
            metadata=here.metadata or None,
            llm_id=here.llm_id,
            version_id=here.version_id,
            internet_access=None if internet == self.internet else internet,
        )
        return self.remote.sessions.setdefault(here.id, RemoteSession(made.id))

    async def _upload(self, client: AsyncClient, turn: Turn) -> None:
        for file in await asyncio.to_thread(lambda: turn.files):
            if file.id not in self.remote.files:
                data = await asyncio.to_thread(file.read)
                made = await client.files.upload(data, filename=file.name)
                self.remote.files[file.id] = made.id

    async def _send(self, client: AsyncClient, session: RemoteSession, message: Message) -> str:
        sent = await client.sessions.send(
            session.id,
            self.remote.content(message.parts),
            metadata=message.metadata or None,
            idempotency_key=message.id,
        )
        session.asked.add(message.id)
        session.last_event_id = sent.event.id if sent.event else None
        if sent.message_id is None:
            raise DariError(
                "its answer does not tell which message was sent.", code="unexpected_answer"
            )
        return sent.message_id

    async def _ask_again(
        self,
        client: AsyncClient,
        session: RemoteSession,
        messages: Iterable[Message],
        ledger: Sequence[Event],
    ) -> None:
        """Ask there what was played here before, so that the session can go on from it."""
        for message in messages:
            answer = Answer(await self._send(client, session, message))
            results = _results(ledger, message.id)
            async with aclosing(_followed(client, session, answer)) as steps:
                given: Any = None
                with suppress(StopAsyncIteration):
                    while True:
                        step = await steps.asend(given)
                        given = _recorded(step, results) if isinstance(step, tuple) else None


async def _followed(client: AsyncClient, session: RemoteSession, answer: Answer) -> _Steps:
    """Give what comes of a message; where this is left, the turn there is ended, too."""
    stream = client.sessions.stream(
        session.id, last_event_id=session.last_event_id, until=answer.message_id, drafts=True
    )
    try:
        async with (
            stream,
            aclosing(patiently(stream, HOLD, lambda: answer.holds)) as events,
        ):
            async for event in events:
                steps = answer.release() if event is None else answer.take(event)
                given = None
                with suppress(StopIteration):
                    while True:
                        given = yield steps.send(given)
                await _submit(client, session, answer)
    except (asyncio.CancelledError, GeneratorExit):
        await _end(client, session.id, answer.message_id)
        raise


async def _submit(client: AsyncClient, session: RemoteSession, answer: Answer) -> None:
    submissions, answer.submissions = answer.submissions, []
    for call_id, result in submissions:
        with suppress(ConflictError):  # its time was up there
            await client.sessions.submit_tool_result(
                *(session.id, answer.message_id, call_id, result.result),
                is_error=result.is_error,
            )


async def _end(client: AsyncClient, session_id: str, message_id: str) -> None:
    if "cancel" in client.extensions:
        with suppress(DariError):
            await client.sessions.cancel(session_id, message_id)


def _results(ledger: Iterable[Event], message_id: str) -> list[tuple[str, ToolResult]]:
    """What the tools of a turn gave, with their names."""
    kinds = (ev.TOOL_CALL_COMPLETED, ev.TOOL_CALL_FAILED)
    ended = [one for one in ledger if one.turn_id == message_id and one.type in kinds]
    return [
        (
            str(event.data.get("tool_name")),
            ToolResult(event.data.get("result"), event.type == ev.TOOL_CALL_FAILED),
        )
        for event in ended
    ]


def _recorded(calls: Iterable[Any], results: list[tuple[str, ToolResult]]) -> list[ToolResult]:
    given = []
    for call in calls:
        found = next((one for one in results if one[0] == call.name), None)
        if found is None:
            raise Unasked(_OTHERWISE.format(name=call.name))
        results.remove(found)
        given.append(found[1])
    return given


async def _cost(client: AsyncClient, session: RemoteSession) -> CostSummary | None:
    with suppress(DariError):
        return await client.costs.session(session.id)
    return None


async def _used(
    client: AsyncClient, session: RemoteSession, answer: Answer, before: CostSummary | None
) -> Usage | None:
    """What a turn took, as far as it is told."""
    cost = None
    if before is not None:
        with suppress(DariError):
            cost = difference(await cost_since(client, session.id, before), before)
    is_told = cost is not None or answer.usage is not None
    return Usage(cost, **(answer.usage or {})) if is_told else None
