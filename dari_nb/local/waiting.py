"""External tool calls that wait for the caller's answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import NamedTuple

from .agents import ToolCall, ToolResult
from .schemas import flaw_of


class _Open(NamedTuple):
    call: ToolCall
    answer: asyncio.Future[ToolResult]


class Waiting:
    """The open external calls by message and call id; used on the server's loop only."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str], _Open] = {}

    def ask(self, message_id: str, call_id: str, call: ToolCall) -> Awaitable[ToolResult | None]:
        """Open a call; await what this returns for its answer, ``None`` when its time is up.

        The call is open when this returns, so that an answer can come before the wait begins.
        """
        opened = _Open(call, asyncio.get_running_loop().create_future())
        self._open[message_id, call_id] = opened
        return self._answer_to((message_id, call_id), opened)

    async def _answer_to(self, key: tuple[str, str], opened: _Open) -> ToolResult | None:
        try:
            await asyncio.wait({opened.answer}, timeout=opened.call.timeout_seconds)
        finally:
            self._open.pop(key, None)
        return opened.answer.result() if opened.answer.done() else None

    def has(self, message_id: str, call_id: str) -> bool:
        """Whether this call waits for an answer."""
        return (message_id, call_id) in self._open

    def flaw_of(self, message_id: str, call_id: str, result: ToolResult) -> str | None:
        """What keeps an answer from fitting the open call's schema; errors always fit."""
        schema = self._open[message_id, call_id].call.output_schema
        return None if schema is None or result.is_error else flaw_of(result.result, schema)

    def answer(self, message_id: str, call_id: str, result: ToolResult) -> None:
        """Close an open call with its answer."""
        self._open.pop((message_id, call_id)).answer.set_result(result)
