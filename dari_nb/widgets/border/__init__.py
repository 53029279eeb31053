"""The border around a box of plain widgets."""

from .border import Border

__all__ = ["Border"]
