"""What the kernel and a player tell each other; ``js/src/player/wire.ts`` has the same shapes."""

from __future__ import annotations

from typing import TypedDict

from ..live import wire as live


class Mark(TypedDict):
    """A mark after so many ``steps`` of its turn; the playback stops where it has a question.

    ``answer`` is what the reader wrote; ``None`` where nobody was asked yet.
    """

    id: str
    steps: int
    text: str
    ask: str | None
    answer: str | None


class Chapter(TypedDict):
    """What a page knows of a turn before it looks into it.

    ``begins`` and ``seconds`` are in seconds of the whole; ``steps`` is how many steps it has that
    may be seen. ``spent`` is what all turns up to its end have cost. ``items`` are the steps with
    which something new is seen, ``errors`` those with which something fails.
    """

    begins: float
    seconds: float
    steps: int
    label: str
    agent: str
    llm: str
    session: str
    spent: str
    items: list[int]
    errors: list[int]
    marks: list[Mark]


class Outline(TypedDict):
    """Answer to ``outline`` and ``reply``: the turns up to the first question that is open.

    ``seconds`` and ``turns`` are those of all. ``times`` has, for each chapter, the seconds from
    its beginning to each of its steps; they lie in a buffer.
    """

    seconds: float
    turns: int
    sessions: int


class Wanted(TypedDict):
    """Body of ``turn``: the buffer of its answer is a list of ``Step``, those that may be seen."""

    number: int


Step = list[live.Fragment | live.Growth]
"""What changes with one step."""


class Reply(TypedDict):
    """Body of ``reply``: what the reader expects at a mark."""

    id: str
    text: str


class State(TypedDict):
    """The synced traits.

    ``at`` is where the reader is, in seconds of the whole; ``speed`` how many times as fast it
    plays; ``idle_limit`` how many seconds it waits at most, ``None`` for as long as it took.
    """

    at: float
    playing: bool
    speed: float
    idle_limit: float | None
    height: int
