"""Several runs of one task side by side: where their tool paths part."""

from .trajectories import Paths

__all__ = ["Paths"]
