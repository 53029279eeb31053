"""OpenAI's Responses: items of the types message, reasoning, function_call and many more.

A document is a list of items; an answer of the API, an object with ``output``; or a request with
``input`` and perhaps ``instructions``, alone or together with its answer.

Every type that ends in ``_call`` is a tool call, and its ``_call_output`` the result; tools of the
server bring theirs along. A ``reasoning`` item is what the model thought: its content, or else the
summary. Items of other types are shown as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...models import Content
from ..blocks import content_of, plain, thought
from ..chat import SYSTEM_ROLES, stop_reason_of
from ..json_text import json_or_text
from ..said import Call, Entry, Result, Said, of_unknown_role, tokens
from ..times import time_of
from .metadata import NO_UNIT, dated, run_metadata
from .runs import ERRORS, REFUSALS, Run, built, list_of, metadata_of, name_of, part_of

NAME = "OpenAI Responses"
LOST: tuple[str, ...] = (
    "Ids and states of items, annotations and log probabilities are not shown.",
    "to_messages() has no encrypted reasoning and no ids of items.",
    ERRORS,
    REFUSALS,
    NO_UNIT,
)

_ROLES = ("user", "assistant", *SYSTEM_ROLES)
_OTHERS_ROLES = ("tool", "function")
_OWN_TYPES = ("function_call", "function_call_output", "reasoning", "item_reference", "compaction")
_OWN_PARTS = ("input_text", "output_text", "input_image", "input_file")
_CALL, _OUTPUT = "_call", "_call_output"
_ARGUMENTS = ("arguments", "input", "action", "operation", "queries", "code")
_RESULTS = ("output", "results", "outputs", "result")
_FAILED = ("failed", "incomplete")
_OURS = (
    "function",
    "custom_tool",
    "computer",
    "local_shell",
    "shell",
    "apply_patch",
    "tool_search",
)
"""Calls whose results are items of their own."""
_NOT_KEPT = ("input", "output", "items", "instructions")


def recognises(document: Any) -> bool:
    """Whether it is a list of items, or an object with ``input`` or ``output`` of them."""
    if isinstance(document, list):
        return bool(document) and all(map(_may_be_one, document)) and any(map(_is_own, document))
    if not isinstance(document, dict):
        return False
    if document.get("object") == "response":
        return isinstance(document.get("output"), list)
    parts = [document.get(name) for name in ("input", "output", "items")]
    return any(isinstance(part, list) and recognises(part) for part in parts)


def _may_be_one(item: Any) -> bool:
    if not isinstance(item, dict) or "tool_calls" in item:
        return False
    role = item.get("role")
    return isinstance(item.get("type"), str) or (
        isinstance(role, str) and role not in _OTHERS_ROLES
    )


def _is_own(item: Mapping[str, Any]) -> bool:
    kind = item.get("type")
    if kind in _OWN_TYPES or (isinstance(kind, str) and kind.endswith((_CALL, _OUTPUT))):
        return True
    content = item.get("content")
    parts = content if isinstance(content, list) else []
    has_own = any(isinstance(part, dict) and part.get("type") in _OWN_PARTS for part in parts)
    return has_own or (kind == "message" and "stop_reason" not in item)


def read(document: Any) -> Iterator[Run]:
    """Read the one run of a document."""
    about: dict[str, Any] = document if isinstance(document, dict) else {"items": document}
    items = [
        *_asked(about.get("input")),
        *list_of(about.get("output")),
        *list_of(about.get("items")),
    ]
    told = about.get("instructions")
    system = told if isinstance(told, str) else ""
    turns = built(NAME, _timed(items, about), {"instructions": system} if system else None)
    for answered in turns.finish()[-1:] if list_of(about.get("output")) else ():
        answered.asked_at = time_of(about.get("created_at"))
    yield Run(
        NAME,
        dated(turns.finish(), about),
        "\n\n".join(filter(None, (system, turns.instructions))),
        metadata_of({k: v for k, v in about.items() if k not in _NOT_KEPT}),
        **run_metadata(about, used, is_answer=bool(list_of(about.get("output")))),
    )


def _asked(content: Any) -> list[Any]:
    return [{"role": "user", "content": content}] if isinstance(content, str) else list_of(content)


def _timed(items: list[Any], about: Mapping[str, Any]) -> Iterator[tuple[Any, list[Entry]]]:
    """Give items with what they say; the last one has what the answer as a whole is told to be."""
    last = len(items) if list_of(about.get("output")) else 0
    for number, (item, said) in enumerate(entries(items), 1):
        answers = [e for e in said if isinstance(e, Said) and e.role == "assistant"]
        if number == last and answers:
            reason = part_of(about.get("incomplete_details")).get("reason")
            answers[-1].stop_reason = stop_reason_of(reason)
            answers[-1].at = time_of(about.get("completed_at"))
            answers[-1].usage = used(about.get("usage"))
        yield item, said


def used(usage: Any) -> dict[str, int]:
    """Read the tokens that an answer took."""
    return tokens(
        usage,
        input_tokens="input_tokens",
        output_tokens="output_tokens",
        cached_input_tokens="input_tokens_details.cached_tokens",
        reasoning_tokens="output_tokens_details.reasoning_tokens",
    )


def entries(parts: Iterable[Any]) -> Iterable[tuple[Any, list[Entry]]]:
    """Give each item with what it says."""
    for number, item in enumerate(parts, 1):
        if not isinstance(item, dict):
            raise ValueError(f"item {number} is no object: {item!r:.80}")  # noqa: TRY004
        yield item, _entries(item, number)


def _entries(item: dict[str, Any], number: int) -> list[Entry]:
    kind = item.get("type", "message")
    if kind == "message":
        return [_message(item, number)]
    if kind == "reasoning":
        return [Said("assistant", [*_thoughts(item)])]
    if isinstance(kind, str) and (kind.endswith(_OUTPUT) or kind == "tool_search_output"):
        return [_result(item)]
    if isinstance(kind, str) and kind.endswith(_CALL):
        return _call(item, kind, number)
    return [Said("assistant", [*content_of(item)])]


def _message(item: Mapping[str, Any], number: int) -> Said:
    role = item.get("role")
    if role not in _ROLES:
        return of_unknown_role(item, f"item {number}")
    content = content_of(item.get("content"))
    return Said("system" if role in SYSTEM_ROLES else str(role), [*content])


def _thoughts(item: Mapping[str, Any]) -> Content:
    texts = [_text(part) for part in list_of(item.get("content")) or list_of(item.get("summary"))]
    told = "\n\n".join(filter(None, texts))
    return [thought(told, redacted=None if told else item.get("encrypted_content"))]


def _text(part: Any) -> str:
    return str(part_of(part).get("text") or "")


def _call(item: Mapping[str, Any], kind: str, number: int) -> list[Entry]:
    """Read a call; one of the server's own tools has its result in it."""
    call_id = str(item.get("call_id") or item.get("id") or f"call_{number}")
    name = name_of(item.get("name")) or kind.removesuffix(_CALL)
    told: Any = next((item[key] for key in _ARGUMENTS if item.get(key) is not None), {})
    said: list[Entry] = [Said("assistant", [Call(call_id, name, json_or_text(told, exact=False))])]
    if kind.removesuffix(_CALL) in _OURS or item.get("status") not in ("completed", "failed", None):
        return said
    given = next((item[key] for key in _RESULTS if item.get(key) is not None), None)
    error = item.get("error")
    is_error = error is not None or item.get("status") in _FAILED
    value = error if given is None and error is not None else given
    return [*said, Result(call_id, json_or_text(value, exact=True), is_error)]


def _result(item: Mapping[str, Any]) -> Result:
    output = item.get("output", item.get("tools"))
    content = content_of(output) if isinstance(output, list) else output
    value = json_or_text(plain(content), exact=True)
    is_error = item.get("status") in _FAILED or item.get("error") is not None
    call_id = item.get("call_id")
    return Result(str(call_id) if call_id else None, value, is_error, str(item.get("name") or ""))
