"""Chat-completions messages as turns of a ledger, and back."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ..models import (
    AssistantMessageItem,
    Content,
    TimelineItem,
    ToolCallItem,
    UserMessageItem,
    is_reasoning,
    text_block,
    text_of,
)
from ..models import events as ev
from .nesting import is_nested_deeper

Step = tuple[str, dict[str, Any]]
"""An event's type and payload."""

MAX_NESTING = 100
"""Levels up to which JSON in a text is taken for JSON."""
UNANSWERED = "The recording ends before the tool call {call_id} was answered."
RECORDED = "recorded_messages"
"""The field of an event, and of an item, with the chat messages of a whole turn, as they were."""
_SYSTEM_ROLES = ("system", "developer")


@dataclass
class ChatTurn:
    """One user message and what the agent did about it.

    Attributes:
        content: The user's content blocks; empty when the agent spoke first.
        steps: Types and payloads of the events, in order, without statuses.
        error: Why the turn counts as failed, or ``None``.
        messages: The messages it was made of, as they were.
    """

    content: Content
    steps: list[Step] = field(default_factory=list)
    error: str | None = None
    messages: list[dict[str, Any]] = field(default_factory=list)

    @property
    def opening(self) -> dict[str, Any]:
        """What the payload of its first event has besides: the messages, unless they are plain.

        A ledger does not tell how arguments were spelled, or which text and calls were one message.
        """
        is_plain = all(map(_is_plain, self.messages))
        return {} if is_plain else {RECORDED: self.messages}


def system_prompt(messages: Iterable[dict[str, Any]]) -> str:
    """Return the texts of the system messages, joined with blank lines."""
    system = (m for m in messages if m.get("role") in _SYSTEM_ROLES)
    return "\n\n".join(filter(None, (text_of(_blocks(message)) for message in system)))


def chat_turns(messages: Iterable[dict[str, Any]]) -> list[ChatTurn]:
    """Turn chat-completions messages into turns with the payloads of their events.

    Each user message opens a turn. An assistant's text becomes ``assistant.message_completed``,
    its tool calls ``tool.call_requested``, and a tool's message ``tool.call_completed``, or
    ``tool.call_failed`` when its text begins with "Error". Arguments and results that are JSON
    become JSON where writing them again gives the same text back; otherwise they stay text. A
    call without a result makes its turn failed.

    Raises:
        ValueError: A message has no role or shape that is known.

    >>> [turn] = chat_turns([{"role": "user", "content": "Hi"}, {"role": "assistant",
    ...     "content": "Hello"}])
    >>> turn.steps
    [('assistant.message_completed', {'content': [{'type': 'text', 'text': 'Hello'}]})]
    """
    reader = _Reader()
    for number, message in enumerate(messages, 1):
        reader.read(message, number)
    return reader.finish()


class _Reader:
    def __init__(self) -> None:
        self._turns: list[ChatTurn] = []
        self._before: list[dict[str, Any]] = []
        """Messages in front of the first turn, which are told with it."""
        self._open: dict[str, str] = {}
        """Names of the calls that have no result yet, by id."""

    def read(self, message: Any, number: int) -> None:
        role = message.get("role") if isinstance(message, dict) else None
        if role == "user":
            self._close()
            self._open_turn(_blocks(message))
        elif role == "assistant":
            self._assistant(message, number)
        elif role == "tool":
            self._tool(message)
        elif role not in _SYSTEM_ROLES:
            raise ValueError(f"message {number} has no known role: {role!r}")
        (self._turns[-1].messages if self._turns else self._before).append(message)

    def finish(self) -> list[ChatTurn]:
        self._close()
        return self._turns

    def _close(self) -> None:
        if self._open:
            self._turns[-1].error = UNANSWERED.format(call_id=next(iter(self._open)))
            self._open.clear()

    def _open_turn(self, content: Content) -> None:
        self._turns.append(ChatTurn(content, messages=self._before))
        self._before = []

    def _add(self, kind: str, data: dict[str, Any]) -> None:
        if not self._turns:
            self._open_turn([])
        self._turns[-1].steps.append((kind, data))

    def _assistant(self, message: dict[str, Any], number: int) -> None:
        content = _blocks(message)
        if content:
            self._add(ev.ASSISTANT_MESSAGE_COMPLETED, {"content": content})
        for place, call in enumerate(message.get("tool_calls") or ()):
            self._call(call, f"call_{number}_{place}")

    def _call(self, call: Any, fallback_id: str) -> None:
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict):
            raise ValueError(f"a tool call has no function: {call!r:.80}")  # noqa: TRY004
        call_id = str(call.get("id") or fallback_id)
        name = str(function.get("name") or "")
        self._open[call_id] = name
        arguments = _json_or_text(function.get("arguments"), exact=False)
        self._add(
            ev.TOOL_CALL_REQUESTED,
            {"tool_call_id": call_id, "tool_name": name, "arguments": arguments},
        )

    def _tool(self, message: dict[str, Any]) -> None:
        call_id = str(message.get("tool_call_id") or next(iter(self._open), "call_unknown"))
        name = self._open.pop(call_id, None) or str(message.get("name") or "")
        result = _json_or_text(_plain(message.get("content")), exact=True)
        is_error = isinstance(result, str) and result.startswith("Error")
        self._add(
            ev.TOOL_CALL_FAILED if is_error else ev.TOOL_CALL_COMPLETED,
            {"tool_call_id": call_id, "tool_name": name, "result": result, "is_error": is_error},
        )


def _blocks(message: dict[str, Any]) -> Content:
    content = message.get("content")
    if isinstance(content, list):
        return [block for block in content if isinstance(block, dict)]
    return [text_block(str(content))] if content not in (None, "") else []


def _is_plain(message: dict[str, Any]) -> bool:
    """Whether a message is nothing but a text, which a ledger gives back as it was."""
    text = message.get("content")
    has_a_text = isinstance(text, str) and text != ""
    return has_a_text and len(message) == 2 and message["role"] in ("user", "assistant")


def _plain(content: Any) -> Any:
    """Return a tool message's content as text when it is text blocks, else as it is."""
    if isinstance(content, list) and all(_is_text(block) for block in content):
        return text_of(content)
    return "" if content is None else content


def _is_text(block: Any) -> bool:
    return isinstance(block, dict) and block.get("type") == "text"


def _json_or_text(value: Any, *, exact: bool) -> Any:
    """Read JSON objects and lists; with ``exact`` only where no character would be lost."""
    if not isinstance(value, str):
        return value
    try:
        read = json.loads(value, object_pairs_hook=_without_repetition)
        if not isinstance(read, dict | list) or is_nested_deeper(read, MAX_NESTING):
            return value
        # What JSON proper cannot hold (NaN, lone surrogates) would change on its way.
        survives = msgspec.json.decode(msgspec.json.encode(read)) == read
    except (ValueError, RecursionError):
        return value
    return read if survives and not (exact and value not in _spellings(read)) else value


def _without_repetition(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError("a key is there twice")
    return read


def _spellings(value: Any) -> list[str]:
    """Return the usual ways to write a JSON value."""
    return [
        json.dumps(value, ensure_ascii=ascii_only, separators=separators, indent=indent)
        for separators, indent in ((None, None), ((",", ":"), None), (None, 2))
        for ascii_only in (True, False)
    ]


def to_chat(items: Iterable[TimelineItem]) -> list[dict[str, Any]]:
    """Write timeline items as chat-completions messages.

    A recorded turn has its messages as they were. Otherwise a tool call has a message of its own,
    or that of the text right before it, and items without text, such as the placeholder of a
    running answer, have none.
    """
    messages: list[dict[str, Any]] = []
    recorded: set[str | None] = set()
    before: TimelineItem | None = None
    for item in items:
        if isinstance(item.recorded_messages, list):
            messages += copy.deepcopy(item.recorded_messages)
            recorded.add(item.message_id)
        if item.message_id in recorded:
            continue
        if isinstance(item, UserMessageItem | AssistantMessageItem) and _is_said(item):
            role = "user" if isinstance(item, UserMessageItem) else "assistant"
            messages.append({"role": role, "content": item.text})
        elif isinstance(item, ToolCallItem):
            answered = isinstance(before, AssistantMessageItem) and _is_said(before)
            text = messages.pop() if answered else {"role": "assistant", "content": None}
            messages += _call_messages(item, text)
        before = item
    return messages


def _is_said(item: UserMessageItem | AssistantMessageItem) -> bool:
    """Whether an item says something; what a model thought does not."""
    return not all(map(is_reasoning, item.content))


def _call_messages(item: ToolCallItem, message: dict[str, Any]) -> list[dict[str, Any]]:
    function = {"name": item.tool_name, "arguments": _written(item.arguments)}
    call = {"id": item.tool_call_id, "type": "function", "function": function}
    request = {**message, "tool_calls": [call]}
    if item.completed_at is None:
        return [request]
    text = _written(item.result)
    answer = {
        "role": "tool",
        "tool_call_id": item.tool_call_id,
        "name": item.tool_name,
        "content": f"Error: {text}" if item.is_error and not text.startswith("Error") else text,
    }
    return [request, answer]


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
