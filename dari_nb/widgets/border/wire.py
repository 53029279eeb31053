"""What the border of a box and its kernel tell each other; ``js/src/border/wire.ts`` agrees."""

from __future__ import annotations

from typing import TypedDict


class State(TypedDict):
    """The synced traits: what the box is called for those who hear the page."""

    label: str
