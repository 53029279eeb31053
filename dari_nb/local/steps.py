"""The steps of a turn as ledger events (contract, sections 8.2 and 8.3)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any

from .. import ids
from ..models import Content, text_block
from ..models import events as ev
from .agents import ToolCall, ToolResult, Turn, Usage
from .agents.functions import Step
from .records import RUNTIME, Payload
from .schemas import check_schema

Append = Callable[..., None]
"""Writes payloads into the turn's ledger."""
Charge = Callable[[Usage], None]
"""Takes in what the turn has cost."""
WaitFor = Callable[[str, str, ToolCall], Awaitable[ToolResult | None]]
"""Gives the caller's answer to a message's tool call, or ``None`` when none came in time."""

_LATE = "The tool gave no result within {} seconds."
_BREATH = 0.01
"""Seconds of steps in a row after which the streams get their turn."""


class Steps:
    """Writes the steps of one turn into the ledger."""

    def __init__(self, turn: Turn, append: Append, wait_for: WaitFor, charge: Charge) -> None:
        self._turn = turn
        self._append = append
        self._wait_for = wait_for
        self._charge = charge
        self._open: dict[str, ToolCall] = {}
        self._rested = monotonic()

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
            return self._charge(step)
        if isinstance(step, ToolCall):
            return await self._external(step) if step.external else self._request(step)
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

    async def _external(self, call: ToolCall) -> ToolResult:
        """Ask the caller of the API, and wait until it answers."""
        if call.output_schema is not None:
            check_schema(call.output_schema)
        message_id = self._turn.message_id
        call_id, requested = self._requested(call)
        answer = self._wait_for(message_id, call_id, call)
        self._append(requested, message_status(message_id, "running", "waiting_for_tool"))
        result = await answer or ToolResult(_LATE.format(call.timeout_seconds), is_error=True)
        self._open[call_id] = call
        self._append(
            self._ended(result, call_id),
            message_status(message_id, "waiting_for_tool", "running"),
        )
        return ToolResult(result.result, result.is_error, call_id)


def session_status(previous: str, status: str) -> Payload:
    """Make the event of a session's change of status."""
    return Payload(ev.SESSION_STATUS_CHANGED, {"status": status, "previous_status": previous})


def message_status(
    message_id: str, previous: str, status: str, error: str | None = None
) -> Payload:
    """Make the event of a message's change of status."""
    data = {"status": status, "previous_status": previous}
    if error:
        data["error"] = error
    return Payload(ev.MESSAGE_STATUS_CHANGED, data, message_id)


def clean(text: str) -> str:
    """Replace lone surrogates, which no JSON text can carry."""
    return text.encode("utf-8", "replace").decode()
