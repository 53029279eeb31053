"""A tape while it is recorded on: its file, and a journal beside it of what runs."""

from .growing_tape import GrowingTape
from .left import journals_left
from .locks import alone_with

__all__ = ["GrowingTape", "alone_with", "journals_left"]
