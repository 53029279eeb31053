"""One call's answer: run at most once, and brought to the server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from ...errors import (
    ApiError,
    AuthenticationError,
    ConflictError,
    ConnectionFailedError,
    DariError,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    TimedOutError,
    detail_text,
)
from ...models import SendResult, ToolCallItem
from ...models.events import TOOL_RESULT_SUBMITTED
from ...transcript import Ledger
from ..connection import Link
from ..connection.background import wait_for
from ..connection.feed import feed_of
from .approval import Decision, refusal_of
from .claims import Claim, claim
from .running import Outcome, failure, run
from .tool import Tool
from .values import Json, as_json

_PASSING = (ConnectionFailedError, TimedOutError, ServerError, RateLimitError)
_CLOSED = (ConflictError, NotFoundError)
_MINE_TO_SOLVE = (AuthenticationError, PermissionDeniedError)
_PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0)
_PAUSE_FOR_OTHERS = 0.5
_held: dict[str, Outcome] = {}
"""Outcomes that did not reach the server, by item: the next attempt only brings them."""

_BROKEN_OFF = (
    "was begun before, by a kernel that ended before it had a result. It was not run again; "
    "whether it took effect is not known."
)


class Answering:
    """The way of one call from the decision to its result in the ledger.

    Args:
        link: Where the answer goes.
        session_id: The session.
        call: An open call of it.
    """

    def __init__(self, link: Link, session_id: str, call: ToolCallItem) -> None:
        self._session_id = session_id
        self._call = call
        self._client = link.stream_client

    async def is_open(self) -> bool:
        """Ask the ledger whether the call waits for its first answer."""
        return (await self._asked_ledger())[0]

    async def refuse(self, words: str) -> None:
        """Answer with an error, and run nothing."""
        await self._answer(lambda: _made(failure(words)))

    async def carry_out(
        self, decision: Decision, tool: Tool[..., Any], made: Callable[[], Any]
    ) -> None:
        """Do what was decided.

        Raises:
            DariError: The answer could not be brought to the server.
        """
        if not decision.is_approved:
            await self.refuse(refusal_of(decision))
            return
        await self._answer(lambda: self._run(tool, made))

    async def by_hand(self, result: Json, *, is_error: bool) -> SendResult:
        """Bring an answer that somebody gives; returns what the server says of it.

        Raises:
            ApiError: The server refused it.
        """
        outcome = await self._uploaded(result)
        return await self._send(outcome._replace(is_error=is_error))

    async def _answer(self, work: Callable[[], Any]) -> None:
        """Work with the call claimed, if it still waits; and bring what came of it."""
        mine = await self._claimed()
        if mine is None:
            return
        is_begun = mine.was_begun
        try:
            is_open, earlier = await self._asked_ledger()
            if not is_open:
                is_begun = False
                return
            outcome = earlier or _held.pop(self._call.id, None)
            if outcome is None and mine.was_begun:
                outcome = failure(f"{self._call.tool_name} {_BROKEN_OFF}")
            if outcome is None:
                mine.begin()
                is_begun = True
                outcome = await work()
            await self._bring(outcome)
            is_begun = False
        finally:
            mine.release(forget=not is_begun)

    async def _run(self, tool: Tool[..., Any], made: Callable[[], Any]) -> Outcome:
        result = await run(tool, made)
        return await self._uploaded(result) if isinstance(result, Json) else result

    async def _uploaded(self, result: Json) -> Outcome:
        for file in result.files:
            try:
                uploaded = await self._client.files.upload(file.content, filename=file.name)
            except DariError as error:
                file.named_in["note"] = f"the file could not be uploaded: {error}"
            else:
                file.named_in.update(file_id=uploaded.id, filename=file.name)
        return Outcome(result.value)

    async def _claimed(self) -> Claim | None:
        """Claim the call; ``None`` when it was answered while somebody else had it."""
        message_id, call_id = str(self._call.message_id), self._call.tool_call_id
        while (mine := claim(self._session_id, message_id, call_id)) is None:
            await asyncio.sleep(_PAUSE_FOR_OTHERS)
            if not await self.is_open():
                return None
        return mine

    async def _asked_ledger(self) -> tuple[bool, Outcome | None]:
        """Whether the call waits, and what it was answered when it was asked before.

        An agent that tries its turn again may make the same call once more.
        """
        events = await self._client.sessions.events(self._session_id)
        ledger = Ledger()
        ledger.add(events)
        turn = ledger.turns.get(str(self._call.message_id))
        is_open = turn is not None and any(call.id == self._call.id for call in turn.waiting)
        answers = [
            Outcome(event.data.get("result"), bool(event.data.get("is_error")))
            for event in events
            if event.type == TOOL_RESULT_SUBMITTED
            and event.data.get("tool_call_id") == self._call.tool_call_id
            and event.turn_id == self._call.message_id
        ]
        return is_open, answers[-1] if answers else None

    async def _bring(self, outcome: Outcome) -> None:
        """Submit, again and again while the server cannot be reached.

        Raises:
            DariError: It was in vain; the outcome is kept for the next attempt.
        """
        _held[self._call.id] = outcome
        for pause in (*_PAUSES, None):
            try:
                await self._submit(outcome)
            except _PASSING:
                if pause is None:
                    raise
                await asyncio.sleep(pause)
            else:
                del _held[self._call.id]
                return

    async def _submit(self, outcome: Outcome) -> None:
        try:
            await self._send(outcome)
        except (*_CLOSED, *_PASSING, *_MINE_TO_SOLVE) as error:
            # Closed: the answer came from elsewhere, or an earlier attempt had reached the server.
            if not isinstance(error, _CLOSED):
                raise
        except ApiError as error:
            if not outcome.is_error:
                refused = f"The server refused the result of {self._call.tool_name}: "
                await self._submit(failure(refused + detail_text(error.detail)))

    async def _send(self, outcome: Outcome) -> SendResult:
        return await self._client.sessions.submit_tool_result(
            self._session_id,
            str(self._call.message_id),
            self._call.tool_call_id,
            outcome.result,
            is_error=outcome.is_error,
        )


async def _made(outcome: Outcome) -> Outcome:
    return outcome


def submit_tool_result(
    link: Link,
    session_id: str,
    waiting: Sequence[ToolCallItem],
    tool_call_id: str,
    result: Any,
    *,
    is_error: bool,
) -> None:
    """Submit the result of one of the pending calls; see :meth:`Session.submit_tool_result`."""
    call = next((call for call in waiting if call.tool_call_id == tool_call_id), None)
    if call is None:
        known = ", ".join(one.tool_call_id for one in waiting)
        there = f"these do: {known}" if known else "none does"
        raise InvalidRequestError(
            f"No call {tool_call_id!r} waits in {session_id}; {there}.", code="tool_call_not_found"
        )
    answering = Answering(link, session_id, call)
    sent = wait_for(link.run(answering.by_hand(as_json(result), is_error=is_error)))
    if sent.event is not None:
        # Who reads the turn now shall not find it waiting for what was just given.
        feed_of(link, session_id).add([sent.event])
