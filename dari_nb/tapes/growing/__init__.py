"""A tape while it is recorded on: its file, and a journal beside it of what runs."""

from .growing_tape import GrowingTape
from .own_turns import forget

__all__ = ["GrowingTape", "forget"]
