"""A tape while it is recorded on: its file, and a journal beside it of what runs."""

from .growing_tape import GrowingTape

__all__ = ["GrowingTape"]
