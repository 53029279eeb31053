"""The player: recorded turns as they happened, to be stopped, scrubbed and asked about."""

from .view import PlayerView

__all__ = ["PlayerView"]
