"""Turns of a ledger, built from what was said and done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..models import Content, is_reasoning, text_of
from ..models import events as ev
from .blocks import plain
from .said import Call, Entry, Result, Said, summed

Step = tuple[str, dict[str, Any]]
"""An event's type and payload."""

UNANSWERED = "The recording goes on before the tool call {call_id} was answered."
RECORDED = "recorded_messages"
"""The field of an event, and of an item, with the messages of a whole turn, as they were."""
RECORDED_FORMAT = "recorded_format"
"""The field that names their format, unless they are chat completions."""
RECORDED_DOCUMENT = "recorded_document"
"""The field of the first turn with the rest of the document that they were in."""


@dataclass
class RecordedTurn:
    """One user message and what the agent did about it.

    Attributes:
        content: The user's content blocks; empty when the agent spoke first.
        steps: Types and payloads of the events, in order, without statuses.
        times: When each step was, ISO 8601; ``None`` where nobody knows.
        asked_at: When the user said it.
        error: Why the turn counts as failed, or ``None``.
        messages: The messages it was made of, as they were.
        format: Their format, unless they are chat completions.
        document: The rest of the document that they were in, in the first turn.
        usage: The tokens that the turn took.
    """

    content: Content
    steps: list[Step] = field(default_factory=list)
    times: list[str | None] = field(default_factory=list)
    asked_at: str | None = None
    error: str | None = None
    messages: list[Any] = field(default_factory=list)
    format: str | None = None
    document: dict[str, Any] | None = None
    usage: dict[str, int] = field(default_factory=dict)

    @property
    def opening(self) -> dict[str, Any]:
        """What the payload of its first event has besides: the messages, unless they are plain.

        A ledger does not tell how arguments were spelled, or which text and calls were one message.
        """
        if self.format is None and all(map(_is_plain, self.messages)):
            return {}
        about = {RECORDED_FORMAT: self.format, RECORDED_DOCUMENT: self.document}
        told = {name: value for name, value in about.items() if value is not None}
        return {RECORDED: self.messages, **told}

    @property
    def ended_at(self) -> str | None:
        """When its last step was; ``None`` where nobody knows."""
        return self.times[-1] if self.times else None


class Turns:
    """Builds turns; each user message opens one.

    Args:
        form: The format of the messages, unless they are chat completions.
    """

    def __init__(self, form: str | None = None) -> None:
        self._form = form
        self._turns: list[RecordedTurn] = []
        self._before: list[Any] = []
        """Messages in front of the first turn, which are told with it."""
        self._open: dict[str, tuple[str, int]] = {}
        """Names of the calls that have no result yet, and where they are, by id."""
        self._thoughts: list[dict[str, Any]] = []
        self._thought_at: str | None = None
        self._system: list[str] = []

    def take(self, source: Any, entries: Iterable[Entry]) -> None:
        """Take in a message as it was, and what it says."""
        for entry in entries:
            if isinstance(entry, Result):
                self._result(entry)
            elif entry.role == "system" and not self._turns:
                self._system.append(text_of(entry.content))
            elif entry.role == "system":
                block = {"type": "system message", "content": plain(entry.content)}
                self._assistant(Said("assistant", [block], entry.at))
            elif entry.role == "user":
                self._leave()
                self._open_turn(entry.content, entry.at)
            else:
                self._assistant(entry)
        (self._turns[-1].messages if self._turns else self._before).append(source)

    def finish(self) -> list[RecordedTurn]:
        """Return the turns; a call that the run ends with stands without a result."""
        self._flush()
        return self._turns

    @property
    def instructions(self) -> str:
        """The texts of the system messages in front, joined with blank lines."""
        return "\n\n".join(filter(None, self._system))

    def _leave(self) -> None:
        self._flush()
        if self._open:
            self._turns[-1].error = UNANSWERED.format(call_id=next(iter(self._open)))
            self._open.clear()

    def _open_turn(self, content: Content, at: str | None = None) -> None:
        self._turns.append(
            RecordedTurn(content, messages=self._before, asked_at=at, format=self._form)
        )
        self._before = []

    def _add(self, kind: str, data: dict[str, Any], at: str | None) -> None:
        if not self._turns:
            self._open_turn([])
        self._turns[-1].steps.append((kind, data))
        self._turns[-1].times.append(at)

    def _assistant(self, said: Said) -> None:
        blocks: Content = []
        for part in said.parts:
            if isinstance(part, Call):
                self._say(blocks, said)
                blocks = []
                self._call(part, said.at)
            else:
                blocks.append(part)
        self._say(blocks, said, is_last=True)
        if said.usage:
            if not self._turns:
                self._open_turn([])
            self._turns[-1].usage = summed((self._turns[-1].usage, said.usage))

    def _say(self, blocks: Content, said: Said, *, is_last: bool = False) -> None:
        if not blocks:
            return
        if all(map(is_reasoning, blocks)):
            # A thought stands before the text that it led to, which may be a message of its own.
            self._thoughts += blocks
            self._thought_at = said.at
            return
        cut = {"stop_reason": said.stop_reason} if is_last and said.stop_reason else {}
        content, self._thoughts = [*self._thoughts, *blocks], []
        self._add(ev.ASSISTANT_MESSAGE_COMPLETED, {"content": content, **cut}, said.at)

    def _flush(self) -> None:
        """Say thoughts that no text followed."""
        if self._thoughts:
            content, self._thoughts = self._thoughts, []
            self._add(ev.ASSISTANT_MESSAGE_COMPLETED, {"content": content}, self._thought_at)

    def _call(self, call: Call, at: str | None) -> None:
        self._flush()
        data = {"tool_call_id": call.id, "tool_name": call.name, "arguments": call.arguments}
        self._add(ev.TOOL_CALL_REQUESTED, data, at)
        self._open[call.id] = (call.name, len(self._turns[-1].steps) - 1)

    def _result(self, result: Result) -> None:
        self._flush()
        call_id = result.call_id or next(iter(self._open), "call_unknown")
        name, place = self._open.pop(call_id, ("", None))
        if place is not None and result.requested_at:
            self._turns[-1].times[place] = result.requested_at
        data = {
            "tool_call_id": call_id,
            "tool_name": name or result.name,
            "result": result.value,
            "is_error": result.is_error,
        }
        if result.seconds is not None:
            data["seconds"] = result.seconds
        kind = ev.TOOL_CALL_FAILED if result.is_error else ev.TOOL_CALL_COMPLETED
        self._add(kind, data, result.at)


def _is_plain(message: Mapping[str, Any]) -> bool:
    """Whether a message is nothing but a text, which a ledger gives back as it was."""
    text = message.get("content")
    has_a_text = isinstance(text, str) and text != ""
    return has_a_text and len(message) == 2 and message["role"] in ("user", "assistant")
