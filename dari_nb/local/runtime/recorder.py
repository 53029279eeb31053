"""The steps of a turn as ledger events (contract, sections 8.2 and 8.3)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace
from time import monotonic
from typing import Any

from ... import ids
from ...models import TOKENS, Content, is_reasoning, reasoning_block, text_block
from ...models import events as ev
from ...transcript.said import summed
from ..agents import (
    CutOff,
    Draft,
    NewAttempt,
    Reasoning,
    Slot,
    ToolCall,
    ToolResult,
    Turn,
    Usage,
)
from ..agents.functions import Step
from ..agents.tools import ToolSpec
from ..json_schema.schemas import check_schema, checked
from ..store.records import RUNTIME, Payload
from .drafts import Writing, Written
from .pending import Answer

Append = Callable[..., object]
"""Writes payloads into the turn's ledger."""
Charge = Callable[[Usage], None]
"""Takes in what the turn has cost."""
WaitFor = Callable[[str, str, ToolCall], Answer]
"""Gives the caller's answer to a message's tool call, or ``None`` when none came in time."""
RunCall = Callable[[Callable[[], Awaitable[ToolResult]]], Awaitable[ToolResult]]
"""Runs a call that the agent described."""
External = Callable[[str], Awaitable[ToolSpec | None]]
"""Finds the tool of a name, if the turn's version declares it and leaves it to the caller."""

_LATE = "The tool gave no result within {} seconds."
_NO_CALLS = "a tuple that an agent yields has calls: external, or with run"
_RUN_ALONE = (
    "run is for the calls of a tuple, which gives back their results: yield (call,) with an async "
    "function without arguments that returns a ToolResult; or yield ToolCall({name!r}, {{…}}) "
    "without run, and then ToolResult(…)"
)
_BREATH = 0.01
"""Seconds of steps in a row after which the streams get their turn."""


class Recorder:
    """Writes the steps of one turn into the ledger."""

    def __init__(
        self,
        turn: Turn,
        append: Append,
        wait_for: WaitFor,
        charge: Charge,
        external_tool: External,
        slot: Slot,
        run_call: RunCall,
        drafts: Writing,
    ) -> None:
        self._turn = turn
        self._append = append
        self._wait_for = wait_for
        self._charge = charge
        self._external_tool = external_tool
        self._slot = slot
        self._run_call = run_call
        self._drafts = drafts
        self._is_over = False
        self._open: dict[str, ToolCall] = {}
        self._rested = monotonic()
        self._attempt = 1
        self._used: dict[str, int] | None = None
        self._thoughts: Content = []

    async def record(self, step: Step) -> Any:
        """Write one step; returns what the agent gets back for it."""
        if isinstance(step, Draft):
            await self._breathe()
            return None if self._is_over else self._drafts.write(step)
        await self._rest()
        if self._is_over:
            # An async agent may go on for a while after it was cancelled.
            raise asyncio.CancelledError
        if isinstance(step, str | list | CutOff):
            return self._text(step)
        if isinstance(step, Reasoning):
            return self._think(step)
        if isinstance(step, ToolResult):
            return self._result(step)
        if isinstance(step, Usage):
            return self._use(step)
        if isinstance(step, NewAttempt):
            return self._try_again(step)
        if isinstance(step, tuple):
            return await self._side_by_side(step)
        if isinstance(step, ToolCall):
            return await self._by_itself(step)
        raise TypeError(f"an agent yields str, ToolCall or ToolResult, not {type(step).__name__}")

    def end(self, error: str | None) -> tuple[list[Payload], dict[str, int] | None]:
        """Record nothing more; returns what the turn's end comes with, and the tokens it took.

        Calls that are open have failed. What was still a draft stays, but not where the turn has
        failed, for what a broken answer held is no answer; unless it was too long.
        """
        self._is_over = True
        stays = error in (None, ev.CANCELLED) or self._drafts.is_full
        said = self._written(self._drafts.written if stays else Written("", ""))
        why = "The agent gave no result." if error is None else brief(error)
        lost = [self._ended(ToolResult(why, is_error=True), call_id) for call_id in self._open]
        return [*said, *lost], self._used

    async def _rest(self) -> None:
        """Wait for the step delay; without one only let the streams run now and then."""
        if self._turn.step_delay:
            await asyncio.sleep(self._turn.step_delay)
        else:
            await self._breathe()

    async def _breathe(self) -> None:
        """Let the streams run now and then.

        An async agent that awaits nothing would hold them up. Doing it for each step would send
        each event by itself, which costs several times as much.
        """
        if monotonic() - self._rested > _BREATH:
            await asyncio.sleep(0)
            self._rested = monotonic()

    def _payload(self, kind: str, data: dict[str, Any]) -> Payload:
        return Payload(kind, data, self._turn.message_id, "runtime", RUNTIME)

    def _said(self, content: Content, **about: Any) -> Payload:
        return self._payload(ev.ASSISTANT_MESSAGE_COMPLETED, {"content": content, **about})

    def _written(self, draft: Written) -> list[Payload]:
        """What stays of thoughts, and of a draft whose place no text has taken."""
        said = [text_block(draft.text)] if draft.text.strip() else []
        content = [*self._thought(draft.reasoning), *said]
        return [self._said(content)] if content else []

    def _think(self, step: Reasoning) -> None:
        if not isinstance(step.text, str) or not isinstance(step.provider, dict | None):
            raise TypeError("reasoning is a text, and a dict for what its provider wants back")
        if step.text.strip() or step.provider:
            self._thoughts.append(reasoning_block(step.text, step.provider))

    def _thought(self, draft: str) -> Content:
        """Take what was thought up to here, or else what was drafted of it."""
        drafted = [reasoning_block(draft)] if draft.strip() else []
        thoughts, self._thoughts = self._thoughts or drafted, []
        return thoughts

    def _text(self, step: str | Content | CutOff) -> None:
        about: dict[str, Any] = {}
        if isinstance(step, CutOff):
            limit = {"max_tokens": step.max_tokens} if step.max_tokens else {}
            step, about = step.said, {"stop_reason": ev.MAX_TOKENS, **limit}
        if isinstance(step, str):
            step = [text_block(step)] if step.strip() else []
        drafted = self._drafts.settle().reasoning
        thoughts = self._thought("" if any(map(is_reasoning, step)) else drafted)
        if content := [*thoughts, *step]:
            self._append(self._said(content, **about))

    def _requested(self, call: ToolCall) -> tuple[str, Payload]:
        call_id = ids.new_id(ids.TOOL_CALL)
        data = {"tool_call_id": call_id, "tool_name": call.name, "arguments": call.arguments}
        data |= {"message_id": self._turn.message_id}
        return call_id, self._payload(ev.TOOL_CALL_REQUESTED, data)

    async def _as_declared(self, call: ToolCall) -> ToolCall:
        """Give a call of a declared external tool what it does not say itself."""
        tool = await self._external_tool(call.name) if call.run is None else None
        if tool is None:
            return call
        schema = tool.output_schema if call.output_schema is None else call.output_schema
        seconds = tool.timeout_seconds if call.timeout_seconds is None else call.timeout_seconds
        return replace(call, external=True, output_schema=schema, timeout_seconds=seconds)

    def _request(self, call: ToolCall) -> str:
        call_id, payload = self._requested(call)
        self._append(*self._written(self._drafts.settle()), payload)
        self._open[call_id] = call
        return call_id

    def _result(self, result: ToolResult) -> None:
        if not self._open:
            raise ValueError("a ToolResult needs an open ToolCall before it")
        call_id = result.tool_call_id or list(self._open)[-1]
        if call_id not in self._open:
            raise ValueError(f"no tool call {call_id!r} is open")
        self._append(self._ended(result, call_id))
        del self._open[call_id]

    def _ended(self, result: ToolResult, call_id: str) -> Payload:
        name = self._open[call_id].name
        return call_ended(self._turn.message_id, call_id, name, result)

    async def _by_itself(self, call: ToolCall) -> ToolResult | str:
        if call.run is not None:
            raise TypeError(_RUN_ALONE.format(name=call.name))
        call = await self._as_declared(call)
        return (await self._ask([call]))[0] if call.external else self._request(call)

    async def _side_by_side(self, calls: tuple[ToolCall, ...]) -> list[ToolResult]:
        """Work off several calls, those of the caller last: until then none waits for it (U15)."""
        if not all(isinstance(call, ToolCall) for call in calls):
            raise TypeError(_NO_CALLS)
        calls = tuple([await self._as_declared(call) for call in calls])
        if not all(call.external or call.run for call in calls):
            raise TypeError(_NO_CALLS)
        inside = [call for call in calls if not call.external]
        outside = [call for call in calls if call.external]
        ran = iter(await self._run(inside))
        answered = iter(await self._ask(outside) if outside else [])
        return [next(answered if call.external else ran) for call in calls]

    async def _run(self, calls: Sequence[ToolCall]) -> list[ToolResult]:
        call_ids = [self._request(call) for call in calls]

        async def run(call: ToolCall, call_id: str) -> ToolResult:
            assert call.run is not None
            result = replace(await self._run_call(call.run), tool_call_id=call_id)
            self._result(result)
            return result

        return await _all([run(*pair) for pair in zip(calls, call_ids, strict=True)])

    async def _ask(self, calls: Sequence[ToolCall]) -> list[ToolResult]:
        """Ask the caller of the API, and wait until it has answered each call."""
        for call in calls:
            if call.output_schema is not None:
                await checked(check_schema, call.output_schema)
        message_id = self._turn.message_id
        requests = [self._requested(call) for call in calls]
        answers = [
            self._wait_for(message_id, call_id, call)
            for call, (call_id, _) in zip(calls, requests, strict=True)
        ]
        waits = message_status(message_id, "running", "waiting_for_tool")
        before = self._written(self._drafts.settle())
        self._append(*before, *(payload for _, payload in requests), waits)
        self._open |= {call_id: call for call, (call_id, _) in zip(calls, requests, strict=True)}
        left = len(calls)

        async def take(call: ToolCall, call_id: str, answer: Answer) -> ToolResult:
            nonlocal left
            late = ToolResult(_LATE.format(call.timeout_seconds), is_error=True)
            result = replace(await answer or late, tool_call_id=call_id)
            left -= 1
            goes_on = [] if left else [message_status(message_id, "waiting_for_tool", "running")]
            self._append(self._ended(result, call_id), *goes_on)
            del self._open[call_id]
            return result

        try:
            async with self._slot.lent():
                return await _all(
                    [
                        take(call, call_id, answer)
                        for call, (call_id, _), answer in zip(calls, requests, answers, strict=True)
                    ]
                )
        finally:
            for answer in answers:
                answer.cancel()

    def _use(self, usage: Usage) -> None:
        self._charge(usage)
        used = {name: tokens for name in TOKENS if (tokens := getattr(usage, name))}
        self._used = summed((self._used or {}, used))

    def _try_again(self, step: NewAttempt) -> None:
        self._attempt += 1
        self._drafts.discard()
        status = message_status(self._turn.message_id, "running", "running")
        status.data.update(attempt=self._attempt, reason=brief(step.reason))
        self._append(status)


async def _all(work: Sequence[Coroutine[Any, Any, ToolResult]]) -> list[ToolResult]:
    """Do all at once; what one of them raises is raised, and ends the others."""
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


def call_ended(message_id: str, call_id: str, name: str, result: ToolResult) -> Payload:
    """Make the event of a tool call's end."""
    kind = ev.TOOL_CALL_FAILED if result.is_error else ev.TOOL_CALL_COMPLETED
    data: dict[str, Any] = {"tool_call_id": call_id, "tool_name": name}
    data |= {"result": result.result, "is_error": result.is_error}
    return Payload(kind, data, message_id)


def session_status(previous: str, status: str) -> Payload:
    """Make the event of a session's change of status."""
    return Payload(ev.SESSION_STATUS_CHANGED, {"status": status, "previous_status": previous})


def message_status(
    message_id: str,
    previous: str,
    status: str,
    error: str | None = None,
    used: dict[str, int] | None = None,
) -> Payload:
    """Make the event of a message's change of status.

    ``used`` are the tokens that it took: none where only a cost was told, ``None`` where nothing.
    """
    data: dict[str, Any] = {"status": status, "previous_status": previous}
    if error:
        data["error"] = brief(error)
    if used is not None:
        data["usage"] = used
    return Payload(ev.MESSAGE_STATUS_CHANGED, data, message_id)


def brief(text: str, limit: int = 4000) -> str:
    """Keep the beginning and the end of an error's text, which may hold anything."""
    half = limit // 2
    return text if len(text) <= limit else f"{text[:half]} … {text[-half:]}"
