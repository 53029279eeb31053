"""The view of several runs side by side."""

from .view import TrajectoriesView

__all__ = ["TrajectoriesView"]
