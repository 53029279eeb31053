"""The steps of a turn as ledger events (contract, sections 8.2 and 8.3)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace
from time import monotonic
from typing import Any

from .. import ids
from ..models import Content, text_block
from ..models import events as ev
from .agents import NewAttempt, ToolCall, ToolResult, Turn, Usage
from .agents.functions import Step
from .records import RUNTIME, Payload
from .schemas import check_schema
from .tooling import ToolSpec

Append = Callable[..., None]
"""Writes payloads into the turn's ledger."""
Charge = Callable[[Usage], None]
"""Takes in what the turn has cost."""
WaitFor = Callable[[str, str, ToolCall], Awaitable[ToolResult | None]]
"""Gives the caller's answer to a message's tool call, or ``None`` when none came in time."""
External = Callable[[str], Awaitable[ToolSpec | None]]
"""Finds the tool of a name, if the turn's version declares it and leaves it to the caller."""

_LATE = "The tool gave no result within {} seconds."
_NO_CALLS = "a tuple that an agent yields has calls: external, or with run"
_BREATH = 0.01
"""Seconds of steps in a row after which the streams get their turn."""


class Steps:
    """Writes the steps of one turn into the ledger."""

    def __init__(
        self,
        turn: Turn,
        append: Append,
        wait_for: WaitFor,
        charge: Charge,
        external_tool: External,
    ) -> None:
        self._turn = turn
        self._append = append
        self._wait_for = wait_for
        self._charge = charge
        self._external_tool = external_tool
        self._open: dict[str, ToolCall] = {}
        self._rested = monotonic()
        self._attempt = 1
        self._used: dict[str, int] = {}

    @property
    def used(self) -> dict[str, int]:
        """The tokens that the turn has taken by now, for the event that ends it."""
        return dict(self._used)

    async def record(self, step: Step) -> Any:
        """Write one step; returns what the agent gets back for it."""
        await self._rest()
        if isinstance(step, str):
            return self._text([text_block(clean(step))] if step.strip() else [])
        if isinstance(step, list):
            return self._text(step)
        if isinstance(step, ToolResult):
            return self._result(step)
        if isinstance(step, Usage):
            return self._use(step)
        if isinstance(step, NewAttempt):
            return self._try_again(step)
        if isinstance(step, tuple):
            return await self._side_by_side(step)
        if isinstance(step, ToolCall):
            call = await self._as_declared(step)
            return (await self._ask([call]))[0] if call.external else self._request(call)
        raise TypeError(f"an agent yields str, ToolCall or ToolResult, not {type(step).__name__}")

    async def _rest(self) -> None:
        """Wait as the pace says; at no pace only let the streams run now and then.

        An async agent that awaits nothing would hold them up. Doing it for each step would send
        each event by itself, which costs several times as much.
        """
        if self._turn.pace or monotonic() - self._rested > _BREATH:
            await asyncio.sleep(self._turn.pace)
            self._rested = monotonic()

    def lost_calls(self) -> list[Payload]:
        """What ends the calls that the agent made and never answered."""
        results = [
            ToolResult("The agent gave no result.", is_error=True, tool_call_id=call_id)
            for call_id in list(self._open)
        ]
        return [self._ended(result, str(result.tool_call_id)) for result in results]

    def _payload(self, kind: str, data: dict[str, Any], source: str = "runtime") -> Payload:
        actor = RUNTIME if source == "runtime" else None
        return Payload(kind, data, self._turn.message_id, source, actor)

    def _text(self, content: Content) -> None:
        if content:
            self._append(self._payload(ev.ASSISTANT_MESSAGE_COMPLETED, {"content": content}))

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
        self._append(payload)
        self._open[call_id] = call
        return call_id

    def _result(self, result: ToolResult) -> None:
        if not self._open:
            raise ValueError("a ToolResult needs an open ToolCall before it")
        call_id = result.tool_call_id or list(self._open)[-1]
        if call_id not in self._open:
            raise ValueError(f"no tool call {call_id!r} is open")
        self._append(self._ended(result, call_id))

    def _ended(self, result: ToolResult, call_id: str) -> Payload:
        kind = ev.TOOL_CALL_FAILED if result.is_error else ev.TOOL_CALL_COMPLETED
        data: dict[str, Any] = {"tool_call_id": call_id, "tool_name": self._open.pop(call_id).name}
        data |= {"result": result.result, "is_error": result.is_error}
        return self._payload(kind, data, source="platform")

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
            result = replace(await call.run(), tool_call_id=call_id)
            self._result(result)
            return result

        return await _all([run(*pair) for pair in zip(calls, call_ids, strict=True)])

    async def _ask(self, calls: Sequence[ToolCall]) -> list[ToolResult]:
        """Ask the caller of the API, and wait until it has answered each call."""
        for call in calls:
            if call.output_schema is not None:
                check_schema(call.output_schema)
        message_id = self._turn.message_id
        requests = [self._requested(call) for call in calls]
        answers = [
            self._wait_for(message_id, call_id, call)
            for call, (call_id, _) in zip(calls, requests, strict=True)
        ]
        waits = message_status(message_id, "running", "waiting_for_tool")
        self._append(*(payload for _, payload in requests), waits)
        left = len(calls)

        async def take(
            call: ToolCall, call_id: str, answer: Awaitable[ToolResult | None]
        ) -> ToolResult:
            nonlocal left
            late = ToolResult(_LATE.format(call.timeout_seconds), is_error=True)
            result = replace(await answer or late, tool_call_id=call_id)
            self._open[call_id] = call
            left -= 1
            goes_on = [] if left else [message_status(message_id, "waiting_for_tool", "running")]
            self._append(self._ended(result, call_id), *goes_on)
            return result

        return await _all(
            [
                take(call, call_id, answer)
                for call, (call_id, _), answer in zip(calls, requests, answers, strict=True)
            ]
        )

    def _use(self, usage: Usage) -> None:
        self._charge(usage)
        for name in ("input_tokens", "output_tokens", "cached_input_tokens"):
            if tokens := getattr(usage, name):
                self._used[name] = self._used.get(name, 0) + tokens

    def _try_again(self, step: NewAttempt) -> None:
        self._attempt += 1
        status = message_status(self._turn.message_id, "running", "running")
        status.data.update(attempt=self._attempt, reason=clean(step.reason))
        self._append(status)


async def _all(work: Sequence[Coroutine[Any, Any, ToolResult]]) -> list[ToolResult]:
    """Do all at once; what one of them raises is raised, and ends the others."""
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


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
    """Make the event of a message's change of status; ``used`` are the tokens that it took."""
    data: dict[str, Any] = {"status": status, "previous_status": previous}
    if error:
        data["error"] = error
    if used:
        data["usage"] = used
    return Payload(ev.MESSAGE_STATUS_CHANGED, data, message_id)


def clean(text: str) -> str:
    """Replace lone surrogates, which no JSON text can carry."""
    return text.encode("utf-8", "replace").decode()
