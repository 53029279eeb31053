"""What kernel and page tell each other; ``js/src/live/wire.ts`` has the same shapes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypedDict

import msgspec

from .. import wire as shared


class Fragment(TypedDict):
    """One rendered timeline item and its place; a message's buffer is a JSON list of these.

    ``turn`` is the id of the item's message, ``after`` the id of the item before it in display
    order (``None`` for the first of all), and ``html`` is ``None`` to take the item away. ``since``
    is when an open call began, in seconds after the turn; ``None`` for everything else.
    """

    id: str
    turn: str
    after: str | None
    html: str | None
    since: float | None


class Items(TypedDict):
    """The next changes; ``n`` counts batches from 1 without a gap, ``elapsed`` is in seconds."""

    kind: Literal["items"]
    n: int
    elapsed: float


class Snapshot(TypedDict):
    """Everything as it is after batch ``n``, in ``parts`` messages; this is number ``part``."""

    kind: Literal["snapshot"]
    n: int
    part: int
    parts: int
    elapsed: float


class Hello(TypedDict):
    """A page that has just opened asks for everything."""

    kind: Literal["hello"]


class Resend(TypedDict):
    """A page misses the batches from ``first`` on."""

    kind: Literal["resend"]
    first: int


class Stop(TypedDict):
    """The reader wants no more of it."""

    kind: Literal["stop"]


class State(TypedDict):
    """The synced traits; ``started`` is seconds of the kernel's clock, ``seconds`` is final.

    ``questions`` are calls that wait for the reader, ``note`` says what else the turn waits for.
    """

    state: str
    head: str
    started: float | None
    seconds: float | None
    blocking: bool
    kernel_id: str
    questions: list[shared.Question]
    note: str


def encode(fragments: Sequence[Fragment]) -> bytes:
    """Make the buffer of one message."""
    return msgspec.json.encode(fragments)
