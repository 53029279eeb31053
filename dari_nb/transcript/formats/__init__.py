"""Runs from elsewhere, in whichever format they are: recognised, read, and written again."""

from .exports import to_anthropic, to_atif, to_messages
from .files import agent_name_of, read_file, read_runs
from .registry import FORMATS
from .runs import Run

__all__ = [
    "FORMATS",
    "Run",
    "agent_name_of",
    "read_file",
    "read_runs",
    "to_anthropic",
    "to_atif",
    "to_messages",
]
