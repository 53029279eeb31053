"""Tapes of two branches: both sides as git has them, and merged by whole turns."""

from .conflicts import is_settled
from .git import committed, merges_lines
from .merging import is_put_together, settle

__all__ = ["committed", "is_put_together", "is_settled", "merges_lines", "settle"]
