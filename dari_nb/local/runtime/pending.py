"""External tool calls that wait for the caller's answer."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from ..agents import ToolCall, ToolResult
from ..json_schema.schemas import checked, flaw_of

Answer = asyncio.Future[ToolResult | None]
"""The caller's answer to a call, or ``None`` when none came in time."""


class _Open(NamedTuple):
    call: ToolCall
    answer: Answer


class PendingCalls:
    """The open external calls by message and call id; used on the server's loop only."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str], _Open] = {}

    def ask(self, message_id: str, call_id: str, call: ToolCall) -> Answer:
        """Open a call; returns its answer to come, ``None`` when its time is up.

        The call is open when this returns, so that an answer can come before the wait begins; who
        waits no longer cancels it, and it is open no longer.
        """
        loop = asyncio.get_running_loop()
        key, answer = (message_id, call_id), loop.create_future()
        self._open[key] = _Open(call, answer)
        answer.add_done_callback(lambda _: self._open.pop(key, None))
        if call.timeout_seconds is not None:
            late = loop.call_later(call.timeout_seconds, _give_up, answer)
            answer.add_done_callback(lambda _: late.cancel())
        return answer

    def has(self, message_id: str, call_id: str) -> bool:
        """Whether this call waits for an answer."""
        opened = self._open.get((message_id, call_id))
        return opened is not None and not opened.answer.done()

    async def flaw_of(self, message_id: str, call_id: str, result: ToolResult) -> str | None:
        """What keeps an answer from fitting the open call's schema; errors always fit."""
        schema = self._open[message_id, call_id].call.output_schema
        if schema is None or result.is_error:
            return None
        return await checked(flaw_of, result.result, schema)

    def answer(self, message_id: str, call_id: str, result: ToolResult) -> None:
        """Close an open call with its answer."""
        self._open.pop((message_id, call_id)).answer.set_result(result)


def _give_up(answer: Answer) -> None:
    if not answer.done():
        answer.set_result(None)
