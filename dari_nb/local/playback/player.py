"""A recorded turn as an agent that plays it again, at its pace."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from msgspec import UNSET

from ...models import events as ev
from ...models import tokens_in
from ...tapes import DraftLine, EventLine, Turn
from ...tapes.turns import end_of
from ...transcript import error_text
from ..agents import CutOff, Draft, NewAttempt, ToolCall, ToolResult, TurnFailure, Usage
from ..agents import Turn as Asked
from ..agents.functions import Step
from .comparison import Comparison, Rerun
from .files import put_back

_CUT = "The recording was cut off here."
_LONGEST_GIVEN = 2.0
"""Seconds that a result of the caller's is waited for at most: a person may have decided on it."""
_MOST_DIGITS = 30
"""Digits before or after the point of an amount of dollars."""
UNKNOWN = "unknown"
"""The cost of a turn that nobody knows."""


@dataclass(frozen=True)
class Pace:
    """How fast a turn plays.

    Attributes:
        speed: How many times as fast as it was recorded.
        idle_limit: Seconds that it waits at most for what comes next, before the speed counts.
    """

    speed: float = 1.0
    idle_limit: float | None = None

    def wait(self, after: Any) -> float:
        """Seconds to wait before a line."""
        seconds = 0.0 if after is UNSET else float(after)
        if self.idle_limit is not None:
            seconds = min(seconds, self.idle_limit)
        return seconds / self.speed


@dataclass
class TapePlayer:
    """An agent function that plays a turn.

    Attributes:
        turn: The turn.
        pace: How fast.
        folder: Where the larger files of the tape are.
        comparison: How the results of the caller's tools are compared that are run again; they are
            not without one.
    """

    turn: Turn
    pace: Pace
    folder: Path
    comparison: Comparison | None = None

    async def __call__(self, _prompt: str, asked: Asked) -> AsyncGenerator[Step, Any]:
        """Yield the steps that were recorded, each when its time has come."""
        clock, ids = _Clock(self.pace), dict[str, Any]()
        rerun = Rerun(self.turn, self.comparison)
        for line in self._lines():
            await clock.wait(_after(line))
            if isinstance(line, EventLine) and rerun.takes(line):
                if calls := rerun.due(line):
                    rerun.check((yield calls))
                    clock.begin()
            elif isinstance(line, EventLine) and end_of(line):
                await asyncio.to_thread(put_back, self.turn.files, asked.workspace, self.folder)
                if usage := self._usage(line):
                    yield usage
                if end_of(line) == "failed":
                    raise TurnFailure(error_text(line.data.get("error")))
                return
            elif (step := _step(line, ids)) is not None:
                given = yield step
                if isinstance(step, ToolCall) and isinstance(line, EventLine):
                    ids[str(line.data.get("tool_call_id"))] = given
        raise TurnFailure(_CUT)

    def _lines(self) -> Iterator[EventLine | DraftLine]:
        """What came of the turn since it ran: how long it was queued is nothing of its own."""
        is_running = False
        for entry in self.turn.body:
            if not isinstance(entry, EventLine | DraftLine):
                continue
            if is_running or not _begins(entry):
                yield entry
            is_running = True

    def _usage(self, end: EventLine) -> Usage | None:
        """What the turn took, as far as that was told."""
        told = end.data.get("usage")
        cost = self.turn.line.cost
        if cost is None and not isinstance(told, dict):
            return None
        return Usage(_dollars(cost), **tokens_in(told))


class _Clock:
    """Waits as long as it took, whatever was done meanwhile."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self.begin()

    def begin(self) -> None:
        """Count from now on."""
        self._due = asyncio.get_running_loop().time()

    async def wait(self, after: Any) -> None:
        """Wait until a line is due."""
        self._due += self._pace.wait(after)
        if (left := self._due - asyncio.get_running_loop().time()) > 0:
            await asyncio.sleep(left)


def _after(line: EventLine | DraftLine) -> Any:
    is_given = isinstance(line, EventLine) and line.event == ev.TOOL_RESULT_SUBMITTED
    return line.after if not is_given or line.after is UNSET else min(line.after, _LONGEST_GIVEN)


def _begins(entry: EventLine | DraftLine) -> bool:
    """Whether a line says that the turn, which was queued, runs."""
    if not isinstance(entry, EventLine):
        return False
    return (entry.data.get("previous_status"), entry.data.get("status")) == ("queued", "running")


def _draft(line: DraftLine) -> Draft:
    # Whatever kind a tape names: the server's own rules refuse what is none.
    return Draft(line.text, line.draft, line.tool, line.call, line.anew)  # type: ignore[arg-type]


def _step(line: EventLine | DraftLine, ids: dict[str, Any]) -> Step | None:
    """The step of a line; ``None`` for what the server writes by itself."""
    if isinstance(line, DraftLine):
        return _draft(line)
    data = line.data
    if line.event == ev.ASSISTANT_MESSAGE_COMPLETED:
        content = data.get("content")
        said = content if isinstance(content, list) else []
        is_cut_off = data.get("stop_reason") == ev.MAX_TOKENS
        return CutOff(said, data.get("max_tokens")) if is_cut_off else said
    if line.event == ev.TOOL_CALL_REQUESTED:
        return ToolCall(str(data.get("tool_name", "")), data.get("arguments"))
    if line.event in (ev.TOOL_CALL_COMPLETED, ev.TOOL_CALL_FAILED):
        result = data.get("result") if data.get("result") is not None else data.get("error")
        is_error = line.event == ev.TOOL_CALL_FAILED or bool(data.get("is_error"))
        return ToolResult(result, is_error, ids.get(str(data.get("tool_call_id"))))
    if line.event == ev.MESSAGE_STATUS_CHANGED and "attempt" in data:
        return NewAttempt(str(data.get("reason", "")))
    return None


def _dollars(cost: str | None) -> Decimal | None:
    try:
        dollars = Decimal(cost or UNKNOWN)
    except InvalidOperation:
        return None
    is_amount = dollars.is_finite() and dollars >= 0 and abs(dollars.adjusted()) < _MOST_DIGITS
    return dollars if is_amount else None
