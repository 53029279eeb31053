"""The view of several runs side by side."""

from .view import PathsView

__all__ = ["PathsView"]
