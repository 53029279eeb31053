"""Several runs of one task side by side: where their tool paths part."""

from .paths import Paths

__all__ = ["Paths"]
