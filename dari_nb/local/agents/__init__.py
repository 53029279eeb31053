"""The agents of the local Dari: scripted ones, and what a function needs to be one."""

from .calculator import calculator
from .echo import echo
from .functions import AgentFunction, run_agent
from .librarian import librarian
from .tour import tour
from .turn import Attachment, NewAttempt, ToolCall, ToolResult, Turn, TurnFailure, Usage

BUILT_IN: dict[str, AgentFunction] = {
    "echo": echo,
    "calculator": calculator,
    "librarian": librarian,
    "tour": tour,
}
"""The scripted agents by name; each has the LLM options ``small`` and ``large``."""

__all__ = [
    "BUILT_IN",
    "AgentFunction",
    "Attachment",
    "NewAttempt",
    "ToolCall",
    "ToolResult",
    "Turn",
    "TurnFailure",
    "Usage",
    "run_agent",
]
