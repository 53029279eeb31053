"""What a table of sessions and its kernel tell each other; ``js/src/sessions/wire.ts`` agrees."""

from __future__ import annotations

from typing import TypedDict


class Row(TypedDict):
    """A session; ``created`` is ISO 8601 in UTC, all but ``id`` may be empty."""

    id: str
    status: str
    agent: str
    llm: str
    name: str
    created: str
    metadata: dict[str, str]


class Wanted(TypedDict):
    """Body of the request ``costs``; the answer is a text by id, empty while unknown."""

    ids: list[str]


class Chosen(TypedDict):
    """Body of the request ``open``; the answer is the transcript as HTML."""

    id: str


class State(TypedDict):
    """The synced traits: ids of the selected sessions, in the order of the table."""

    selected: list[str]
