"""What every view and its kernel tell each other; ``js/src/shared/wire.ts`` has the same shapes."""

from __future__ import annotations

from typing import Any, Literal, TypedDict


class Request(TypedDict):
    """A view asks the kernel; each request gets exactly one answer with the same id."""

    kind: Literal["request"]
    id: int
    what: str
    body: Any


class Question(TypedDict):
    """A tool call that waits for the reader's decision; ``arguments`` is sanitised HTML."""

    id: str
    name: str
    arguments: str


class Decision(TypedDict):
    """Body of the request ``decide``; ``always`` holds for the tool in this session."""

    id: str
    verdict: Literal["run", "refuse", "always"]


class Answer(TypedDict):
    """``error`` is a text for the reader; without one, ``body`` is what was asked for."""

    kind: Literal["answer"]
    id: int
    error: str | None
    body: Any
