"""Chat completions: messages, rows of benchmarks with them, requests and their answers.

A document is a list of messages; an object with ``messages`` (or ``traj``, as tau-bench calls
them), such as a line of a JSONL file; an answer of the API, with ``choices``; or both together.
Everything beside the messages becomes metadata.

What models thought is read from ``reasoning_content``, ``reasoning``, ``thinking_blocks`` and
``reasoning_details``; refusals are texts; images, audio and blocks of unknown types are shown as
they are; further choices are blocks of the type ``choice`` in the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..chat import ROLES, chat_entries, stop_reason_of, used
from ..said import Entry, Said
from ..times import time_of
from . import anthropic
from .metadata import NO_UNIT, dated, run_metadata
from .runs import REFUSALS, Run, built, metadata_of

NAME = "chat completions"
LOST: tuple[str, ...] = (
    "Choices beyond the first are shown, and are not in to_messages().",
    "Log probabilities of an answer's tokens are left out.",
    "Names, annotations and other fields of messages are not shown; to_messages() has them.",
    REFUSALS,
    NO_UNIT,
)

_MESSAGES = ("messages", "traj")
_NOT_KEPT = (*_MESSAGES, "choices")


def recognises(document: Any) -> bool:
    """Whether it is a list of messages, or an object with one."""
    if isinstance(document, list):
        return bool(document) and all(_is_message(part) for part in document[:1])
    if not isinstance(document, dict):
        return False
    lists = [told for name in _MESSAGES if isinstance(told := document.get(name), list)]
    have_roles = any(isinstance(part, dict) and "role" in part for told in lists for part in told)
    return have_roles or lists[:1] == [[]] or isinstance(document.get("choices"), list)


def _is_message(part: Any) -> bool:
    return isinstance(part, dict) and "role" in part and "type" not in part


def read(document: Any) -> Iterator[Run]:
    """Read the one run of a document.

    Raises:
        ValueError: A message has no role, or none of them one that is known.
    """
    about = document if isinstance(document, dict) else {"messages": document}
    messages: list[Any] = next((about[n] for n in _MESSAGES if isinstance(about.get(n), list)), [])
    roles = [message.get("role") for message in messages if isinstance(message, dict)]
    if roles and not any(role in ROLES for role in roles):
        raise ValueError(f"message 1 has no known role: {roles[0]!r:.80}")
    pairs = [*chat_entries(messages), *_answer(about, len(messages))]
    turns = built(None, pairs, None)
    yield Run(
        NAME,
        dated(turns.finish(), about),
        turns.instructions,
        metadata_of({k: v for k, v in about.items() if k not in _NOT_KEPT}),
        **run_metadata(about, _used, is_answer="choices" in about),
    )


def entries(parts: Iterable[Any]) -> Iterable[tuple[Any, list[Entry]]]:
    """Give each message with what it says."""
    return chat_entries(parts)


def _answer(about: Mapping[str, Any], count: int) -> Iterator[tuple[Any, list[Entry]]]:
    """Read the choices of an answer: the first is what was said, the others are shown with it."""
    choices = about.get("choices")
    if not isinstance(choices, list) or not choices:
        return
    first = choices[0] if isinstance(choices[0], dict) else {}
    message = first.get("message")
    if not isinstance(message, dict) or message.get("role", "assistant") not in ROLES:
        raise ValueError("choice 1 has no message")
    message = {"role": "assistant", **message}
    [(source, said)] = list(chat_entries([message]))
    for entry in said:
        if isinstance(entry, Said):
            entry.parts += [_choice(choice) for choice in choices[1:]]
            entry.stop_reason = stop_reason_of(first.get("finish_reason"))
            entry.usage = used(about.get("usage")) or entry.usage
            entry.at = time_of(about.get("created"))
    yield source, said


def _choice(choice: Any) -> dict[str, Any]:
    return {**choice, "type": "choice"} if isinstance(choice, dict) else {"type": "choice"}


def _used(usage: Any) -> dict[str, int]:
    """Read tokens of a run; who wrote it down may have asked Anthropic."""
    return used(usage) or anthropic.used(usage)
