"""Tapes of two branches: both sides as git has them, and merged by whole turns."""

from .git import committed, merges_lines
from .merging import settle

__all__ = ["committed", "merges_lines", "settle"]
