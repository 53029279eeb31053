"""A tape while it is recorded on: its file, and a journal beside it of what runs."""

from .growing_tape import GrowingTape
from .left import left_beside
from .locks import alone_with
from .own_turns import forget

__all__ = ["GrowingTape", "alone_with", "forget", "left_beside"]
