"""What a turn is found by: a hash of what was asked, of whom, and of what came before it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from ..models import Content
from .lines import AgentLine, TurnLine

_LENGTH = 16
_OF_A_FILE = ("type", "sha256")
"""What tells one attachment from another, whatever it is called."""


def key_of(
    parent: str | None,
    agent: AgentLine,
    llm: str | None,
    asked: str | Content,
    volatile: Sequence[re.Pattern[str]] = (),
) -> str:
    """Make the key of a turn.

    Args:
        parent: The key of the turn before it in its session.
        agent: Who is asked.
        llm: With which LLM option.
        asked: What, as a text or as content blocks.
        volatile: What does not count in texts; one that is nothing else counts.

    >>> tour = AgentLine(agent="tour")
    >>> key_of(None, tour, None, "Hi"), key_of(None, tour, None, [{"type": "text", "text": "Hi"}])
    ('cc4e9b60375cd2ee', 'cc4e9b60375cd2ee')
    """
    told = [
        parent,
        agent.agent,
        agent.prompt,
        llm,
        agent.llms.get(llm) if llm else None,
        [_counted(block, volatile) for block in blocks_of(asked)],
    ]
    return digest_of(told)


def is_keyed(line: TurnLine, agent: AgentLine) -> bool:
    """Whether the key of a turn stands for what it asks."""
    return key_of(line.parent, agent, line.llm, line.asked) == line.key


def digest_of(value: Any) -> str:
    """Hash a JSON value, in whichever order its fields are."""
    text = msgspec.json.encode(value, order="deterministic")
    return hashlib.sha256(text).hexdigest()[:_LENGTH]


def blocks_of(asked: str | Content) -> Content:
    """What was asked as content blocks.

    >>> blocks_of("Hi")
    [{'type': 'text', 'text': 'Hi'}]
    """
    return [{"type": "text", "text": asked}] if isinstance(asked, str) else asked


def asked_of(content: Content) -> str | Content:
    """The same as briefly as a tape says it.

    >>> asked_of([{"type": "text", "text": "Hi"}])
    'Hi'
    """
    is_text = len(content) == 1 and set(content[0]) == {"type", "text"}
    if is_text and content[0]["type"] == "text" and isinstance(content[0]["text"], str):
        return str(content[0]["text"])
    return content


def _counted(block: Any, volatile: Iterable[re.Pattern[str]]) -> Any:
    if not isinstance(block, dict):
        return block
    if "sha256" in block:
        return {name: block.get(name) for name in _OF_A_FILE}
    text = block.get("text")
    if not isinstance(text, str):
        return block
    left = text
    for pattern in volatile:
        left = pattern.sub("", left)
    return {**block, "text": left if left.strip() else text}
