"""The messages protocol, as Anthropic speaks it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from ...agents import Reasoning
from ...agents.tools import ToolSpec
from ...store.records import JsonObject
from ..conversation import CallResult, MadeCall, Message, ModelSaid, wire_name
from ..images.scaling import Picture
from ..reply import OpenCall, OpenThought, Stop
from ..tokens import Tokens
from ..trouble import BrokenStream
from .decoding import Decoder, count, entries, error_in, fields, word

PATH = "/messages"
_VERSION = "2023-06-01"
_STOPS: dict[str, Stop] = {
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refusal",
}


def headers(key: str | None) -> dict[str, str]:
    """The headers that carry the key and the protocol's version."""
    return {"anthropic-version": _VERSION, **({"x-api-key": key} if key else {})}


def body(
    model: str,
    system: str,
    messages: Sequence[Message],
    tools: Iterable[ToolSpec],
    options: dict[str, Any],
) -> dict[str, Any]:
    """The request; ``options`` are its further fields."""
    request: dict[str, Any] = {
        "model": model,
        "messages": _merged(messages),
        **options,
    }
    if system.strip():
        request["system"] = system
    if offered := [_tool(tool) for tool in tools]:
        request["tools"] = offered
    return request


def binding(schema: JsonObject) -> JsonObject:
    """The fields that bind an answer by a schema (Anthropic, "Structured outputs")."""
    return {"output_config": {"format": {"type": "json_schema", "schema": schema}}}


def _merged(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Put neighbours of one role together: the roles have to take turns, results in front."""
    merged: list[dict[str, Any]] = []
    for message in messages:
        role = "assistant" if isinstance(message, ModelSaid) else "user"
        if not merged or merged[-1]["role"] != role:
            merged.append({"role": role, "content": []})
        merged[-1]["content"] += _blocks(message)
    return merged


def _blocks(message: Message) -> list[dict[str, Any]]:
    if isinstance(message, CallResult):
        result = {"type": "tool_result", "tool_use_id": message.call_id, "content": message.text}
        return [{**result, "is_error": True} if message.is_error else result]
    text = [{"type": "text", "text": message.text}] if message.text.strip() else []
    if isinstance(message, ModelSaid):
        said = [*text, *map(_use, message.calls)]
        thoughts = [block for thought in message.reasoning for block in _thought(thought)]
        # Thoughts without an answer behind them are refused.
        return [*thoughts, *said] if said else []
    return [*map(_image, message.images), *text]


def _image(picture: Picture) -> JsonObject:
    source = {"type": "base64", "media_type": picture.media_type, "data": picture.base64}
    return {"type": "image", "source": source}


def _thought(thought: Reasoning) -> list[dict[str, Any]]:
    """Write what was thought as it came; what is not signed is refused."""
    provider = thought.provider or {}
    if word(provider.get("redacted")):
        return [{"type": "redacted_thinking", "data": provider["redacted"]}]
    if signature := word(provider.get("signature")):
        return [{"type": "thinking", "thinking": thought.text, "signature": signature}]
    return []


def _use(call: MadeCall) -> dict[str, Any]:
    return {
        "type": "tool_use",
        "id": call.id,
        "name": wire_name(call.name),
        "input": call.arguments,
    }


def _tool(tool: ToolSpec) -> dict[str, Any]:
    about = {"name": wire_name(tool.name), "description": tool.description}
    return {**about, "input_schema": tool.input_schema}


class AnthropicMessagesDecoder(Decoder):
    """Reads the events of one streamed message; types without use here are passed over."""

    def __init__(self) -> None:
        super().__init__()
        self._usage: dict[str, Any] = {}

    @property
    def is_complete(self) -> bool:
        """Whether the message has ended; a reason to stop is end enough."""
        return self.is_done or self.arriving.stop is not None

    def take_object(self, data: dict[str, Any]) -> None:
        """Take in one event, or a whole message."""
        if trouble := error_in(data):
            raise trouble
        kind = data.get("type")
        if kind == "message_start":
            self._count(fields(data.get("message")))
        elif kind == "content_block_start":
            self._block(data.get("index"), fields(data.get("content_block")))
        elif kind == "content_block_delta":
            self._delta(data.get("index"), fields(data.get("delta")))
        elif kind == "message_delta":
            self._count(data)
            self._stop(fields(data.get("delta")))
        elif kind == "message_stop":
            self.is_done = True
        elif kind == "message":
            for index, block in enumerate(entries(data.get("content"))):
                self._block(index, block)
            self._count(data)
            self._stop(data)

    def _block(self, index: Any, block: dict[str, Any]) -> None:
        if block.get("type") == "text":
            self.arriving.add_text(word(block.get("text")))
        elif block.get("type") == "thinking":
            thought = self.arriving.open_thought(index)
            self._think(thought, block)
        elif block.get("type") == "redacted_thinking":
            self.arriving.sign(
                self.arriving.open_thought(index), "redacted", word(block.get("data"))
            )
        elif block.get("type") == "tool_use":
            call = self.arriving.open_call(index, word(block.get("id")), word(block.get("name")))
            if block.get("input"):
                self.arriving.add_arguments(call, json.dumps(block["input"]))

    def _delta(self, index: Any, delta: dict[str, Any]) -> None:
        if delta.get("type") == "text_delta":
            self.arriving.add_text(word(delta.get("text")))
        elif delta.get("type") == "input_json_delta":
            self.arriving.add_arguments(self._open(index), word(delta.get("partial_json")))
        elif delta.get("type") in ("thinking_delta", "signature_delta"):
            self._think(self._open_thought(index), delta)

    def _think(self, thought: OpenThought, block: dict[str, Any]) -> None:
        """Take in thoughts and their signature, which come whole or in pieces."""
        self.arriving.think(thought, word(block.get("thinking")))
        if signature := word(block.get("signature")):
            self.arriving.sign(thought, "signature", signature)

    def _open_thought(self, index: Any) -> OpenThought:
        thought = self.arriving.last_thought(index)
        if thought is None:
            raise BrokenStream("its stream has thoughts without a beginning")
        return thought

    def _open(self, index: Any) -> OpenCall:
        call = self.arriving.last_call(index)
        if call is None:
            raise BrokenStream("its stream has arguments without a tool call")
        return call

    def _stop(self, about: dict[str, Any]) -> None:
        if reason := word(about.get("stop_reason")):
            self.arriving.stop = _STOPS.get(reason, "end")

    def _count(self, about: dict[str, Any]) -> None:
        """Take in usage, which comes in two parts; cached input is counted beside the rest."""
        given = fields(about.get("usage"))
        self._usage |= {name: value for name, value in given.items() if value is not None}
        usage = self._usage
        cached = count(usage.get("cache_read_input_tokens"))
        written = count(usage.get("cache_creation_input_tokens"))
        if usage:
            self.arriving.tokens = Tokens(
                input=count(usage.get("input_tokens")) + cached + written,
                output=count(usage.get("output_tokens")),
                cached=cached,
            )
