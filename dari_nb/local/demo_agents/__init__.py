"""The demo agents, which every organization of a local Dari has."""

from ..agents import AgentFunction
from .calculator import calculator
from .echo import echo
from .librarian import librarian
from .tour import tour

BUILT_IN: dict[str, AgentFunction] = {
    "echo": echo,
    "calculator": calculator,
    "librarian": librarian,
    "tour": tour,
}
"""The demo agents by name; each has the LLM options ``small`` and ``large``."""

__all__ = ["BUILT_IN"]
