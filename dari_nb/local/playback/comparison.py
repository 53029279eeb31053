"""Calls of a recorded turn that are run again, and whether their results are as they were."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from ...models import events as ev
from ...tapes import EventLine, Scrubber, Turn
from ...tapes.differences import words_between
from ...tapes.redaction import SCRUBBED
from ..agents import ToolCall, ToolResult, TurnFailure

_OTHERWISE = (
    "{call}({arguments}) was run again, and its result is not as it was recorded: {difference}. "
    "What does not count in results is named by volatile=[…] of the tape."
)
_NOT_WHOLE = (
    "{call} cannot be run again: the name of the tool is not whole on the tape. "
    "Leave run_tools out, and its recorded results are used."
)
_MOST = 1000
"""Characters of arguments that are shown."""


@dataclass(frozen=True)
class Comparison:
    """How results are compared.

    Attributes:
        scrubber: What takes the secrets out, as it was done on the tape.
        volatile: What does not count.
    """

    scrubber: Scrubber
    volatile: Sequence[re.Pattern[str]] = ()

    def difference(self, recorded: ToolResult, got: ToolResult) -> str | None:
        """What differs between two results, word by word, if anything does."""
        one, other = self._result_text(recorded), self._result_text(got)
        if self._counted(one) == self._counted(other) and recorded.is_error == got.is_error:
            return None
        failed = {True: "an error, ", False: ""}
        if recorded.is_error != got.is_error:
            return f"[-{failed[recorded.is_error]}{one}-]{{+{failed[got.is_error]}{other}+}}"
        return words_between(one, other)

    def _result_text(self, result: ToolResult) -> str:
        self.scrubber.look()
        told = self.scrubber.scrub(result.result)
        return told if isinstance(told, str) else _as_json(told)

    def _counted(self, text: str) -> str:
        for pattern in self.volatile:
            text = pattern.sub("", text)
        return text


class Rerun:
    """The calls of a turn that the caller of the API has answered, to be answered anew.

    Args:
        turn: The turn.
        comparison: How results are compared; without it, nothing is run again.
    """

    def __init__(self, turn: Turn, comparison: Comparison | None) -> None:
        self._comparison = comparison
        events = turn.events if comparison else []
        submitted = (event for event in events if event.event == ev.TOOL_RESULT_SUBMITTED)
        self._recorded = {_call_id(event): _result(event) for event in submitted}
        self._waiting: list[EventLine] = []

    def takes(self, line: EventLine) -> bool:
        """Whether a line is of such a call, or of the wait for its result."""
        if not self._recorded:
            return False
        is_wait = line.data.get("status") == "waiting_for_tool" and bool(self._waiting)
        return is_wait or _call_id(line) in self._recorded

    def due(self, line: EventLine) -> tuple[ToolCall, ...]:
        """The calls that are made now: all that were open when the turn began to wait.

        Raises:
            TurnFailure: Nobody knows a tool by the name that the tape has.
        """
        if line.event == ev.TOOL_CALL_REQUESTED:
            self._waiting.append(line)
            return ()
        if line.event != ev.MESSAGE_STATUS_CHANGED:
            return ()
        return tuple(_call(each) for each in self._waiting)

    def check(self, results: Sequence[ToolResult]) -> None:
        """Compare the results of the calls that were due.

        Raises:
            TurnFailure: One is not as it was recorded.
        """
        waiting, self._waiting = self._waiting, []
        assert self._comparison is not None
        for line, got in zip(waiting, results, strict=True):
            difference = self._comparison.difference(self._recorded[_call_id(line)], got)
            if difference is not None:
                told = _as_json(line.data.get("arguments"))[:_MOST]
                name = str(line.data.get("tool_name"))
                raise TurnFailure(
                    _OTHERWISE.format(call=name, arguments=told, difference=difference)
                )


def _as_json(value: Any) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()


def _call(line: EventLine) -> ToolCall:
    name = str(line.data.get("tool_name", ""))
    if SCRUBBED in name:
        raise TurnFailure(_NOT_WHOLE.format(call=name))
    return ToolCall(name, line.data.get("arguments"), external=True)


def _call_id(line: EventLine) -> str:
    return str(line.data.get("tool_call_id"))


def _result(line: EventLine) -> ToolResult:
    return ToolResult(line.data.get("result"), bool(line.data.get("is_error")))
