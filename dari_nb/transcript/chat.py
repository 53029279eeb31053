"""Chat-completions messages as turns of a ledger, and back."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from ..models import (
    AssistantMessageItem,
    Content,
    TimelineItem,
    ToolCallItem,
    UserMessageItem,
    is_reasoning,
    reasoning_of,
    text_of,
)
from ..models.events import MAX_TOKENS
from .blocks import content_of, is_only_text, plain, refusal_block, thought
from .images import with_image_url
from .json_text import json_or_text, text_of_json
from .said import Call, Entry, Result, Said, of_unknown_role, tokens
from .times import time_of

Message = dict[str, Any]
Translate = Callable[[TimelineItem], list[Message] | None]

SYSTEM_ROLES = ("system", "developer")
_RESULT_ROLES = ("tool", "function")
ROLES = ("user", "assistant", *SYSTEM_ROLES, *_RESULT_ROLES)
CUT_OFF = "length"
"""The ``finish_reason`` of an answer that its limit of tokens cut off."""


def chat_entries(messages: Iterable[Any]) -> Iterator[tuple[Any, list[Entry]]]:
    """Give each message with what it says.

    Arguments and results that are JSON become JSON where writing them again gives the same text
    back; otherwise they stay text. A tool has failed when its text begins with "Error".

    Raises:
        ValueError: A message has no role, or no shape that is known.
    """
    for number, message in enumerate(messages, 1):
        yield message, _entries(message, number)


def _entries(message: Any, number: int) -> list[Entry]:
    role = message.get("role") if isinstance(message, dict) else None
    if role not in ROLES:
        return [of_unknown_role(message, f"message {number}")]
    at = time_of(message.get("timestamp"))
    if role in _RESULT_ROLES:
        return [_result(message, at)]
    content = content_of(message.get("content"))
    if role == "assistant":
        return [_assistant(message, content, number, at)]
    return [Said("user" if role == "user" else "system", [*content], at)]


def _result(message: Message, at: str | None) -> Result:
    value = json_or_text(plain(message.get("content")), exact=True)
    call_id = message.get("tool_call_id")
    return Result(
        str(call_id) if call_id else None,
        value,
        isinstance(value, str) and value.startswith("Error"),
        str(message.get("name") or ""),
        at,
    )


def _assistant(message: Message, content: Content, number: int, at: str | None) -> Said:
    blocks = [*thoughts_of(message), *content]
    if isinstance(refusal := message.get("refusal"), str) and refusal:
        blocks.append(refusal_block(refusal))
    if isinstance(audio := message.get("audio"), dict):
        blocks.append({"type": "audio", **audio})
    calls = message.get("tool_calls") or ()
    if not isinstance(calls, list | tuple):
        raise ValueError(f"message {number} has tool calls that are no list")  # noqa: TRY004
    made = [_call(call, f"call_{number}_{place}") for place, call in enumerate(calls)]
    if legacy := message.get("function_call"):
        made.append(_call({"function": legacy}, f"call_{number}"))
    return Said("assistant", [*blocks, *made], at, usage=used(message.get("usage")))


def thoughts_of(message: Message) -> Content:
    """Read what a model thought, from the first field that tells it."""
    for name in ("reasoning_content", "reasoning", "thinking"):
        if isinstance(text := message.get(name), str) and text:
            return [thought(text)]
    for name in ("thinking_blocks", "reasoning_details"):
        if isinstance(told := message.get(name), list) and told:
            return [_detail(block) for block in told]
    return []


def _detail(block: Any) -> dict[str, Any]:
    """Read a block that a provider or a gateway tells beside the text."""
    kind = block.get("type") if isinstance(block, dict) else None
    if kind == "reasoning.text":
        return thought(str(block.get("text") or ""), signature=block.get("signature"))
    if kind == "reasoning.summary":
        return thought(str(block.get("summary") or ""))
    if kind == "reasoning.encrypted":
        return thought("", redacted=block.get("data"))
    return content_of([block])[0]


def _call(call: Any, fallback_id: str) -> Call:
    about = call if isinstance(call, dict) else {}
    function = _function(about)
    if function is None:
        raise ValueError(f"a tool call has no function: {call!r:.80}")
    arguments = json_or_text(function.get("arguments"), exact=False)
    return Call(str(about.get("id") or fallback_id), str(function.get("name") or ""), arguments)


def _function(call: Message) -> Message | None:
    """What a call calls; some tools write the name into the call itself."""
    function, custom = call.get("function"), call.get("custom")
    if isinstance(function, dict):
        return function
    if isinstance(custom, dict):
        return {"name": custom.get("name"), "arguments": custom.get("input")}
    name = function if isinstance(function, str) else call.get("name")
    return {**call, "name": name} if isinstance(name, str) else None


def to_chat(
    items: Iterable[TimelineItem], translate: Translate | None = None
) -> list[dict[str, Any]]:
    """Write timeline items as chat-completions messages.

    A recorded turn has its messages as they were. Otherwise a tool call has a message of its own,
    or that of the text right before it, and items without text, such as the placeholder of a
    running answer, have none.

    Args:
        items: The items.
        translate: Writes the recorded messages of an item that are of another format; gives
            ``None`` where they cannot be read.
    """
    messages: list[dict[str, Any]] = []
    recorded: set[str | None] = set()
    before: TimelineItem | None = None
    for item in items:
        if isinstance(item.recorded_messages, list):
            is_foreign = isinstance(item.recorded_format, str)
            told = translate(item) if is_foreign and translate else _as_it_was(item)
            if told is not None:
                messages += told
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


def _as_it_was(item: TimelineItem) -> list[dict[str, Any]]:
    return list(copy.deepcopy(item.recorded_messages))


def _is_said(item: UserMessageItem | AssistantMessageItem) -> bool:
    """Whether an item says something; what a model thought does not."""
    return not all(map(is_reasoning, item.content))


def _call_messages(item: ToolCallItem, message: dict[str, Any]) -> list[dict[str, Any]]:
    call = Call(item.tool_call_id, item.tool_name, item.arguments)
    request = {**message, "tool_calls": [_written_call(call)]}
    if item.completed_at is None:
        return [request]
    result = Result(item.tool_call_id, item.result, bool(item.is_error), item.tool_name)
    return [request, _written_result(result)]


def written_chat(entries: list[Entry], names: dict[str, str]) -> list[dict[str, Any]]:
    """Write what was said as chat-completions messages, with calls made at once in one of them.

    Args:
        entries: What was said.
        names: The tools of calls that were made before, by id; those made here are added.
    """
    messages: list[dict[str, Any]] = []
    names.update((call.id, call.name) for e in entries if isinstance(e, Said) for call in e.calls)
    for entry in entries:
        if isinstance(entry, Result):
            name = names.get(entry.call_id or "", entry.name)
            messages.append(_written_result(replace(entry, name=name)))
        elif entry.role != "assistant":
            messages.append({"role": entry.role, "content": _written_content(entry.content)})
        else:
            messages.append(_written_assistant(entry))
    return messages


def _written_assistant(said: Said) -> dict[str, Any]:
    spoken = [block for block in said.content if not is_reasoning(block)]
    message = {"role": "assistant", "content": _written_content(spoken) if spoken else None}
    if thinking := reasoning_of(said.content):
        message["reasoning_content"] = thinking
    if said.calls:
        message["tool_calls"] = [_written_call(call) for call in said.calls]
    return message


def _written_content(content: Content) -> Any:
    return text_of(content) if is_only_text(content) else list(map(with_image_url, content))


def _written_call(call: Call) -> dict[str, Any]:
    function = {"name": call.name, "arguments": text_of_json(call.arguments)}
    return {"id": call.id, "type": "function", "function": function}


def _written_result(result: Result) -> dict[str, Any]:
    text = text_of_json(result.value)
    is_told = not result.is_error or text.startswith("Error")
    return {
        "role": "tool",
        "tool_call_id": result.call_id,
        "name": result.name,
        "content": text if is_told else f"Error: {text}",
    }


def used(usage: Any) -> dict[str, int]:
    """Read the tokens that an answer took."""
    return tokens(
        usage,
        input_tokens="prompt_tokens",
        output_tokens="completion_tokens",
        cached_input_tokens="prompt_tokens_details.cached_tokens",
        reasoning_tokens="completion_tokens_details.reasoning_tokens",
    )


def stop_reason_of(finish_reason: Any) -> str | None:
    """Tell whether an answer was cut off, by its ``finish_reason``."""
    return MAX_TOKENS if finish_reason in (CUT_OFF, "max_tokens", "max_output_tokens") else None
