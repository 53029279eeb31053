"""What a chat and its kernel tell each other; ``js/src/chat/wire.ts`` has the same shapes."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from .. import wire as shared


class Field(TypedDict):
    """One part of a form; ``choices`` are those of a ``choice``, ``help`` may be empty."""

    name: str
    kind: Literal["text", "number", "integer", "boolean", "choice", "json"]
    choices: list[str]
    required: bool
    help: str


class OpenCall(TypedDict):
    """A tool call that waits for an answer from here; no fields means any JSON."""

    id: str
    message_id: str
    name: str
    fields: list[Field]


class Outgoing(TypedDict):
    """Body of the request ``send``; ``key`` makes sure that sending again never doubles it."""

    key: str
    text: str
    files: list[str]
    llm: str


class Chunk(TypedDict):
    """Body of the request ``upload``: a part of a file, in the buffer.

    The answer is the key of the file once all ``size`` bytes are there, else ``None``.
    """

    key: str
    name: str
    size: int
    offset: int


class Answering(TypedDict):
    """Body of the request ``submit``: values by field, or JSON text when there are no fields."""

    id: str
    message_id: str
    is_error: bool
    values: Any


class State(TypedDict):
    """The synced traits, beside those of a reader; ``most_bytes`` limits one file."""

    agent: str
    llms: list[str]
    llm: str
    begun: bool
    most_bytes: int
    open_calls: list[OpenCall]
    questions: list[shared.Question]
