"""A turn of a Dari elsewhere, event by event, as the steps of an agent here."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ...local import Draft, NewAttempt, ToolCall, ToolResult
from ...local.agents import CutOff
from ...local.agents.functions import Step
from ...models import TERMINAL, Event, tokens_in
from ...models import events as ev
from ...transcript import error_text


class Submission(NamedTuple):
    """What the caller here has answered, for the other Dari."""

    tool_call_id: str
    result: ToolResult


@dataclass
class Answer:
    """What comes of one message.

    Whether a call is the caller's to answer is known by the status that follows it, so calls are
    held back until something does.

    Attributes:
        message_id: The message, as the other Dari calls it.
        status: How the turn has ended, once it has.
        error: Why it failed.
        usage: The tokens that it took, as far as that is told; ``None`` where no usage is.
        submissions: What is to be handed on.
    """

    message_id: str
    status: str | None = None
    error: str = ""
    usage: dict[str, int] | None = None
    submissions: list[Submission] = field(default_factory=list)
    _held: list[Event] = field(default_factory=list)
    _open: dict[str, tuple[ToolCall, str]] = field(default_factory=dict)
    _answered: set[str] = field(default_factory=set)
    _drafted: set[int] = field(default_factory=set)

    @property
    def holds(self) -> bool:
        """Whether calls wait for what follows them."""
        return bool(self._held)

    def release(self) -> Generator[Step, Any, None]:
        """Give the steps of what was held: calls that nobody here has to answer."""
        held, self._held = self._held, []
        for event in held:
            call = _call(event)
            self._open[_call_id(event)] = call, (yield call)

    def take(self, event: Event) -> Generator[Step, Any, None]:
        """Give the steps of an event; what is sent back are the answers to them."""
        if event.turn_id != self.message_id:
            return
        if event.type == ev.TOOL_CALL_REQUESTED:
            self._held.append(event)
            return
        if event.type == ev.ASSISTANT_MESSAGE_DELTA:
            yield from self._drafts(event.data)
            return
        status = event.data.get("status") if event.type == ev.MESSAGE_STATUS_CHANGED else None
        if status == "waiting_for_tool":
            yield from self._ask()
            return
        yield from self.release()
        if status is not None:
            yield from self._moved(str(status), event.data)
        elif event.type == ev.ASSISTANT_MESSAGE_COMPLETED:
            yield from _said(event.data)
        elif event.type in (ev.TOOL_CALL_COMPLETED, ev.TOOL_CALL_FAILED):
            yield from self._ended(event)

    def _drafts(self, data: dict[str, Any]) -> Iterator[Step]:
        kind, text, number = data.get("kind"), data.get("text"), data.get("draft")
        if kind not in ("text", "reasoning", "arguments") or not isinstance(text, str):
            return
        is_known = number in self._drafted
        if isinstance(number, int):
            self._drafted.add(number)
        call = number if kind == "arguments" and isinstance(number, int) else None
        name = data.get("tool_name") if kind == "arguments" else None
        anew = is_known and data.get("offset") == 0
        yield Draft(text, kind, name if isinstance(name, str) else None, call, anew)

    def _ask(self) -> Generator[Step, Any, None]:
        """Have the caller here answer: what was held, or else what runs without an end so far."""
        held, self._held = self._held, []
        waiting = {_call_id(event): _call(event) for event in held}
        given = waiting or {call_id: call for call_id, (call, _) in self._open.items()}
        if not given:
            return
        calls = tuple(ToolCall(call.name, call.arguments, external=True) for call in given.values())
        results = yield calls
        for call_id, result in zip(given, results, strict=True):
            self._answered.add(call_id)
            self.submissions.append(Submission(call_id, result))
            if call_id in self._open:
                _, here = self._open.pop(call_id)
                yield ToolResult(result.result, result.is_error, here)

    def _ended(self, event: Event) -> Iterator[Step]:
        call_id, data = _call_id(event), event.data
        if call_id in self._answered or call_id not in self._open:
            return
        _, here = self._open.pop(call_id)
        result = data.get("result") if data.get("result") is not None else data.get("error")
        is_error = event.type == ev.TOOL_CALL_FAILED or bool(data.get("is_error"))
        yield ToolResult(result, is_error, here)

    def _moved(self, status: str, data: dict[str, Any]) -> Iterator[Step]:
        if status in TERMINAL:
            self.status, self.error = status, error_text(data.get("error"))
            told = data.get("usage")
            self.usage = tokens_in(told) if isinstance(told, dict) else None
        elif "attempt" in data:
            self._drafted.clear()
            yield NewAttempt(str(data.get("reason") or ""))


def _said(data: dict[str, Any]) -> Iterator[Step]:
    content = data.get("content")
    said = content if isinstance(content, list) else str(content or "")
    if data.get("stop_reason") == ev.MAX_TOKENS:
        most = data.get("max_tokens")
        yield CutOff(said, most if _is_count(most) else None)
    else:
        yield said


def _call(event: Event) -> ToolCall:
    return ToolCall(str(event.data.get("tool_name") or ""), event.data.get("arguments"))


def _call_id(event: Event) -> str:
    return str(event.data.get("tool_call_id"))


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53
