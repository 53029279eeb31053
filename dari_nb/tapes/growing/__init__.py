"""A tape while it is recorded on: its file, and a journal beside it of what runs."""

from .growing_tape import GrowingTape
from .left import journals_left
from .locks import alone_with
from .own_turns import forget

__all__ = ["GrowingTape", "alone_with", "forget", "journals_left"]
