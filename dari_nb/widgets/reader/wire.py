"""What the kernel and a view for reading tell each other; ``js/src/reader/wire.ts`` agrees."""

from __future__ import annotations

from typing import Literal, TypedDict


class Row(TypedDict):
    """What a page knows of every item, shown or not.

    ``rev`` grows with each version of the item, ``chars`` is about how long it is, ``flag`` is
    ``error``, ``pending`` or empty, and ``tool`` is empty for what is no tool call.
    """

    id: str
    turn: str
    kind: str
    tool: str
    flag: str
    label: str
    rev: int
    chars: int


class Rows(TypedDict):
    """The rows from ``first`` on are those in the buffer; there are ``total`` in all.

    A second buffer, where there is one, has the growths of answers that are being written.

    ``n`` counts these messages from 1 without a gap; a page that misses one asks for all rows.
    """

    kind: Literal["rows"]
    n: int
    first: int
    total: int


class All(TypedDict):
    """Answer to the request ``rows``: as after message ``n``.

    The first ``parts`` buffers hold the rows; the last one holds the pieces that are seen first.
    """

    n: int
    parts: int


class Piece(TypedDict):
    """One item as sanitised HTML, of the version ``rev``."""

    id: str
    rev: int
    html: str


class Growth(TypedDict):
    """Version ``base`` of ``of`` becomes version ``rev`` of ``id``, an answer or its draft.

    ``base`` is 0 where nothing is there yet. ``edits`` are those of the live view.
    """

    id: str
    of: str
    base: int
    rev: int
    edits: list[tuple[int, int, str]]


class Wanted(TypedDict):
    """Body of the request ``fragments``; the answer's buffer is a JSON list of ``Piece``."""

    ids: list[str]


class Sought(TypedDict):
    """Body of the request ``find``; the answer is a list of pairs of an id and a count."""

    query: str


class Chosen(TypedDict):
    """Body of the requests ``raw`` (answered with JSON text) and ``copy`` (answered with text)."""

    id: str
    form: str


class Branch(TypedDict):
    """The message of ``turn`` is the one at ``place`` of the ``count`` that were asked there."""

    turn: str
    place: int
    count: int


class Step(TypedDict):
    """Body of ``branch``, answered with the turn there; for ``compare`` (HTML) ``by`` is 0."""

    turn: str
    by: int


class Again(TypedDict):
    """Body of the requests ``prompt`` (answered with text) and ``again`` (with the new turn)."""

    turn: str
    text: str


class State(TypedDict):
    """The synced traits; ``height`` is in pixels.

    ``active`` is the id of the item that the reader is at, and ``session`` that of what it is a
    transcript of; either may be empty. ``note`` is what is said about the turn, and ``watch`` what
    the button beside it says; empty without one.
    """

    session: str
    active: str
    status: str
    head: str
    height: int
    branches: list[Branch]
    can_fork: bool
    note: str
    watch: str
