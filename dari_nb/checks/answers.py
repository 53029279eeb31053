"""What came of a turn, as it is compared and scored: then, and now."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ..models import TERMINAL, text_of
from ..models import events as ev
from ..tapes import Turn
from ..tapes.differences import text_asked
from ..tapes.turns import EXPECTS
from ..transcript import error_text

_RESULTS = (ev.TOOL_CALL_COMPLETED, ev.TOOL_CALL_FAILED)
_NO_TOOL = "no tool"
_EXCEPTION = re.compile(r"[A-Z]\w*(Error|Exception)(:|$)")
"""How an error begins that a function raised."""
Step = tuple[str, Mapping[str, Any]]
"""An event's type and payload."""
Gap = tuple[Literal["outcome", "tools", "answer"], str, str]
"""What no longer holds, as it was, and as it is."""


@dataclass(frozen=True)
class Answer:
    """A turn as a scorer sees it.

    Attributes:
        asked: What was asked.
        text: What was answered, in the last attempt.
        tools: The tools that were called in it, in their order; ``look (failed)`` where one failed.
        status: ``completed`` or ``failed``; ``None`` where it did not end.
        error: Why it failed, or ``None``.
        metadata: What the tape tells of the turn.

    >>> from dari_nb.checks import Answer
    >>> Answer("What is 6 * 7?", "That is 42.", ["multiply"], "completed").text
    'That is 42.'
    """

    asked: str
    text: str
    tools: list[str] = field(default_factory=list)
    status: str | None = None
    error: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


Scorer = Callable[[Answer], float]
"""Gives what an answer is worth: a number, or yes or no."""


def recorded_answer(turn: Turn) -> Answer:
    """What came of a turn when it was recorded."""
    return answer_of(turn, [(event.event, event.data) for event in turn.events])


def answer_of(turn: Turn, steps: Iterable[Step]) -> Answer:
    """What came of what a turn asks, by its events."""
    texts: list[str] = []
    called: list[tuple[Any, str]] = []
    failed: set[Any] = set()
    status, error = None, None
    for kind, data in steps:
        if kind == ev.ASSISTANT_MESSAGE_COMPLETED:
            content = data.get("content")
            texts.append(text_of(content) if isinstance(content, list) else "")
        elif kind == ev.TOOL_CALL_REQUESTED:
            called.append((data.get("tool_call_id"), str(data.get("tool_name"))))
        elif kind in _RESULTS and (kind == ev.TOOL_CALL_FAILED or data.get("is_error")):
            failed.add(str(data.get("tool_call_id")))
        elif kind == ev.MESSAGE_STATUS_CHANGED and "attempt" in data:
            texts, called = [], []
        elif kind == ev.MESSAGE_STATUS_CHANGED and data.get("status") in TERMINAL:
            status = str(data["status"])
            error = error_text(data.get("error")) if status == "failed" else None
    tools = [f"{name} (failed)" if str(call) in failed else name for call, name in called]
    text = "\n\n".join(filter(None, texts))
    return Answer(text_asked(turn.line.asked), text, tools, status, error, turn.line.metadata)


def gaps(then: Answer, now: Answer, volatile: Sequence[re.Pattern[str]]) -> Iterator[Gap]:
    """Give what no longer holds of an answer, but for what it is worth."""
    if then.status != now.status or _plain(then.error, volatile) != _plain(now.error, volatile):
        yield "outcome", _outcome(then), _outcome(now)
    if then.tools != now.tools:
        yield "tools", _path(then), _path(now)
    expected = then.metadata.get(EXPECTS)
    wanted = expected if isinstance(expected, list) else [expected]
    for text in wanted:
        if isinstance(text, str) and _spaced(text) not in _spaced(now.text):
            yield "answer", f"expected: {text}", now.text


def _plain(text: str | None, volatile: Sequence[re.Pattern[str]]) -> str | None:
    for pattern in volatile:
        text = None if text is None else pattern.sub("", text)
    return text


def _outcome(answer: Answer) -> str:
    if answer.status is None:
        return "it does not end"
    if answer.status != "failed":
        return answer.status
    if answer.error == ev.CANCELLED:
        return ev.CANCELLED
    where = " in the agent's own code" if _EXCEPTION.match(answer.error or "") else ""
    return f"failed{where}: {answer.error}"


def _path(answer: Answer) -> str:
    return " → ".join(answer.tools) or _NO_TOOL


def _spaced(text: str) -> str:
    return " ".join(text.split())
