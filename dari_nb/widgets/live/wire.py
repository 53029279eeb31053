"""What kernel and page tell each other; ``js/src/live/wire.ts`` has the same shapes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypedDict

import msgspec

from .. import wire as shared


class Fragment(TypedDict):
    """One rendered timeline item and its place.

    A message's buffer is a JSON list of fragments and growths. ``rev`` is the number of this
    version of the item, different from all others of the view. ``turn`` is the id of the item's
    message, ``after`` the id of the item before it in display order (``None`` for the first of
    all), and ``html`` is ``None`` to take the item away. ``since`` is when an open call began, in
    seconds after the turn; ``None`` for everything else.
    """

    id: str
    turn: str
    after: str | None
    html: str | None
    since: float | None
    rev: int


class Growth(TypedDict):
    """The item whose version is ``base`` changes where it stands, and is version ``rev`` then.

    A draft becomes the answer ``id``; ``None`` leaves it what it is. ``edits`` say from where to
    where HTML is taken out, in UTF-16 units of version ``base``, and what comes there. They lie
    apart and in order.
    """

    id: str | None
    base: int
    rev: int
    edits: list[tuple[int, int, str]]


class Items(TypedDict):
    """The next changes; ``n`` counts batches from 1 without a gap, ``elapsed`` is in seconds."""

    kind: Literal["items"]
    n: int
    elapsed: float


class Snapshot(TypedDict):
    """Everything as it is after batch ``n``, in ``parts`` messages; this is number ``part``.

    A view that opens begins with one: a page that hears it lacks nothing, and need not ask.
    """

    kind: Literal["snapshot"]
    n: int
    part: int
    parts: int
    elapsed: float


class Hello(TypedDict):
    """A page that has heard nothing from the start asks for everything."""

    kind: Literal["hello"]


class Resend(TypedDict):
    """A page misses the batches from ``first`` on."""

    kind: Literal["resend"]
    first: int


class State(TypedDict):
    """The synced traits; ``started`` is seconds of the kernel's clock, ``seconds`` is final.

    ``questions`` are calls that wait for the reader, ``note`` says what else the turn waits for,
    and ``stop`` what the button does.
    """

    state: str
    head: str
    started: float | None
    seconds: float | None
    blocking: bool
    kernel_id: str
    questions: list[shared.Question]
    note: str
    stop: str


def encode(changes: Sequence[Fragment | Growth]) -> bytes:
    """Make the buffer of one message."""
    return msgspec.json.encode(changes)
