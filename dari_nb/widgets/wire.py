"""What every view and its kernel tell each other; ``js/src/host/wire.ts`` has the same shapes."""

from __future__ import annotations

from typing import Any, Literal, TypedDict


class Request(TypedDict):
    """A view asks the kernel; each request gets exactly one answer with the same id.

    All pages hear that, and so no two of them ask by one id.
    """

    kind: Literal["request"]
    id: int
    what: str
    body: Any


class Here(TypedDict):
    """A page shows the view, said when it begins to and when it is asked."""

    kind: Literal["here"]
    jupyter: bool


class Gone(TypedDict):
    """A page shows the view no more; ``cleared`` when its output is gone and the cell is not."""

    kind: Literal["gone"]
    cleared: bool


class Who(TypedDict):
    """The kernel asks all pages whether they show the view."""

    kind: Literal["who"]


class Last(TypedDict):
    """The view is about to be closed: ``html`` is its last static output."""

    kind: Literal["last"]
    html: str


class Unasked(TypedDict):
    """The cell reads no input any more: what its question was about is settled elsewhere."""

    kind: Literal["unasked"]


class Question(TypedDict):
    """A tool call that waits for the reader's decision; ``arguments`` is sanitised HTML.

    ``about`` says in plain words what the tool does; empty when nobody wrote it down.
    """

    id: str
    name: str
    about: str
    arguments: str


class Decision(TypedDict):
    """Body of the request ``decide``; ``always`` holds for the tool in this session.

    ``reason`` is what the agent is told of a refusal; it may be empty.
    """

    id: str
    verdict: Literal["run", "refuse", "always"]
    reason: str


class Answer(TypedDict):
    """``error`` is a text for the reader; without one, ``body`` is what was asked for."""

    kind: Literal["answer"]
    id: int
    error: str | None
    body: Any
