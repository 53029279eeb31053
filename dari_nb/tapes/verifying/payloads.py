"""What lines of a turn must hold to mean anything; of an unknown type an event may hold all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import UNSET

from ...models import events as ev
from ...models.nesting import MAX_NESTING, is_nested_deeper
from ...models.resources import STATUSES
from ..lines import Comment, DraftLine, EventLine, Note, TurnLine, dollars
from ..turns import EXPECTS

Troubles = Iterator[str]

_MOST_TOKENS = 2**53
_DRAFTS = ("text", "reasoning", "arguments")
_COST = "its cost {cost} is no amount of US dollars, as 0.0123, and not unknown"
_ASKED = "what is asked must be a text, or {blocks}"
_EXPECTS = f"its {EXPECTS} must be a text, or a list of texts"
_KIND = "a draft is {kinds}, and not {kind}"
_TIMES = "the tape keeps no times, and this line has one"
_DEEP = f"its JSON is nested more than {MAX_NESTING} levels deep: it cannot play"
_NO_NAME = "a mark has no name: say what is there, or take it out"
_NO_QUESTION = "a mark's question is empty: say what is asked, or leave ask out"
_MARKED_TWICE = "{mark} is a mark twice in this turn, with a question: name one anew"
_LACKS = "{event} must have {name}, {wanted}"
_WRONG = "{event}: {name} must be {wanted}, and is {told}"


def turn_troubles(line: TurnLine) -> Troubles:
    """Say what means nothing in what was asked."""
    if line.cost not in (None, "unknown") and dollars(line.cost) is None:
        yield _COST.format(cost=repr(line.cost)[:40])
    if not isinstance(line.asked, str) and not _are_blocks(line.asked):
        yield _ASKED.format(blocks=_BLOCKS)
    expected = line.metadata.get(EXPECTS, "")
    texts = expected if isinstance(expected, list) else [expected]
    if not all(isinstance(text, str) for text in texts):
        yield _EXPECTS


def note_troubles(note: Note, named: dict[str, bool]) -> Troubles:
    """Say what means nothing in a note.

    Args:
        note: The note.
        named: The marks before it in its turn by their names, and whether one of a name asks.
    """
    if isinstance(note, Comment):
        return
    if not note.mark.strip():
        yield _NO_NAME
    if note.ask is not None and not note.ask.strip():
        yield _NO_QUESTION
    asks = bool(note.ask) or named.get(note.mark, False)
    if asks and note.mark in named:
        yield _MARKED_TWICE.format(mark=repr(note.mark)[:40])
    named[note.mark] = asks


def entry_troubles(entry: EventLine | DraftLine, *, times: bool) -> Troubles:
    """Say what means nothing in a line of what came of a turn."""
    if not times and entry.after is not UNSET:
        yield _TIMES
    if isinstance(entry, DraftLine):
        if entry.draft not in _DRAFTS:
            yield _KIND.format(kinds=", ".join(_DRAFTS), kind=repr(entry.draft)[:40])
        return
    if is_nested_deeper(entry.data, MAX_NESTING):
        yield _DEEP
        return
    for name, (is_right, wanted, is_needed) in _SHAPES.get(entry.event, {}).items():
        if name not in entry.data:
            if is_needed(entry.data):
                yield _LACKS.format(event=entry.event, name=name, wanted=wanted)
        elif not is_right(entry.data[name]):
            told = repr(entry.data[name])[:40]
            yield _WRONG.format(event=entry.event, name=name, wanted=wanted, told=told)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_status(value: Any) -> bool:
    return isinstance(value, str) and value in STATUSES


def _is_yes_or_no(value: Any) -> bool:
    return value is None or isinstance(value, bool)


def _are_blocks(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(block, dict)
        and isinstance(block.get("type"), str)
        and isinstance(block.get("text", ""), str)
        for block in value
    )


def _are_tokens(value: Any) -> bool:
    counts = value.values() if isinstance(value, dict) else ["none"]
    return value is None or all(type(n) is int and 0 <= n <= _MOST_TOKENS for n in counts)


def _is_attempt(value: Any) -> bool:
    return type(value) is int and value > 0


def _always(_: Mapping[str, Any]) -> bool:
    return True


def _never(_: Mapping[str, Any]) -> bool:
    return False


_Shape = tuple[Callable[[Any], bool], str, Callable[[Mapping[str, Any]], bool]]
_STATUS = ", ".join(STATUSES)
_BLOCKS = "a list of content blocks, each an object with a type, and its text a text"
_CALL: dict[str, _Shape] = {"tool_call_id": (_is_text, "a text", _always)}
_RESULT: dict[str, _Shape] = {**_CALL, "is_error": (_is_yes_or_no, "true or false", _never)}
_SHAPES: dict[str, dict[str, _Shape]] = {
    ev.MESSAGE_STATUS_CHANGED: {
        "status": (_is_status, f"one of {_STATUS}", lambda data: "attempt" not in data),
        "previous_status": (_is_status, f"one of {_STATUS}", _never),
        "attempt": (_is_attempt, "a whole number from 1", _never),
        "usage": (_are_tokens, "an object of whole numbers", _never),
    },
    ev.ASSISTANT_MESSAGE_COMPLETED: {"content": (_are_blocks, _BLOCKS, _always)},
    ev.TOOL_CALL_REQUESTED: {**_CALL, "tool_name": (_is_text, "a text", _always)},
    **dict.fromkeys(
        (ev.TOOL_CALL_COMPLETED, ev.TOOL_CALL_FAILED, ev.TOOL_RESULT_SUBMITTED), _RESULT
    ),
}
"""Fields of the events that are known: how they are right, in words, too, and where needed."""
