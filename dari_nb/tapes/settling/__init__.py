"""Tapes of two branches: both sides as git has them, and merged by whole turns."""

from .merging import settle

__all__ = ["settle"]
