"""What is said to a model: a session's earlier turns and the present one, in no provider's form."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ...models import (
    AssistantMessageItem,
    Content,
    TimelineItem,
    ToolCallItem,
    UserMessageItem,
    is_reasoning,
    text_of,
)
from ..agents import Attachment, Reasoning
from .images.scaling import Picture

MAX_RESULT = 200_000
"""Characters of one tool result that a model is shown."""


@dataclass(frozen=True)
class UserText:
    """What the user said, and the images that go with it."""

    text: str
    images: tuple[Picture, ...] = ()


@dataclass(frozen=True)
class MadeCall:
    """A tool call with the id that it has in the ledger."""

    id: str
    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class ModelSaid:
    """One answer of the model: a text, tool calls, or both, and what it thought before."""

    text: str
    calls: tuple[MadeCall, ...] = ()
    reasoning: tuple[Reasoning, ...] = ()


@dataclass(frozen=True)
class CallResult:
    """What came out of one tool call, as the model reads it."""

    call_id: str
    text: str
    is_error: bool = False


_FOREIGN = re.compile(r"[^a-zA-Z0-9_-]")
_LONGEST_NAME = 64

Message = UserText | ModelSaid | CallResult
PlaceOf = Callable[[str, str], str]
"""Gives the workspace path of an attached file, by its id and its name."""
ImagesOf = Callable[[Content], tuple[Picture, ...]]
"""Gives the images of a message, as a model is shown them."""


def places_of(files: Iterable[Attachment]) -> PlaceOf:
    """Look up the path of each attached file, as the agent's tools name it."""
    places = {file.id: file.place for file in files if file.place}
    return lambda file_id, name: f"/workspace/{places.get(file_id, name)}"


def no_images(_content: Content) -> tuple[Picture, ...]:
    """Show a model none."""
    return ()


def user_text(content: Content, place_of: PlaceOf, images_of: ImagesOf = no_images) -> UserText:
    """What a user's message says to a model: its text, where its files are, and its images."""
    files = [
        place_of(str(block["file_id"]), str(block.get("filename") or block["file_id"]))
        for block in content
        if block.get("file_id")
    ]
    attached = f"Attached files: {', '.join(files)}" if files else ""
    text = "\n\n".join(part for part in (text_of(content), attached) if part)
    return UserText(text, images_of(content))


def earlier(
    items: Iterable[TimelineItem], place_of: PlaceOf, images_of: ImagesOf = no_images
) -> list[Message]:
    """Fold a session's timeline into what the model said and was told.

    Calls that were made before the first of them had ended belong to one answer, and their
    results come after it.
    """
    messages: list[Message] = []
    said, calls, results = "", list[MadeCall](), list[CallResult]()
    thoughts: tuple[Reasoning, ...] = ()
    first_end = ""

    def close() -> None:
        nonlocal said, calls, results, thoughts, first_end
        if said or calls:
            messages.extend((ModelSaid(said, tuple(calls), thoughts), *results))
        said, calls, results, thoughts, first_end = "", [], [], (), ""

    for item in items:
        if isinstance(item, ToolCallItem):
            if first_end and str(item.created_at) >= first_end:
                close()
            first_end = min(filter(None, (first_end, item.completed_at)), default="")
            calls.append(MadeCall(item.tool_call_id, item.tool_name, as_object(item.arguments)))
            results.append(_result(item))
            continue
        close()
        if isinstance(item, UserMessageItem):
            messages.append(user_text(item.content, place_of, images_of))
        elif isinstance(item, AssistantMessageItem):
            said, thoughts = item.text, _thoughts(item.content)
    close()
    return messages


def wire_name(name: str) -> str:
    """A tool's name as all providers take it; a request with any other is refused as a whole.

    >>> wire_name("look up: ü")
    'look_up___'
    """
    return _FOREIGN.sub("_", name)[:_LONGEST_NAME] or "_"


def result_of(call_id: str, result: Any, *, is_error: bool) -> CallResult:
    """A tool's result as the model reads it: texts as they are, all else as JSON."""
    text = result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)
    if len(text) > MAX_RESULT:
        text = f"{text[:MAX_RESULT]}\n[{len(text) - MAX_RESULT} more characters are left out]"
    return CallResult(call_id, text, is_error)


def as_object(arguments: Any) -> dict[str, Any]:
    """Arguments as the object that every provider wants; malformed ones stand inside it."""
    return arguments if isinstance(arguments, dict) else {"malformed": arguments}


def _thoughts(content: Content) -> tuple[Reasoning, ...]:
    blocks = filter(is_reasoning, content)
    given = [(str(block.get("reasoning") or ""), block.get("provider")) for block in blocks]
    return tuple(Reasoning(text, own if isinstance(own, dict) else None) for text, own in given)


def _result(item: ToolCallItem) -> CallResult:
    if item.completed_at is None or (item.is_error and item.result is None):
        return CallResult(item.tool_call_id, "The call gave no result.", True)
    return result_of(item.tool_call_id, item.result, is_error=bool(item.is_error))
