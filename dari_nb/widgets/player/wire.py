"""What the kernel and a player tell each other; ``js/src/player/wire.ts`` has the same shapes."""

from __future__ import annotations

from typing import TypedDict

from ..live import wire as live


class Mark(TypedDict):
    """A mark after so many ``steps`` of its turn; the playback stops where it has a question.

    ``at`` is when that is, in seconds from the turn's beginning. ``html`` is what it asks, or else
    says, as sanitised HTML. ``answer`` is what the reader wrote; ``None`` where nobody was asked
    yet.
    """

    id: str
    steps: int
    at: float
    text: str
    ask: str | None
    html: str
    answer: str | None


class Chapter(TypedDict):
    """What a page knows of a turn before it looks into it.

    ``begins`` is in seconds of the whole, ``seconds`` is how long what may be seen of it takes;
    ``steps`` is how many steps that are. ``spent`` is what all turns up to its end have cost.
    ``part`` stands above it where the tape goes on in another session: which one, whose, and from
    which turn it goes on. ``items`` and ``errors`` tell when something new is seen and when
    something fails, in seconds from its beginning, no more finely than a track shows it.
    """

    begins: float
    seconds: float
    steps: int
    label: str
    agent: str
    llm: str
    part: str
    spent: str
    items: list[float]
    errors: list[float]
    marks: list[Mark]


class Outline(TypedDict):
    """Answer to ``outline`` and ``reply``, of which ``seconds`` and ``turns`` are those of all.

    ``left_out`` says how many turns of the tape are left out; ``nothing``, where none plays, why;
    ``answered`` that questions had been answered before the player was made.
    Its buffer is a list of ``Chapter``: the turns up to the first question that is open.
    """

    seconds: float
    turns: int
    left_out: str
    nothing: str
    answered: str


class Wanted(TypedDict):
    """Body of ``turn``: the buffer of its answer is a list of ``Step``, those that may be seen."""

    number: int


class Step(TypedDict):
    """What changes with one step, ``at`` so many seconds from the turn's beginning."""

    at: float
    changes: list[live.Fragment | live.Growth]


class Reply(TypedDict):
    """Body of ``reply``: what the reader expects at a mark.

    ``page`` is the page that skips it, unless something is written in another one; else empty.
    """

    id: str
    text: str
    page: str


class Draft(TypedDict):
    """Body of ``draft``: what is written at a mark in a page and not sent; no text is none."""

    id: str
    page: str
    text: str


class State(TypedDict):
    """The synced traits.

    ``at`` is where the reader is, in seconds of the whole; ``speed`` how many times as fast it
    plays; ``idle_limit`` how many seconds it waits at most, ``None`` for as long as it took;
    ``drafts`` what is written at questions and not sent, by the marks' ids and the pages that
    told it last; ``replies`` how many questions were answered or skipped; ``scope`` tells the tape
    and the file of answers that they belong to from others.
    """

    at: float
    playing: bool
    speed: float
    idle_limit: float | None
    height: int
    drafts: dict[str, dict[str, str]]
    replies: int
    scope: str
