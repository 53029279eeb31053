"""Several runs of one task side by side: where their trajectories diverge."""

from .trajectories import Trajectories

__all__ = ["Trajectories"]
