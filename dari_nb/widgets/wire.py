"""What every view and its kernel tell each other; ``js/src/shared/wire.ts`` has the same shapes."""

from __future__ import annotations

from typing import Any, Literal, TypedDict


class Request(TypedDict):
    """A view asks the kernel; each request gets exactly one answer with the same id."""

    kind: Literal["request"]
    id: int
    what: str
    body: Any


class Answer(TypedDict):
    """``error`` is a text for the reader; without one, ``body`` is what was asked for."""

    kind: Literal["answer"]
    id: int
    error: str | None
    body: Any
