"""What a view of runs and its kernel tell each other; ``js/src/trajectories/wire.ts`` agrees."""

from __future__ import annotations

from typing import TypedDict


class Chosen(TypedDict):
    """Body of the request ``open``; the answer is the transcript of the run as HTML."""

    run: int


class State(TypedDict):
    """The synced traits: the table, and what is open, as ``run`` or ``run:call``; or empty."""

    html: str
    active: str
