"""Runs from elsewhere, in whichever format they are: recognised, read, and written again."""

from .exports import to_anthropic, to_atif, to_messages, to_row
from .files import agent_name_of, read_file, read_runs
from .metadata import SCORES
from .paths import FILE, Paths, names_of, paths_of
from .registry import FORMATS
from .runs import Run

__all__ = [
    "FILE",
    "FORMATS",
    "SCORES",
    "Paths",
    "Run",
    "agent_name_of",
    "names_of",
    "paths_of",
    "read_file",
    "read_runs",
    "to_anthropic",
    "to_atif",
    "to_messages",
    "to_row",
]
