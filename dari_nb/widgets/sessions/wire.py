"""What a table of sessions and its kernel tell each other; ``js/src/sessions/wire.ts`` agrees."""

from __future__ import annotations

from typing import TypedDict


class Row(TypedDict):
    """A session; all but ``id`` may be empty.

    ``created`` is ISO 8601 in UTC, ``run`` names the run it belongs to, and ``task`` the place of
    its task there.
    """

    id: str
    status: str
    agent: str
    llm: str
    name: str
    created: str
    metadata: dict[str, str]
    run: str
    task: str


class SessionSummary(TypedDict):
    """What a session is about: the beginning of its first message, and how many there are.

    Either is ``None`` when unknown. ``cancelled`` is whether the last one, which a list tells to
    have failed, was cancelled.
    """

    words: str | None
    turns: int | None
    cancelled: bool


class Wanted(TypedDict):
    """Body of the request ``summaries``, whose answer is a summary by id; and of ``costs``.

    The latter's answer is a text by id, empty while unknown, where ``run:NAME`` stands for all
    sessions of a run.
    """

    ids: list[str]


class Chosen(TypedDict):
    """Body of the request ``open``; the answer is the transcript as HTML."""

    id: str


class State(TypedDict):
    """The synced traits: the session that is open, those whose boxes are ticked, by their ids.

    ``preview`` says whether the one that is open is shown beside the table.
    """

    active: str
    selection: list[str]
    preview: bool
