"""What was said and done, in the words of no format: each is read into it and written from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from ..models import Content, is_reasoning


class Call(NamedTuple):
    """A tool call in a message."""

    id: str
    name: str
    arguments: Any


@dataclass
class Said:
    """A message, or a part of one.

    Attributes:
        role: ``system``, ``user`` or ``assistant``.
        parts: Content blocks and calls in their order.
        at: When it was there, ISO 8601.
        stop_reason: ``max_tokens`` when it was cut off.
        usage: The tokens that it took, by the names that a turn's ``usage`` has.
    """

    role: str
    parts: list[dict[str, Any] | Call] = field(default_factory=list)
    at: str | None = None
    stop_reason: str | None = None
    usage: Mapping[str, int] = field(default_factory=dict)

    @property
    def content(self) -> Content:
        """The content blocks, without the calls."""
        return [part for part in self.parts if isinstance(part, dict)]

    @property
    def calls(self) -> list[Call]:
        """The calls."""
        return [part for part in self.parts if isinstance(part, Call)]


@dataclass
class Result:
    """What a tool gave back.

    Attributes:
        call_id: Of the call; ``None`` is the oldest that is open.
        value: Any JSON value.
        is_error: Whether the tool failed.
        name: The tool, where the call is not known.
        at: When it was there, ISO 8601.
        requested_at: When it was asked for, where that is told apart from its message's time.
        seconds: How long it took, where that is told without times.
    """

    call_id: str | None
    value: Any
    is_error: bool = False
    name: str = ""
    at: str | None = None
    requested_at: str | None = None
    seconds: float | None = None


Entry = Said | Result
_MOST_TOKENS = 2**53


def of_unknown_role(message: Any, what: str, name: str = "role") -> Said:
    """Give a message of a role that is not known, which is shown as it is.

    Raises:
        ValueError: It has none.
    """
    role = message.get(name) if isinstance(message, dict) else None
    if not isinstance(role, str) or not role:
        raise ValueError(f"{what} has no known {name}: {role!r:.80}")
    return Said("assistant", [{**message, "type": f"message of {role:.80}"}])


def merged(entries: Iterable[Entry]) -> list[Entry]:
    """Join messages of the assistant that were one: thoughts before a text, calls behind it."""
    joined: list[Entry] = []
    is_thought = False
    for entry in entries:
        before = joined[-1] if joined else None
        if isinstance(entry, Result):
            joined.append(entry)
        elif isinstance(before, Said) and _are_one(before, entry, is_thought):
            before.parts += entry.parts
            before.stop_reason = entry.stop_reason
            before.usage = summed((before.usage, entry.usage))
            is_thought = is_thought and _is_thought(entry)
        else:
            joined.append(replace(entry, parts=[*entry.parts]))
            is_thought = _is_thought(entry)
    return joined


def _are_one(before: Said, entry: Said, is_thought: bool) -> bool:
    is_answer = before.role == entry.role == "assistant"
    return is_answer and (is_thought or not entry.content)


def _is_thought(said: Said) -> bool:
    return all(map(is_reasoning, said.parts))


def summed(usages: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Add up tokens; what nobody told is not there."""
    total: dict[str, int] = {}
    for usage in usages:
        for name, count in usage.items():
            total[name] = total.get(name, 0) + count
    return total


def tokens(usage: Any, **names: str) -> dict[str, int]:
    """Read numbers of tokens by our names and the source's, whose dots lead into objects.

    What no machine can count is as unknown as what is not told.

    >>> tokens({"prompt_tokens": 7, "details": {"cached": 2}}, input_tokens="prompt_tokens",
    ...        cached_input_tokens="details.cached")
    {'input_tokens': 7, 'cached_input_tokens': 2}
    """
    found = {}
    for name, path in names.items():
        value = usage
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if type(value) is int and 0 <= value <= _MOST_TOKENS:
            found[name] = value
    return found


def tokens_without_cache(usage: Any, *, read: str, made: str, **names: str) -> dict[str, int]:
    """Read numbers of tokens of a source whose input is told without that of its cache.

    Args:
        usage: What the source tells.
        read: Its name of the tokens that came from the cache.
        made: Its name of those that went into it.
        **names: As for :func:`tokens`.

    >>> tokens_without_cache({"in": 7, "hit": 2}, read="hit", made="miss", input_tokens="in")
    {'input_tokens': 9, 'cached_input_tokens': 2}
    """
    found = tokens(usage, cached_input_tokens=read, **names)
    if "input_tokens" in found:
        found["input_tokens"] += sum(tokens(usage, read=read, made=made).values())
    return found
