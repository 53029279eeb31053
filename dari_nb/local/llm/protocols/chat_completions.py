"""The chat completions protocol, as OpenAI, OpenRouter, Ollama, vLLM and llama.cpp speak it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from ...._secret import hidden
from ...agents.tools import ToolSpec
from ...store.records import JsonObject
from ..conversation import CallResult, MadeCall, Message, ModelSaid, UserText, wire_name
from ..reply import OpenCall, OpenThought, Stop
from ..tokens import Tokens
from ..trouble import BrokenStream
from .decoding import Decoder, count, entries, error_in, fields, word

PATH = "/chat/completions"
_THOUGHTS = ("reasoning_content", "reasoning")
"""What servers call thoughts: DeepSeek, vLLM and llama.cpp, then OpenRouter, Ollama and Groq."""
_STOPS: dict[str, Stop] = {"length": "length", "content_filter": "refusal"}


def headers(key: str | None) -> dict[str, str]:
    """The headers that carry the key."""
    return {"Authorization": hidden(f"Bearer {key}")} if key else {}


def body(
    model: str,
    system: str,
    messages: Sequence[Message],
    tools: Iterable[ToolSpec],
    options: dict[str, Any],
) -> dict[str, Any]:
    """The request; ``options`` are its further fields."""
    said = [{"role": "system", "content": system}] if system else []
    asked = max((n for n, each in enumerate(messages) if isinstance(each, UserText)), default=0)
    told = [_message(each, is_now=n > asked) for n, each in enumerate(messages)]
    request: dict[str, Any] = {
        "model": model,
        "messages": [*said, *told],
        **options,
    }
    if offered := [_tool(tool) for tool in tools]:
        request["tools"] = offered
    return request


def binding(schema: JsonObject) -> JsonObject:
    """The fields that bind an answer by a schema, as llama.cpp, Ollama and vLLM know them."""
    return {
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "step", "schema": schema},
        }
    }


def _message(message: Message, *, is_now: bool) -> dict[str, Any]:
    """Write one message; thoughts are handed back in their own turn only, as servers want it."""
    if isinstance(message, CallResult):
        text = f"Error: {message.text}" if message.is_error else message.text
        return {"role": "tool", "tool_call_id": message.call_id, "content": text}
    if isinstance(message, ModelSaid):
        said: dict[str, Any] = {"role": "assistant", "content": message.text or None}
        if message.calls:
            said["tool_calls"] = [_call(call) for call in message.calls]
        return {**said, **_thoughts(message)} if is_now else said
    return {"role": "user", "content": _content(message)}


def _content(message: UserText) -> str | list[JsonObject]:
    """Write what the user said; images as data URLs, in front of the text that is about them."""
    if not message.images:
        return message.text
    urls = [f"data:{each.media_type};base64,{each.base64}" for each in message.images]
    text = [{"type": "text", "text": message.text}] if message.text else []
    return [*({"type": "image_url", "image_url": {"url": url}} for url in urls), *text]


def _thoughts(message: ModelSaid) -> dict[str, str]:
    """Write what was thought as its server wrote it."""
    given = [((thought.provider or {}).get("field"), thought.text) for thought in message.reasoning]
    return {str(name): text for name, text in given if name in _THOUGHTS}


def _call(call: MadeCall) -> dict[str, Any]:
    function = {"name": wire_name(call.name), "arguments": json.dumps(call.arguments)}
    return {"id": call.id, "type": "function", "function": function}


def _tool(tool: ToolSpec) -> dict[str, Any]:
    function = {"name": wire_name(tool.name), "description": tool.description}
    return {"type": "function", "function": {**function, "parameters": tool.input_schema}}


class ChatCompletionsDecoder(Decoder):
    """Reads the chunks of one streamed completion."""

    def __init__(self) -> None:
        super().__init__()
        self._has_answer = False
        self._thought: OpenThought | None = None

    @property
    def is_complete(self) -> bool:
        """Whether a reason to stop was given; ``[DONE]`` alone stands for one, too."""
        return self._has_answer and (self.arriving.stop is not None or self.is_done)

    def take_object(self, data: dict[str, Any]) -> None:
        """Take in one chunk."""
        if trouble := error_in(data):
            raise trouble
        if isinstance(data.get("usage"), dict):
            self.arriving.tokens = _tokens(data["usage"])
        for choice in entries(data.get("choices")):
            if not choice.get("index"):
                self._choice(choice)

    def _choice(self, choice: dict[str, Any]) -> None:
        self._has_answer = True
        delta = fields(choice.get("delta") or choice.get("message"))
        self._think(delta)
        self.arriving.add_text(_text(delta.get("content")))
        if refusal := _text(delta.get("refusal")):
            self.arriving.add_text(refusal)
            self.arriving.refused = True
        for call in entries(delta.get("tool_calls")):
            self._call(call)
        reason = word(choice.get("finish_reason"))
        if reason == "error":
            raise BrokenStream("it stopped with an error and did not say which")
        if reason:
            self.arriving.stop = _STOPS.get(reason, "end")

    def _think(self, delta: dict[str, Any]) -> None:
        """Take in thoughts, which some servers send under two names at once."""
        given = [(name, word(delta.get(name))) for name in _THOUGHTS]
        given.append(("reasoning", _detailed(delta)))
        name, piece = next((each for each in given if each[1]), ("", ""))
        if piece:
            self._thought = self._thought or self.arriving.open_thought(None, field=name)
            self.arriving.think(self._thought, piece)

    def _call(self, piece: dict[str, Any]) -> None:
        function = fields(piece.get("function"))
        call = self._call_of(piece, word(function.get("name")))
        arguments = function.get("arguments")
        # Some servers send the arguments as an object, although the protocol wants text.
        text = arguments if isinstance(arguments, str) else json.dumps(arguments)
        self.arriving.add_arguments(call, text if arguments is not None else "")

    def _call_of(self, piece: dict[str, Any], name: str) -> OpenCall:
        """Find the call that a piece belongs to, or begin one.

        Several servers give each call whole, all with the same index or with none.
        """
        index, call_id = piece.get("index"), word(piece.get("id"))
        call = self.arriving.last_call(index)
        if call is None or (name and call.name and (index is None or call_id not in ("", call.id))):
            return self.arriving.open_call(index, call_id, name)
        call.name = call.name or name
        return call


def _detailed(delta: JsonObject) -> str:
    """The thoughts, or their summary, that OpenRouter tells in parts; hidden ones have no words."""
    details = entries(delta.get("reasoning_details"))
    return "".join(word(each.get("text")) or word(each.get("summary")) for each in details)


def _text(content: Any) -> str:
    """The text of a delta, which a few servers send as a list of blocks."""
    if isinstance(content, list):
        return "".join(word(block.get("text")) for block in entries(content))
    return word(content)


def _tokens(usage: dict[str, Any]) -> Tokens:
    details = fields(usage.get("prompt_tokens_details"))
    written = fields(usage.get("completion_tokens_details"))
    return Tokens(
        input=count(usage.get("prompt_tokens")),
        output=count(usage.get("completion_tokens")),
        cached=count(details.get("cached_tokens")),
        reasoning=count(written.get("reasoning_tokens")),
    )
