"""Timeline items in the formats that others read: what was imported comes back as it was."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, takewhile
from typing import Any

from ...models import (
    AssistantMessageItem,
    TimelineItem,
    ToolCallItem,
    UserMessageItem,
    text_of,
)
from ...models import events as ev
from ..blocks import content_of
from ..chat import SYSTEM_ROLES, to_chat, written_chat
from ..said import Call, Entry, Result, Said, merged
from ..turns import RecordedTurn
from . import anthropic, atif, chat_completions, responses
from .registry import FORMATS
from .runs import Run, list_of

_PROMPTS = {anthropic.NAME: "system", responses.NAME: "instructions"}
"""Where a recorded document has the system prompt, by its format."""


def to_messages(items: Sequence[TimelineItem], instructions: str = "") -> list[dict[str, Any]]:
    """Write items as chat-completions messages; see :func:`to_chat`.

    The system prompt stands in front, unless the messages begin with one.

    >>> from dari_nb.transcript.formats import to_messages
    >>> to_messages(turn.wait().session.transcript().items)[0]["role"]
    'user'
    """
    chat = to_chat(items, partial(_chat_of, {}))
    is_told = bool(chat) and chat[0].get("role") in SYSTEM_ROLES
    prompt = _system_prompt(items) or ("" if is_told else instructions)
    return [*([{"role": "system", "content": prompt}] if prompt else []), *chat]


def _chat_of(names: dict[str, str], item: TimelineItem) -> list[dict[str, Any]] | None:
    told = _recorded_entries(item)
    return None if told is None else written_chat(merged(told), names)


def to_row(run: Run) -> dict[str, Any]:
    """Write a run as a row of JSON lines: its messages, and what is known of it beside them.

    >>> from dari_nb.transcript.formats import read_runs, to_row
    >>> to_row(next(iter(read_runs("runs.jsonl"))))["task_id"]
    'tea'
    """
    about = {"model": run.model, "cost_usd": run.cost, "started_at": run.created_at}
    told = {name: value for name, value in about.items() if value is not None}
    is_chat = run.format == chat_completions.NAME
    messages = [one for turn in run.turns for one in turn.messages] if is_chat else _messages(run)
    return {**run.metadata, **told, "messages": messages}


def _messages(run: Run) -> list[dict[str, Any]]:
    system = Said("system", [{"type": "text", "text": run.instructions}])
    entries = [*([system] if run.instructions else []), *chain.from_iterable(map(_said, run.turns))]
    return written_chat(merged(entries), {})


def _said(turn: RecordedTurn) -> Iterator[Entry]:
    """What was said and done in a turn."""
    if turn.content:
        yield Said("user", [*turn.content], turn.asked_at)
    for (kind, data), at in zip(turn.steps, turn.times, strict=True):
        call_id, name = str(data.get("tool_call_id")), str(data.get("tool_name") or "")
        if kind == ev.ASSISTANT_MESSAGE_COMPLETED:
            yield Said("assistant", [*list_of(data.get("content"))], at)
        elif kind == ev.TOOL_CALL_REQUESTED:
            yield Said("assistant", [Call(call_id, name, data.get("arguments"))], at)
        elif kind in (ev.TOOL_CALL_COMPLETED, ev.TOOL_CALL_FAILED):
            failed = kind == ev.TOOL_CALL_FAILED or bool(data.get("is_error"))
            result = data.get("result") if data.get("result") is not None else data.get("error")
            yield Result(call_id, result, failed, name, at=at)


def to_anthropic(items: Sequence[TimelineItem], instructions: str = "") -> dict[str, Any]:
    """Write items as an object with Anthropic's ``messages``, and ``system`` where there is one.

    >>> from dari_nb.transcript.formats import to_anthropic
    >>> sorted(to_anthropic(turn.wait().session.transcript().items, "Be brief."))
    ['messages', 'system']
    """
    recorded = _of_format(items, anthropic.NAME)
    if recorded is not None:
        return {**_document(items), "messages": recorded}
    entries = [*entries_of(items)]
    return anthropic.written(entries, instructions or _prompt(items, entries))


def to_atif(
    items: Sequence[TimelineItem],
    instructions: str = "",
    *,
    session_id: str,
    agent: str,
    model: str | None,
) -> dict[str, Any]:
    """Write items as an ATIF trajectory.

    >>> from dari_nb.transcript.formats import to_atif
    >>> to_atif(
    ...     turn.wait().session.transcript().items, session_id="s", agent="a", model=None
    ... )["schema_version"]
    'ATIF-v1.7'
    """
    recorded = _of_format(items, atif.NAME)
    if recorded is not None:
        return {**_document(items), "steps": recorded}
    entries = [*entries_of(items)]
    system = instructions or _prompt(items, entries)
    return atif.written(entries, session_id=session_id, agent=agent, model=model, system=system)


def _prompt(items: Iterable[TimelineItem], entries: Iterable[Entry]) -> str:
    """The system prompt of a recording: what stood beside its messages, and in front of them."""
    front = takewhile(lambda entry: isinstance(entry, Said) and entry.role == "system", entries)
    texts = (text_of(entry.content) for entry in front if isinstance(entry, Said))
    return "\n\n".join(filter(None, (_system_prompt(items), *texts)))


def _system_prompt(items: Iterable[TimelineItem]) -> str:
    """The system prompt that stood beside the recorded messages."""
    told = ((_PROMPTS.get(str(item.recorded_format)), item.recorded_document) for item in items)
    found = (about.get(name) for name, about in told if name and isinstance(about, dict))
    return text_of(content_of(next(found, None)))


def entries_of(items: Iterable[TimelineItem]) -> Iterator[Entry]:
    """Give what was said and done in items, of whichever format it was."""
    recorded: set[str | None] = set()
    for item in items:
        told = _recorded_entries(item)
        if told is not None:
            yield from told
            recorded.add(item.message_id)
        if item.message_id not in recorded:
            yield from _entries(item)


def _recorded_entries(item: TimelineItem) -> list[Entry] | None:
    """Read recorded messages again; ``None`` where that fails, since a server sends anything."""
    name = item.recorded_format
    form = FORMATS.get(name if isinstance(name, str) else chat_completions.NAME)
    if form is None or not isinstance(item.recorded_messages, list):
        return None
    try:
        return [entry for _, said in form.entries(item.recorded_messages) for entry in said]
    except ValueError:
        return None


def _entries(item: TimelineItem) -> Iterator[Entry]:
    if isinstance(item, UserMessageItem) and item.content:
        yield Said("user", [*item.content], item.created_at)
    elif isinstance(item, AssistantMessageItem) and item.content:
        yield Said("assistant", [*item.content], item.created_at)
    elif isinstance(item, ToolCallItem):
        call = Call(item.tool_call_id, item.tool_name, item.arguments)
        yield Said("assistant", [call], item.created_at)
        if item.completed_at is not None:
            failed = bool(item.is_error)
            yield Result(
                *(item.tool_call_id, item.result, failed, item.tool_name), at=item.completed_at
            )


def _of_format(items: Iterable[TimelineItem], name: str) -> list[Any] | None:
    """The recorded messages of all turns; ``None`` unless all are of one format."""
    messages: list[Any] = []
    turns: dict[str | None, bool] = {}
    for item in items:
        is_own = isinstance(item.recorded_messages, list) and item.recorded_format == name
        turns.setdefault(item.message_id, is_own)
        if is_own:
            messages += copy.deepcopy(item.recorded_messages)
    return messages if turns and all(turns.values()) else None


def _document(items: Iterable[TimelineItem]) -> dict[str, Any]:
    found = (item.recorded_document for item in items)
    return copy.deepcopy(next((told for told in found if isinstance(told, dict)), {}))
