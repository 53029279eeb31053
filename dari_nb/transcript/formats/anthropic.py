"""Anthropic messages: content blocks with tool_use, tool_result and thinking.

A document is a list of messages; an object with ``messages``, and ``system`` perhaps; or an answer
of the API, of the type ``message``. What has none of Anthropic's own blocks and fields is the same
in chat completions, and read as these.

Thinking, redacted or not, is what the model thought; what its tools of the server do is calls and
results as any others. Images, documents and blocks of unknown types are shown as they are.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...models import Content, is_reasoning
from ...models.events import MAX_TOKENS
from ..blocks import block_of, content_of, plain
from ..images import with_source
from ..json_text import json_or_text, text_of_json
from ..said import Call, Entry, Result, Said, merged, of_unknown_role, tokens_without_cache
from .metadata import NO_UNIT, dated, run_metadata
from .runs import ERRORS, Run, built, metadata_of, part_of

NAME = "Anthropic messages"
LOST: tuple[str, ...] = (
    "Signatures, citations and cache marks are not shown; to_anthropic() gives them back.",
    "to_messages() has no signatures and no redacted thinking.",
    ERRORS,
    NO_UNIT,
)

_OWN_BLOCKS = ("tool_use", "tool_result", "thinking", "redacted_thinking", "server_tool_use")
_OTHERS_ROLES = ("tool", "developer", "function")
_CUT_OFF = ("max_tokens", "model_context_window_exceeded")
_RESULT = "_tool_result"
_NOT_KEPT = ("messages", "system", "content", "role", "type")


def recognises(document: Any) -> bool:
    """Whether something in it is Anthropic's own."""
    if isinstance(document, list):
        return _are_own(document)
    if not isinstance(document, dict):
        return False
    if _is_answer(document):
        return True
    messages = document.get("messages")
    if not isinstance(messages, list) or not all(map(_may_be_one, messages)):
        return False
    has_system = isinstance(document.get("system"), str | list)
    return has_system or "anthropic_version" in document or _are_own(messages)


def _is_answer(document: Mapping[str, Any]) -> bool:
    is_message = document.get("type") == "message" and document.get("role") == "assistant"
    return is_message and isinstance(document.get("content"), list) and "stop_reason" in document


def _are_own(messages: list[Any]) -> bool:
    return all(map(_may_be_one, messages)) and any(map(_is_own, messages))


def _may_be_one(message: Any) -> bool:
    if not isinstance(message, dict) or "tool_calls" in message:
        return False
    return isinstance(message.get("role"), str) and message["role"] not in _OTHERS_ROLES


def _is_own(message: Mapping[str, Any]) -> bool:
    content = message.get("content")
    blocks = [b for b in content if isinstance(b, dict)] if isinstance(content, list) else []
    return any(map(_is_own_block, blocks))


def _is_own_block(block: Mapping[str, Any]) -> bool:
    kind = block.get("type")
    if kind in ("image", "document"):
        return isinstance(block.get("source"), dict)
    # In chat completions of others, a thought is a list of texts.
    return kind in _OWN_BLOCKS and not isinstance(block.get("thinking"), list)


def read(document: Any) -> Iterator[Run]:
    """Read the one run of a document."""
    about: dict[str, Any] = document if isinstance(document, dict) else {"messages": document}
    pairs = [*entries(about.get("messages") or ())]
    if _is_answer(about):
        message = {"role": about["role"], "content": about["content"]}
        pairs.append((message, _answered(about, len(pairs) + 1)))
    system = {"system": about["system"]} if about.get("system") else None
    turns = built(NAME, pairs, system)
    told = turns.instructions
    instructions = "\n\n".join(filter(None, (_system(about.get("system")), told)))
    yield Run(
        NAME,
        dated(turns.finish(), about),
        instructions,
        metadata_of({k: v for k, v in about.items() if k not in _NOT_KEPT}),
        **run_metadata(about, used, is_answer=_is_answer(about)),
    )


def entries(parts: Iterable[Any]) -> Iterable[tuple[Any, list[Entry]]]:
    """Give each message with what it says."""
    for number, message in enumerate(parts, 1):
        role = message.get("role") if isinstance(message, dict) else None
        if role == "user":
            yield message, _asked(message)
        elif role == "assistant":
            yield message, _answered(message, number)
        elif role == "system":
            yield message, [Said("system", [*content_of(message.get("content"))])]
        else:
            yield message, [of_unknown_role(message, f"message {number}")]


def _system(content: Any) -> str:
    return "\n\n".join(str(b.get("text") or "") for b in content_of(content))


def _asked(message: Mapping[str, Any]) -> list[Entry]:
    """Read a user's message: results of tools come first, and what is said opens a turn."""
    content = message.get("content")
    blocks = content if isinstance(content, list) else [content]
    results: list[Entry] = [_result(part_of(b)) for b in blocks if _is(b, "tool_result")]
    rest = [block for block in blocks if not _is(block, "tool_result")]
    said = content_of(rest if isinstance(content, list) else content)
    return [*results, Said("user", [*said])] if said or not results else results


def _answered(message: Mapping[str, Any], number: int) -> list[Entry]:
    """Read an assistant's message; tools of the server answer inside of it."""
    content = message.get("content")
    found: list[Entry] = []
    parts: list[Any] = []
    for place, block in enumerate(content if isinstance(content, list) else content_of(content)):
        if _is(block, "tool_use") or _is(block, "server_tool_use") or _is(block, "mcp_tool_use"):
            parts.append(_call(block, f"call_{number}_{place}"))
        elif _is_result(block):
            found += [Said("assistant", parts), _result(block)] if parts else [_result(block)]
            parts = []
        else:
            parts.append(block_of(block))
    last = Said("assistant", parts, usage=used(message.get("usage")))
    if message.get("stop_reason") in _CUT_OFF:
        last.stop_reason = MAX_TOKENS
    return [*found, last]


def _is(block: Any, kind: str) -> bool:
    return isinstance(block, dict) and block.get("type") == kind


def _is_result(block: Any) -> bool:
    kind = block.get("type") if isinstance(block, dict) else None
    return isinstance(kind, str) and kind.endswith(_RESULT) and "tool_use_id" in block


def _call(block: Mapping[str, Any], fallback_id: str) -> Call:
    name = str(block.get("name") or "")
    return Call(str(block.get("id") or fallback_id), name, block.get("input"))


def _result(block: Mapping[str, Any]) -> Result:
    value = json_or_text(plain(block.get("content")), exact=True)
    is_error = block.get("is_error") is True or _is_failure(value)
    call_id = block.get("tool_use_id")
    return Result(str(call_id) if call_id else None, value, is_error)


def _is_failure(value: Any) -> bool:
    """Whether a tool of the server says that it failed."""
    kind = value.get("type") if isinstance(value, dict) else None
    return isinstance(kind, str) and kind.endswith("_tool_result_error")


def used(usage: Any) -> dict[str, int]:
    """Read the tokens that an answer took; those of the cache are input, too."""
    return tokens_without_cache(
        usage,
        read="cache_read_input_tokens",
        made="cache_creation_input_tokens",
        input_tokens="input_tokens",
        output_tokens="output_tokens",
        reasoning_tokens="output_tokens_details.reasoning_tokens",
    )


def written(entries: Iterable[Entry], system: str = "") -> dict[str, Any]:
    """Write what was said as an object with ``messages``, and ``system`` where there is one."""
    messages: list[dict[str, Any]] = []
    for entry in merged(entries):
        if isinstance(entry, Result):
            _add(messages, "user", [_written_result(entry)])
        elif entry.role != "system":
            _add(messages, entry.role, _written_parts(entry))
        elif messages:
            # There is no other place for what the system says later.
            _add(messages, "user", _written_parts(entry))
    return {**({"system": system} if system else {}), "messages": messages}


def _add(messages: list[dict[str, Any]], role: str, content: Content) -> None:
    """Add to the last message where it is of the same role: they take turns."""
    if messages and messages[-1]["role"] == role:
        messages[-1]["content"] += content
    elif content:
        messages.append({"role": role, "content": content})


def _written_parts(said: Said) -> Content:
    return [_use(part) if isinstance(part, Call) else _written_block(part) for part in said.parts]


def _use(call: Call) -> dict[str, Any]:
    arguments = call.arguments
    is_object = isinstance(arguments, dict)
    given = arguments if is_object else {} if arguments in (None, "") else {"arguments": arguments}
    return {"type": "tool_use", "id": call.id, "name": call.name, "input": given}


def _written_block(block: dict[str, Any]) -> dict[str, Any]:
    if block.get("type") == "text":
        return {"type": "text", "text": str(block.get("text") or "")}
    if not is_reasoning(block):
        return copy.deepcopy(with_source(block))
    provider = block.get("provider")
    about = provider if isinstance(provider, dict) else {}
    if about.get("redacted"):
        return {"type": "redacted_thinking", "data": about["redacted"]}
    signature = about.get("signature")
    thinking = {"type": "thinking", "thinking": block.get("reasoning", "")}
    return {**thinking, "signature": signature if isinstance(signature, str) else ""}


def _written_result(result: Result) -> dict[str, Any]:
    value = result.value
    is_content = isinstance(value, list) and bool(value) and all(map(_is_block, value))
    content = value if is_content else text_of_json(value)
    about = {"type": "tool_result", "tool_use_id": result.call_id, "content": content}
    return {**about, "is_error": True} if result.is_error else about


def _is_block(value: Any) -> bool:
    return isinstance(value, dict) and value.get("type") in ("text", "image", "document")
