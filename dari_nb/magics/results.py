"""What a magic returns, and that a cell which only runs it shows that no second time."""

from __future__ import annotations

import weakref
from typing import TypeVar

T = TypeVar("T")

_shown: weakref.ref[object] | None = None


def shown(value: T) -> T:
    """Return a value, having noted that it has been shown, or is not to be."""
    global _shown
    _shown = weakref.ref(value)
    return value


def to_show(value: T) -> T | None:
    """Return what a line gave, or nothing when that has been shown."""
    global _shown
    noted, _shown = _shown, None
    return None if noted is not None and noted() is value else value
